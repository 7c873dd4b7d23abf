//! Tables of good and bad input.

use faultline_schemas::{Article, TargetSpan};

use super::*;
use crate::settings::SourceKind;

const LIMIT: u32 = 1000;

fn entry(shape: Shape, bytes: &[u8]) -> Entry {
    Entry { shape, ..Entry::of_json(bytes.to_vec(), 7) }
}

fn read(shape: Shape, bytes: &[u8]) -> Result<Taken, Refusal> {
    let now = "2026-11-25T12:00:00Z".parse().unwrap();
    Intake::new(FieldSettings::default(), LIMIT).read(&entry(shape, bytes), now)
}

fn article(json: &str) -> Article {
    read(Shape::Json, json.as_bytes()).unwrap().article
}

#[test]
fn every_bad_input_has_its_reason_and_says_where() {
    let long = format!(r#"{{"text": "{}"}}"#, "x".repeat(1001));
    let cases: &[(Shape, &[u8], &str, &str)] = &[
        (Shape::Json, br#"{"text": "a" "b"}"#, "not_json", "line 7, column 14: not JSON: expected `,` or `}`: correct"),
        (Shape::Json, b"{\"text\": \"a\r\n", "not_json", "line 7, column 11: not JSON: EOF while parsing a string"),
        (Shape::Json, b"Talks resumed.", "not_json", "line 7, column 1: not JSON: expected value"),
        (Shape::Json, br#"{"text": "a"#, "not_json", "EOF while parsing a string"),
        (Shape::Json, br#"{"text": "\ud800"}"#, "not_json", "column"),
        (Shape::Json, br#"[{"text": "a"}]"#, "not_an_object", "found a list: write the list as lines"),
        (Shape::Json, b"17", "not_an_object", "found a number"),
        (Shape::Json, br#"{"heading": "a", "n": 1}"#, "text_missing", "the line has heading, n: name the field"),
        (Shape::Json, br#"{"text": ["a"]}"#, "text_missing", "none of the fields text, full_content"),
        (Shape::Json, br#"{"text": ""}"#, "text_empty", "line 7: the text is empty"),
        (Shape::Json, br#"{"text": " \n\u00a0\u200b"}"#, "text_blank", "only white space"),
        (Shape::Json, b"{\"text\": \"caf\xe9\"}", "invalid_utf8", "not UTF-8 at byte 14"),
        (Shape::Json, br#"{"text": "a\u0000b"}"#, "nul_character", "NUL character in the text"),
        (Shape::Json, br#"{"text": "a", "title": "\u0000"}"#, "nul_character", "in the title"),
        (Shape::Json, br#"{"text": "a\u0001b\u0002"}"#, "control_characters", "2 of 4 characters"),
        (Shape::Json, br#"{"text": "<p>Talks</p> <p>resumed</p>"}"#, "html", "the text is HTML (found \"<p\")"),
        (Shape::Json, br#"{"id": "a\nb", "text": "a"}"#, "bad_id", "control characters"),
        (Shape::Json, long.as_bytes(), "too_large", "1001 bytes where at most 1000 are taken"),
        (Shape::Text, b"<!DOCTYPE html>", "html", "extract its text first"),
        (Shape::Text, b"\x00\x01\x02", "nul_character", "line 7"),
        (Shape::Text, b" \n", "text_blank", "line 7"),
        (Shape::Dated, b"date 2022-08-17 \n", "text_empty", "line 7"),
    ];
    for (shape, bytes, reason, message) in cases {
        let shown = String::from_utf8_lossy(bytes);
        let refusal = read(*shape, bytes).expect_err(&shown);
        assert_eq!(refusal.reason(), *reason, "{shown}");
        assert!(refusal.to_string().contains(message), "{shown}: {refusal}");
    }
}

#[test]
fn an_entry_that_was_cut_is_too_large_whatever_it_holds() {
    let cut = Entry { length: 5_000_000, ..entry(Shape::Json, br#"{"text": "a"#) };
    let refusal = Intake::new(FieldSettings::default(), LIMIT).read(&cut, Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(refusal, Refusal::TooLarge { line: 7, bytes: 5_000_000, limit: 1000 });
}

#[test]
fn a_date_that_is_of_no_use_is_set_aside_and_said_so() {
    for (date, warnings) in [
        ("\"\"", vec![]),
        ("null", vec![]),
        ("\"soon\"", vec![Warning::DateBroken]),
        ("\"8/7/2018\"", vec![Warning::DateBroken]),
        ("\"2096-01-01\"", vec![Warning::DateInFuture]),
    ] {
        let taken = read(Shape::Json, format!(r#"{{"text": "a", "date": {date}}}"#).as_bytes()).unwrap();
        assert_eq!((taken.article.published_at, taken.warnings), (None, warnings), "{date}");
    }
    assert_eq!(article(r#"{"text": "a", "date": 1660732200}"#).published_at.as_deref(), Some("2022-08-17T10:30:00Z"));
}

#[test]
fn an_article_keeps_its_text_and_its_fields_find_their_places() {
    let read = article(
        r#"{"ID": "00F", "topic": "x", "source": "Ezra Klein", "source_url": "www.npr.org", "url": "http://www.npr.org/a?utm_x=1",
            "date": "2014-05-06", "authors": "Anya K", "title": " Poll ", "content_original": " Poll\n\nText\u0080 \r\n", "language": "en-US"}"#,
    );
    let expected = Article {
        id: "00F".into(),
        revision: identity::revision(Some("Poll"), " Poll\n\nText\u{80} \r\n"),
        url: Some("http://www.npr.org/a?utm_x=1".into()),
        source: Some("npr.org".into()),
        title: Some("Poll".into()),
        text: " Poll\n\nText\u{80} \r\n".into(),
        authors: vec!["Anya K".into()],
        published_at: Some("2014-05-06T00:00:00Z".into()),
        language: Some("en".into()),
        ..Article::default()
    };
    assert_eq!(read, expected);
}

#[test]
fn our_own_articles_come_back_as_they_were() {
    let first = article(r#"{"id": "a", "text": "x", "source": "Radio X", "targets": [{"start": 0, "end": 1}]}"#);
    assert_eq!(first.targets, [TargetSpan { start: 0, end: 1 }]);
    assert_eq!(article(&serde_json::to_string(&first).unwrap()), first);
    let strange = read(Shape::Json, br#"{"text": "x", "targets": "class A"}"#).unwrap();
    assert_eq!((strange.article.targets, strange.warnings), (vec![], vec![Warning::TargetsIgnored]));
}

#[test]
fn an_article_that_names_no_outlet_has_that_of_its_source_or_of_its_address() {
    assert_eq!(article(r#"{"text": "x", "url": "https://www.example.org/a"}"#).source.as_deref(), Some("example.org"));
    let settings = SourceSettings {
        id: "archive".into(),
        kind: SourceKind::File,
        source: Some("radio.example".into()),
        language: Some("sq".into()),
        ..SourceSettings::default()
    };
    let intake = Intake::of_source(&settings, LIMIT);
    let json = br#"{"text": "x", "url": "https://www.example.org/a", "language": "Albanian"}"#;
    let article = intake.read(&entry(Shape::Json, json), Timestamp::UNIX_EPOCH).unwrap().article;
    assert_eq!(article.source.as_deref(), Some("radio.example"));
    assert_eq!(article.language.as_deref(), Some("sq"));
    assert_eq!(article.feed.as_deref(), Some("archive"));
}

#[test]
fn plain_text_is_one_article_titled_by_a_line_set_off_as_a_headline() {
    for (text, title) in [
        ("Talks resume\n\nBRUSSELS: They met.\n", Some("Talks resume")),
        ("They met.\n\nThey spoke.\n", None),
        ("Talks resume\nThey met.", None),
        ("Talks resume\n\n", None),
        ("Talks resume", None),
    ] {
        let article = read(Shape::Text, text.as_bytes()).unwrap().article;
        assert_eq!((article.text.as_str(), article.title.as_deref()), (text, title));
    }
}

#[test]
fn dated_text_gives_its_date_and_what_follows() {
    let article = read(Shape::Dated, b" date 2022-08-17 Leaders met.\n\nThey spoke.\n\n").unwrap().article;
    assert_eq!(article.text, "Leaders met.\n\nThey spoke.");
    assert_eq!(article.published_at.as_deref(), Some("2022-08-17T00:00:00Z"));
    let broken = read(Shape::Dated, b"date 2022-13-40 Leaders met.").unwrap();
    assert_eq!((broken.article.published_at, broken.warnings), (None, vec![Warning::DateBroken]));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        for shape in [Shape::Json, Shape::Text, Shape::Dated] {
            if let Ok(taken) = read(shape, &bytes) {
                proptest::prop_assert!(!taken.article.text.is_empty());
            }
        }
    }

    #[test]
    fn any_text_without_a_reason_to_refuse_is_kept_to_the_byte(text in "\\PC{1,60}") {
        let json = serde_json::json!({"text": text}).to_string();
        if let Ok(taken) = read(Shape::Json, json.as_bytes()) {
            proptest::prop_assert_eq!(taken.article.text, text);
        }
    }
}
