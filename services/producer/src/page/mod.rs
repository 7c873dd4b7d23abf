//! Pages: what of one is its article.

pub(crate) mod discover;
pub(crate) mod dom;
mod extract;
mod fetch;
mod linked_data;
mod meta;

pub(crate) use extract::{Extracted, extract};
pub(crate) use fetch::{Miss, fetch};
pub(crate) use meta::header_forbids;
