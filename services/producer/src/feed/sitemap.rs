//! News sitemaps, and indexes of them.
//!
//! A news sitemap names the articles of the last two days, with title, date and language; their texts are on their
//! pages. Addresses without a `news:` entry count where they have a date of late: many publishers have no other.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use jiff::{SignedDuration, Timestamp};
use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use url::Url;

use super::parse::{FeedEntry, NoFeed, ParsedFeed};
use crate::{
    date, identity,
    page::dom,
    web::{Kind, decode},
};

/// A news sitemap holds what appeared in so long; older entries are the archive.
const RECENT: SignedDuration = SignedDuration::from_hours(48);
/// Sitemaps of an index that are read in one check: the latest.
pub(crate) const PARTS: usize = 10;
/// Longest text of an element that is kept.
const LONGEST: usize = 4_096;

/// Prefixes of elements that have addresses and titles of their own.
const OF_OTHERS: [&str; 2] = ["image:", "video:"];

/// What a sitemap holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sitemap {
    Entries(ParsedFeed),
    /// Addresses of further sitemaps, the latest first.
    Index(Vec<Url>),
}

/// What stands between `<url>` or `<sitemap>` and its end.
#[derive(Debug, Default)]
struct Place {
    location: String,
    title: String,
    published: String,
    modified: String,
    language: String,
    is_news: bool,
}

/// Reads a sitemap that came from `url`, plain or gzip: at most `limit` bytes of it, and `most` of its entries.
///
/// # Errors
/// [`NoFeed`] where nothing of a sitemap can be read.
pub(crate) fn parse(
    body: &[u8],
    content_type: Option<&str>,
    url: &Url,
    most: usize,
    limit: usize,
) -> Result<Sitemap, NoFeed> {
    let unpacked = unpacked(body, limit)?;
    let text = decode(&unpacked, content_type, Kind::Xml);
    if text.trim().is_empty() {
        return Err(NoFeed::Empty);
    }
    let (places, is_index, problem) = places(&text);
    if places.is_empty() && !(text.contains("<urlset") || text.contains("<sitemapindex")) {
        return Err(match text.trim_start().chars().next() {
            Some('<') if text.to_ascii_lowercase().contains("<html") => NoFeed::Page(Vec::new()),
            Some('<') => {
                NoFeed::Xml(problem.unwrap_or_else(|| "there is no <urlset> or <sitemapindex> in it".to_owned()))
            }
            _ => NoFeed::Neither(text.chars().take(40).collect()),
        });
    }
    if is_index {
        return Ok(Sitemap::Index(parts(places, url)));
    }
    Ok(Sitemap::Entries(entries(places, url, most, usize::from(problem.is_some()))))
}

/// A sitemap is often a file that is packed, and not an answer that is.
fn unpacked(body: &[u8], limit: usize) -> Result<Vec<u8>, NoFeed> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(body.to_vec());
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(body).take(limit as u64 + 1).read_to_end(&mut unpacked);
    if unpacked.len() > limit {
        return Err(NoFeed::Xml(format!("it unpacks to more than {limit} bytes, producer.web.max_feed_bytes")));
    }
    match read {
        Err(error) if unpacked.is_empty() => Err(NoFeed::Neither(format!("gzip that is damaged: {error}"))),
        // Cut off: what came before is read.
        _ => Ok(unpacked),
    }
}

/// All places up to the end or the first error, whether they are sitemaps, and the error.
fn places(text: &str) -> (Vec<Place>, bool, Option<String>) {
    let mut reader = Reader::from_str(text);
    let (mut places, mut is_index) = (Vec::new(), false);
    let mut place: Option<Place> = None;
    let mut element = String::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return (places, is_index, Some(error.to_string())),
        };
        match event {
            Event::Start(tag) => {
                element = tag.local_name().as_ref().to_ascii_lowercase();
                if OF_OTHERS.iter().any(|prefix| tag.name().as_ref().starts_with(prefix)) {
                    element.clear();
                }
                match element.as_str() {
                    "url" => place = Some(Place::default()),
                    "sitemap" => (place, is_index) = (Some(Place::default()), true),
                    "news" => place.iter_mut().for_each(|place| place.is_news = true),
                    _ => {}
                }
            }
            Event::End(tag) => {
                if matches!(tag.local_name().as_ref(), "url" | "sitemap") {
                    places.extend(place.take().filter(|place| !place.location.trim().is_empty()));
                }
                element.clear();
            }
            Event::Text(text) => note(&mut place, &element, &text),
            Event::CData(text) => note(&mut place, &element, &text),
            Event::GeneralRef(reference) => {
                if let Ok(Some(character)) = reference.resolve_char_ref() {
                    note(&mut place, &element, character.encode_utf8(&mut [0; 4]));
                } else if let Some(resolved) = resolve_predefined_entity(&reference) {
                    note(&mut place, &element, resolved);
                }
            }
            Event::Eof => return (places, is_index, None),
            _ => {}
        }
    }
}

fn note(place: &mut Option<Place>, element: &str, text: &str) {
    let Some(place) = place else { return };
    let field = match element {
        "loc" => &mut place.location,
        "title" => &mut place.title,
        "publication_date" => &mut place.published,
        "lastmod" => &mut place.modified,
        "language" => &mut place.language,
        _ => return,
    };
    if field.len() + text.len() <= LONGEST {
        field.push_str(text);
    }
}

fn parts(mut places: Vec<Place>, url: &Url) -> Vec<Url> {
    // Where none has a date, those named last are the latest.
    places.reverse();
    places.sort_by_key(|place| std::cmp::Reverse(date::lenient(&place.modified)));
    let is_news = |place: &&Place| place.location.to_ascii_lowercase().contains("news");
    let (news, others): (Vec<_>, Vec<_>) = places.iter().partition(is_news);
    let addresses = news.into_iter().chain(others).filter_map(|place| url.join(place.location.trim()).ok());
    addresses.filter(|address| matches!(address.scheme(), "http" | "https")).take(PARTS).collect()
}

fn entries(places: Vec<Place>, url: &Url, most: usize, broken: usize) -> ParsedFeed {
    let now = Timestamp::now();
    let mut dated: Vec<(Option<Timestamp>, FeedEntry)> = places
        .into_iter()
        .filter_map(|place| {
            let date = date::lenient(&place.published).or_else(|| date::lenient(&place.modified));
            let is_recent = date.is_some_and(|date| now.duration_since(date) < RECENT);
            // Without a date only what calls itself news is.
            let is_wanted = if date.is_some() { is_recent } else { place.is_news };
            Some((date, entry(&place, date, url)?)).filter(|_| is_wanted)
        })
        .collect();
    dated.sort_by_key(|(date, _)| std::cmp::Reverse(date.map_or(i64::MAX, Timestamp::as_second)));
    let dates = dated.iter().filter_map(|(date, _)| date.filter(|date| *date <= now)).collect();
    let left_out = dated.len().saturating_sub(most);
    let entries = dated.into_iter().take(most).map(|(_, entry)| entry).collect();
    ParsedFeed { entries, dates, broken, left_out, ..ParsedFeed::default() }
}

fn entry(place: &Place, date: Option<Timestamp>, base: &Url) -> Option<FeedEntry> {
    let link = base.join(place.location.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let title = Some(dom::line(&place.title)).filter(|title| !title.is_empty());
    let key = identity::canonical_url(link.as_str())?;
    // What was changed since is another; the date of change is the only sign of it.
    let sign = format!("{}\n{}", title.as_deref().unwrap_or_default(), place.modified.trim());
    Some(FeedEntry {
        hash: identity::seen_hash(&format!("entry {key}"), &sign),
        link: Some(link),
        title,
        published_at: date.map(|date| date.to_string()),
        language: Some(place.language.trim().to_owned()).filter(|language| !language.is_empty()),
        ..FeedEntry::default()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn url() -> Url {
        Url::parse("https://news.example/sitemaps/news.xml").unwrap()
    }

    fn read(text: &str) -> Result<Sitemap, NoFeed> {
        parse(text.as_bytes(), Some("application/xml"), &url(), 100, 1_000_000)
    }

    fn titles(text: &str) -> Vec<String> {
        match read(text).unwrap() {
            Sitemap::Entries(feed) => feed.entries.into_iter().map(|e| e.title.unwrap_or_default()).collect(),
            Sitemap::Index(parts) => panic!("an index: {parts:?}"),
        }
    }

    fn place(location: &str, rest: &str) -> String {
        format!("<url><loc>{location}</loc>{rest}</url>")
    }

    fn news(title: &str, hours_ago: i64) -> String {
        let date = Timestamp::now() - SignedDuration::from_hours(hours_ago);
        format!(
            "<image:image><image:loc>https://news.example/{title}.jpg</image:loc></image:image><news:news><news:publication>\
             <news:name>N</news:name><news:language>en</news:language></news:publication>\
             <news:publication_date>{date}</news:publication_date><news:title>{title}</news:title></news:news>"
        )
    }

    fn urlset(places: &[String]) -> String {
        format!("<?xml version='1.0'?><urlset xmlns='s' xmlns:news='n' xmlns:image='i'>{}</urlset>", places.concat())
    }

    #[test]
    fn news_of_the_last_days_is_taken_and_the_archive_is_not() {
        let sitemap = urlset(&[
            place("https://news.example/old", &news("Old", 72)),
            place("/b?x=1&amp;y=2", &news("B &amp;amp; more", 2)),
            place("https://news.example/a", &news("A", 1)),
            place("https://news.example/about", "<priority>1</priority>"),
            place(
                "https://news.example/undated",
                "<news:news><news:title><![CDATA[Undated]]></news:title></news:news>",
            ),
        ]);
        assert_eq!(titles(&sitemap), ["Undated", "A", "B & more"]);
        let Ok(Sitemap::Entries(feed)) = read(&sitemap) else { panic!() };
        assert_eq!(feed.entries[2].link.as_ref().map(Url::as_str), Some("https://news.example/b?x=1&y=2"));
        assert_eq!(feed.entries[1].language.as_deref(), Some("en"));
        assert_eq!(feed.dates.len(), 2);
    }

    #[test]
    fn an_index_gives_its_latest_sitemaps_those_of_news_first() {
        let part =
            |name: &str, date: &str| format!("<sitemap><loc>/{name}.xml</loc><lastmod>{date}</lastmod></sitemap>");
        let index = format!(
            "<sitemapindex>{}{}{}</sitemapindex>",
            part("pages-1", "2026-11-01"),
            part("news-1", "2026-10-01"),
            part("pages-2", "2026-11-02")
        );
        let Ok(Sitemap::Index(parts)) = read(&index) else { panic!() };
        let shown: Vec<&str> = parts.iter().map(Url::path).collect();
        assert_eq!(shown, ["/news-1.xml", "/pages-2.xml", "/pages-1.xml"]);
        let many = format!("<sitemapindex>{}</sitemapindex>", part("x", "2026-11-01").repeat(50));
        assert!(matches!(read(&many), Ok(Sitemap::Index(parts)) if parts.len() == PARTS));
    }

    #[test]
    fn a_packed_sitemap_is_read_a_cut_one_as_far_as_it_goes_and_a_bomb_is_refused() {
        let sitemap =
            urlset(&[place("https://news.example/a", &news("A", 1)), place("https://news.example/b", &news("B", 2))]);
        let gzip = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let packed = parse(&gzip(sitemap.as_bytes()), None, &url(), 100, 1_000_000).unwrap();
        assert_eq!(Ok(packed), read(&sitemap));
        assert_eq!(titles(&sitemap[..sitemap.len() - 60]), ["A"]);
        let bomb = parse(&gzip(&vec![b' '; 2_000_000]), None, &url(), 100, 1_000_000);
        assert!(bomb.unwrap_err().to_string().contains("more than 1000000 bytes"));
    }

    #[test]
    fn what_is_no_sitemap_says_so_and_an_empty_one_is_one() {
        assert_eq!(titles("<urlset></urlset>"), Vec::<String>::new());
        for text in ["", "<html><body>Not found</body></html>", "<rss version='2.0'></rss>", "Not found"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_sitemap_panics(text in "(<urlset>|<sitemapindex>|<url>|</url>|<sitemap>|</sitemap>|<loc>|</loc>|<news:title>|</news:title>|https://a\\.example/|&amp;|&#x|&x;|é|<!\\[CDATA\\[|\\]\\]>){0,24}") {
            read(&text).ok();
        }
    }
}
