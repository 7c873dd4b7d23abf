//! Stores enriched articles in SQLite or PostgreSQL, and finds them again.
//!
//! In go messages of the `enriched` topic; out come rows, a full-text index and hourly roll-ups, all written in one
//! transaction together with the offsets of the messages. The read side ([`Store`]) is what `search`, `show` and the web
//! API use.
//!
//! **Invariants.** No other crate names the database of articles (the bundled broker keeps its log in an SQLite file of its own). A message is stored once: its offset is stored with its rows, a
//! message below the stored offset is skipped, and on assignment the consumer seeks to the stored offset. Writing the
//! same revision twice changes nothing. Every document is kept byte for byte as it came; what the store finds out about
//! articles together lies beside it: near repeats, which depend on what is stored and not on the order or the number of writers,
//! and stories. Both stores answer the same [`query`] with the same articles.
//!
//! Documents are zstd-compressed bytes in both stores, not `jsonb`: parsing and compressing them in PostgreSQL would
//! cost more than all other columns together, and `jsonb` cannot hold U+0000. What is searched by has columns.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use faultline_sink::{Order, SinkSettings, Store, query};
//! let store = Store::open_existing(&SinkSettings::default(), "faultline-data".as_ref()).await?;
//! let query = query::parse("barricades country:XKX level:elevated since:30d")?;
//! for hit in store.search(&query, Order::Time, 20, None).await?.hits {
//!     tracing::info!(id = hit.id, title = hit.title, level = hit.level.as_str());
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod changes;
mod columns;
mod db;
mod error;
mod indexing;
mod plan;
pub mod query;
mod read;
mod related;
mod repeats;
mod retention;
mod role;
mod rollup;
mod rows;
mod search;
mod settings;
mod store;
mod stories;
mod tables;
mod text;
mod write;
mod writer;

pub use changes::{Changes, Edit, Passage, SignalChange};
pub use db::Dialect;
pub use error::{Fault, StoreError};
pub use read::{Stats, StoredRevision};
pub use related::{Brief, Related};
pub use role::{GROUP, run};
pub use rollup::{Point, RollupKind};
pub use rows::{MAX_ID_BYTES, Prepared, Unstorable};
pub use search::{Hit, HitSignal, Order, Page, Snippet};
pub use settings::SinkSettings;
pub use store::Store;
pub use stories::{Story, StoryReport};
pub use write::{Item, Position, Written};
pub use writer::{Poison, Report, Writer};
