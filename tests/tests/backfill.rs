//! Archives taken in beside live articles: through a kill, once each, and never in front of the live ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf, time::Duration};

use faultline_schemas::topic;
use faultline_tests::{
    faultline::Installation,
    process,
    stack::{self, Stack},
};
use serde_json::{Value, json};

fn text(number: usize) -> String {
    format!(
        "The leaders of the two countries met in Brussels on the day numbered {number} and agreed to go on with the talks \
         about the border crossings, the number plates and the missing persons next week."
    )
}

fn record(number: usize) -> String {
    let block = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><head><title>Talks {number}</title></head><body><article>\
         <h1>Talks {number}</h1><p>{}</p></article></body></html>",
        text(number)
    );
    format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://news.example/{number}\r\n\
         WARC-Date: 2016-09-01T12:00:00Z\r\nContent-Type: application/http\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
}

/// `each` articles in each of three formats, and a broken line.
fn archive(installation: &Installation, each: usize) -> PathBuf {
    let folder = installation.folder().join("archive");
    fs::create_dir_all(folder.join("2022")).unwrap();
    let (mut lines, mut table, mut crawl) = (String::new(), "Headline,Story\n".to_owned(), String::new());
    for number in 0..each {
        writeln!(lines, "{}", json!({"title": format!("Line {number}"), "text": text(number)})).unwrap();
        writeln!(table, "Row {number},\"{}\"", text(each + number)).unwrap();
        crawl.push_str(&record(2 * each + number));
    }
    lines.push_str("{\"text\": broken\n");
    fs::write(folder.join("2022/a.jsonl"), lines).unwrap();
    fs::write(folder.join("2022/b.csv"), table).unwrap();
    fs::write(folder.join("c.warc"), crawl).unwrap();
    folder
}

fn filled(installation: &Installation, folder: &str) -> Value {
    serde_json::from_str(&installation.must(&["backfill", folder, "--json"]).unwrap()).unwrap()
}

#[test]
fn a_back_fill_that_is_killed_goes_on_and_every_article_is_there_once_on_the_bundled_broker() {
    killed(&Stack::bundled().unwrap());
}

#[test]
fn a_back_fill_that_is_killed_goes_on_and_every_article_is_there_once_on_apache_kafka() {
    killed(&Stack::apache().unwrap());
}

fn killed(stack: &Stack) {
    let installation = stack.install().unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    let each = 150;
    let folder = archive(&installation, each);
    let folder = folder.to_str().unwrap();
    let mut first = installation.role("backfill", &["backfill", folder, "--rate", "60"]).unwrap();
    // Into the second file, and not to its end.
    let some = each as u64 + 30;
    stack::wait_stored(&installation, some, Duration::from_secs(60)).unwrap();
    first.kill();

    let report = filled(&installation, folder);
    let read = report["read"].as_u64().unwrap();
    assert!(read > 0 && read < 3 * each as u64 - each as u64, "it began again: {report}");
    assert_eq!((&report["files"], &report["files_done_before"]), (&json!(3), &json!(1)), "{report}");
    stack::wait_stored(&installation, 3 * each as u64, Duration::from_secs(60)).unwrap();
    let stored = stack::stored(&installation).unwrap();
    let texts: BTreeSet<String> =
        stored.values().map(|document| document["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, (0..3 * each).map(text).collect::<BTreeSet<_>>());
    let counts = stack::stats(&installation);
    assert_eq!((counts.articles, counts.revisions), (3 * each as u64, 3 * each as u64), "each once");
    let of_crawl = stored.values().find(|document| document["article"]["url"] == "http://news.example/300").unwrap();
    assert_eq!(of_crawl["article"]["fetched_at"], "2016-09-01T12:00:00Z", "as of when it was crawled");
    let letters: Vec<Value> =
        serde_json::from_str(&installation.must(&["dead-letters", "list", "--json"]).unwrap()).unwrap();
    assert_eq!(letters.len(), 1, "the broken line: {letters:?}");

    let again = filled(&installation, folder);
    assert_eq!((&again["read"], &again["files_done_before"]), (&json!(0), &json!(3)), "{again}");
}

#[test]
fn no_more_is_added_than_the_backlog_allows_until_the_roles_have_read_it() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let folder = archive(&installation, 50);
    let folder = folder.to_str().unwrap();
    let mut filling = installation.role("backfill", &["backfill", folder, "--backlog", "40"]).unwrap();
    process::eventually("it waits for the roles", Duration::from_secs(60), || {
        process::tail(&installation.log("backfill")).contains("waits for the enricher and the sink, 40 before them")
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    let added = stack::messages(&installation, &topic::ARTICLES).unwrap().len();
    assert_eq!(added, 40, "live articles would wait behind more");
    assert!(filling.is_running());

    let _roles = stack::start_roles(&installation).unwrap();
    let ended = filling.wait(Duration::from_secs(60)).unwrap();
    assert!(ended.success(), "{}", installation.logs());
    stack::wait_stored(&installation, 150, Duration::from_secs(60)).unwrap();
    assert_eq!(stack::stats(&installation).articles, 150);
}

#[test]
fn what_cannot_be_read_fails_by_name_and_the_rest_is_taken() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    let folder = archive(&installation, 5);
    fs::write(folder.join("names.csv"), "name,age\nA,1\n").unwrap();
    fs::write(folder.join("cut.warc"), &record(99)[..200]).unwrap();
    let output = installation.run(&["backfill", folder.to_str().unwrap(), "--full-speed", "--json"]).unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("names.csv: no column holds the text, there are \"name\", \"age\""), "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["acknowledged"], 15, "{report}");
    assert_eq!(report["refused_by_reason"], json!({"cut_record": 1, "not_json": 1}), "{report}");
    assert_eq!(stack::messages(&installation, &topic::ARTICLES).unwrap().len(), 15);
}
