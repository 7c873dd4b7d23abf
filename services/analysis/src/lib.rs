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
//! # What each part adds, and what it costs
//!
//! Scores of `score.py` on the development data of the tasks with all parts, and without one (`training/ablate.rs` says how to take
//! one away and where it is done by data alone), measured before the latest repairs, which moved no score by more than .003. Cost is the share of the time on 1,500 articles of the corpus
//! (`perf record -g` with frame pointers, `perf report --children`). A task that is not named moves by less than .01.
//!
//! | part | cost | task: with it, without it |
//! |---|---|---|
//! | tokens, sentences | 9 % | everything stands on them |
//! | one pass for all lists and patterns | 17 % | everything but the tagger and sentiment stands on it |
//! | tagger of names | 13 % | ner politics F1 .950, .333; wikigold .963, .299 (it learnt from both: see its card); persent F1 .457, .316; plv root .749, .741; relocar .802, .811 |
//! | lists of people, organisations, places | with the next | ngec country .868, .363, sector .867, .455; persent .457, .449; newsmtsc .748 and .675, .762 and .661; politics .950, .960 |
//! | linking, roles, metonymy | 12 % | without roles: ngec country .868, .835, sector .867, .566; plv quad .859, .853. Without the words that metonymy goes by: relocar .802, .576 |
//! | model of sentiment | 17 % | newsmtsc real world F1 .748, .189, mixed .675, .220; persent .457, .181; nyt (its spread tones) .565, .514 |
//! | words that raters rated | 5 % with the spread tones | nyt .565, .534; newsmtsc .748 and .675, .716 and .635 |
//! | quotes | 4 % | polnear content F1 .759, .433; newsmtsc .748 and .675, .740 and .665; persent .457, .444 |
//! | events: deeds and their sides | 11 % | plv root F1 .749, .122, quad .859, .169 |
//! | tension rules, modality | 2 % | plv root .749, .753, source and target .546, .535; the escalation score, which has no labelled data: the readings in `tests/` hold it |
//! | guards, boilerplate | under 1 % | no labelled task: the readings hold them |
//! | fingerprint | 2 % | neardup stands on it |
//! | the finished tags | 8 % | |
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
pub mod story;
pub mod tension;
mod text;
mod tone;
#[cfg(feature = "training")]
pub mod training;
pub mod words;

pub use analyzer::Analyzer;
pub use deduplicate::Deduplicator;
pub use fingerprint::Print;
pub use knowledge::{KnowledgeFiles, Problem, UnknownFile};

/// Every category that the bundled lists give signals.
#[must_use]
pub fn signal_categories() -> Vec<&'static str> {
    let lines = include_str!("../data/tension_categories.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.skip(1).filter_map(|line| line.split('\t').next()).filter(|category| !category.is_empty()).collect()
}
