//! An alert to try a receiver with.

use std::collections::BTreeMap;

use faultline_schemas::{Alert, AlertState, Evidence, Severity, Span};
use jiff::Timestamp;

/// An alert for the receiver of that name, which says of itself that it is a test.
#[must_use]
pub fn sample(receiver: &str, now: Timestamp) -> Alert {
    let fingerprint = blake3::hash(format!("test\n{receiver}").as_bytes()).to_hex()[..32].to_owned();
    let key = blake3::hash(format!("{fingerprint}\n{now}").as_bytes()).to_hex()[..32].to_owned();
    let sentence = "This sentence stands where an alert has the one that it rests on.";
    Alert {
        schema: "faultline.alert/1".to_owned(),
        fingerprint,
        key,
        rule: "receivers-test".to_owned(),
        title: format!("Test of the receiver {receiver}: nothing has happened"),
        severity: Severity::Watch,
        state: AlertState::Firing,
        to: vec![receiver.to_owned()],
        inhibits: Vec::new(),
        told_at: now.to_string(),
        times: 0,
        labels: BTreeMap::from([("dyad".to_owned(), "SRB-XKX".to_owned()), ("test".to_owned(), "true".to_owned())]),
        annotations: BTreeMap::from([("note".to_owned(), "sent by faultline receivers test".to_owned())]),
        starts_at: now.to_string(),
        ends_at: None,
        value: Some(3.0),
        threshold: Some(2.0),
        expected: None,
        reason: "somebody asked for a test; a real alert has 3 stories within 6h against a threshold of 2 here"
            .to_owned(),
        articles: 4,
        stories: 3,
        sources: 2,
        evidence: vec![Evidence {
            article: "test".to_owned(),
            url: Some("https://news.example/test".to_owned()),
            title: Some("A headline".to_owned()),
            source: Some("news.example".to_owned()),
            published_at: Some(now.to_string()),
            story: "test".to_owned(),
            sentence: sentence.to_owned(),
            span: Span { start: 5, end: 13 },
            in_title: false,
        }],
    }
}
