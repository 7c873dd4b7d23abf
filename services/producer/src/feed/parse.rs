//! From a body to entries, whatever kind of feed it is.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, Utc};
use feed_rs::{
    model::{Entry, Feed, Link, Person},
    parser::{Builder, Parser},
};
use jiff::Timestamp;
use url::Url;

use super::{
    salvage::{self, Parts},
    salvage_json::JsonParts,
};
use crate::{
    date,
    hub::FeedLinks,
    identity,
    page::{
        discover::{FeedLink, feed_links},
        dom,
    },
    web::{Kind, decode},
};

/// So many words of content are an article and no teaser. A description holds one more rarely, and has to be longer.
const FULL_CONTENT: usize = 120;
const FULL_DESCRIPTION: usize = 250;
/// How a text ends that goes on elsewhere.
const TEASER_ENDS: [&str; 8] = ["…", "...", "[…]", "[...]", "(more)", "read more", "continue reading", "»"];
/// Bodies are told apart by so many of their first bytes.
const HEAD: usize = 2_048;

/// What a feed says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ParsedFeed {
    pub(crate) title: Option<String>,
    /// Newest first, as far as their dates tell; at most as many as asked for.
    pub(crate) entries: Vec<FeedEntry>,
    /// Dates of all entries, newest first.
    pub(crate) dates: Vec<Timestamp>,
    /// Checking more often than this is no use, says the publisher.
    pub(crate) wish: Option<Duration>,
    /// Entries that could not be read.
    pub(crate) broken: usize,
    /// Entries beyond those asked for.
    pub(crate) left_out: usize,
    /// It is put together of others, which change without it.
    pub(crate) is_index: bool,
    /// Its hubs, and its own address.
    pub(crate) links: FeedLinks,
}

impl ParsedFeed {
    /// Adds what another has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.dates.extend(other.dates);
        self.broken += other.broken;
        self.left_out += other.left_out;
    }

    /// The newest of its entries, whose dates are RFC 3339 in UTC.
    pub(crate) fn newest(mut self, most: usize) -> Self {
        self.entries.sort_by(|a, b| b.published_at.cmp(&a.published_at));
        self.dates.sort_unstable_by(|a, b| b.cmp(a));
        self.left_out += self.entries.len().saturating_sub(most);
        self.entries.truncate(most);
        self
    }
}

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FeedEntry {
    /// Stands for this entry as it reads now: the same at the next fetch, another once it is corrected.
    pub(crate) hash: u64,
    /// The article's id where its address does not tell it from others.
    pub(crate) id: Option<String>,
    pub(crate) link: Option<Url>,
    pub(crate) title: Option<String>,
    /// The longest text that the feed has of it, with its paragraphs.
    pub(crate) text: String,
    /// Whether that is the article, or only its beginning.
    pub(crate) is_full: bool,
    pub(crate) authors: Vec<String>,
    /// As written, or RFC 3339.
    pub(crate) published_at: Option<String>,
    pub(crate) language: Option<String>,
}

/// Why a body is no feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoFeed {
    #[error("the answer is empty")]
    Empty,
    #[error("it is a web page and no feed; {}", offered(.0))]
    Page(Vec<FeedLink>),
    #[error("it is JSON but no JSON Feed: {0}")]
    Json(String),
    #[error("it is XML but no RSS, RDF or Atom that can be read: {0}")]
    Xml(String),
    #[error("it is neither XML nor JSON, it starts with {0:?}")]
    Neither(String),
    #[error("reading it panicked, please report this: {0}")]
    Panicked(String),
}

fn offered(links: &[FeedLink]) -> String {
    match links {
        [] => "it names no feed either".to_owned(),
        links => format!("it offers {}", links.iter().map(|link| link.url.as_str()).collect::<Vec<_>>().join(", ")),
    }
}

/// Reads a feed that came from `url`, at most `most` of its entries.
///
/// # Errors
/// [`NoFeed`] where nothing of a feed can be read.
pub(crate) fn parse(body: &[u8], content_type: Option<&str>, url: &Url, most: usize) -> Result<ParsedFeed, NoFeed> {
    let is_json = body.trim_ascii_start().starts_with(b"{");
    let decoded = decode(body, content_type, if is_json { Kind::Json } else { Kind::Xml });
    let text = decoded.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Err(NoFeed::Empty);
    }
    // What it says of its character set is no longer so.
    let text = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or(text, |(_, rest)| rest);
    let (feed, broken) = match parser(url).parse(text.as_bytes()) {
        Ok(feed) => (feed, 0),
        Err(error) => salvage(url, text).ok_or_else(|| why_not(text, body, content_type, url, &error.to_string()))?,
    };
    Ok(taken(feed, broken, text, url, most))
}

/// One for each document: after an error it is not fit for another.
fn parser(url: &Url) -> Parser {
    Builder::new()
        .base_uri(Some(url.as_str()))
        .sanitize_content(false)
        // An id that is made up is none.
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|written| {
            let instant = date::lenient(written)?;
            DateTime::<Utc>::from_timestamp(instant.as_second(), 0)
        })
        .build()
}

/// Entry by entry, where the whole cannot be read.
fn salvage(url: &Url, text: &str) -> Option<(Feed, usize)> {
    if text.starts_with('{') {
        return gathered(url, JsonParts::read(text)?.documents());
    }
    gathered(url, Parts::cut(text)?.documents())
}

/// One feed of documents that have an entry each, and how many cannot be read.
fn gathered(url: &Url, documents: impl Iterator<Item = String>) -> Option<(Feed, usize)> {
    let (mut whole, mut broken): (Option<Feed>, _) = (None, 0);
    for document in documents {
        let read = parser(url).parse(document.as_bytes());
        let read = read.or_else(|_| parser(url).parse(salvage::mend(&document).as_bytes()));
        match (read, &mut whole) {
            (Ok(feed), Some(whole)) => whole.entries.extend(feed.entries),
            (Ok(feed), None) => whole = Some(feed),
            (Err(_), _) => broken += 1,
        }
    }
    Some((whole.filter(|feed| !feed.entries.is_empty())?, broken))
}

fn why_not(text: &str, body: &[u8], content_type: Option<&str>, url: &Url, error: &str) -> NoFeed {
    let head: String = text.chars().take(HEAD).collect::<String>().to_ascii_lowercase();
    if head.contains("<html") || head.contains("<!doctype html") || head.contains("<head") || head.contains("<body") {
        let page = decode(body, content_type, Kind::Html);
        return NoFeed::Page(feed_links(&page, url));
    }
    match text.chars().next() {
        Some('{' | '[') => NoFeed::Json(error.to_owned()),
        Some('<') => NoFeed::Xml(error.to_owned()),
        _ => NoFeed::Neither(text.chars().take(40).collect()),
    }
}

fn taken(mut feed: Feed, broken: usize, text: &str, url: &Url, most: usize) -> ParsedFeed {
    let now = Timestamp::now();
    let date_of = |entry: &Entry| entry.published.or(entry.updated).map(|date| date.timestamp());
    // Those without a date stay where they are, at the front.
    feed.entries.sort_by_key(|entry| std::cmp::Reverse(date_of(entry).unwrap_or(i64::MAX)));
    let mut dates: Vec<Timestamp> =
        feed.entries.iter().filter_map(|e| Timestamp::from_second(date_of(e)?).ok()).collect();
    dates.retain(|date| *date <= now);
    let left_out = feed.entries.len().saturating_sub(most);
    let language = feed.language.clone();
    let shared = shared_links(&feed.entries, url);
    let entries = feed.entries.iter().take(most).map(|entry| entry_of(entry, url, &shared, language.as_deref()));
    ParsedFeed {
        title: feed.title.as_ref().map(|title| dom::line(&title.content)).filter(|title| !title.is_empty()),
        entries: entries.collect(),
        dates,
        wish: feed.ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)).max(update_period(text)),
        broken,
        left_out,
        is_index: false,
        links: FeedLinks::of(&feed, text, url),
    }
}

/// How many entries lead to each address. One that several lead to, or that is the front page, tells none of them
/// apart.
fn shared_links(entries: &[Entry], base: &Url) -> HashMap<String, usize> {
    let mut links = HashMap::new();
    for link in entries.iter().filter_map(|entry| link_of(entry, base)) {
        if let Some(canonical) = identity::canonical_url(link.as_str()) {
            *links.entry(canonical).or_default() += 1;
        }
    }
    links
}

fn entry_of(entry: &Entry, base: &Url, shared: &HashMap<String, usize>, language: Option<&str>) -> FeedEntry {
    let link = link_of(entry, base);
    let title = entry.title.as_ref().map(|title| dom::line(&title.content)).filter(|title| !title.is_empty());
    let content = entry.content.as_ref().and_then(|content| content.body.as_deref()).map(to_text).unwrap_or_default();
    let description = entry.summary.as_ref().map(|summary| to_text(&summary.content)).unwrap_or_default();
    let is_full = is_whole(&content, FULL_CONTENT) || is_whole(&description, FULL_DESCRIPTION);
    let text = if content.len() >= description.len() { content } else { description };
    let canonical = link.as_ref().and_then(|link| identity::canonical_url(link.as_str()));
    let is_own = canonical.as_ref().is_some_and(|canonical| {
        shared.get(canonical) == Some(&1)
            && link.as_ref().is_some_and(|link| link.path() != "/" || link.query().is_some())
    });
    let name = title.as_deref().unwrap_or_default();
    let id = match (&link, is_own) {
        (Some(link), false) => Some(identity::hash(&["entry", link.as_str(), name])),
        _ => None,
    };
    let key = if is_own { canonical.unwrap_or_default() } else { id.clone().unwrap_or_default() };
    FeedEntry {
        hash: identity::seen_hash(&format!("entry {key}"), &identity::revision(Some(name), &text)),
        id,
        link,
        title,
        text,
        is_full,
        authors: entry.authors.iter().filter_map(name_of).collect(),
        published_at: entry.published.or(entry.updated).map(|date| date.to_rfc3339()),
        language: entry.language.as_deref().or(language).map(str::to_owned),
    }
}

fn to_text(html: &str) -> String {
    // What is nested too deep to be read has no text.
    dom::fragment_text(html).unwrap_or_default()
}

/// The page of an entry, whatever the feed leaves out of its address.
fn link_of(entry: &Entry, base: &Url) -> Option<Url> {
    let is_page = |link: &&Link| matches!(link.rel.as_deref(), None | Some("alternate")) && link.target.is_none();
    let written = entry.links.iter().find(is_page).map(|link| link.href.as_str());
    // An RSS `guid` is the address, where there is no other and it looks like one.
    let written = written.filter(|href| !href.is_empty()).or_else(|| {
        let is_address = entry.id.starts_with("http://") || entry.id.starts_with("https://");
        is_address.then_some(entry.id.as_str())
    })?;
    base.join(written.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

fn name_of(person: &Person) -> Option<String> {
    let name = person.name.as_deref()?.trim();
    (!name.is_empty() && !name.contains('@')).then(|| dom::line(name))
}

fn is_whole(text: &str, words: usize) -> bool {
    let end: String =
        text.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<String>().to_lowercase();
    let goes_on = TEASER_ENDS.iter().any(|teaser| end.trim_end().ends_with(teaser));
    !goes_on && text.split_whitespace().nth(words - 1).is_some()
}

/// `sy:updatePeriod` and `sy:updateFrequency`, under whatever prefix.
fn update_period(text: &str) -> Option<Duration> {
    let value = |name: &str| -> Option<&str> {
        let (_, after) = text.split_once(&format!(":{name}>"))?;
        Some(after.split('<').next()?.trim())
    };
    let periods = BTreeMap::from([
        ("hourly", 3_600),
        ("daily", 86_400),
        ("weekly", 604_800),
        ("monthly", 2_592_000),
        ("yearly", 31_536_000),
    ]);
    let seconds: u64 = *periods.get(value("updatePeriod")?)?;
    let times: u64 = value("updateFrequency").and_then(|times| times.parse().ok()).unwrap_or(1);
    Some(Duration::from_secs(seconds / times.max(1)))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
