//! The alerter over a stream: what it tells, and that it tells the same however often it is killed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use faultline_platform::{Publisher, Record};
use faultline_schemas::{Alert, AlertState, header, topic};
use faultline_tests::{
    faultline::Installation,
    process,
    stack::{self, Stack},
};
use rand::RngExt as _;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(120);
/// Published by nobody; each names who threatens whom.
const THREAT: &str =
    "Serbia threatened Kosovo with war on Saturday. Serbia's army will attack, its defence minister said.";

/// A folder of rules in an installation, and the settings that name it.
fn with_rules(stack: &Stack, rules: &str) -> (Installation, PathBuf) {
    let installation = stack.install().unwrap();
    let folder = installation.folder().join("rules");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("rules.yaml"), rules).unwrap();
    let mut settings = std::fs::read_to_string(installation.config()).unwrap();
    settings.push_str(&format!("[alerter]\nrules_dir = {folder:?}\n"));
    std::fs::write(installation.config(), settings).unwrap();
    (installation, folder)
}

/// Alerts on the topic, in order for each fingerprint.
fn alerts(installation: &Installation) -> Vec<Alert> {
    let Ok(messages) = stack::messages(installation, &topic::ALERTS) else { return Vec::new() };
    messages.iter().filter_map(|message| serde_json::from_slice(message.payload.as_deref()?).ok()).collect()
}

fn ingest(installation: &Installation, name: &str, articles: &[serde_json::Value]) {
    let file = installation.folder().join(name);
    let lines: Vec<String> = articles.iter().map(ToString::to_string).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    installation.must(&["ingest", file.to_str().unwrap()]).unwrap();
}

const SIMPLE: &str = "rules:
- id: threats
  title: '{{ dyad }}: {{ headline }}'
  severity: high
  match: {event: {type: [THREATEN], dyad: SRB-XKX}}
  when: {group_by: dyad}
";

#[test]
fn an_article_that_matches_is_told_with_its_sentence_and_rules_follow_their_folder() {
    let stack = Stack::bundled().unwrap();
    let (installation, folder) = with_rules(&stack, SIMPLE);
    let _enricher = installation.role("enricher", &["enricher"]).unwrap();
    let _alerter = installation.role("alerter", &["alerter"]).unwrap();
    let now = jiff::Timestamp::now().to_string();
    let threat = |id: &str| json!({"id": id, "title": "Serbia threatens Kosovo", "source": "a.example", "published_at": now, "text": THREAT});
    ingest(&installation, "one.jsonl", &[threat("one")]);
    process::eventually("an alert", PATIENCE, || !alerts(&installation).is_empty())
        .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    let told = alerts(&installation);
    let alert = &told[0];
    assert_eq!((&*alert.rule, alert.state, &*alert.labels["dyad"]), ("threats", AlertState::Firing, "SRB-XKX"));
    assert_eq!(alert.title, "SRB-XKX: Serbia threatens Kosovo");
    assert!(alert.evidence[0].sentence.contains("threatened Kosovo"), "{alert:?}");
    assert!(!alert.key.is_empty() && !alert.told_at.is_empty());

    // A bad file changes nothing, and is told; a good one is followed.
    let changed = SIMPLE.replace("THREATEN", "THRETEN");
    std::fs::write(folder.join("rules.yaml"), changed).unwrap();
    let log = || std::fs::read_to_string(installation.log("alerter")).unwrap();
    process::eventually("the mistake is told", PATIENCE, || log().contains("THREATEN")).unwrap();
    std::fs::write(folder.join("rules.yaml"), SIMPLE.replace("id: threats", "id: menaces")).unwrap();
    process::eventually("the alert of a rule that is no more is closed", PATIENCE, || {
        alerts(&installation).iter().any(|alert| alert.rule == "threats" && alert.state == AlertState::Resolved)
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    ingest(&installation, "two.jsonl", &[threat("two")]);
    process::eventually("the new rule is watched", PATIENCE, || {
        alerts(&installation).iter().any(|alert| alert.rule == "menaces")
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
}

#[test]
fn rules_with_mistakes_end_the_role_at_its_start_with_their_place() {
    let stack = Stack::bundled().unwrap();
    let (installation, _) = with_rules(&stack, "rules:\n- {id: a, titel: T, severity: high, match: {words: army}}\n");
    let mut alerter = installation.role("alerter", &["alerter"]).unwrap();
    assert_eq!(alerter.wait(PATIENCE).unwrap().code(), Some(1));
    let log = std::fs::read_to_string(installation.log("alerter")).unwrap();
    assert!(log.contains("rules.yaml:2:") && log.contains("title"), "{log}");
}

/// Rules of several kinds, with windows, calm and baselines.
const MANY: &str = "rules:
- {id: every, title: T, severity: watch, match: {words: army}, when: {group_by: source}, calm: {rest: 10m}}
- {id: often, title: T, severity: high, match: {words: army}, when: {frequency: {at_least: 50, within: 2m}, group_by: dyad, distinct: article}, calm: {close_after: 1m}}
- {id: silent, title: T, severity: watch, match: {words: 'army OR talks'}, when: {flatline: {within: 5m}, group_by: source}}
- {id: spike, title: T, severity: high, match: {words: army}, when: {spike: {within: 2m, at_least: 1}, group_by: pair, distinct: article}, calm: {repeat: 3m}}
- {id: index, title: T, severity: high, match: {words: 'army OR talks'}, when: {threshold: {above: 20, within: 3m}, group_by: country}}
- {id: then, title: T, severity: high, match: {words: 'army OR talks'}, when: {sequence: {first: {words: talks}, then: {words: army}, within: 10m}, group_by: pair}}
";

/// A small tagged article that appeared so many milliseconds after `start`.
fn tagged(number: usize, start: i64, after: i64) -> (String, Vec<u8>) {
    let id = format!("a{number}");
    let at = jiff::Timestamp::from_millisecond(start + after).unwrap().to_string();
    let (from, to) = [("SRB", "XKX"), ("ARM", "AZE"), ("XKX", "SRB")][number % 3];
    // Each stretch of some minutes has a subject and outlets of its own.
    let stretch = number / 400;
    let texts = [
        "The army moved to the border.",
        "Talks went on.",
        "Nothing else was reported.",
        "The army attacked and talks failed.",
    ];
    let text = texts[stretch * 7 % 11 % texts.len()];
    let side = |country: &str| json!({"actor": country, "country": country, "span": null});
    let document = json!({
        "schema": "faultline.enriched/1",
        "article": {"id": id, "title": format!("Title {number}"), "source": format!("s{}", stretch % 6), "published_at": at, "language": "en", "words": 3},
        "text": text, "sentiment": {"score": -0.4, "label": "negative"}, "actors": [], "places": [],
        "events": [{
            "id": id, "plover": "THREATEN", "cameo": "138", "quad": "verbal_conflict", "goldstein": -7.0,
            "direction": "escalation", "modality": "actual", "confidence": 0.8, "source": side(from), "target": side(to),
            "trigger": {"start": 0, "end": 4}, "sentence": 0
        }],
        "escalation": {"score": 0.5, "level": "elevated", "signals": [
            {"category": "threat_of_force", "direction": "escalation", "weight": 0.4, "span": {"start": 0, "end": 4}, "rule": "r"}
        ]},
        "fingerprint": {"content": id, "minhash": ""}
    });
    (id, serde_json::to_vec(&document).unwrap())
}

/// Puts tagged articles of four hours on the topic, in order.
fn publish(installation: &Installation, start: i64, many: usize) {
    let common = installation.common();
    let publisher = Publisher::new(&common.kafka).unwrap();
    let (acknowledged, all) = mpsc::channel();
    let span = 4 * 3_600_000 / many as i64;
    for number in 0..many {
        let (id, payload) = tagged(number, start, number as i64 * span);
        let record = Record {
            topic: common.topics.name(&topic::ENRICHED),
            key: id.into_bytes(),
            payload: Some(payload),
            headers: vec![(header::SCHEMA.to_owned(), topic::ENRICHED.schema.to_owned())],
        };
        let acknowledged = acknowledged.clone();
        publisher.send(record, Box::new(move |result| acknowledged.send(result).unwrap())).unwrap();
    }
    all.iter().take(many).for_each(|result| result.unwrap());
}

/// What is told once everything is over and a while has passed in which nothing more was.
fn told_in_the_end(installation: &Installation) -> BTreeSet<String> {
    let mut before = Vec::new();
    process::eventually("everything is over", PATIENCE, || {
        std::thread::sleep(Duration::from_secs(3));
        let told = alerts(installation);
        let last: BTreeMap<&str, &Alert> = told.iter().map(|alert| (&*alert.fingerprint, alert)).collect();
        // In the end every outlet is silent, and nothing else is open.
        let is_over = |alert: &Alert| (alert.state == AlertState::Firing) == (alert.rule == "silent");
        let is_still = !told.is_empty() && last.values().all(|alert| is_over(alert)) && told == before;
        before = told;
        is_still
    })
    .unwrap_or_else(|error| panic!("{error:#}, {} alerts\n{}", before.len(), installation.logs()));
    before.into_iter().map(|alert| format!("{} {} {:?}", alert.rule, alert.key, alert.state)).collect()
}

/// Kills the alerter `rounds` times over a stream; what is told in the end must be what is told when it is left alone.
fn the_same_is_told_however_often_it_is_killed(stack: &Stack, rounds: usize, many: usize) {
    let (undisturbed, _) = with_rules(stack, MANY);
    let (disturbed, _) = with_rules(stack, MANY);
    // They end long enough ago for everything to be over by now, and begin late enough to be news.
    let start = jiff::Timestamp::now().as_millisecond() - (5 * 60 + 30) * 60_000;
    for installation in [&undisturbed, &disturbed] {
        // A member that comes back under its name is not waited for.
        let settings = std::fs::read_to_string(installation.config()).unwrap();
        let settings = settings.replace("[kafka]", "[kafka]\ninstance_id = \"one\"");
        // Between partitions the order is that of their being read; within the lateness it makes no difference.
        let settings = settings.replace("[alerter]", "[alerter]\nlateness_seconds = 60");
        std::fs::write(installation.config(), settings).unwrap();
        installation.must(&["topics", "create"]).unwrap();
        publish(installation, start, many);
    }
    // What is younger than this is read as it comes, not in the order of publication.
    std::thread::sleep(Duration::from_secs(11));
    let mut random = rand::rng();
    for _ in 0..rounds {
        let alerter = disturbed.role("alerter", &["alerter"]).unwrap();
        std::thread::sleep(Duration::from_millis(random.random_range(500..4_000)));
        drop(alerter);
    }
    let alerters =
        [undisturbed.role("alerter", &["alerter"]).unwrap(), disturbed.role("alerter", &["alerter"]).unwrap()];
    let expected = told_in_the_end(&undisturbed);
    let told = told_in_the_end(&disturbed);
    drop(alerters);
    assert!(expected.len() > 100, "{} alerts show little", expected.len());
    let missing: Vec<_> = expected.difference(&told).collect();
    let more: Vec<_> = told.difference(&expected).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing {missing:?}\nmore {more:?}\n{}", disturbed.logs());
}

/// Rounds of kills: a short number in `make test`, a long one in `make soak`.
fn rounds(short: usize) -> usize {
    std::env::var("FAULTLINE_SOAK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(short)
}

#[test]
fn killed_again_and_again_it_tells_what_it_would_have_told_bundled() {
    let stack = Stack::bundled().unwrap();
    the_same_is_told_however_often_it_is_killed(&stack, rounds(5), 60_000);
}

#[test]
fn killed_again_and_again_it_tells_what_it_would_have_told_on_apache_kafka() {
    let stack = Stack::apache().unwrap();
    the_same_is_told_however_often_it_is_killed(&stack, rounds(5), 60_000);
}
