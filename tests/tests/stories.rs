//! Stories as the sink tells them, asked of SQLite and PostgreSQL alike, and how well they agree with a person's labels.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::print_stdout, reason = "the figures of the README are printed here")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use faultline_analysis::Analyzer;
use faultline_analysis::words::stems;
use faultline_schemas::{Article, Enriched, Level};
use faultline_sink::{Order, Store, Story, query};
use faultline_tests::shared;
use serde_json::Value;
use sqlx::Connection as _;

mod place;

use place::{Place, connect, items};

const GROUP: &str = "sink";
/// First time of publication, milliseconds since 1970.
const START_MS: i64 = 1_660_000_000_000;
const HOUR_MS: i64 = 3_600_000;

in_both_stores! {
    reports_of_one_happening_are_one_story
    a_correction_stays_in_its_story_and_its_level_counts
    replays_change_no_story
    stories_go_with_their_articles
    what_appears_days_later_is_another_story
}

/// Reports of an earthquake, of which there are as many as wanted.
fn quake(n: u32) -> String {
    format!(
        "A strong earthquake struck Dolina near the Hladna river overnight. Rescuers dug through rubble for survivors, and \
         hundreds of families slept outdoors. Seismologists expect aftershocks in the Dolina valley. Reporter {n} saw \
         house{n} and bridge{n} damaged, witness{n} said, while column{n} of lorries{n} brought tents{n} and water{n}."
    )
}

const BUDGET: &str = "Parliament passed the yearly budget after a long debate on pensions, tariffs and the railways. The finance \
                      minister promised lower taxes for farmers, while the opposition called it a gift to the banks.";

fn article(id: &str, revision: &str, hours: i64, source: &str, text: &str) -> Value {
    let at = jiff::Timestamp::from_millisecond(START_MS + hours * HOUR_MS).unwrap().to_string();
    let article = Article {
        id: id.into(),
        title: Some(format!("Report {id}")),
        text: text.into(),
        source: Some(source.into()),
        published_at: Some(at.clone()),
        language: Some("en".into()),
        ..Article::default()
    };
    let mut document = serde_json::to_value(Analyzer::bundled().enrich(&article)).unwrap();
    document["article"]["revision"] = revision.into();
    document["article"]["fetched_at"] = at.into();
    document
}

fn four_reports() -> [Value; 4] {
    [
        article("b", "1", 1, "one.example", &quake(1)),
        article("budget", "1", 2, "one.example", BUDGET),
        article("c", "1", 3, "two.example", &quake(2)),
        article("a", "1", 0, "two.example", &quake(3)),
    ]
}

async fn stories(store: &Store, wanted: &str) -> Vec<Story> {
    store.stories(&query::parse(wanted).unwrap(), 100).await.unwrap()
}

fn ids(story: &Story) -> Vec<&str> {
    story.reports.iter().map(|report| report.id.as_str()).collect()
}

async fn count(place: &Place, table: &str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    match place {
        Place::Sqlite(folder) => sqlx::query_scalar(statement).fetch_one(&mut connect(folder.path()).await).await,
        Place::Postgres(database) => {
            let mut connection = sqlx::PgConnection::connect(database.url()).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut connection).await
        }
    }
    .unwrap()
}

async fn reports_of_one_happening_are_one_story(place: Place) {
    let store = place.open().await;
    let reports = four_reports();
    store.write(GROUP, &items(&store, 0, &reports[..1])).await.unwrap();
    assert!(stories(&store, "").await.is_empty(), "a report on its own is no story");
    store.write(GROUP, &items(&store, 1, &reports[1..])).await.unwrap();
    let [story] = &stories(&store, "").await[..] else { panic!("not one story") };
    assert_eq!((ids(story), story.id.as_str()), (vec!["a", "b", "c"], "b"));
    assert_eq!((story.articles, story.sources, story.first.id.as_str()), (3, 2, "a"));
    let page = store.search(&query::parse("").unwrap(), Order::Time, 10, None).await.unwrap();
    let told: Vec<bool> =
        page.hits.iter().map(|hit| hit.outlets == 2 && hit.story.as_ref() == Some(&story.id)).collect();
    assert_eq!(told.iter().filter(|told| **told).count(), 3, "a search says who else reports it");
    assert_eq!(story.last_at, START_MS + 3 * HOUR_MS);
    assert_eq!(store.story_of("c").await.unwrap().as_ref(), Some(story));
    assert_eq!(store.story_of("budget").await.unwrap(), None);
    assert_eq!(stories(&store, "source:two.example").await.len(), 1);
    assert!(stories(&store, "pensions").await.is_empty(), "no report of a story fits");
}

async fn a_correction_stays_in_its_story_and_its_level_counts(place: Place) {
    let store = place.open().await;
    store.write(GROUP, &items(&store, 0, &four_reports())).await.unwrap();
    let mut corrected = article("c", "2", 4, "three.example", BUDGET);
    corrected["escalation"]["level"] = "critical".into();
    store.write(GROUP, &items(&store, 10, &[corrected])).await.unwrap();
    let [story] = &stories(&store, "").await[..] else { panic!("not one story") };
    assert_eq!((ids(story), story.sources, story.level), (vec!["a", "b", "c"], 3, Level::Critical));
    assert_eq!(story.last_at, START_MS + 4 * HOUR_MS);
}

async fn replays_change_no_story(place: Place) {
    let store = place.open().await;
    let mut reports = four_reports();
    store.write(GROUP, &items(&store, 0, &reports)).await.unwrap();
    let (before, terms) = (stories(&store, "").await, count(&place, "terms").await);
    reports.reverse();
    for (offset, report) in (10..).zip(&reports) {
        store.write(GROUP, &items(&store, offset, std::slice::from_ref(report))).await.unwrap();
    }
    assert_eq!((stories(&store, "").await, count(&place, "terms").await), (before, terms));
    // One at a time, in the order they came, they make the same story.
    reports.reverse();
    let fresh = Place::sqlite();
    let other = fresh.open().await;
    for (offset, report) in (0..).zip(&reports) {
        other.write(GROUP, &items(&other, offset, std::slice::from_ref(report))).await.unwrap();
    }
    assert_eq!(stories(&other, "").await, stories(&store, "").await);
}

async fn stories_go_with_their_articles(place: Place) {
    let store = place.open().await;
    store.write(GROUP, &items(&store, 0, &four_reports())).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let cutoff = jiff::Timestamp::now().as_millisecond();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let later = [article("d", "1", 5, "four.example", &quake(4)), article("e", "1", 6, "four.example", &quake(5))];
    store.write(GROUP, &items(&store, 10, &later)).await.unwrap();
    assert_eq!(store.delete_stored_before(cutoff).await.unwrap(), 4);
    let [story] = &stories(&store, "").await[..] else { panic!("not one story") };
    assert_eq!((ids(story), story.articles, story.first.id.as_str()), (vec!["d", "e"], 2, "d"));
    // What was found under the words of the text before the correction is not found for ever.
    store.write(GROUP, &items(&store, 20, &[article("e", "2", 7, "four.example", BUDGET)])).await.unwrap();
    assert_eq!(store.delete_stored_before(i64::MAX).await.unwrap(), 2);
    for table in ["stories", "story_articles", "terms", "prints"] {
        assert_eq!(count(&place, table).await, 0, "{table}");
    }
}

async fn what_appears_days_later_is_another_story(place: Place) {
    let store = place.open().await;
    let days = |days: i64, n: u32| article(&format!("a{n}"), "1", days * 24, "one.example", &quake(n));
    let reports = [days(0, 1), days(3, 2), days(7, 3), days(8, 4)];
    store.write(GROUP, &items(&store, 0, &reports)).await.unwrap();
    let told = stories(&store, "").await;
    assert_eq!(told.iter().map(ids).collect::<Vec<_>>(), [["a3", "a4"], ["a1", "a2"]]);
}

/// An article of the labelled set.
struct Labelled {
    document: Enriched,
    story: String,
    day: i64,
}

/// The corpus, and what of it is labelled; none where this checkout has no corpus.
fn labelled() -> Option<(Vec<Labelled>, HashMap<String, f64>)> {
    let corpus = shared::file("eval/data/corpus/articles.jsonl")?;
    let story_of: HashMap<&str, &str> = include_str!("../data/stories.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let (mut labelled, mut frequencies) = (Vec::new(), HashMap::new());
    for line in std::fs::read_to_string(corpus).unwrap().lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let all = stems(&format!("{} {}", text("title"), text("content_original")));
        for stem in all.into_iter().collect::<BTreeSet<_>>() {
            *frequencies.entry(stem).or_insert(0.0) += 1.0;
        }
        let Some(story) = story_of.get(text("ID").as_str()) else { continue };
        let day: jiff::civil::Date = text("date").parse().unwrap();
        let article = Article {
            id: text("ID"),
            title: Some(text("title")),
            text: text("content_original"),
            source: Some(text("source_url")),
            published_at: Some(format!("{day}T00:00:00Z")),
            fetched_at: Some(format!("{day}T00:00:00Z")),
            ..Article::default()
        };
        let day = i64::from(day.since(jiff::civil::date(2000, 1, 1)).unwrap().get_days());
        labelled.push(Labelled { document: Analyzer::bundled().enrich(&article), story: (*story).to_owned(), day });
    }
    labelled.sort_by(|a, b| (a.day, &a.document.article.id).cmp(&(b.day, &b.document.article.id)));
    Some((labelled, frequencies))
}

/// B-cubed precision, recall and F1 (A. Bagga and B. Baldwin, 1998): of each article the share of those grouped with it that
/// report the same, and of those that report the same the share grouped with it.
fn b_cubed(set: &[Labelled], groups: &[String]) -> [f64; 3] {
    let (mut precision, mut recall) = (0.0, 0.0);
    for (this, group) in set.iter().zip(groups) {
        let both = set.iter().zip(groups).filter(|(other, g)| other.story == this.story && *g == group).count() as f64;
        precision += both / groups.iter().filter(|g| *g == group).count() as f64;
        recall += both / set.iter().filter(|other| other.story == this.story).count() as f64;
    }
    let (precision, recall) = (precision / set.len() as f64, recall / set.len() as f64);
    [precision, recall, 2.0 * precision * recall / (precision + recall)]
}

/// Each with the nearest earlier one within three days whose cosine similarity, over all words, is above `threshold`.
fn by_cosine(set: &[Labelled], frequencies: &HashMap<String, f64>, threshold: f64) -> Vec<String> {
    let vector = |labelled: &Labelled| -> HashMap<String, f64> {
        let mut counts: HashMap<String, f64> = HashMap::new();
        let title = labelled.document.article.title.clone().unwrap_or_default();
        for stem in stems(&title).into_iter().chain(stems(&labelled.document.text)) {
            *counts.entry(stem).or_default() += 1.0;
        }
        for (stem, count) in &mut counts {
            *count = (1.0 + count.ln()) * (6102.0 / frequencies.get(stem).copied().unwrap_or(1.0)).ln();
        }
        let length = counts.values().map(|weight| weight * weight).sum::<f64>().sqrt();
        counts.into_iter().map(|(stem, weight)| (stem, weight / length)).collect()
    };
    let vectors: Vec<HashMap<String, f64>> = set.iter().map(vector).collect();
    let mut groups: Vec<String> = Vec::new();
    for (at, labelled) in set.iter().enumerate() {
        let cosine = |other: usize| -> f64 {
            vectors[at].iter().map(|(stem, weight)| weight * vectors[other].get(stem).copied().unwrap_or(0.0)).sum()
        };
        let near = (0..at).filter(|other| labelled.day - set[*other].day <= 3).map(|other| (cosine(other), other));
        let nearest = near.filter(|(cosine, _)| *cosine > threshold).max_by(|a, b| a.0.total_cmp(&b.0));
        groups.push(nearest.map_or_else(|| at.to_string(), |(_, other)| groups[other].clone()));
    }
    groups
}

/// The first event's countries and the day; on its own where there is none.
fn dyad_and_day(labelled: &Labelled) -> String {
    let country = |side: &Option<faultline_schemas::Participant>| side.as_ref().and_then(|side| side.country.clone());
    let mut dyads: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in &labelled.document.events {
        if let (Some(source), Some(target)) = (country(&event.source), country(&event.target)) {
            *dyads.entry((source, target)).or_default() += 1;
        }
    }
    match dyads.into_iter().max_by_key(|(_, times)| *times) {
        Some((dyad, _)) => format!("{dyad:?} {}", labelled.day),
        None => labelled.document.article.id.clone(),
    }
}

#[tokio::test]
async fn stories_agree_with_a_persons_labels_better_than_simpler_ways_do() {
    let Some((set, frequencies)) = labelled() else { return };
    let place = Place::sqlite();
    let store = place.open().await;
    let documents: Vec<Value> = set.iter().map(|labelled| serde_json::to_value(&labelled.document).unwrap()).collect();
    for (offset, batch) in (0..).zip(documents.chunks(10)) {
        store.write(GROUP, &items(&store, offset * 10, batch)).await.unwrap();
    }
    let mut group_of: HashMap<String, String> = HashMap::new();
    for story in store.stories(&query::parse("").unwrap(), 10_000).await.unwrap() {
        group_of.extend(story.reports.iter().map(|report| (report.id.clone(), story.id.clone())));
    }
    let hits = store.search(&query::parse("").unwrap(), Order::Time, 10_000, None).await.unwrap().hits;
    let repeats: HashMap<String, String> =
        hits.into_iter().filter_map(|hit| Some((hit.id, hit.duplicate_of?))).collect();
    let by_id = |groups: &HashMap<String, String>| -> Vec<String> {
        let ids = set.iter().map(|labelled| &labelled.document.article.id);
        ids.map(|id| groups.get(id).unwrap_or(id).clone()).collect()
    };
    let thresholds = (4..=40).map(|hundredths| f64::from(hundredths) / 100.0);
    let cosine = thresholds.map(|threshold| by_cosine(&set, &frequencies, threshold));
    let cosine = cosine.max_by(|a, b| b_cubed(&set, a)[2].total_cmp(&b_cubed(&set, b)[2])).unwrap();
    let stories: BTreeSet<&str> = set.iter().map(|labelled| labelled.story.as_str()).collect();
    println!("{} articles, {} stories; B-cubed precision, recall, F1", set.len(), stories.len());
    let mut f1 = Vec::new();
    for (name, groups) in [
        ("the sink's stories", by_id(&group_of)),
        ("each on its own", by_id(&HashMap::new())),
        ("near repeats only", by_id(&repeats)),
        ("most frequent dyad and day", set.iter().map(dyad_and_day).collect()),
        ("cosine of TF-IDF over all words, its best threshold for these", cosine),
    ] {
        let [precision, recall, f] = b_cubed(&set, &groups);
        println!("{name}: {precision:.3} {recall:.3} {f:.3}");
        f1.push(f);
    }
    for year in ["2013", "2018", "2020"] {
        let part: Vec<bool> = set.iter().map(|labelled| labelled.story.starts_with(year)).collect();
        let groups: Vec<String> =
            by_id(&group_of).into_iter().zip(&part).filter(|(_, is_in)| **is_in).map(|(group, _)| group).collect();
        let kept: Vec<Labelled> = set
            .iter()
            .zip(&part)
            .filter(|(_, is_in)| **is_in)
            .map(|(l, _)| Labelled { document: l.document.clone(), story: l.story.clone(), day: l.day })
            .collect();
        println!("the sink's stories in {year}: {:?}", b_cubed(&kept, &groups).map(|x| (x * 1000.0).round() / 1000.0));
    }
    assert!(f1[0] >= 0.88, "F1 of {:.3}", f1[0]);
    assert!(f1[1..4].iter().all(|other| *other < f1[0]), "{f1:?}");
}
