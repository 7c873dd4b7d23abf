//! WARC (ISO 28500): the records of a crawl, and the articles on the pages among them.

mod page;
mod records;
mod response;

pub(super) use page::Names;
pub(super) use records::Warc;
