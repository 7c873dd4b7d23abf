//! Finding the feeds that a page offers.

use url::Url;

use super::dom;

/// A feed that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeedLink {
    pub(crate) url: Url,
    pub(crate) title: Option<String>,
}

/// What a feed is served as.
const TYPES: [&str; 6] = [
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json",
    "text/xml",
];

/// The feeds named by `<link rel="alternate">`, in order, each once; feeds of comments go last.
pub(crate) fn feed_links(page: &str, url: &Url) -> Vec<FeedLink> {
    let Some(document) = dom::parse(page) else { return Vec::new() };
    let base = document.base_uri().and_then(|base| url.join(&base).ok()).unwrap_or_else(|| url.clone());
    let mut found: Vec<FeedLink> = Vec::new();
    for link in document.select("link[rel][href]").iter() {
        let is_alternate = link.attr_or("rel", "").split_whitespace().any(|rel| rel.eq_ignore_ascii_case("alternate"));
        let kind = link.attr_or("type", "").trim().to_ascii_lowercase();
        if !is_alternate || !TYPES.contains(&kind.as_str()) {
            continue;
        }
        let Ok(url) = base.join(link.attr_or("href", "").trim()) else { continue };
        if matches!(url.scheme(), "http" | "https") && found.iter().all(|known| known.url != url) {
            let title = link.attr("title").map(|title| dom::line(&title)).filter(|title| !title.is_empty());
            found.push(FeedLink { url, title });
        }
    }
    found.sort_by_key(|link| link.url.path().to_ascii_lowercase().contains("comment"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_found_by_their_links_and_addresses_are_made_whole() {
        let page = "<html><head><base href='/en/'><link rel='stylesheet' type='text/css' href='x.css'>\
                    <link rel='alternate' type='application/rss+xml' title='Comments &raquo;' href='/comments/feed/'>\
                    <link REL='Alternate' TYPE='application/rss+xml' title='News' href='feed.xml'>\
                    <link rel='alternate' type='application/atom+xml' href='https://cdn.example/a'>\
                    <link rel='alternate' type='application/atom+xml' href='https://cdn.example/a'>\
                    <link rel='alternate' hreflang='fr' href='/fr/'><link rel='alternate' type='text/xml' href='javascript:x'>";
        let found = feed_links(page, &Url::parse("https://news.example/world").unwrap());
        let shown: Vec<_> = found.iter().map(|link| (link.url.as_str(), link.title.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("https://news.example/en/feed.xml", Some("News")),
                ("https://cdn.example/a", None),
                ("https://news.example/comments/feed/", Some("Comments »")),
            ]
        );
    }
}
