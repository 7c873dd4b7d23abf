//! Bytes in, entries out: files and streams, plain or compressed, cut into what may each be an article.

mod entries;
mod lines;
mod open;
mod utf16;

pub(crate) use entries::dated_header;
pub use entries::{Entries, Entry, Shape};
pub use open::{Input, open_file, open_stream};
