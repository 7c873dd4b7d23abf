//! Ids, revisions and canonical addresses.
//!
//! An article's id stays the same across corrections, its revision changes with its content. Both are the first
//! 16 bytes of a BLAKE3 hash in hexadecimal: 32 characters.

use std::sync::LazyLock;

use url::Url;

/// Query parameters that identify a visit rather than a page.
struct TrackingParameters {
    names: Vec<&'static str>,
    prefixes: Vec<&'static str>,
}

static TRACKING: LazyLock<TrackingParameters> = LazyLock::new(|| {
    let list = include_str!("../data/tracking-parameters.txt");
    let entries = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (prefixes, names): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.ends_with('*'));
    TrackingParameters { names, prefixes: prefixes.iter().map(|prefix| prefix.trim_end_matches('*')).collect() }
});

/// The one address of a page that many addresses lead to: `https`, host in lower case, no user, default port,
/// fragment, tracking parameters or trailing slash, the query sorted. None for what is no web address.
///
/// It is for hashing only: `http` and `https` become one, though only one of them may answer.
///
/// ```
/// use faultline_producer::identity::canonical_url;
/// let canonical = canonical_url("HTTP://News.example:80/a/?utm_source=x&id=7#top");
/// assert_eq!(canonical.as_deref(), Some("https://news.example/a?id=7"));
/// ```
#[must_use]
pub fn canonical_url(address: &str) -> Option<String> {
    let address = address.trim();
    let mut url = match Url::parse(address) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => parse_without_scheme(address)?,
        Err(_) => return None,
    };
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    // The default port of the old scheme goes before the scheme changes, or `http://host:80` would keep it.
    if url.port_or_known_default() == Some(if url.scheme() == "http" { 80 } else { 443 }) {
        url.set_port(None).ok()?;
    }
    url.set_scheme("https").ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_fragment(None);
    let without_slash = url.path().trim_end_matches('/').to_owned();
    url.set_path(&without_slash);
    let query = url.query().and_then(significant_query);
    url.set_query(query.as_deref());
    Some(url.into())
}

/// Addresses are often written as `www.example.org/page`; a lone word is no address.
fn parse_without_scheme(address: &str) -> Option<Url> {
    let host_end = address.find(['/', '?', '#']).unwrap_or(address.len());
    let host = &address[..host_end];
    if !looks_like_host(host) {
        return None;
    }
    Url::parse(&format!("https://{address}")).ok()
}

fn looks_like_host(name: &str) -> bool {
    name.contains('.')
        && !name.starts_with('.')
        && !name.ends_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
}

fn significant_query(query: &str) -> Option<String> {
    let mut parameters: Vec<&str> = query.split('&').filter(|p| !p.is_empty() && !is_tracking(p)).collect();
    if parameters.is_empty() {
        return None;
    }
    parameters.sort_unstable();
    Some(parameters.join("&"))
}

fn is_tracking(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    TRACKING.names.contains(&name.as_str()) || TRACKING.prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// The outlet as a domain where `name` is an address or a host (`www.npr.org` gives `npr.org`), else as it was given.
#[must_use]
pub fn source_name(name: &str) -> String {
    let name = name.trim();
    let host = match Url::parse(name) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.host_str().map(str::to_owned),
        _ => parse_without_scheme(name).and_then(|url| url.host_str().map(str::to_owned)),
    };
    host.map_or_else(|| name.to_owned(), |host| host.strip_prefix("www.").unwrap_or(&host).to_owned())
}

/// The article's id: `given` where the source has one, else a hash of its canonical address, else of source, title
/// and text.
#[must_use]
pub fn article_id(
    given: Option<&str>,
    url: Option<&str>,
    source: Option<&str>,
    title: Option<&str>,
    text: &str,
) -> String {
    if let Some(id) = given {
        return id.to_owned();
    }
    if let Some(canonical) = url.and_then(canonical_url) {
        return hash(&["url", &canonical]);
    }
    hash(&["text", source.unwrap_or_default(), title.unwrap_or_default(), text])
}

/// Hash of what a reader sees: changes when the publisher corrects the article.
#[must_use]
pub fn revision(title: Option<&str>, text: &str) -> String {
    hash(&["revision", title.unwrap_or_default(), text])
}

/// Eight bytes that stand for one revision of one article in the window of what was seen.
pub(crate) fn seen_hash(id: &str, revision: &str) -> u64 {
    let digest = digest(&[id, revision]);
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// 32 hexadecimal characters that stand for these parts.
pub(crate) fn hash(parts: &[&str]) -> String {
    digest(parts).to_hex().as_str()[..32].to_owned()
}

/// Each part is preceded by its length, so that no two lists of parts give the same bytes.
fn digest(parts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_one_page_have_one_canonical_form() {
        for (address, canonical) in [
            ("https://example.org/a", "https://example.org/a"),
            ("http://example.org/a", "https://example.org/a"),
            ("HTTPS://EXAMPLE.org/a/", "https://example.org/a"),
            ("http://example.org:80/a//", "https://example.org/a"),
            ("https://example.org:443/a#comments", "https://example.org/a"),
            ("https://example.org:8443/a", "https://example.org:8443/a"),
            ("https://example.org/a?b=2&a=1", "https://example.org/a?a=1&b=2"),
            ("https://example.org/a?utm_source=x&UTM_Medium=y&fbclid=z", "https://example.org/a"),
            ("https://example.org/a?id=1&&utm_source=x", "https://example.org/a?id=1"),
            ("https://example.org/a?", "https://example.org/a"),
            ("https://example.org", "https://example.org/"),
            ("https://user:secret@example.org/a", "https://example.org/a"),
            ("https://example.org/b/../a", "https://example.org/a"),
            ("  www.example.org/a ", "https://www.example.org/a"),
            ("https://example.org/A", "https://example.org/A"),
            ("https://пример.рф/а", "https://xn--e1afmkfd.xn--p1ai/%D0%B0"),
        ] {
            assert_eq!(canonical_url(address).as_deref(), Some(canonical), "{address}");
        }
    }

    #[test]
    fn what_is_no_web_address_has_no_canonical_form() {
        for address in ["", "n/a", "Reuters", "mailto:a@example.org", "file:///tmp/a", "http://", "a b.org/x", "."] {
            assert_eq!(canonical_url(address), None, "{address}");
        }
    }

    #[test]
    fn an_outlet_is_named_by_its_domain_where_it_has_one() {
        for (given, name) in [
            ("www.npr.org", "npr.org"),
            ("https://www.Example.org/news", "example.org"),
            ("aljazeera.com", "aljazeera.com"),
            (" Fox News ", "Fox News"),
            ("Dr. Strange", "Dr. Strange"),
            ("Reuters", "Reuters"),
        ] {
            assert_eq!(source_name(given), name, "{given}");
        }
    }

    #[test]
    fn a_given_id_comes_before_the_address_and_the_address_before_the_text() {
        let given = article_id(Some("a1"), Some("https://example.org/a"), None, None, "text");
        assert_eq!(given, "a1");
        let by_address = article_id(None, Some("https://example.org/a?utm_source=x"), None, None, "text");
        assert_eq!(by_address, article_id(None, Some("http://example.org/a/"), Some("s"), Some("t"), "corrected"));
        assert_eq!(by_address.len(), 32);
        let by_text = article_id(None, Some("n/a"), Some("s"), Some("t"), "text");
        assert_eq!(by_text, article_id(None, None, Some("s"), Some("t"), "text"));
        assert_ne!(by_text, article_id(None, None, Some("s"), None, "ttext"));
        assert_ne!(by_text, article_id(None, None, Some("s"), Some("t"), "corrected"));
    }

    #[test]
    fn a_revision_changes_with_title_and_text_only() {
        assert_eq!(revision(None, "text"), revision(Some(""), "text"));
        assert_ne!(revision(Some("a"), "btext"), revision(Some("ab"), "text"));
        assert_ne!(revision(None, "text"), revision(None, "text."));
    }

    proptest! {
        #[test]
        fn a_canonical_address_is_its_own_canonical_form(
            address in r"(https?://)?[a-zA-Z]{1,8}\.[a-z]{2,3}(:[0-9]{1,4})?(/[a-zA-Z0-9 %./;é]{0,12}){0,3}(\?[a-z_=&%é'# ]{0,20})?(#[a-z]{0,4})?"
        ) {
            if let Some(once) = canonical_url(&address) {
                prop_assert_eq!(canonical_url(&once), Some(once));
            }
        }

        #[test]
        fn no_address_panics(address in any::<String>()) {
            if let Some(once) = canonical_url(&address) {
                prop_assert_eq!(canonical_url(&once), Some(once));
            }
            prop_assert!(source_name(&address).len() <= 4 * address.len() + 64);
        }
    }
}
