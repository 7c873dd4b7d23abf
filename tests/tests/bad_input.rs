//! What is wrong goes to the dead letters, untouched, and harms nothing else; it can be looked at and replayed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::mpsc, time::Duration};

use faultline_platform::{Publisher, Record, RoleContext, Stop, health::Health};
use faultline_schemas::{Article, header, topic};
use faultline_tests::{
    faultline::Installation,
    process,
    stack::{self, Stack},
};
use serde_json::Value;

const GOOD: &str = r#"{"id": "good", "title": "Talks", "text": "Serbia and Kosovo resumed talks in Brussels."}"#;

fn dead_letters(installation: &Installation) -> Vec<Value> {
    let listed = installation.must(&["dead-letters", "list", "--json"]).unwrap();
    serde_json::from_str(&listed).unwrap()
}

#[test]
fn each_bad_line_is_a_dead_letter_with_its_reason_and_bytes_and_the_rest_is_stored() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    let long = format!(r#"{{"text": "{}"}}"#, "long words ".repeat(5_000_000 / 11));
    let lines: [(&str, &[u8]); 10] = [
        ("not_json", b"{\"text\": \"cut off"),
        ("text_missing", br#"{"title": "no text"}"#),
        ("text_empty", br#"{"text": ""}"#),
        ("text_blank", b"{\"text\": \" \\n\\t \"}"),
        ("invalid_utf8", b"{\"text\": \"caf\xe9 talks\"}"),
        ("nul_character", br#"{"text": "talks\u0000 resumed"}"#),
        ("control_characters", br#"{"text": "a\u0001b\u0002"}"#),
        ("html", b"{\"text\": \"<html><body><p>Talks resumed.</p><p>More.</p></body></html>\"}"),
        ("not_an_object", b"[1, 2]"),
        ("too_large", long.as_bytes()),
    ];
    let mut content = Vec::new();
    for (_, line) in lines {
        content.extend_from_slice(line);
        content.push(b'\n');
    }
    content.extend_from_slice(GOOD.as_bytes());
    let file = installation.folder().join("bad.jsonl");
    std::fs::write(&file, content).unwrap();

    installation.must(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    stack::wait_stored(&installation, 1, Duration::from_secs(30)).unwrap();
    assert_eq!(stack::stats(&installation).articles, 1, "only the good line is an article");

    let on_topic = stack::messages(&installation, &topic::DEAD_LETTERS).unwrap();
    for (reason, line) in lines {
        let letter = on_topic.iter().find(|message| message.header("faultline-reason") == Some(reason));
        let letter = letter.unwrap_or_else(|| panic!("no dead letter for {reason}: {:?}", dead_letters(&installation)));
        // The line break belongs to the line.
        let bytes = letter.payload.as_deref().unwrap();
        assert!(bytes.strip_suffix(b"\n").unwrap_or(bytes) == line, "the bytes of {reason} were touched");
    }
    assert_eq!(dead_letters(&installation).len(), lines.len());
}

#[test]
fn odd_articles_are_taken_without_what_is_wrong_with_them_and_a_correction_replaces_what_it_corrects() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    let lines = [
        r#"{"id": "future", "date": "2096-01-01", "text": "Serbia and Kosovo will resume talks in Brussels."}"#,
        r#"{"id": "broken", "date": "soon", "text": "Serbia and Kosovo are to resume talks in Brussels."}"#,
        r#"{"id": "undated", "text": "Serbia and Kosovo may resume talks in Brussels."}"#,
        r#"{"id": "language", "language": "tlh", "text": "Heghlu'meH QaQ jajvam. Qapla' batlh je."}"#,
        r#"{"id": "twice", "text": "Police closed the bridge in Mitrovica."}"#,
        r#"{"id": "twice", "text": "Police closed the bridge in Mitrovica."}"#,
        r#"{"id": "corrected", "text": "Police closed two bridges in Mitrovica."}"#,
        r#"{"id": "corrected", "text": "Police closed three bridges in Mitrovica."}"#,
    ];
    let file = installation.folder().join("odd.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    installation.must(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    stack::wait_stored(&installation, 6, Duration::from_secs(30)).unwrap();
    let stats = stack::stats(&installation);
    assert_eq!((stats.articles, stats.revisions), (6, 7), "a repeat is dropped, a correction is a revision");
    let stored = stack::stored(&installation).unwrap();
    for id in ["future", "broken", "undated"] {
        assert_eq!(stored[id]["article"].get("published_at").filter(|date| !date.is_null()), None, "{id}");
    }
    assert_eq!(stored["language"]["sentiment"]["label"], "neutral");
    assert_eq!(stored["corrected"]["text"], "Police closed three bridges in Mitrovica.");
    assert!(dead_letters(&installation).is_empty());
}

#[test]
fn a_message_of_a_later_schema_is_a_dead_letter_that_says_so_and_can_be_replayed() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    let article = Article { id: "a1".into(), text: "Serbia and Kosovo resumed talks.".into(), ..Article::default() };
    publish(&installation, &serde_json::to_vec(&article).unwrap(), "faultline.article/2");
    publish(&installation, b"not json at all", topic::ARTICLES.schema);

    process::eventually("two dead letters", Duration::from_secs(30), || dead_letters(&installation).len() == 2)
        .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    let on_topic = stack::messages(&installation, &topic::DEAD_LETTERS).unwrap();
    let later = on_topic.iter().find(|m| m.header("faultline-reason") == Some("unknown_schema_version")).unwrap();
    assert!(later.header("faultline-error").unwrap().contains("faultline.article/2"), "{later:?}");
    assert_eq!(later.header("faultline-stage"), Some("enricher"));
    assert_eq!(later.payload.as_deref(), Some(&*serde_json::to_vec(&article).unwrap()));

    // Replayed to a service that still cannot read it, it comes back with its attempts counted.
    let id = format!("{}:{}", later.partition, later.offset);
    installation.must(&["dead-letters", "replay", &id]).unwrap();
    process::eventually("the replayed letter is back", Duration::from_secs(30), || {
        let all = stack::messages(&installation, &topic::DEAD_LETTERS).unwrap();
        all.iter().any(|message| message.header(header::ATTEMPT) == Some("2"))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
}

fn publish(installation: &Installation, value: &[u8], schema: &str) {
    let common = installation.common();
    let registry = prometheus::Registry::new();
    let ctx = RoleContext::new("producer", common.into(), &registry, &Health::new(), Stop::new()).unwrap();
    assert!(faultline_platform::topics::ensure(&ctx.common, &ctx.stop).unwrap());
    let (acknowledged, wait) = mpsc::channel();
    let record = Record {
        topic: ctx.common.topics.name(&topic::ARTICLES),
        key: b"a1".to_vec(),
        payload: Some(value.to_vec()),
        headers: vec![(header::SCHEMA.to_owned(), schema.to_owned())],
    };
    let publisher = Publisher::new(&ctx.common.kafka).unwrap();
    publisher.send(record, Box::new(move |result| acknowledged.send(result).unwrap())).unwrap();
    wait.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
}

#[test]
fn kafka_away_at_start_is_waited_for() {
    let mut stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let file = installation.folder().join("good.jsonl");
    std::fs::write(&file, GOOD).unwrap();
    let mut roles = None;
    let while_away = || roles = Some(stack::start_roles(&installation).unwrap());
    stack.restart_broker_and(Duration::from_secs(2), while_away).unwrap();
    installation.must(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    stack::wait_stored(&installation, 1, Duration::from_secs(30)).unwrap();
}
