//! Crawls as they are kept: whole, packed, broken, cut off.

use std::{
    io::{Cursor, Write as _},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::{
    intake::Intake,
    reader::{Entries, ReadOptions},
    settings::{FieldSettings, Format},
};

/// An article of 34 words with a number in it.
fn page(number: usize) -> String {
    let text = format!(
        "The leaders of the two countries met in Brussels on the day numbered {number} and agreed to go on with the talks \
         about the border crossings, the number plates and the missing persons next week."
    );
    format!(
        "<html lang=en><head><title>Talks {number}</title><meta property='article:published_time' \
         content='2016-08-31T08:00:00Z'></head><body><article><h1>Talks {number}</h1><p>{text}</p></article></body></html>"
    )
}

fn record(kind: &str, target: &str, media_type: &str, block: &[u8]) -> Vec<u8> {
    let head = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {target}\r\nWARC-Date: 2016-09-01T12:00:00Z\r\n\
         WARC-Record-ID: <urn:uuid:1>\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        block.len()
    );
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

fn response(number: usize, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\n");
    let target = format!("http://news.example/{number}");
    record("response", &target, "application/http; msgtype=response", &[head.as_bytes(), body].concat())
}

fn of_page(number: usize) -> Vec<u8> {
    response(number, "", page(number).as_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn options(fields: &FieldSettings) -> ReadOptions<'_> {
    ReadOptions { format: Format::Auto, fields, entry_limit: 10_000, page_limit: 100_000 }
}

fn entries(content: impl Into<Vec<u8>>) -> Vec<Entry> {
    let fields = FieldSettings::default();
    let mut entries = Entries::of_stream(Cursor::new(content.into()), options(&fields), &Arc::default()).unwrap();
    std::iter::from_fn(|| entries.read_entry().unwrap()).collect()
}

/// The title of each article, or the reason why a record has none.
fn told(content: impl Into<Vec<u8>>) -> Vec<String> {
    let intake = Intake::new(FieldSettings::default(), 10_000);
    let read = |entry: &Entry| match intake.read(entry, Timestamp::now()) {
        Ok(taken) => taken.article.title.unwrap_or_default(),
        Err(refusal) => refusal.reason().to_owned(),
    };
    entries(content).iter().map(read).collect()
}

#[test]
fn the_pages_of_a_crawl_are_articles_plain_and_packed_and_all_else_is_passed_over_with_its_reason() {
    let records = [
        record("warcinfo", "", "application/warc-fields", b"software: crawler/1.0\r\n"),
        record("request", "http://news.example/1", "application/http; msgtype=request", b"GET /1 HTTP/1.1\r\n\r\n"),
        of_page(1),
        record("response", "dns:news.example", "text/dns", b"20160901120000\n"),
        record("response", "http://news.example/x", "application/http", b"HTTP/1.1 404 Not Found\r\n\r\n<html>"),
        response(2, "Content-Type: image/png\r\n", b"\x89PNG"),
        response(3, "", b"<html><body><p>Too short.</p></body></html>"),
        response(4, "", page(4).replace("<head>", "<head><meta name=robots content=noindex>").as_bytes()),
        of_page(5),
    ];
    let expected = [
        "no_response",
        "no_response",
        "Talks 1",
        "no_response",
        "status",
        "not_html",
        "no_article",
        "forbidden",
        "Talks 5",
    ];
    assert_eq!(told(records.concat()), expected);
    assert_eq!(told(gzip(&records.concat())), expected, "in one member");
    assert_eq!(told(records.iter().flat_map(|record| gzip(record)).collect::<Vec<_>>()), expected, "in members");
    let (head, rest) = records[2].split_at(records[2].windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4);
    let bare: Vec<u8> = head.iter().filter(|byte| **byte != b'\r').chain(rest).copied().collect();
    assert_eq!(told([bare, of_page(2)].concat()), ["Talks 1", "Talks 2"], "lines may end without a carriage return");
}

#[test]
fn an_article_has_the_date_of_the_page_the_time_of_the_crawl_and_the_pages_own_address() {
    let of_canonical =
        page(1).replace("<head>", "<head><link rel=canonical href='https://news.example/talks?utm_source=x'>");
    let crawl = [of_page(1), response(2, "", of_canonical.as_bytes())].concat();
    let intake = Intake::new(FieldSettings::default(), 10_000);
    let articles: Vec<_> =
        entries(crawl).iter().map(|entry| intake.read(entry, Timestamp::now()).unwrap().article).collect();
    assert_eq!(articles[0].url.as_deref(), Some("http://news.example/1"));
    assert_eq!(articles[1].url.as_deref(), Some("https://news.example/talks?utm_source=x"));
    for article in articles {
        assert_eq!(article.published_at.as_deref(), Some("2016-08-31T08:00:00Z"));
        assert_eq!(article.fetched_at.as_deref(), Some("2016-09-01T12:00:00Z"));
        assert_eq!((article.language.as_deref(), article.source.as_deref()), (Some("en"), Some("news.example")));
        assert!(article.text.starts_with("The leaders of the two countries met"), "{}", article.text);
    }
}

#[test]
fn of_what_is_for_subscribers_the_summary_is_taken() {
    let locked = "<meta property='article:content_tier' content=locked>";
    let with_summary = format!("<head>{locked}<meta name=description content='They agreed to go on.'>");
    let crawl = [
        response(1, "", page(1).replace("<head>", &with_summary).as_bytes()),
        response(2, "", page(2).replace("<head>", &format!("<head>{locked}")).as_bytes()),
    ];
    let all = entries(crawl.concat());
    let article = Intake::new(FieldSettings::default(), 10_000).read(&all[0], Timestamp::now()).unwrap().article;
    assert_eq!(
        (article.text.as_str(), article.partial),
        ("They agreed to go on.", Some(faultline_schemas::Partial::Paywall))
    );
    assert_eq!(all[1].refusal, Some(Refusal::PassedOver { record: 2, why: Passed::Paywall }));
}

#[test]
fn a_file_that_ends_within_a_record_gives_all_before_it_and_is_gone_on_with_once_there_is_more() {
    let whole = [of_page(1), of_page(2), of_page(3)].concat();
    let third = of_page(1).len() + of_page(2).len();
    let folder = tempfile::tempdir().unwrap();
    let fields = FieldSettings::default();
    for cut_at in [third + 3, third + 100, third + 300, whole.len() - 20] {
        assert_eq!(told(&whole[..cut_at]), ["Talks 1", "Talks 2", "cut_record"], "{cut_at}");
        let cut = entries(&whole[..cut_at]).pop().unwrap();
        assert_eq!(cut.bytes, &whole[third..cut_at]);
        let error = cut.refusal.as_ref().unwrap().to_string();
        assert!(error.starts_with(&format!("record 3 at byte {third}: the file ends within it")), "{error}");
        assert_eq!(cut.resume_at(), (third as u64, 2));
        let path = folder.path().join("a.warc");
        std::fs::write(&path, &whole).unwrap();
        let mut rest = Entries::open(&path, cut.resume_at(), options(&fields), &Arc::default()).unwrap();
        let again = rest.read_entry().unwrap().unwrap();
        assert_eq!((again.line, again.start, again.refusal), (3, third as u64, None));
        assert!(rest.read_entry().unwrap().is_none());
    }
    let packed = gzip(&(1..=100).flat_map(of_page).collect::<Vec<u8>>());
    let mut all = told(&packed[..packed.len() * 9 / 10]);
    assert_eq!(all.pop().as_deref(), Some("cut_record"));
    assert!(all.len() > 50 && all.iter().zip(1..).all(|(told, number)| *told == format!("Talks {number}")), "{all:?}");
}

#[test]
fn a_broken_record_is_refused_with_its_bytes_and_place_and_the_next_is_found() {
    let first = of_page(1);
    let no_length = String::from_utf8(of_page(2)).unwrap().replace("Content-Length", "Content-Size");
    for (broken, word) in [
        (no_length.clone(), "no Content-Length that is a number"),
        (no_length.replace("Content-Size: ", "Content-Length: -"), "no Content-Length that is a number"),
        ("This is no record.\n\nNor is this.\n".to_owned(), "does not start with WARC/1"),
        (format!("WARC/1.0\r\n{}", "X: y\r\n".repeat(20_000)), "its head has more than 65536 bytes"),
        (format!("WARC/1.0\r\nX: {}\r\n\r\n", "y".repeat(3_000_000)), "its head has more than 65536 bytes"),
    ] {
        let all = entries([first.as_slice(), broken.as_bytes(), &of_page(3)].concat());
        assert_eq!(all.len(), 3, "{word}");
        let error = all[1].refusal.as_ref().unwrap().to_string();
        assert!(error.starts_with(&format!("record 2 at byte {}: ", first.len())) && error.contains(word), "{error}");
        assert!(broken.as_bytes().starts_with(&all[1].bytes) && !all[1].bytes.is_empty());
        assert_eq!(all[1].length, broken.len() as u64);
        assert!(all[2].refusal.is_none(), "{word}");
    }
    let of_length =
        |length: &str| String::from_utf8(of_page(2)).unwrap().replace("Content-Length: ", length).into_bytes();
    let told_of = |record: Vec<u8>| entries([first.clone(), record, of_page(3), of_page(4)].concat());
    for (length, word, rest) in [
        ("Content-Length: 1", "Content-Length is wrong", 0),
        ("Content-Length: 9\r\nX-Was: ", "Content-Length is wrong", 2),
        ("Content-Length: 9999", "the file ends within it", 0),
    ] {
        let all = told_of(of_length(length));
        let error = all[1].refusal.as_ref().unwrap().to_string();
        assert!(error.contains(word) && all.len() == 2 + rest, "{error}");
        assert!(all[2..].iter().all(|entry| entry.refusal.is_none()));
    }
}

#[test]
fn a_response_that_cannot_be_read_is_refused_and_the_next_record_is_read() {
    let http = |block: &[u8]| record("response", "http://news.example/2", "application/http", block);
    let bomb = gzip(&vec![b' '; 20_000_000]);
    let damaged = &gzip(page(2).as_bytes())[..60];
    for (broken, reason) in [
        (http(b"<html>"), "broken_record"),
        (http(b"HTTP/1.1 200 OK\r\nContent-Type: text/html"), "broken_record"),
        (record("response", "no address", "application/http", b"HTTP/1.1 200 OK\r\n\r\n"), "broken_record"),
        (response(2, "Content-Encoding: gzip\r\n", damaged), "broken_record"),
        (response(2, "Content-Encoding: gzip\r\n", &bomb), "page_too_large"),
        (response(2, "", &vec![b'x'; 150_000]), "page_too_large"),
        (response(2, "", &vec![b'x'; 5_000_000]), "page_too_large"),
        (response(2, "", "<div>".repeat(10_000).as_bytes()), "no_article"),
    ] {
        let crawl = [of_page(1), broken.clone(), of_page(3)].concat();
        assert_eq!(told(crawl.clone()), ["Talks 1", reason, "Talks 3"]);
        let held = &entries(crawl)[1].bytes;
        assert!(broken.starts_with(held) && held.len() <= 10_000, "{} of {}", held.len(), broken.len());
        assert!(reason == "no_article" || !held.is_empty());
    }
}

#[test]
fn damage_in_the_packing_gives_what_comes_before_it_and_is_an_error() {
    let mut packed: Vec<u8> = (1..=3).flat_map(|number| gzip(&of_page(number))).collect();
    let second = gzip(&of_page(1)).len();
    packed[second + 40..second + 80].fill(0xff);
    let fields = FieldSettings::default();
    let mut entries = Entries::of_stream(Cursor::new(packed), options(&fields), &Arc::default()).unwrap();
    assert!(entries.read_entry().unwrap().unwrap().refusal.is_none());
    let mut refused = 0;
    let error = loop {
        match entries.read_entry() {
            Ok(Some(entry)) => {
                let error = entry.refusal.unwrap().to_string();
                assert!(error.contains("record 2 at byte"), "{error}");
                refused += 1;
            }
            Ok(None) => panic!("damage is no end"),
            Err(error) => break error,
        }
    };
    assert!(refused <= 1 && error.kind() != io::ErrorKind::UnexpectedEof, "{error}");
}

#[test]
fn an_archive_is_gone_on_with_after_any_record() {
    let crawl = [of_page(1), record("request", "x", "application/http", b"GET"), of_page(2), of_page(3)].concat();
    let all = entries(crawl.clone());
    let folder = tempfile::tempdir().unwrap();
    let fields = FieldSettings::default();
    for (name, bytes) in [("a.warc", crawl.clone()), ("a.warc.gz", gzip(&crawl))] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        for (index, entry) in all.iter().enumerate() {
            let mut rest = Entries::open(&path, entry.resume_at(), options(&fields), &Arc::default()).unwrap();
            let rest: Vec<Entry> = std::iter::from_fn(|| rest.read_entry().unwrap()).collect();
            assert_eq!(rest, all[index + 1..], "{name} after {}", entry.line);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_archive_panics_and_places_follow_one_another(
        content in r"(WARC/1.0\r\n|WARC-Type: response\r\n|Content-Length: ([0-9]|99|x)\r\n|WARC-Target-URI: http://a.b/\r\n|HTTP/1.1 200 OK\r\n|\r\n|<p>|é){0,30}"
    ) {
        let fields = FieldSettings::default();
        let options = ReadOptions { format: Format::Warc, ..options(&fields) };
        let mut entries = Entries::of_stream(Cursor::new(content.clone().into_bytes()), options, &Arc::default()).unwrap();
        let mut at = 0;
        while let Some(entry) = entries.read_entry().unwrap() {
            proptest::prop_assert!(entry.start >= at && entry.end >= entry.start && entry.end <= content.len() as u64);
            at = entry.end;
        }
    }
}
