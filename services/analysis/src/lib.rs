//! Reads an article and writes down what it says of tension: tone, actors, places, quotes, events, escalation, and a
//! fingerprint, each with the words it was read from.
//!
//! **In**: a [`faultline_schemas::Article`]. **Out**: a [`faultline_schemas::Enriched`].
//!
//! **Invariants.** Pure: no I/O, no clock, no randomness, no async. Never panics, on any input. Time is linear in the length of
//! the text. Every span is in code points and satisfies `text[start..end] == mention.text`. What the crate knows is text
//! files (`data/*.tsv`), compiled in and replaceable ([`KnowledgeFiles`]), with a checker that names file and line.
//!
//! The text is tokenized once; one pass over the tokens matches every list at once; each part then works on tokens.
//!
//! ```
//! use faultline_analysis::Analyzer;
//! use faultline_schemas::Article;
//!
//! let article = Article { text: "Officials were happy with the excellent talks.".into(), ..Article::default() };
//! let enriched = Analyzer::bundled().enrich(&article);
//! assert!(enriched.sentiment.score > 0.0);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod actors;
mod analyzer;
mod day;
mod deduplicate;
mod escalation;
mod events;
mod fingerprint;
mod knowledge;
mod lexicon;
mod quotes;
mod reading;
mod sentiment;
mod signals;
mod text;
mod tone;
#[cfg(feature = "training")]
pub mod training;

pub use analyzer::Analyzer;
pub use deduplicate::Deduplicator;
pub use knowledge::{KnowledgeFiles, Problem, UnknownFile};
