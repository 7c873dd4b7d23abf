//! Sources that are fetched: feeds and news sitemaps.
//!
//! Each is checked when it is due, read as far as it can be, and gives its new entries to a
//! [`crate::session::Session`]. An entry counts as seen, and the validators of the answer are kept, once Kafka has
//! acknowledged the article.

mod check;
mod item;
mod metrics;
mod parse;
mod run;
mod salvage;
mod schedule;
mod standing;

pub(crate) use check::{ACCEPT, offered};
pub(crate) use item::{Item, Items, Ready, TextOf};
pub(crate) use parse::{FeedEntry, NoFeed, ParsedFeed};
pub(crate) use run::{Feeds, source_of};
pub(crate) use standing::{a_day, is_flat};

use crate::{settings::SourceKind, web::Answer};

/// Reads an answer as what its source is, at most `most` of its entries.
pub(crate) fn read_feed(kind: SourceKind, answer: &Answer, most: usize) -> Result<ParsedFeed, NoFeed> {
    debug_assert!(kind.is_fetched());
    parse::parse(&answer.body, answer.content_type(), &answer.url, most)
}
