//! Tools that do one thing and end.

pub(crate) mod enrich;
