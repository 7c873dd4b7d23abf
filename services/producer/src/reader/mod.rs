//! Bytes in, entries out: files and streams, plain or compressed, cut into what may each be an article.

mod columns;
mod csv;
mod entries;
mod entry;
mod lines;
mod open;
mod plain;
mod utf16;

pub use entries::{Entries, ReadOptions};
pub use entry::{Entry, Shape};
pub(crate) use plain::dated_header;
