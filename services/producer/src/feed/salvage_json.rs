//! JSON Feeds that break off, or of which an entry is wrong: read entry by entry, up to the break.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

/// How versions of the format are called.
const VERSIONS: &str = "https://jsonfeed.org/version/";
/// What is kept of the feed for each of its entries. It has to be short: there are thousands.
const KEPT: [&str; 3] = ["version", "title", "language"];
const LONGEST: usize = 1_000;

/// The entries of a JSON Feed before it breaks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonParts {
    head: Map<String, Value>,
    entries: Vec<Value>,
}

impl JsonParts {
    /// Reads as far as it goes; none where it does not say that it is a JSON Feed, or has no entry.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = Self::default();
        // An error says where it breaks: what lies before is in the parts.
        drop(FeedSeed(&mut parts).deserialize(&mut serde_json::Deserializer::from_str(text)));
        let is_feed = parts.head.get("version")?.as_str()?.starts_with(VERSIONS);
        parts.head.entry("title").or_insert_with(|| json!(""));
        (is_feed && !parts.entries.is_empty()).then_some(parts)
    }

    /// Each entry as a document of its own, in order.
    pub(crate) fn documents(self) -> impl Iterator<Item = String> {
        let Self { mut head, entries } = self;
        entries.into_iter().map(move |entry| {
            head.insert("items".to_owned(), Value::Array(vec![entry]));
            serde_json::to_string(&head).unwrap_or_default()
        })
    }
}

/// The object that a feed is.
struct FeedSeed<'p>(&'p mut JsonParts);

impl<'de> DeserializeSeed<'de> for FeedSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeedSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON Feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                map.next_value_seed(EntriesSeed(&mut self.0.entries))?;
            } else if KEPT.contains(&key.as_str()) {
                let value: Value = map.next_value()?;
                if value.as_str().is_some_and(|text| text.len() <= LONGEST) {
                    self.0.head.insert(key, value);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of entries: each is kept once it is whole.
struct EntriesSeed<'p>(&'p mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element()? {
            self.0.push(entry);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_before_the_break_are_documents_of_their_own() {
        let feed = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "T", "hubs": [{}], "items": [{"id": "1"}, {"id": "2"}, {"id": "3", "title": "cut o"#;
        let documents: Vec<String> = JsonParts::read(feed).unwrap().documents().collect();
        let document = |id: &str| {
            format!(r#"{{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{{"id":"{id}"}}]}}"#)
        };
        assert_eq!(documents, [document("1"), document("2")]);
        for other in [
            r#"{"items": [{"id": "1"}, "#,
            r#"{"version": "2", "items": [{"id": "1"}"#,
            r#"{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1""#,
            r#"{"version": "https://jsonfeed.org/version/1.1", "items": 3}"#,
            "{",
            "[1]",
        ] {
            assert_eq!(JsonParts::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_long_is_not_repeated_for_each_entry() {
        let long = "x".repeat(LONGEST + 1);
        let feed = format!(
            r#"{{"version": "https://jsonfeed.org/version/1", "title": "{long}", "description": "{long}", "items": [1, "#
        );
        assert!(JsonParts::read(&feed).unwrap().documents().all(|document| document.len() < LONGEST));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(\\{|\\}|\\[|\\]|\"items\":|\"version\":|\"https://jsonfeed.org/version/1\"|,|1|\"a\"|é){0,30}") {
            if let Some(parts) = JsonParts::read(&text) {
                parts.documents().count();
            }
        }
    }
}
