//! Real articles, read as an analyst would: the seed article sentence by sentence, and articles of the corpus. They lie in the
//! shared folder beside the checkout; where that is missing, the tests say that they are skipped.

#![expect(clippy::print_stdout, reason = "tests say in plain sight what they skip")]

use std::{collections::HashMap, fs, path::Path};

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Enriched, EventTag, Level, Modality, Participant};
use serde_json::json;

/// A file of the shared folder, or none where this checkout has no such folder.
fn shared(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("SKIPPED: needs ../shared/{name}, which is not beside this checkout");
    }
    text
}

/// `THREATEN`, `watch`: as the documents write it.
fn written(value: &serde_json::Value) -> String {
    value.as_str().expect("a name").to_owned()
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|l| !l.starts_with('#')).skip(1).map(|line| line.split('\t').collect())
}

fn id(side: Option<&Participant>) -> &str {
    side.and_then(|s| s.actor.as_deref()).unwrap_or("-")
}

fn country(side: Option<&Participant>) -> &str {
    side.and_then(|s| s.country.as_deref()).unwrap_or("-")
}

fn seed() -> Option<Enriched> {
    let file = shared("seeds/kosovo-serbia-2022-08-17.txt")?;
    let text = file.trim_start().strip_prefix("date 2022-08-17 ").expect("its date").to_owned();
    let published_at = Some("2022-08-17T00:00:00Z".to_owned());
    Some(Analyzer::bundled().enrich(&Article { text, published_at, ..Article::default() }))
}

#[test]
fn the_seed_article_tells_who_did_what_to_whom() {
    let Some(enriched) = seed() else { return };
    let line = |e: &EventTag| {
        let (source, target) = (id(e.source.as_ref()), id(e.target.as_ref()));
        format!(
            "{}\t{}\t{}\t{}\t{source}\t{target}",
            e.trigger.start,
            e.trigger.end,
            written(&json!(e.plover)),
            written(&json!(e.modality))
        )
    };
    let found: Vec<String> = enriched.events.iter().map(line).collect();
    for expected in include_str!("data/seed_events.tsv").lines().filter(|l| !l.starts_with('#')).skip(1) {
        assert!(found.iter().any(|f| f == expected), "{expected} is not among\n{}", found.join("\n"));
    }
}

#[test]
fn the_seed_article_alarms_by_threats_and_not_by_deeds() {
    let Some(enriched) = seed() else { return };
    let assaults = enriched.events.iter().filter(|e| written(&json!(e.plover)) == "ASSAULT");
    assert_eq!(assaults.filter(|e| e.modality == Modality::Actual).count(), 0);
    assert!(enriched.escalation.level >= Level::Elevated, "{:?}", enriched.escalation);
    for category in ["threat_of_force", "military_buildup", "rising_tension", "talks", "call_for_calm", "concession"] {
        assert!(enriched.escalation.signals.iter().any(|s| s.category == category), "{category}");
    }
}

#[test]
fn articles_of_the_corpus_read_as_a_reader_expects() {
    let Some(corpus) = shared("eval/data/corpus/articles.jsonl") else { return };
    let table: HashMap<&str, Vec<&str>> = rows(include_str!("data/readings.tsv")).map(|row| (row[0], row)).collect();
    let mut wrong = Vec::new();
    let mut read = 0;
    for line in corpus.lines() {
        let Some((_, rest)) = line.split_once("\"ID\": \"") else { continue };
        let Some(row) = rest.split('"').next().and_then(|id| table.get(id)) else { continue };
        read += 1;
        wrong.extend(misread(&enrich(line), row));
    }
    assert_eq!(read, table.len(), "articles of the table that the corpus has");
    assert!(wrong.is_empty(), "{} of {read}:\n{}", wrong.len(), wrong.join("\n"));
}

fn enrich(line: &str) -> Enriched {
    let article: serde_json::Value = serde_json::from_str(line).expect("an article");
    let field = |name: &str| article[name].as_str().map(str::to_owned);
    Analyzer::bundled().enrich(&Article {
        title: field("title"),
        text: field("content_original").unwrap_or_default(),
        published_at: field("date"),
        ..Article::default()
    })
}

/// What is not as the row has it.
fn misread(enriched: &Enriched, row: &[&str]) -> Vec<String> {
    let order = ["calm", "watch", "elevated", "high", "critical"];
    let rank = |name: &str| order.iter().position(|level| *level == name).expect("a level");
    let level = written(&json!(enriched.escalation.level));
    let mut wrong = Vec::new();
    if !(rank(row[1])..=rank(row[2])).contains(&rank(&level)) {
        wrong.push(format!("{}: {level}, not {} to {}", row[0], row[1], row[2]));
    }
    let happens = |e: &&EventTag| matches!(e.modality, Modality::Actual | Modality::Threatened);
    let told = |e: &EventTag| {
        format!("{} {} {}", written(&json!(e.plover)), country(e.source.as_ref()), country(e.target.as_ref()))
    };
    if !row[3].is_empty() && !enriched.events.iter().filter(happens).any(|e| told(e) == row[3]) {
        wrong.push(format!("{}: no event {}", row[0], row[3]));
    }
    wrong
}
