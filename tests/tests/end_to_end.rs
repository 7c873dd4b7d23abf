//! The whole road on both stacks: what goes in is stored once, equal to what `faultline enrich` says of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use faultline_schemas::{generate, topic};
use faultline_tests::{
    faultline::Installation,
    process, shared,
    stack::{self, Stack},
};
use serde_json::Value;

/// Declares each scenario as a test on each stack.
macro_rules! on_both_stacks {
    ($($name:ident),+ $(,)?) => {
        mod bundled_broker_and_sqlite {
            $(#[test] fn $name() { super::$name(super::Stack::bundled().unwrap()); })+
        }
        mod apache_kafka_and_postgresql {
            $(#[test] fn $name() { super::$name(super::Stack::apache().unwrap()); })+
        }
    };
}

on_both_stacks!(
    every_article_is_stored_once_and_equal_to_what_enrich_says,
    near_repeats_are_found_on_the_way,
    nothing_is_lost_or_doubled_when_roles_are_killed,
    a_second_enricher_joins_and_leaves,
    broker_and_database_may_go_away_and_come_back,
);

/// The corpus where this checkout has it, else the bundled articles.
fn articles() -> PathBuf {
    shared::file("eval/data/corpus/articles.jsonl")
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/cli/demo/articles.jsonl"))
}

/// The first `lines` lines of the articles, as a file of their own.
fn some_articles(folder: &Path, lines: usize) -> PathBuf {
    let path = folder.join("some.jsonl");
    let text = std::fs::read_to_string(articles()).unwrap();
    let mut file = std::fs::File::create(&path).unwrap();
    for line in text.lines().take(lines) {
        writeln!(file, "{line}").unwrap();
    }
    path
}

/// What `faultline enrich` says of a file, by article id, without what differs from run to run.
fn expected(installation: &Installation, file: &Path) -> BTreeMap<String, Value> {
    let output = installation.run(&["enrich", file.to_str().unwrap()]).unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    // A repeated id is a later revision: the last one is current.
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).map(comparable).collect()
}

fn comparable(mut document: Value) -> (String, Value) {
    let id = document["article"]["id"].as_str().unwrap().to_owned();
    document["article"].as_object_mut().unwrap().remove("fetched_at");
    // `enrich` tells near repeats within its run; on the way the sink does, beside the document.
    document["fingerprint"]["duplicate_of"] = Value::Null;
    (id, document)
}

fn assert_stored_equals(installation: &Installation, expected: &BTreeMap<String, Value>) {
    let stored: BTreeMap<String, Value> = stack::stored(installation).unwrap().into_values().map(comparable).collect();
    let missing: Vec<&String> = expected.keys().filter(|id| !stored.contains_key(*id)).collect();
    assert!(missing.is_empty(), "lost: {missing:?}\n{}", installation.logs());
    assert_eq!(stored.len(), expected.len(), "articles stored that were never sent");
    for (id, document) in expected {
        assert_eq!(&stored[id], document, "{id} was stored differently");
    }
}

/// Roll-ups hold each article once, whatever happened on the way: their sums are those of the documents.
fn assert_rollups_hold_each_article_once(installation: &Installation, expected: &BTreeMap<String, Value>) {
    let mut by_actor: BTreeMap<&str, i64> = BTreeMap::new();
    for document in expected.values() {
        for actor in document["actors"].as_array().unwrap() {
            *by_actor.entry(actor["id"].as_str().unwrap()).or_default() += 1;
        }
    }
    by_actor.retain(|_, articles| *articles >= 10);
    let all_time = (i64::MIN / 2, i64::MAX / 2);
    let rolled_up = stack::with_store(installation, async |store| {
        let mut rolled_up = BTreeMap::new();
        for actor in by_actor.keys() {
            let points = store.series(faultline_sink::RollupKind::Actor, actor, all_time, 24).await?;
            rolled_up.insert(*actor, points.iter().map(|point| point.articles).sum::<i64>());
        }
        Ok(rolled_up)
    });
    assert_eq!(rolled_up.unwrap(), by_actor, "articles of each actor in the roll-ups");
}

/// The labelled pairs of near repeats, found by whoever takes part, at F1 of .98 at least.
fn near_repeats_are_found_on_the_way(stack: Stack) {
    let (Some(articles), Some(truth)) =
        (shared::file("eval/data/neardup/articles_1000.train"), shared::file("eval/data/neardup/articles_1000.truth"))
    else {
        return;
    };
    let installation = stack.install().unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    let path = installation.folder().join("articles.jsonl");
    let mut file = std::fs::File::create(&path).unwrap();
    for line in std::fs::read_to_string(articles).unwrap().lines() {
        let (name, text) = line.split_once(' ').unwrap();
        writeln!(file, "{}", serde_json::json!({"url": format!("https://example.org/{name}"), "text": text})).unwrap();
    }
    installation.run(&["ingest", path.to_str().unwrap(), "--wait"]).unwrap();
    let found = stack::with_store(&installation, async |store| {
        let query = faultline_sink::query::parse("")?;
        let hits = store.search(&query, faultline_sink::Order::Time, 10_000, None).await?.hits;
        let name = |id: &str| hits.iter().find(|hit| hit.id == id).and_then(|hit| hit.url.clone()).unwrap_or_default();
        let pairs = hits.iter().filter_map(|hit| Some([name(&hit.id), name(hit.duplicate_of.as_ref()?)]));
        Ok(pairs.map(BTreeSet::from).collect::<BTreeSet<_>>())
    })
    .unwrap();
    let truth = std::fs::read_to_string(truth).unwrap();
    let url = |name: &str| format!("https://example.org/{name}");
    let truth: BTreeSet<BTreeSet<String>> =
        truth.lines().map(|pair| pair.split_whitespace().map(url).collect()).collect();
    let right = found.intersection(&truth).count() as f64;
    let f1 = 2.0 * right / (found.len() + truth.len()) as f64;
    assert!(f1 >= 0.98, "F1 of {f1:.3}: found {found:?}");
}

fn every_article_is_stored_once_and_equal_to_what_enrich_says(stack: Stack) {
    let installation = stack.install().unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    // The whole corpus on one stack; on both of them it takes minutes more, which `make soak` has.
    let file = if stack.is_bundled() && !is_soak() { some_articles(installation.folder(), 2_000) } else { articles() };
    let expected = expected(&installation, &file);
    // The bundled articles hold a broken line on purpose, so the command may report a refusal.
    installation.run(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    stack::wait_stored(&installation, expected.len() as u64, Duration::from_secs(180)).unwrap();
    assert_stored_equals(&installation, &expected);
    assert_rollups_hold_each_article_once(&installation, &expected);
    let revisions = stack::stats(&installation).revisions;

    // The same again changes nothing.
    installation.run(&["ingest", file.to_str().unwrap(), "--wait"]).unwrap();
    assert_eq!(stack::stats(&installation).revisions, revisions);
    assert_stored_equals(&installation, &expected);

    every_message_written_keeps_its_schema(&installation, !stack.is_bundled());
}

fn every_message_written_keeps_its_schema(installation: &Installation, has_events: bool) {
    let topics = [&topic::ARTICLES, &topic::ENRICHED, &topic::EVENTS];
    for topic in topics.into_iter().take(if has_events { 3 } else { 2 }) {
        let name = topic.schema.trim_start_matches("faultline.").trim_end_matches("/1");
        let (_, schema) =
            generate::documents().into_iter().find(|(file, _)| *file == format!("{name}.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let messages = stack::messages(installation, topic).unwrap();
        assert!(!messages.is_empty(), "nothing on {}", topic.suffix);
        for message in messages.iter().step_by(7) {
            assert_eq!(message.header("schema"), Some(topic.schema));
            assert_eq!(message.header("content-type"), Some("application/json"));
            assert!(message.header("traceparent").is_some(), "no trace on {}", topic.suffix);
            let value: Value = serde_json::from_slice(message.payload.as_ref().unwrap()).unwrap();
            let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{}: {problems:?}", topic.suffix);
        }
    }
}

fn soak_rounds() -> Option<usize> {
    std::env::var("FAULTLINE_SOAK_ROUNDS").ok()?.parse().ok()
}

fn is_soak() -> bool {
    soak_rounds().is_some()
}

fn rounds() -> usize {
    soak_rounds().unwrap_or(4)
}

fn nothing_is_lost_or_doubled_when_roles_are_killed(stack: Stack) {
    let installation = stack.install().unwrap();
    let file = some_articles(installation.folder(), 200 * rounds());
    let expected = expected(&installation, &file);
    let (mut enricher, mut sink) = stack::start_roles(&installation).unwrap();
    let mut ingest = installation.role("ingest", &["ingest", file.to_str().unwrap()]).unwrap();
    for round in 0..rounds() {
        std::thread::sleep(Duration::from_millis(300 + u64::from(rand::random::<u16>() % 1500)));
        if round % 2 == 0 {
            enricher.kill();
            enricher = installation.role("enricher", &["enricher"]).unwrap();
        } else {
            sink.kill();
            sink = installation.role("sink", &["sink"]).unwrap();
        }
    }
    ingest.wait(Duration::from_secs(120)).unwrap();
    stack::wait_stored(&installation, expected.len() as u64, Duration::from_secs(180)).unwrap();
    assert_stored_equals(&installation, &expected);
    assert_rollups_hold_each_article_once(&installation, &expected);
    drop((enricher, sink));
}

fn a_second_enricher_joins_and_leaves(stack: Stack) {
    let installation = stack.install().unwrap();
    let file = some_articles(installation.folder(), 800);
    let expected = expected(&installation, &file);
    let (_enricher, _sink) = stack::start_roles(&installation).unwrap();
    let mut ingest = installation.role("ingest", &["ingest", file.to_str().unwrap()]).unwrap();
    let mut second = installation.role("second-enricher", &["enricher"]).unwrap();
    process::eventually("the second enricher has partitions", Duration::from_secs(40), || {
        process::tail(&installation.log("second-enricher")).contains("partitions assigned")
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    second.signal("TERM");
    let left = second.wait(Duration::from_secs(30)).unwrap();
    assert!(left.success(), "the second enricher ended with {left}\n{}", installation.logs());
    ingest.wait(Duration::from_secs(120)).unwrap();
    stack::wait_stored(&installation, expected.len() as u64, Duration::from_secs(120)).unwrap();
    assert_stored_equals(&installation, &expected);
}

fn broker_and_database_may_go_away_and_come_back(mut stack: Stack) {
    let installation = stack.install().unwrap();
    let file = some_articles(installation.folder(), 800);
    let expected = expected(&installation, &file);
    let (mut enricher, mut sink) = stack::start_roles(&installation).unwrap();
    let mut ingest = installation.role("ingest", &["ingest", file.to_str().unwrap()]).unwrap();
    stack::wait_stored(&installation, 1, Duration::from_secs(60)).unwrap();
    stack.interrupt_store(&installation, Duration::from_secs(3)).unwrap();
    stack.restart_broker(Duration::from_secs(2)).unwrap();
    ingest.wait(Duration::from_secs(120)).unwrap();
    stack::wait_stored(&installation, expected.len() as u64, Duration::from_secs(180)).unwrap();
    assert_stored_equals(&installation, &expected);
    assert_rollups_hold_each_article_once(&installation, &expected);
    assert!(enricher.is_running() && sink.is_running(), "a role gave up\n{}", installation.logs());
}
