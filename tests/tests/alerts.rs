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
    site::{Reply, Site},
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

/// An installation whose alerts go to a webhook on the site, at `hook.example`.
fn with_hook(stack: &Stack, rules: &str, site: &Site) -> Installation {
    let (installation, _) = with_rules(stack, rules);
    let mut settings = std::fs::read_to_string(installation.config()).unwrap();
    settings = settings.replace("[kafka]", "[kafka]\ninstance_id = \"one\"");
    settings.push_str(&format!(
        "[alerter.web.hosts]\n\"hook.example\" = \"127.0.0.1:{}\"\n\
         [alerter.receivers.desk]\nkind = \"webhook\"\nurl = \"http://hook.example/alerts\"\n",
        site.port()
    ));
    std::fs::write(installation.config(), settings).unwrap();
    installation
}

/// The alerts that the webhook was sent and has taken.
fn taken(site: &Site) -> Vec<Alert> {
    let hits = site.hits_of("/alerts");
    let bodies = hits.iter().map(|hit| serde_json::from_slice::<serde_json::Value>(&hit.body).unwrap());
    bodies
        .flat_map(|body| body["alerts"].as_array().unwrap().clone())
        .map(|alert| serde_json::from_value(alert).unwrap())
        .collect()
}

const TOLD: &str = "rules:
- {id: threats, title: '{{ dyad }} threat', severity: watch, match: {event: {type: [THREATEN]}}, when: {group_by: dyad}}
- {id: worse, title: '{{ dyad }} war', severity: high, inhibits: threats, match: {words: invasion}, when: {group_by: dyad}}
- {id: elsewhere, title: T, severity: watch, to: desk, match: {words: barricades}, when: {group_by: source}}
";

#[test]
fn a_receiver_is_told_what_is_for_it_through_silence_inhibition_failure_and_kills() {
    let stack = Stack::bundled().unwrap();
    let site = Site::start();
    site.set("/alerts", Reply::status(204));
    let installation = with_hook(&stack, TOLD, &site);
    let _enricher = installation.role("enricher", &["enricher"]).unwrap();
    let alerter = installation.role("alerter", &["alerter"]).unwrap();
    let article = |id: &str, source: &str, text: &str| json!({"id": id, "title": id, "source": source, "published_at": jiff::Timestamp::now().to_string(), "text": text});
    let wait = |what: &str, is_done: &dyn Fn(&[Alert]) -> bool| {
        process::eventually(what, PATIENCE, || is_done(&taken(&site)))
            .unwrap_or_else(|error| panic!("{error:#}\n{:?}\n{}", taken(&site), installation.logs()));
    };

    // Told, with its key and its sentence.
    ingest(&installation, "1.jsonl", &[article("a1", "a.example", THREAT)]);
    wait("the threat is told", &|told| told.iter().any(|alert| alert.title == "SRB-XKX threat"));
    assert!(taken(&site)[0].evidence[0].sentence.contains("Kosovo"));
    let key = site.hits_of("/alerts")[0].header("idempotency-key").to_owned();
    assert_eq!(key, taken(&site)[0].key);

    // Silenced: not told; listed as such; summed up when the silence is taken back.
    installation
        .must(&["alerts", "silence", "source=b.*", "--for", "1h", "--comment", "known", "--by", "ana"])
        .unwrap();
    std::thread::sleep(Duration::from_secs(3));
    ingest(
        &installation,
        "2.jsonl",
        &[article("b1", "b.example", "Serbs put up barricades in North Mitrovica on Friday.")],
    );
    process::eventually("the silenced alert is raised", PATIENCE, || {
        alerts(&installation).iter().any(|alert| alert.rule == "elsewhere")
    })
    .unwrap();
    ingest(&installation, "3.jsonl", &[article("c1", "c.example", "Serbs put up barricades in Zvecan on Friday.")]);
    wait("what is not silenced is told", &|told| {
        told.iter().any(|alert| alert.labels.get("source").is_some_and(|source| source == "c.example"))
    });
    assert!(taken(&site).iter().all(|alert| alert.labels.get("source").is_none_or(|source| source != "b.example")));
    let listed = installation.must(&["alerts", "list"]).unwrap();
    assert!(listed.contains("silenced") && listed.contains("SRB-XKX threat"), "{listed}");
    let silences = installation.must(&["alerts", "silences"]).unwrap();
    let id = silences.split_whitespace().next().unwrap().to_owned();
    installation.must(&["alerts", "unsilence", &id]).unwrap();
    wait("the silence is summed up", &|told| {
        told.iter().any(|alert| alert.rule == "silence-ended" && alert.title.starts_with("1 alert"))
    });

    // Inhibited: the lesser alert about the same is not told.
    let invasion =
        "Armenia attacked Azerbaijan on Saturday. The invasion began at dawn, Armenia's defence minister said.";
    ingest(&installation, "4.jsonl", &[article("d1", "d.example", invasion)]);
    wait("the worse is told", &|told| told.iter().any(|alert| alert.title == "ARM-AZE war"));
    let threat = "Armenia threatened Azerbaijan with more war on Saturday, its defence minister said.";
    ingest(&installation, "5.jsonl", &[article("d2", "d.example", threat)]);
    process::eventually("the lesser alert is raised", PATIENCE, || {
        alerts(&installation).iter().any(|alert| alert.title == "ARM-AZE threat")
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));

    // A receiver that fails is told later, and once by key, also when the alerter is killed meanwhile.
    site.set("/alerts", Reply::status(503));
    let before = site.hits_of("/alerts").len();
    ingest(&installation, "6.jsonl", &[article("e1", "e.example", "Serbs put up barricades in Leposavic on Friday.")]);
    process::eventually("it is tried", PATIENCE, || site.hits_of("/alerts").len() > before).unwrap();
    drop(alerter);
    site.set("/alerts", Reply::status(204));
    let before = site.hits_of("/alerts").len();
    let _alerter = installation.role("alerter", &["alerter"]).unwrap();
    let from_e = |alert: &Alert| alert.labels.get("source").is_some_and(|source| source == "e.example");
    process::eventually("it is told", PATIENCE, || {
        site.hits_of("/alerts").iter().skip(before).any(|hit| String::from_utf8_lossy(&hit.body).contains("e.example"))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", installation.logs()));
    let keys: BTreeSet<String> = taken(&site).into_iter().filter(from_e).map(|alert| alert.key).collect();
    assert_eq!(keys.len(), 1, "one alert has one key");
    let lesser = taken(&site).into_iter().filter(|alert| alert.title == "ARM-AZE threat").count();
    assert_eq!(lesser, 0, "it is inhibited");
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
