//! What a page says of itself in its head: OpenGraph, its `robots`, its language and address.

use dom_query::Document;
use url::Url;

use super::dom;

/// How this program is called where a page speaks to one alone.
const AGENT: &str = "faultline";

/// The first of these meta fields that says something, by `property`, `name` or `itemprop`.
pub(crate) fn field(document: &Document, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let selector = format!("meta[property='{name}'],meta[name='{name}'],meta[itemprop='{name}']");
        let found = document.select(&selector);
        found.iter().find_map(|meta| Some(dom::line(&meta.attr("content")?)).filter(|text| !text.is_empty()))
    })
}

/// Whether the page asks not to be kept.
pub(crate) fn forbids(document: &Document) -> bool {
    document.select("meta[name][content]").iter().any(|meta| {
        let name = meta.attr_or("name", "").trim().to_ascii_lowercase();
        (name == "robots" || name == AGENT) && directives_forbid(&meta.attr_or("content", ""))
    })
}

/// Whether an `X-Robots-Tag` asks us not to keep the page: `noindex`, or `faultline: noindex`.
pub(crate) fn header_forbids(value: &str) -> bool {
    let (agent, directives) = match value.split_once(':') {
        // `unavailable_after: date` is a directive, and no agent.
        Some((agent, directives))
            if !agent.contains(',') && !agent.trim().eq_ignore_ascii_case("unavailable_after") =>
        {
            (Some(agent.trim()), directives)
        }
        _ => (None, value),
    };
    agent.is_none_or(|agent| agent.eq_ignore_ascii_case(AGENT)) && directives_forbid(directives)
}

fn directives_forbid(directives: &str) -> bool {
    let mut directives = directives.split(',').map(str::trim);
    directives
        .any(|word| ["noindex", "none", "noarchive"].iter().any(|forbidding| word.eq_ignore_ascii_case(forbidding)))
}

pub(crate) fn language(document: &Document) -> Option<String> {
    let of_root = document.select("html[lang]").attr("lang").map(|lang| lang.trim().to_owned());
    of_root.filter(|lang| !lang.is_empty()).or_else(|| field(document, &["og:locale", "language", "content-language"]))
}

/// The page's own address, where it names one on the same site that is more than the front page.
pub(crate) fn canonical(document: &Document, url: &Url) -> Option<Url> {
    let linked = document.select("link[rel='canonical'][href]").attr("href").map(|href| href.to_string());
    let named = linked.or_else(|| field(document, &["og:url"]))?;
    let canonical = url.join(named.trim()).ok()?;
    let is_same_site = site(&canonical).is_some_and(|host| Some(host) == site(url));
    (is_same_site && matches!(canonical.scheme(), "http" | "https") && canonical.path().len() > 1).then_some(canonical)
}

/// The host without what tells readers of one page apart.
fn site(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    let prefixes = ["www.", "m.", "amp.", "mobile."];
    Some(prefixes.iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_and_a_header_can_ask_not_to_be_kept() {
        for (head, expected) in [
            ("<meta name=robots content='noindex, nofollow'>", true),
            ("<meta name=ROBOTS content='NONE'>", true),
            ("<meta name=faultline content=noarchive>", true),
            ("<meta name=googlebot content=noindex>", false),
            ("<meta name=robots content='index,follow,max-image-preview:large'>", false),
        ] {
            assert_eq!(forbids(&Document::from(head)), expected, "{head}");
        }
        for (value, expected) in [
            ("noindex", true),
            ("nofollow, NoIndex", true),
            ("faultline: noindex", true),
            ("googlebot: noindex", false),
            ("unavailable_after: 25 Jun 2010 15:00:00 PST", false),
            ("all", false),
        ] {
            assert_eq!(header_forbids(value), expected, "{value}");
        }
    }

    #[test]
    fn only_an_address_of_the_same_site_is_the_pages_own() {
        let url = Url::parse("https://m.news.example/a?x=1").unwrap();
        for (head, expected) in [
            ("<link rel=canonical href='https://www.news.example/a'>", Some("https://www.news.example/a")),
            ("<link rel=canonical href='/b'>", Some("https://m.news.example/b")),
            ("<meta property='og:url' content='https://news.example/c'>", Some("https://news.example/c")),
            ("<link rel=canonical href='https://other.example/a'>", None),
            ("<link rel=canonical href='https://news.example/'>", None),
            ("<link rel=canonical href='javascript:alert(1)'>", None),
            ("", None),
        ] {
            let found = canonical(&Document::from(head), &url);
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{head}");
        }
    }
}
