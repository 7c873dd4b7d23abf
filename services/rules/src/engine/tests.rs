//! The engine over made-up streams.

use std::sync::Arc;

use faultline_schemas::{Alert, AlertState, Enriched};
use proptest::prelude::*;
use serde_json::json;

use super::{Engine, Limits, Taken};
use crate::rules::RuleSet;

const HOUR: i64 = 3_600_000;
/// 2022-08-01.
const START: i64 = 1_659_312_000_000;

/// An article that appeared so many minutes after the start.
fn article(id: &str, minutes: i64, source: &str, text: &str) -> Arc<Enriched> {
    dyadic(id, minutes, source, text, "SRB", "XKX")
}

fn dyadic(id: &str, minutes: i64, source: &str, text: &str, from: &str, to: &str) -> Arc<Enriched> {
    let at = jiff::Timestamp::from_millisecond(START + minutes * 60_000).unwrap().to_string();
    let side = |country: &str| json!({"actor": country, "country": country, "span": null});
    let document = json!({
        "schema": Enriched::SCHEMA,
        "article": {"id": id, "title": "A title", "source": source, "published_at": at, "language": "en", "words": 3},
        "text": text, "sentiment": {"score": -0.4, "label": "negative"},
        "actors": [], "places": [{"name": "Pristina", "country": "XKX", "latitude": null, "longitude": null, "mentions": []}],
        "events": [{
            "id": id, "plover": "THREATEN", "cameo": "138", "quad": "verbal_conflict", "goldstein": -7.0,
            "direction": "escalation", "modality": "actual", "confidence": 0.8, "source": side(from), "target": side(to),
            "trigger": {"start": 0, "end": 4}, "sentence": 0
        }],
        "escalation": {"score": 0.5, "level": "elevated", "signals": [
            {"category": "threat_of_force", "direction": "escalation", "weight": 0.9, "span": {"start": 0, "end": 4}, "rule": "r"}
        ]},
        "fingerprint": {"content": id, "minhash": ""}
    });
    Arc::new(serde_json::from_value(document).unwrap())
}

fn rules(when: &str) -> RuleSet {
    rules_with("{words: army}", when, "{}")
}

fn rules_with(matches: &str, when: &str, calm: &str) -> RuleSet {
    let text = format!("rules: [{{id: r, title: T, severity: high, match: {matches}, when: {when}, calm: {calm}}}]");
    RuleSet::parse("r.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// State, minutes since the start and figure of each alert.
fn told(alerts: &[Alert]) -> Vec<(AlertState, i64, f64)> {
    let minutes = |alert: &Alert| {
        let at = alert.ends_at.as_ref().unwrap_or(&alert.starts_at).parse::<jiff::Timestamp>().unwrap();
        (at.as_millisecond() - START) / 60_000
    };
    alerts.iter().map(|alert| (alert.state, minutes(alert), alert.value.unwrap())).collect()
}

fn run(rules: RuleSet, articles: &[Arc<Enriched>], until: i64) -> Vec<Alert> {
    let mut engine = Engine::new(rules, Limits::default());
    let mut alerts = Vec::new();
    for article in articles {
        engine.push(article.clone(), None, &mut alerts);
    }
    engine.advance(START + until * 60_000, &mut alerts);
    alerts
}

use AlertState::{Firing, Resolved};

#[test]
fn so_many_within_a_time_open_an_alert_that_closes_when_they_are_fewer() {
    let articles = [0, 30, 50, 100].map(|at| article(&format!("a{at}"), at, "x", "The army moved."));
    let alerts = run(rules("{frequency: {at_least: 3, within: 1h}}"), &articles, 1_000);
    assert_eq!(told(&alerts), [(Firing, 50, 3.0), (Resolved, 60, 2.0)]);
    let first = &alerts[0];
    assert_eq!((first.articles, first.stories, first.sources), (3, 3, 1));
    assert_eq!((first.evidence[0].article.as_str(), &*first.evidence[0].sentence), ("a50", "The army moved."));
    assert_eq!((first.evidence[0].span.start, first.evidence[0].span.end), (4, 8));
    assert!(first.reason.contains("3 stories within 1h, of 1 source; 3 make an alert"), "{}", first.reason);
    assert_eq!(alerts[0].fingerprint, alerts[1].fingerprint);
    assert_ne!(alerts[0].key, alerts[1].key);
}

#[test]
fn a_story_counts_once_and_sources_have_a_floor() {
    const TEXT: &str = "The army of Ruritania shelled the harbour town of Strelsau overnight, killing eleven fishermen near the lighthouse.";
    let reports = ["x", "y", "z"].map(|source| article(&format!("a-{source}"), 0, source, TEXT));
    assert_eq!(told(&run(rules("{frequency: {at_least: 2, within: 1h}}"), &reports, 0)), []);
    let articles = "{frequency: {at_least: 2, within: 1h}, distinct: article}";
    assert_eq!(told(&run(rules(articles), &reports, 0)), [(Firing, 0, 2.0)]);
    let sources = "{frequency: {at_least: 1, within: 1h}, sources: 3}";
    assert_eq!(told(&run(rules(sources), &reports, 0)), [(Firing, 0, 1.0)]);
    assert_eq!(told(&run(rules(sources), &reports[..2], 0)), []);
}

#[test]
fn a_corrected_article_counts_once() {
    let mut again = (*article("a", 10, "x", "The army moved again.")).clone();
    again.article.revision = "2".into();
    let articles = [article("a", 0, "x", "The army moved."), Arc::new(again)];
    for distinct in ["story", "article"] {
        let when = format!("{{frequency: {{at_least: 2, within: 1h}}, distinct: {distinct}}}");
        assert_eq!(told(&run(rules(&when), &articles, 0)), [], "{distinct}");
    }
}

#[test]
fn groups_have_alerts_of_their_own() {
    let articles = [
        dyadic("a", 0, "x", "army", "SRB", "XKX"),
        dyadic("b", 1, "x", "army", "XKX", "SRB"),
        dyadic("c", 2, "x", "army", "IRN", "ISR"),
    ];
    let pairs = run(rules("{frequency: {at_least: 2, within: 1h}, group_by: pair}"), &articles, 2);
    assert_eq!(pairs.iter().map(|alert| &*alert.labels["pair"]).collect::<Vec<_>>(), ["SRB~XKX"]);
    let dyads = run(rules("{group_by: [dyad, source]}"), &articles, 2);
    let labels: Vec<String> =
        dyads.iter().map(|alert| format!("{} {}", alert.labels["dyad"], alert.labels["source"])).collect();
    assert_eq!(labels, ["SRB-XKX x", "XKX-SRB x", "IRN-ISR x"]);
}

#[test]
fn different_values_are_counted() {
    let articles = ["SRB", "ALB", "SRB", "HUN"].map(|from| dyadic(&format!("a{from}"), 0, from, "army", from, "XKX"));
    let when = "{cardinality: {of: source, at_least: 3, within: 1h}}";
    assert_eq!(told(&run(rules(when), &articles, 0)), [(Firing, 0, 3.0)]);
    assert_eq!(told(&run(rules(when), &articles[..3], 0)), []);
}

#[test]
fn a_spike_is_measured_against_its_own_past_once_there_is_one() {
    let day = |number: i64, many: i64| {
        (0..many).map(move |n| article(&format!("d{number}-{n}"), number * 1_440 + n, "x", "The army moved."))
    };
    let quiet: Vec<Arc<Enriched>> = (0..12).flat_map(|number| day(number, 2)).collect();
    let loud: Vec<Arc<Enriched>> = quiet.iter().cloned().chain(day(12, 12)).collect();
    let when = "{spike: {within: 1d}}";
    assert_eq!(told(&run(rules(when), &quiet, 12 * 1_440)), []);
    let alerts = run(rules(when), &loud, 12 * 1_440 + 100);
    assert_eq!(alerts.len(), 1);
    let expected = alerts[0].expected.unwrap();
    assert!(alerts[0].value.unwrap() > expected.high && (expected.middle - 2.0).abs() < 0.1, "{:?}", alerts[0]);
    let young: Vec<Arc<Enriched>> = (0..3).flat_map(|number| day(number, 2)).chain(day(3, 50)).collect();
    assert_eq!(told(&run(rules(when), &young, 4 * 1_440)), [], "a past that is too short is learning");
}

#[test]
fn silence_is_noticed_and_ends() {
    let articles = [article("a", 0, "x", "army"), article("b", 300, "x", "army")];
    let alerts = run(rules("{flatline: {within: 2h}}"), &articles, 1_000);
    assert_eq!(told(&alerts), [(Firing, 120, 0.0), (Resolved, 300, 1.0), (Firing, 420, 0.0)]);
    let never = run(rules("{flatline: {within: 2h}}"), &[article("a", 0, "x", "peace")], 1_000);
    assert_eq!(told(&never), [(Firing, 120, 0.0)], "what never was is silent, too");
}

#[test]
fn what_was_not_seen_for_long_is_new() {
    let day = 1_440;
    let seen = |id: &str, days: i64, from: &str| dyadic(id, days * day, "x", "army", from, "XKX");
    let articles =
        [seen("a", 0, "SRB"), seen("b", 20, "SRB"), seen("c", 40, "SRB"), seen("d", 41, "ALB"), seen("e", 80, "SRB")];
    let alerts = run(rules("{new_term: {of: dyad, unseen_for: 30d}}"), &articles, 80 * day);
    let dyads: Vec<(&str, AlertState)> = alerts.iter().map(|alert| (&*alert.labels["dyad"], alert.state)).collect();
    assert_eq!(dyads, [("ALB-XKX", Firing), ("ALB-XKX", Resolved), ("SRB-XKX", Firing)]);
}

#[test]
fn one_thing_and_then_another_is_a_sequence() {
    let text = |id: &str, at: i64, text: &str| article(id, at, "x", text);
    let when = "{sequence: {first: {words: talks}, then: {words: army}, within: 2h}, group_by: pair}";
    let rules = || rules_with("{words: army OR talks}", when, "{}");
    let in_order = [text("a", 0, "Talks failed."), text("b", 90, "The army moved.")];
    let alerts = run(rules(), &in_order, 90);
    assert_eq!(told(&alerts), [(Firing, 90, 1.0)]);
    assert_eq!(alerts[0].evidence.len(), 2, "both are shown");
    for others in [
        [text("a", 0, "The army moved."), text("b", 90, "Talks failed.")],
        [text("a", 0, "Talks failed."), text("b", 121, "The army moved.")],
        [text("a", 0, "Talks failed."), dyadic("b", 90, "x", "The army moved.", "IRN", "ISR")],
    ] {
        assert_eq!(told(&run(rules(), &others, 130)), []);
    }
    assert_eq!(
        told(&run(rules(), &[text("a", 0, "Talks failed, the army moved.")], 0)),
        [],
        "one article is no sequence"
    );
}

#[test]
fn a_field_that_changes_is_noticed_in_its_own_group() {
    let seen = |id: &str, at: i64, source: &str, from: &str| dyadic(id, at, source, "army", from, "XKX");
    let articles =
        [seen("a", 0, "x", "SRB"), seen("b", 1, "y", "ALB"), seen("c", 2, "x", "SRB"), seen("d", 3, "x", "ALB")];
    let alerts = run(rules("{change: {of: dyad}, group_by: source}"), &articles, 3);
    assert_eq!(told(&alerts), [(Firing, 3, 3.0)]);
    assert!(alerts[0].reason.contains("the dyad is not what it was"), "{}", alerts[0].reason);
}

#[test]
fn the_index_has_a_threshold() {
    let articles: Vec<Arc<Enriched>> = (0..9).map(|n| article(&format!("a{n}"), n, "x", "army")).collect();
    let alerts = run(rules("{threshold: {above: 60, within: 1h}}"), &articles, 9);
    assert_eq!(told(&alerts), [(Firing, 6, 63.0)]);
}

#[test]
fn an_alert_lasts_fades_and_rests() {
    let articles = [0, 5, 200, 205, 400, 405].map(|at| article(&format!("a{at}"), at, "x", "army"));
    let when = "{frequency: {at_least: 2, within: 10m}}";
    let alerts = run(rules_with("{words: army}", when, "{close_after: 1h, rest: 3h}"), &articles, 1_000);
    assert_eq!(told(&alerts), [(Firing, 5, 2.0), (Resolved, 70, 0.0), (Firing, 405, 2.0), (Resolved, 470, 0.0)]);
}

#[test]
fn what_comes_late_counts_as_now_and_what_comes_much_too_late_does_not_count() {
    let mut engine = Engine::new(rules("{frequency: {at_least: 2, within: 1h}}"), Limits::default());
    let mut alerts = Vec::new();
    assert_eq!(engine.push(article("a", 1_000, "x", "army"), None, &mut alerts), Taken::InTime);
    assert_eq!(engine.push(article("b", 1_000 - 7 * 60, "x", "army"), None, &mut alerts), Taken::Stale);
    assert_eq!(told(&alerts), []);
    assert_eq!(engine.push(article("c", 1_000 - 5 * 60, "x", "army"), None, &mut alerts), Taken::Late);
    assert_eq!(told(&alerts), [(Firing, 1_000, 2.0)]);
    assert_eq!((engine.counts().late, engine.counts().stale), (2, 1));
}

#[test]
fn a_past_that_is_too_short_is_said_to_be() {
    let mut engine = Engine::new(rules("{spike: {within: 1d}}"), Limits::default());
    for day in 0..11 {
        engine.push(article(&format!("a{day}"), day * 1_440, "x", "army"), None, &mut Vec::new());
    }
    assert_eq!(engine.counts().learning, 10 + 9, "for ten days: each article, and each that no longer counts");
}

#[test]
fn a_date_in_the_future_does_not_make_all_others_late() {
    let mut engine = Engine::new(rules("{}"), Limits::default());
    let now = START + HOUR;
    assert_eq!(engine.push(article("a", 1_000_000, "x", "army"), Some(now), &mut Vec::new()), Taken::InTime);
    assert_eq!(engine.push(article("b", 60, "x", "army"), Some(now), &mut Vec::new()), Taken::InTime);
}

#[test]
fn groups_are_bounded_and_what_is_left_out_is_counted() {
    let limits = Limits { groups: 10, ..Limits::default() };
    let mut engine = Engine::new(rules("{frequency: {at_least: 1, within: 1h}, group_by: source}"), limits);
    let mut alerts = Vec::new();
    for number in 0..25 {
        engine.push(article(&format!("a{number}"), 0, &format!("s{number}"), "army"), None, &mut alerts);
    }
    assert_eq!((alerts.len(), engine.counts().left_out), (10, 15));
    engine.advance(START + 3 * HOUR, &mut alerts);
    engine.push(article("z", 181, "new", "army"), None, &mut alerts);
    assert_eq!(engine.counts().left_out, 15, "groups that are over make room");
}

/// Rules of every kind over the same stream.
fn mixed() -> RuleSet {
    let conditions = [
        "{}",
        "{frequency: {at_least: 3, within: 2h}, group_by: pair}",
        "{frequency: {at_least: 3, within: 2h}, sources: 2}",
        "{cardinality: {of: source, at_least: 3, within: 3h}}",
        "{spike: {within: 1h, at_least: 1}, group_by: dyad, distinct: article}",
        "{flatline: {within: 5h}}",
        "{flatline: {within: 4h}, group_by: source}",
        "{new_term: {of: dyad, unseen_for: 6h}}",
        "{threshold: {above: 40, within: 3h}, group_by: country}",
        "{sequence: {first: {words: talks}, then: {words: army}, within: 5h}, group_by: pair}",
        "{change: {of: dyad}, group_by: source}",
    ];
    let matches =
        ["{words: army}", "{words: 'army OR talks', level: watch}", "{dyad: SRB~XKX}", "{not: {words: talks}}"];
    let mut text = "rules:\n".to_owned();
    for (n, when) in conditions.iter().enumerate() {
        for (m, matches) in matches.iter().enumerate() {
            let calm = ["{}", "{for: 10m, close_after: 30m}", "{repeat: 1h, rest: 2h}"][(n + m) % 3];
            text.push_str(&format!(
                "  - {{id: r{n}-{m}, title: T, severity: high, match: {matches}, when: {when}, calm: {calm}}}\n"
            ));
        }
    }
    RuleSet::parse("mixed.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn stream() -> impl Strategy<Value = Vec<Arc<Enriched>>> {
    let texts = ["The army moved to the border.", "Talks went on.", "The army attacked and talks failed."];
    let one = (0..2_000i64, 0..4usize, 0..3usize, 0..3usize);
    prop::collection::vec(one, 1..60).prop_map(move |all| {
        let make = |(number, (minutes, source, text, from)): (usize, (i64, usize, usize, usize))| {
            let from = ["SRB", "XKX", "ALB"][from];
            let to = if from == "XKX" { "SRB" } else { "XKX" };
            dyadic(&format!("a{number}"), minutes, &format!("s{source}"), texts[text], from, to)
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

/// All alerts in the order of their keys: those of one moment have none of their own.
fn keys(mut alerts: Vec<Alert>) -> Vec<String> {
    let mut keys: Vec<String> = alerts
        .drain(..)
        .map(|alert| format!("{} {} {} {:?} {}", alert.key, alert.rule, alert.told_at, alert.value, alert.reason))
        .collect();
    keys.sort();
    keys
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn order_within_the_lateness_and_batches_make_no_difference(
        articles in stream(),
        seed in any::<u64>(),
        steps in prop::collection::vec(1..9usize, 1..9),
    ) {
        let limits = Limits { lateness: 2_000 * 60_000, ..Limits::default() };
        let end = START + 10_000 * 60_000;
        let mut sorted = articles.clone();
        sorted.sort_by_key(|article| article.article.published_at.clone());
        let mut plain = Engine::new(mixed(), limits);
        let mut expected = Vec::new();
        sorted.iter().for_each(|article| { plain.push(article.clone(), None, &mut expected); });
        plain.advance(end, &mut expected);

        let mut shuffled = articles;
        shuffled.sort_by_key(|article| blake3::hash(format!("{seed}{}", article.article.id).as_bytes()).to_hex().to_string());
        let mut engine = Engine::new(mixed(), limits);
        let mut alerts = Vec::new();
        let mut steps = steps.into_iter().cycle();
        let mut rest = &shuffled[..];
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(steps.next().unwrap_or(1).min(rest.len()));
            batch.iter().for_each(|article| { engine.push(article.clone(), None, &mut alerts); });
            rest = after;
        }
        engine.advance(end, &mut alerts);
        prop_assert_eq!(engine.counts().late, 0);
        prop_assert_eq!(keys(alerts), keys(expected));
    }

    #[test]
    fn the_rules_that_are_tried_are_all_that_match(articles in stream()) {
        let set = mixed();
        let mut engine = Engine::new(set.clone(), Limits { lateness: 2_000 * 60_000, ..Limits::default() });
        let mut matched = 0;
        for article in &articles {
            engine.push(article.clone(), None, &mut Vec::new());
            matched += set.explain(article).iter().filter(|(_, held)| held.holds).count() as u64;
        }
        engine.advance(START + 10_000 * 60_000, &mut Vec::new());
        prop_assert_eq!(engine.counts().matched, matched);
    }

    #[test]
    fn an_engine_that_reads_what_windows_need_again_goes_on_as_if_it_had_never_stopped(
        articles in stream(),
        stop in 0..60usize,
        unnoted in 0..4usize,
    ) {
        let mut sorted = articles;
        sorted.sort_by_key(|article| (article.article.published_at.clone(), article.article.id.clone()));
        let end = START + 10_000 * 60_000;
        let mut plain = Engine::new(mixed(), Limits::default());
        let mut expected = Vec::new();
        // Where it was, and what had been told, after each article.
        let mut passed = vec![(0, 0)];
        for article in &sorted {
            plain.push(article.clone(), None, &mut expected);
            passed.push((plain.clock().unwrap_or(0), expected.len()));
        }
        plain.advance(end, &mut expected);

        let noted = stop.min(sorted.len());
        let (clock, many) = passed[noted];
        // Some was told after the last note was taken.
        let told = passed[(noted + unnoted).min(sorted.len())].1;
        let mut last = std::collections::BTreeMap::new();
        expected[..told].iter().for_each(|alert| { last.insert(alert.fingerprint.clone(), alert.clone()); });
        let last: Vec<Alert> = last.into_values().collect();

        let mut engine = Engine::new(mixed(), Limits::default());
        let from = clock - engine.memory();
        let again = |article: &&Arc<Enriched>| crate::Seen::time_of(article).is_some_and(|at| at >= from);
        for article in sorted[..noted].iter().filter(again) {
            engine.push(article.clone(), None, &mut Vec::new());
        }
        let mut alerts = Vec::new();
        if noted > 0 {
            engine.restore(clock, &last, &mut alerts);
        }
        sorted[noted..].iter().for_each(|article| { engine.push(article.clone(), None, &mut alerts); });
        engine.advance(end, &mut alerts);
        let all = expected[..many].iter().cloned().chain(alerts).collect();
        // When one is told again may differ by what passed in between; that it is told, and under which key, may not.
        let keys = |alerts: Vec<Alert>| -> Vec<String> {
            let keys: std::collections::BTreeSet<String> = alerts.iter().map(|alert| format!("{} {}", alert.key, alert.rule)).collect();
            keys.into_iter().collect()
        };
        let (all, expected) = (keys(all), keys(expected));
        let only = |some: &[String], others: &[String]| -> Vec<String> {
            some.iter().filter(|key| !others.contains(key)).cloned().collect()
        };
        prop_assert_eq!(only(&all, &expected), only(&expected, &all), "after {} of {}", noted, sorted.len());
    }
}

#[test]
fn rules_that_stay_what_they_were_keep_their_windows_when_others_change() {
    let text = |second: &str| {
        format!(
            "rules:\n- {{id: a, title: T, severity: high, match: {{words: army}}, when: {{frequency: {{at_least: 3, within: 6h}}}}}}\n\
             - {{id: b, title: T, severity: high, match: {{words: {second}}}, when: {{frequency: {{at_least: 2, within: 6h}}}}}}\n"
        )
    };
    let set = |second: &str| RuleSet::parse("r.yaml", &text(second)).unwrap();
    let mut engine = Engine::new(set("army"), Limits::default());
    let mut alerts = Vec::new();
    engine.push(article("1", 0, "x", "The army moved at dawn."), None, &mut alerts);
    engine.push(article("2", 1, "y", "Later an army was seen near a lake."), None, &mut alerts);
    assert_eq!(alerts.iter().map(|alert| &*alert.rule).collect::<Vec<_>>(), ["b"]);
    engine.replace(set("navy"));
    engine.push(article("3", 2, "z", "Both army and navy left port."), None, &mut alerts);
    assert_eq!(alerts.iter().map(|alert| &*alert.rule).collect::<Vec<_>>(), ["b", "a"], "b begins anew");
}

#[test]
fn what_comes_outside_its_hours_opens_when_they_begin() {
    // The stream starts at midnight.
    let calm = "{active: {from: '06:00', to: '08:00'}}";
    let set = rules_with("{words: army}", "{frequency: {at_least: 1, within: 12h}}", calm);
    let alerts = run(set, &[article("1", 60, "x", "The army moved.")], START + 20 * HOUR);
    assert_eq!(told(&alerts), [(AlertState::Firing, 360, 1.0), (AlertState::Resolved, 780, 0.0)]);
}

#[test]
fn no_more_alerts_open_than_the_rate_allows() {
    let calm = "{rate: {at_most: 1, within: 6h}}";
    let set = rules_with("{words: army}", "{frequency: {at_least: 1, within: 4h}, group_by: source}", calm);
    let articles = [
        article("1", 0, "x", "The army moved."),
        article("2", 60, "y", "An army was seen elsewhere."),
        article("3", 350, "z", "Soldiers of the army rest."),
    ];
    let alerts = run(set, &articles, START + 20 * HOUR);
    let opened: Vec<(&str, i64)> = alerts
        .iter()
        .filter(|alert| alert.state == AlertState::Firing)
        .map(|alert| (&*alert.labels["source"], told(std::slice::from_ref(alert))[0].1))
        .collect();
    assert_eq!(opened, [("x", 0), ("z", 360)], "y was over when its turn came");
}

#[test]
fn a_rule_that_expires_closes_its_alerts() {
    let text = "rules: [{id: r, title: T, severity: high, expires: 2022-08-01T02:00:00Z, match: {words: army}, \
                when: {frequency: {at_least: 1, within: 12h}}, calm: {close_after: 3h}}]";
    let set = RuleSet::parse("r.yaml", text).unwrap();
    let articles = [article("1", 60, "x", "The army moved."), article("2", 180, "y", "The army moved again.")];
    let alerts = run(set, &articles, START + 20 * HOUR);
    assert_eq!(told(&alerts), [(AlertState::Firing, 60, 1.0), (AlertState::Resolved, 120, 1.0)]);
}
