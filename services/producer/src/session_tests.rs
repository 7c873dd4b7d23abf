//! What is remembered, and when.

use faultline_schemas::{SourceState, header};

use super::*;
use crate::{
    outlet::recorded::{Recorded, context, outlet},
    settings::FieldSettings,
};

fn session() -> (Session, Arc<Recorded>, Stop) {
    let ctx = context();
    let (outlet, recorded) = outlet(&ctx);
    let intake = Intake::new(FieldSettings::default(), 1000);
    let stop = ctx.stop;
    let session = Session::new(Some("a".into()), intake, Seen::new(100, ""), outlet, Arc::default(), stop.clone());
    (session, recorded, stop)
}

fn offer(session: &mut Session, line: u64, content: &str) {
    let entry = Entry::of_json(content.as_bytes().to_vec(), line);
    let cursor = FileCursor { offset: line * 100, line, ..FileCursor::default() };
    session.offer(&Arc::from("x.jsonl"), entry, Some((Arc::from("x.jsonl"), cursor)));
}

fn saved_line(recorded: &Recorded) -> Option<u64> {
    let states = recorded.states();
    let state: SourceState = serde_json::from_slice(states.get(b"a#x.jsonl".as_slice())?).unwrap();
    Some(state.files["x.jsonl"].line)
}

#[test]
fn a_cursor_waits_for_the_first_entry_that_is_not_acknowledged() {
    let (mut session, recorded, stop) = session();
    *recorded.held.lock() = Some(Vec::new());
    for (line, content) in [(1, r#"{"text": "one"}"#), (2, "broken"), (3, r#"{"text": "three"}"#)] {
        offer(&mut session, line, content);
    }
    let mut acks = recorded.held.lock().take().unwrap();
    let last = acks.pop().unwrap();
    let (letter, first) = (acks.pop().unwrap(), acks.pop().unwrap());
    last(Ok(()));
    letter(Ok(()));
    assert!(!session.settle_down(Duration::ZERO));
    assert_eq!(saved_line(&recorded), None);
    first(Ok(()));
    assert!(session.settle_down(Duration::ZERO));
    assert_eq!(saved_line(&recorded), Some(3));
    stop.request();
    assert!(session.finish(Duration::ZERO));
}

#[test]
fn what_is_refused_is_counted_and_its_bytes_are_in_the_dead_letters() {
    let (mut session, recorded, _) = session();
    offer(&mut session, 1, "{\"text\": \"a\" ");
    offer(&mut session, 2, "{\"text\": \"\"}\n");
    assert!(session.finish(Duration::ZERO));
    let letters = recorded.letters.lock();
    let expected = [
        ("x.jsonl".to_owned(), 1, b"{\"text\": \"a\" ".to_vec(), "not_json"),
        ("x.jsonl".to_owned(), 2, b"{\"text\": \"\"}\n".to_vec(), "text_empty"),
    ];
    assert_eq!(*letters, expected);
    assert_eq!(session.tally().refusals(), [("not_json", 1), ("text_empty", 1)].into());
    assert!(session.tally().explained()[0].error.starts_with("line 1, column"));
}

#[test]
fn an_exact_repeat_is_dropped_and_a_correction_is_not() {
    let (mut session, recorded, _) = session();
    for (line, text) in [(1, "one"), (2, "one"), (3, "corrected")] {
        offer(&mut session, line, &format!(r#"{{"id": "a", "text": "{text}"}}"#));
    }
    assert!(session.finish(Duration::ZERO));
    assert_eq!(recorded.texts(), ["one", "corrected"]);
    assert_eq!(session.tally().repeats.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(saved_line(&recorded), Some(3), "a repeat moves the cursor too");
}

#[test]
fn repeats_are_known_across_a_restart_only_where_acknowledged() {
    let (mut session, recorded, stop) = session();
    offer(&mut session, 1, r#"{"text": "one"}"#);
    session.collect();
    *recorded.held.lock() = Some(Vec::new());
    offer(&mut session, 2, r#"{"text": "two"}"#);
    stop.request();
    assert!(!session.finish(Duration::ZERO));
    let remembered = state::of_source(&recorded.states(), "a");
    assert_eq!(remembered.files["x.jsonl"].line, 1);
    let mut restarted = Seen::new(100, &remembered.seen);
    let hash = |text: &str| {
        identity::seen_hash(&identity::article_id(None, None, None, None, text), &identity::revision(None, text))
    };
    assert!(!restarted.take(hash("one")));
    assert!(restarted.take(hash("two")));
}

#[test]
fn an_article_that_the_topic_finds_too_large_is_refused_and_others_are_tried_again() {
    let (mut session, recorded, _) = session();
    let topic = || "faultline.articles".to_owned();
    // Taken from the end: the first article is too large, the second is refused once.
    *recorded.errors.lock() = vec![
        PublishError::Refused { topic: topic(), code: "all brokers down".into() },
        PublishError::TooLarge { topic: topic(), bytes: 9 },
    ];
    offer(&mut session, 1, r#"{"text": "large"}"#);
    offer(&mut session, 2, r#"{"text": "unlucky"}"#);
    assert!(session.finish(Duration::ZERO));
    assert_eq!(recorded.texts(), ["unlucky"]);
    assert_eq!(recorded.letters.lock()[0].3, "larger_than_topic");
    assert_eq!(saved_line(&recorded), Some(2));
}

#[test]
fn what_was_fetched_long_ago_says_so_and_is_timed_from_when_it_is_taken_in() {
    let (mut session, recorded, _) = session();
    let then = "2016-09-01T12:00:00Z";
    let entry = |text: &str, at: &str| Entry {
        fetched_at: Some(at.parse().unwrap()),
        ..Entry::of_json(format!("{{\"text\": \"{text}\"}}").into_bytes(), 1)
    };
    session.offer(&Arc::from("x.warc"), entry("then", then), None);
    session.offer(&Arc::from("x.warc"), entry("to come", "2999-01-01T00:00:00Z"), None);
    let records = recorded.records.lock();
    let fetched = |record: &faultline_platform::Record| {
        let article: Article = serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap();
        let header = record.headers.iter().find(|(name, _)| name == header::FETCHED_AT).unwrap().1.clone();
        (article.fetched_at.unwrap(), header)
    };
    let (old, header) = fetched(&records[0]);
    assert!(old == then && header.as_str() > "2026", "{old} {header}");
    let (future, header) = fetched(&records[1]);
    assert_eq!(future, header, "a time that has not come is none");
}

#[test]
fn a_published_article_carries_its_headers_and_is_keyed_by_its_id() {
    let (mut session, recorded, _) = session();
    offer(&mut session, 1, r#"{"id": "a1", "text": "one"}"#);
    let records = recorded.records.lock();
    let record = &records[0];
    assert_eq!((record.topic.as_str(), record.key.as_slice()), ("faultline.articles", b"a1".as_slice()));
    let article: Article = serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap();
    let value = |name: &str| record.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(value(header::SCHEMA), Some("faultline.article/1"));
    assert_eq!(value(header::CONTENT_TYPE), Some(header::JSON));
    assert_eq!(value(header::FETCHED_AT), article.fetched_at.as_deref());
    assert!(faultline_platform::telemetry::TraceContext::parse(value(header::TRACEPARENT).unwrap()).is_some());
}
