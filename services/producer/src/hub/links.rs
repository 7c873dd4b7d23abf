//! `Link` headers (RFC 8288).

use reqwest::header::{HeaderMap, LINK};
use url::Url;

/// Where the links with this relation lead, in order; addresses are made whole by `base`.
pub(super) fn targets(headers: &HeaderMap, relation: &str, base: &Url) -> Vec<Url> {
    let values = headers.get_all(LINK).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let of_value = |value: &str| -> Vec<Url> {
        let links = cut(value, ',').into_iter().filter_map(|link| link.trim().strip_prefix('<')?.split_once('>'));
        let wanted = links.filter(|(_, parameters)| has_relation(parameters, relation));
        wanted.filter_map(|(target, _)| base.join(target.trim()).ok()).collect()
    };
    values.flat_map(|value| of_value(&value)).filter(|url| matches!(url.scheme(), "http" | "https")).collect()
}

/// The first `rel` counts, and may hold several.
fn has_relation(parameters: &str, relation: &str) -> bool {
    let named = cut(parameters, ';').into_iter().filter_map(|parameter| parameter.split_once('='));
    let mut relations = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    relations.next().is_some_and(|(_, value)| {
        value.trim().trim_matches('"').split_whitespace().any(|one| one.eq_ignore_ascii_case(relation))
    })
}

/// Cuts at a character wherever it is neither quoted nor part of an address.
fn cut(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut closing, mut is_escaped) = (None, false);
    for (index, c) in text.char_indices() {
        match (closing, c) {
            (Some('"'), _) if is_escaped => is_escaped = false,
            (Some('"'), '\\') => is_escaped = true,
            (Some(end), _) if c == end => closing = None,
            (Some(_), _) => {}
            (None, '"') => closing = Some('"'),
            (None, '<') => closing = Some('>'),
            (None, _) if c == at => {
                parts.push(&text[start..index]);
                start = index + c.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str], relation: &str) -> Vec<String> {
        let headers = values.iter().map(|value| (LINK, value.parse().unwrap())).collect();
        let base = Url::parse("https://news.example/feed").unwrap();
        targets(&headers, relation, &base).into_iter().map(String::from).collect()
    }

    #[test]
    fn links_are_found_by_their_relation_however_they_are_written() {
        let values = [
            "<https://hub.example/a,b;c>; rel=\"hub\", </own>; REL=self",
            "<https://other.example/>; title=\"x; rel=hub, <y>; rel=\\\"hub\\\"\"; rel=next",
            "<https://second.example/>; rel=\"alternate HUB\"; rel=next,<javascript:x>;rel=hub, broken; rel=hub",
        ];
        assert_eq!(found(&values, "hub"), ["https://hub.example/a,b;c", "https://second.example/"]);
        assert_eq!(found(&values, "self"), ["https://news.example/own"]);
        assert_eq!(found(&values, "next"), ["https://other.example/"]);
        assert!(found(&[], "hub").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(value in "([<>\";,= \\\\a-zé]|rel|hub){0,30}") {
            cut(&value, ',');
            has_relation(&value, "hub");
        }
    }
}
