//! Takes articles in.
//!
//! In: files, folders and standard input, as JSON lines, tables, crawls or plain text, plain or compressed. Out: `Article` messages on
//! the articles topic, each with its id and revision; what is no article, untouched and explained, in the dead letters;
//! and where each source stopped, on the compacted sources topic.
//!
//! Four ways in: [`run`] is the role, [`ingest`] takes files in once, [`backfill`] archives beside live articles, and [`reader`] with [`Intake`] turns bytes into
//! articles without any Kafka.
//!
//! **Invariants.** An article's text is exactly what came in, or the entry is refused. Everything read is published,
//! dropped as an exact repeat, or in the dead letters. A cursor never passes an entry that Kafka has not acknowledged: a
//! crash publishes again, under the same ids. No input makes it panic, and no input is held in memory beyond the
//! largest message.
//!
//! ```
//! use std::{io::Cursor, sync::Arc};
//! use faultline_producer::{FieldSettings, Format, Intake, reader::{Entries, ReadOptions}};
//!
//! let fields = FieldSettings::default();
//! let options = ReadOptions { format: Format::Auto, fields: &fields, entry_limit: 1 << 20, page_limit: 1 << 20 };
//! let input = Cursor::new(r#"{"body": "Talks resumed.", "date": "2022-08-18"}"#);
//! let mut entries = Entries::of_stream(input, options, &Arc::default())?;
//! let entry = entries.read_entry()?.expect("one line, one entry");
//! let taken = Intake::new(FieldSettings::default(), 1 << 20).read(&entry, jiff::Timestamp::now()).unwrap();
//! assert_eq!(taken.article.text, "Talks resumed.");
//! assert_eq!(taken.article.published_at.as_deref(), Some("2022-08-18T00:00:00Z"));
//! # Ok::<(), std::io::Error>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backfill;
mod date;
mod feed;
mod fields;
mod html;
mod hub;
pub mod identity;
mod ingest;
mod intake;
mod ledger;
pub mod opml;
mod outlet;
mod page;
pub mod push;
pub mod reader;
mod refuse;
mod run;
mod seen;
mod session;
mod settings;
mod source;
pub mod sources;
mod state;
mod tally;
mod web;
mod workers;

pub use backfill::{BackfillReport, BackfillRequest, backfill};
pub use ingest::{IngestReport, IngestRequest, Input, Progress, ingest};
pub use intake::{Intake, Taken};
pub use refuse::{Passed, Refusal, Warning};
pub use run::run;
pub use settings::{FieldSettings, Format, ProducerSettings, SettingsError, SourceKind, SourceSettings, TextFrom};
pub use tally::Explained;
pub use web::WebSettings;
