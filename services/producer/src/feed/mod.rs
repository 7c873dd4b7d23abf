//! Sources that are fetched: feeds and news sitemaps.
//!
//! Each is checked when it is due, read as far as it can be, and gives its new entries to a
//! [`crate::session::Session`]. An entry counts as seen, and the validators of the answer are kept, once Kafka has
//! acknowledged the article.

mod check;
mod item;
mod metrics;
mod parse;
mod pushed;
mod run;
mod salvage;
mod salvage_json;
mod schedule;
mod sitemap;
mod standing;

pub(crate) use check::{ACCEPT, offered};
pub(crate) use item::{Item, Items, Ready, TextOf};
pub(crate) use parse::{FeedEntry, NoFeed, ParsedFeed};
pub(crate) use run::{Feeds, source_of};
pub(crate) use standing::{a_day, is_flat};

use std::sync::Arc;

use url::Url;

use self::sitemap::Sitemap;
use crate::{
    settings::SourceKind,
    web::{Answer, Ask, Web, WebSettings},
};

/// Reads an answer as what its source is. An index of sitemaps is followed, one step far.
pub(crate) async fn read(
    web: &Web,
    settings: &WebSettings,
    kind: SourceKind,
    answer: Arc<Answer>,
) -> Result<ParsedFeed, NoFeed> {
    if kind != SourceKind::Sitemap {
        let most = settings.max_entries as usize;
        return aside(web, move || parse::parse(&answer.body, answer.content_type(), &answer.url, most)).await;
    }
    match read_sitemap(web, settings, answer).await? {
        Sitemap::Entries(feed) => Ok(feed),
        Sitemap::Index(parts) => Ok(read_parts(web, settings, &parts).await),
    }
}

async fn read_sitemap(web: &Web, settings: &WebSettings, answer: Arc<Answer>) -> Result<Sitemap, NoFeed> {
    let (most, limit) = (settings.max_entries as usize, settings.max_feed_bytes as usize);
    aside(web, move || sitemap::parse(&answer.body, answer.content_type(), &answer.url, most, limit)).await
}

/// The sitemaps of an index; one that cannot be had counts as broken.
async fn read_parts(web: &Web, settings: &WebSettings, parts: &[Url]) -> ParsedFeed {
    let mut whole = ParsedFeed { is_index: true, ..ParsedFeed::default() };
    for url in parts {
        let limit = settings.max_feed_bytes as usize;
        let answer = web.get(Ask::new(url, ACCEPT, limit)).await;
        let read = match answer {
            Ok(answer) if answer.is_success() => read_sitemap(web, settings, Arc::new(answer)).await.ok(),
            _ => None,
        };
        match read {
            Some(Sitemap::Entries(part)) => whole.extend(part),
            Some(Sitemap::Index(_)) | None => whole.broken += 1,
        }
    }
    whole.newest(settings.max_entries as usize)
}

/// Work for a processor, which has no place on the threads of the runtime.
async fn aside<T: Send + 'static>(
    web: &Web,
    work: impl FnOnce() -> Result<T, NoFeed> + Send + 'static,
) -> Result<T, NoFeed> {
    web.workers.run(work).await.unwrap_or_else(|panic| Err(NoFeed::Panicked(panic.to_string())))
}
