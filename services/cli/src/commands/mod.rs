//! Tools that do one thing and end.

pub(crate) mod alerts;
pub(crate) mod backfill;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod dead_letters;
pub(crate) mod enrich;
pub(crate) mod ingest;
mod inputs;
pub(crate) mod knowledge;
mod output;
pub(crate) mod read;
pub(crate) mod receivers;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod sources;
pub(crate) mod stories;
pub(crate) mod tokens;
pub(crate) mod topics;
