//! From an entry of a feed to an article: with the text of its page, where the feed has less than that.

use std::collections::HashMap;

use faultline_schemas::Partial;
use parking_lot::Mutex;
use serde_json::json;
use url::Url;

use super::parse::FeedEntry;
use crate::{
    page::{self, Extracted, Miss},
    reader::Entry,
    settings::TextFrom,
    web::Web,
};

/// How often a page that may be there the next time is asked for, before the summary is taken.
const ATTEMPTS: u8 = 3;

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// An article, as an entry for the intake.
    Ready(Ready),
    /// Its page may be there the next time, and it is asked for again.
    Later(Miss),
}

/// An article on its way to the intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) entry: Entry,
    /// Where its text is from.
    pub(crate) from: TextOf,
    pub(crate) words: usize,
}

/// Where an article's text is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextOf {
    Feed,
    Page,
    /// Only the summary was to be had, and why.
    Summary(Partial, String),
}

/// Makes articles of entries.
#[derive(Debug)]
pub(crate) struct Items<'a> {
    pub(crate) web: &'a Web,
    pub(crate) text: TextFrom,
    pub(crate) page_limit: usize,
    /// Attempts at pages, by entry.
    pub(crate) attempts: &'a Mutex<HashMap<u64, u8>>,
}

impl Items<'_> {
    /// `number` is the entry's place in its feed, from 1.
    pub(crate) async fn make(&self, number: u64, entry: &FeedEntry) -> Item {
        let link = match self.text {
            TextFrom::Feed => None,
            TextFrom::Auto if entry.is_full => return ready(number, entry, None, TextOf::Feed),
            TextFrom::Auto | TextFrom::Page => entry.link.as_ref(),
        };
        let Some(link) = link else {
            let from = match (self.text, entry.is_full) {
                (TextFrom::Feed, true) => TextOf::Feed,
                (TextFrom::Feed, false) => TextOf::Summary(Partial::Summary, "pages are not to be fetched".into()),
                _ => TextOf::Summary(Partial::Summary, "the entry has no address".into()),
            };
            return ready(number, entry, None, from);
        };
        match page::fetch(self.web, link, self.page_limit).await {
            Ok((page, found_at)) => {
                self.attempts.lock().remove(&entry.hash);
                ready(number, entry, Some((&page, &found_at)), TextOf::Page)
            }
            Err(miss) if miss.is_passing && self.is_worth_another(entry.hash) => Item::Later(miss),
            // The feed has it in full, and the page was only asked for because the settings say so.
            Err(_) if entry.is_full => ready(number, entry, None, TextOf::Feed),
            Err(miss) => ready(number, entry, None, TextOf::Summary(miss.partial, miss.why)),
        }
    }

    fn is_worth_another(&self, hash: u64) -> bool {
        let mut attempts = self.attempts.lock();
        let made = attempts.entry(hash).or_default();
        *made += 1;
        let is_worth_it = *made < ATTEMPTS;
        if !is_worth_it {
            attempts.remove(&hash);
        }
        is_worth_it
    }
}

/// Puts an article together, as one JSON object: what is refused is then in the dead letters as it was understood.
fn ready(number: u64, entry: &FeedEntry, page: Option<(&Extracted, &Url)>, from: TextOf) -> Item {
    let (page, found_at) = page.unzip();
    let text = match page {
        Some(page) => page.text.as_str(),
        // An entry without any text still has its title.
        None if entry.text.trim().is_empty() => entry.title.as_deref().unwrap_or_default(),
        None => entry.text.as_str(),
    };
    let url = page.and_then(|page| page.canonical.as_ref()).or(found_at).or(entry.link.as_ref());
    let authors = page.map(|page| &page.authors).filter(|_| entry.authors.is_empty()).unwrap_or(&entry.authors);
    let of_page = |field: fn(&Extracted) -> &Option<String>| page.and_then(|page| field(page).as_deref());
    let partial = match &from {
        TextOf::Summary(partial, _) => Some(*partial),
        TextOf::Feed | TextOf::Page => None,
    };
    let object = json!({
        "id": entry.id,
        "url": url.map(Url::as_str),
        "title": entry.title.as_deref().or(of_page(|page| &page.title)),
        "text": text,
        "authors": authors,
        "published_at": entry.published_at.as_deref().or(of_page(|page| &page.published_at)),
        "language": entry.language.as_deref().or(of_page(|page| &page.language)),
        "partial": partial,
    });
    let words = text.split_whitespace().count();
    let entry = Entry::of_json(object.to_string().into_bytes(), number);
    Item::Ready(Ready { entry, from, words })
}
