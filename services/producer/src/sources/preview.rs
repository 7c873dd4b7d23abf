//! What would be taken from an address, entry by entry, without taking it.

use std::{collections::HashMap, sync::Arc};

use anyhow::Context as _;
use faultline_schemas::Partial;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use url::Url;

use crate::{
    feed::{self, ACCEPT, FeedEntry, Item, Items, Ready, TextOf, offered},
    hub,
    intake::Intake,
    settings::{ProducerSettings, SourceKind, SourceSettings},
    web::{Ask, Web},
};

/// What would be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Where it is in the end.
    pub url: String,
    /// Its own title.
    pub title: Option<String>,
    /// Entries that it has.
    pub entries: usize,
    /// Entries that could not be read.
    pub broken: usize,
    /// The hub that would send what is new.
    pub hub: Option<OfferedHub>,
    /// The newest, as they would be taken.
    pub previewed: Vec<PreviewedEntry>,
}

/// A hub that a feed names (WebSub).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferedHub {
    /// Its address.
    pub hub: String,
    /// What would be subscribed to.
    pub topic: String,
    /// Whether it would be: hubs have an address to call (`producer.push.public_url`).
    pub is_used: bool,
}

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PreviewedEntry {
    /// Headline.
    pub title: Option<String>,
    /// Where it was published.
    pub url: Option<String>,
    /// Date of publication, RFC 3339.
    pub published_at: Option<String>,
    /// Words of its text.
    pub words: usize,
    /// Where the text is from: `feed`, `page` or `summary`.
    pub from: &'static str,
    /// Why the text is only a part.
    pub partial: Option<Partial>,
    /// Why it would be refused, come later, or be only a part.
    pub why: Option<String>,
    /// How the text begins.
    pub beginning: String,
}

/// What an address offers that is no feed itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Offered {
    /// Why it is none.
    pub problem: String,
    /// Feeds that it names, the likeliest first.
    pub feeds: Vec<Url>,
    /// Sitemaps that its robots.txt names.
    pub sitemaps: Vec<Url>,
}

/// Characters of a text that are shown.
const BEGINNING: usize = 200;

/// Fetches `url` and reads it as a source of that kind, with the texts of its `newest` entries. Publishes nothing.
///
/// # Errors
/// [`Offered`] where it is a page and no feed; otherwise why it cannot be read.
pub async fn preview(settings: &ProducerSettings, source: &SourceSettings, newest: usize) -> anyhow::Result<Preview> {
    let url = source.address().context("an address starts with https:// or http://")?;
    let web = Web::new(&settings.web)?;
    let limit = settings.web.max_feed_bytes as usize;
    let answer = web.get(Ask::new(&url, ACCEPT, limit)).await?;
    anyhow::ensure!(answer.is_success(), "{} answers {}", answer.url, answer.status);
    let (found_at, answer) = (answer.url.clone(), Arc::new(answer));
    let feed = match feed::read(&web, &settings.web, source.kind, Arc::clone(&answer)).await {
        Ok(feed) => feed,
        Err(why) => {
            let feeds = offered(&why).iter().map(|link| link.url.clone()).collect();
            let named = web.robots(&found_at).await.sitemaps();
            let sitemaps = named.iter().filter_map(|sitemap| found_at.join(sitemap).ok()).collect();
            return Err(Offered { problem: why.to_string(), feeds, sitemaps }.into());
        }
    };
    let attempts = Mutex::new(HashMap::new());
    let page_limit = settings.web.max_page_bytes as usize;
    let items = Items { web: &web, text: source.text, page_limit, attempts: &attempts };
    let intake = Intake::of_source(source, settings.max_article_bytes);
    let mut previewed = Vec::new();
    for (number, entry) in feed.entries.iter().take(newest).enumerate() {
        previewed.push(look(&intake, entry, items.make(number as u64 + 1, entry).await));
    }
    let entries = feed.entries.len() + feed.left_out;
    let hub = hub::offer(&answer, &feed.links).and_then(|offer| {
        let is_used = settings.push.public_address().is_some();
        Some(OfferedHub { hub: offer.hubs.first()?.to_string(), topic: offer.topic, is_used })
    });
    Ok(Preview { url: found_at.to_string(), title: feed.title, entries, broken: feed.broken, hub, previewed })
}

fn look(intake: &Intake, entry: &FeedEntry, item: Item) -> PreviewedEntry {
    let known = PreviewedEntry {
        title: entry.title.clone(),
        url: entry.link.as_ref().map(Url::to_string),
        ..PreviewedEntry::default()
    };
    let Ready { entry, from, words } = match item {
        Item::Ready(ready) => ready,
        Item::Later(miss) => return PreviewedEntry { from: "later", why: Some(miss.why), ..known },
    };
    let (from, why) = match from {
        TextOf::Feed => ("feed", None),
        TextOf::Page => ("page", None),
        TextOf::Summary(_, why) => ("summary", Some(why)),
    };
    match intake.read(&entry, Timestamp::now()) {
        Ok(taken) => PreviewedEntry {
            title: taken.article.title,
            url: taken.article.url,
            published_at: taken.article.published_at,
            words,
            from,
            partial: taken.article.partial,
            why,
            beginning: taken.article.text.chars().take(BEGINNING).collect(),
        },
        Err(refusal) => PreviewedEntry { from: "refused", why: Some(refusal.to_string()), ..known },
    }
}

impl SourceSettings {
    /// A feed or sitemap at this address.
    #[must_use]
    pub fn fetched(id: &str, kind: SourceKind, url: &Url) -> Self {
        Self { id: id.to_owned(), kind, url: Some(url.to_string()), ..Self::default() }
    }
}
