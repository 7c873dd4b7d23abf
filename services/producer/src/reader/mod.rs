//! Bytes in, entries out: files and streams, plain or compressed, cut into what may each be an article.

mod columns;
mod csv;
mod entries;
mod entry;
mod lines;
mod open;
mod parquet;
mod plain;
mod utf16;
mod warc;

pub use entries::{Entries, ReadOptions};
pub use entry::{Entry, Shape};
pub(crate) use plain::dated_header;
