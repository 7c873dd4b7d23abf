//! Provenance as headers, and back.

use faultline_schemas::{DeadLetter, Stage, header};

use crate::Message;

/// Prefix of the headers that hold provenance.
const PREFIX: &str = "faultline-";
/// Holds the `schema` header that the message itself had.
const ORIGINAL_SCHEMA: &str = "faultline-original-schema";
/// Names of the provenance headers, without the prefix, as the fields of [`DeadLetter`].
const FIELDS: [&str; 10] =
    ["stage", "reason", "error", "topic", "partition", "offset", "origin", "attempt", "at", "original_bytes"];

/// One header for each field.
pub(super) fn to_headers(letter: &DeadLetter) -> Vec<(String, String)> {
    let values = [
        letter.stage.as_str().to_owned(),
        letter.reason.clone(),
        letter.error.clone(),
        letter.topic.clone(),
        letter.partition.to_string(),
        letter.offset.to_string(),
        letter.origin.clone(),
        letter.attempt.to_string(),
        letter.at.clone(),
        letter.original_bytes.to_string(),
    ];
    FIELDS.iter().map(|field| format!("{PREFIX}{field}")).zip(values).collect()
}

/// The provenance of a message of the dead-letter topic; none where a header is missing or not ours.
pub(super) fn from_message(message: &Message) -> Option<DeadLetter> {
    let field = |name: &str| message.header(&format!("{PREFIX}{name}"));
    Some(DeadLetter {
        stage: Stage::parse(field("stage")?)?,
        reason: field("reason")?.to_owned(),
        error: field("error")?.to_owned(),
        topic: field("topic")?.to_owned(),
        partition: field("partition")?.parse().ok()?,
        offset: field("offset")?.parse().ok()?,
        origin: field("origin")?.to_owned(),
        attempt: field("attempt")?.parse().ok()?,
        at: field("at")?.to_owned(),
        original_bytes: field("original_bytes")?.parse().ok()?,
    })
}

/// The message's own headers, as they travel with its dead letter.
pub(super) fn carried_headers(message: &Message) -> Vec<(String, String)> {
    let mut headers = own_headers(message);
    for (name, _) in &mut headers {
        if name == header::SCHEMA {
            ORIGINAL_SCHEMA.clone_into(name);
        }
    }
    headers
}

/// The headers that a letter's message had before it became one, with the attempts counted.
pub(super) fn restored_headers(message: &Message, attempt: u32) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        own_headers(message).into_iter().filter(|(name, _)| name != header::SCHEMA).collect();
    for (name, _) in &mut headers {
        if name == ORIGINAL_SCHEMA {
            header::SCHEMA.clone_into(name);
        }
    }
    headers.push((header::ATTEMPT.to_owned(), attempt.to_string()));
    headers
}

fn own_headers(message: &Message) -> Vec<(String, String)> {
    let is_provenance = |name: &str| name.strip_prefix(PREFIX).is_some_and(|field| FIELDS.contains(&field));
    message
        .headers
        .iter()
        .filter(|(name, _)| !is_provenance(name))
        .filter_map(|(name, value)| Some((name.clone(), String::from_utf8(value.clone()?).ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(headers: &[(String, String)]) -> Message {
        Message {
            topic: "faultline.articles".into(),
            partition: 2,
            offset: 40,
            timestamp_ms: None,
            key: None,
            payload: None,
            headers: headers.iter().map(|(k, v)| (k.clone(), Some(v.clone().into_bytes()))).collect(),
        }
    }

    fn letter() -> DeadLetter {
        DeadLetter {
            stage: Stage::Enricher,
            reason: "not_json".into(),
            error: "expected value at line 1 column 1".into(),
            topic: "faultline.articles".into(),
            partition: 2,
            offset: 40,
            origin: String::new(),
            attempt: 3,
            at: "2022-08-17T00:00:00Z".into(),
            original_bytes: 7,
        }
    }

    #[test]
    fn provenance_survives_the_headers() {
        assert_eq!(from_message(&message(&to_headers(&letter()))), Some(letter()));
    }

    #[test]
    fn a_replayed_message_has_its_own_headers_again_and_counts_its_attempts() {
        let own = [
            (header::SCHEMA.to_owned(), "faultline.article/9".to_owned()),
            (header::FETCHED_AT.to_owned(), "2022-08-17T00:00:00Z".to_owned()),
            ("colour".to_owned(), "blue".to_owned()),
        ];
        let mut on_topic = carried_headers(&message(&own));
        on_topic.push((header::SCHEMA.to_owned(), "faultline.dead-letter/1".to_owned()));
        on_topic.extend(to_headers(&letter()));
        let restored = restored_headers(&message(&on_topic), 3);
        for header in own {
            assert!(restored.contains(&header), "{header:?} in {restored:?}");
        }
        assert_eq!(message(&restored).attempt(), 4);
        assert!(!restored.iter().any(|(name, _)| name == "faultline-reason"));
    }
}
