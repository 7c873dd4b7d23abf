//! An id for a source that was given none.

use url::Url;

/// Longest id made here.
const LONGEST: usize = 60;
/// What says nothing of which feed of an outlet it is.
const EMPTY_WORDS: [&str; 16] = [
    "feed", "feeds", "rss", "rss2", "atom", "xml", "index", "all", "news", "www", "rdf", "json", "en", "english",
    "default", "public",
];

/// A short id for the feed at `url`, of its host and what in its path tells it from others; none of `taken`.
#[must_use]
pub fn id_of(url: &Url, is_taken: impl Fn(&str) -> bool) -> String {
    let host = url.host_str().unwrap_or("source");
    let host = ["www.", "feeds.", "rss.", "feed."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host);
    let path = url.path().to_ascii_lowercase();
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let telling: Vec<&str> = words.filter(|word| word.len() > 1 && !EMPTY_WORDS.contains(word)).collect();
    let mut id: String = std::iter::once(host).chain(telling).collect::<Vec<_>>().join("-");
    // Hosts and paths are ASCII, as addresses are.
    id.truncate(LONGEST);
    let id = id.trim_end_matches('-').to_owned();
    if !is_taken(&id) {
        return id;
    }
    (2..).map(|number| format!("{id}-{number}")).find(|id| !is_taken(id)).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_the_outlet_and_what_tells_its_feeds_apart() {
        for (url, expected) in [
            ("https://www.aljazeera.com/xml/rss/all.xml", "aljazeera.com"),
            ("https://feeds.bbci.co.uk/news/world/rss.xml", "bbci.co.uk-world"),
            ("https://rss.dw.com/rdf/rss-en-all", "dw.com"),
            ("https://a.example/%C3%A9#x", "a.example-c3-a9"),
            ("http://[::1]/feed", "[::1]"),
        ] {
            assert_eq!(id_of(&Url::parse(url).unwrap(), |_| false), expected);
        }
        let taken = ["a.example", "a.example-2"];
        assert_eq!(id_of(&Url::parse("https://a.example/feed").unwrap(), |id| taken.contains(&id)), "a.example-3");
        let long = format!("https://a.example/{}", "word/".repeat(50));
        assert!(id_of(&Url::parse(&long).unwrap(), |_| false).len() <= LONGEST);
    }
}
