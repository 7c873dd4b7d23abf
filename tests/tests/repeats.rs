//! Near repeats as the sink finds them, asked of SQLite and PostgreSQL alike.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use faultline_analysis::{Analyzer, Print};
use faultline_schemas::{Article, Enriched};
use faultline_sink::{Order, SinkSettings, Store, query};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::Value;
use sqlx::Connection as _;

mod place;

use place::{Place, connect, items};

const GROUP: &str = "sink";
/// As `sink.repeat_window_days` is by default.
const WINDOW_MS: i64 = 7 * 86_400_000;
/// First time of taking in, milliseconds since 1970.
const START_MS: i64 = 1_660_000_000_000;
const HOUR_MS: i64 = 3_600_000;

in_both_stores! {
    what_repeats_what_depends_on_what_is_stored_alone
    replays_change_nothing
    of_two_writers_of_the_same_text_one_sees_the_other
    a_correction_lets_go_of_what_repeated_it_and_may_take_it_back
    copies_beyond_the_window_are_reports_of_their_own
    short_texts_repeat_only_with_their_title
    of_a_crowd_each_repeats_the_first_and_bands_stay_short
    what_is_deleted_leaves_nothing_behind_and_its_repeats_look_again
    what_is_out_of_the_window_leaves_the_index_and_stays_a_repeat
    where_no_window_is_set_nothing_is_looked_for
}

/// A text of its own for each `family`, with so many of its 120 words changed in a way of `variant`'s own.
fn text(family: u32, variant: u32, changed: u32) -> String {
    let word = |n: u32| if n < changed { format!("v{family}x{variant}x{n} ") } else { format!("w{family}x{n} ") };
    (0..120).map(word).collect()
}

fn article(id: &str, revision: &str, taken_in: i64, text: &str) -> Value {
    let taken_in = jiff::Timestamp::from_millisecond(taken_in).unwrap().to_string();
    let article =
        Article { id: id.into(), title: Some(format!("Report {id}")), text: text.into(), ..Article::default() };
    let mut document = serde_json::to_value(Analyzer::bundled().enrich(&article)).unwrap();
    document["article"]["revision"] = revision.into();
    document["article"]["fetched_at"] = taken_in.clone().into();
    document["article"]["published_at"] = taken_in.into();
    document
}

/// Of every article that repeats one, which.
async fn repeats(store: &Store) -> BTreeMap<String, String> {
    let page = store.search(&query::parse("").unwrap(), Order::Time, 10_000, None).await.unwrap();
    page.hits.into_iter().filter_map(|hit| Some((hit.id, hit.duplicate_of?))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(id, first)| ((*id).to_owned(), (*first).to_owned())).collect()
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

/// What the current revisions repeat, compared each with each.
fn expected(documents: &[Value]) -> BTreeMap<String, String> {
    struct Seen {
        id: String,
        taken_in: i64,
        current_since: i64,
        print: Print,
        bands: BTreeSet<u64>,
    }
    let mut articles: BTreeMap<String, Seen> = BTreeMap::new();
    for document in documents {
        let document: Enriched = serde_json::from_value(document.clone()).unwrap();
        let at = document.article.fetched_at.unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let print = Print::new(&document.fingerprint, document.article.title.as_deref().unwrap());
        let (id, bands) = (document.article.id, print.bands().into_iter().collect());
        let seen = Seen { id: id.clone(), taken_in: at, current_since: at, print, bands };
        match articles.get_mut(&id) {
            None => _ = articles.insert(id, seen),
            Some(known) => {
                let taken_in = known.taken_in.min(at);
                if at > known.current_since {
                    *known = seen;
                }
                known.taken_in = taken_in;
            }
        }
    }
    let rank = |seen: &Seen| (seen.taken_in, seen.id.clone());
    let first = |of: &Seen| {
        let near = articles.values().filter(|other| {
            rank(other) < rank(of)
                && of.taken_in - other.taken_in <= WINDOW_MS
                && !of.bands.is_disjoint(&other.bands)
                && of.print.is_near(&other.print)
        });
        near.min_by_key(|other| rank(other)).map(|first| first.id.clone())
    };
    articles.values().filter_map(|seen| Some((seen.id.clone(), first(seen)?))).collect()
}

/// Families of near repeats over three weeks, some of them corrected into other families.
fn families(random: &mut StdRng) -> Vec<Value> {
    let mut documents = Vec::new();
    for n in 0..50u32 {
        for revision in 0..random.random_range(1..4u32) {
            // No two at the same time: of those the later message would be current.
            let taken_in = START_MS + random.random_range(0..500) * HOUR_MS + i64::from(n * 4 + revision);
            let text = text(random.random_range(0..6), n, random.random_range(0..45));
            documents.push(article(&format!("a{n}"), &format!("r{n}.{revision}"), taken_in, &text));
        }
    }
    documents
}

async fn what_repeats_what_depends_on_what_is_stored_alone(place: Place) {
    let mut random = StdRng::seed_from_u64(random_seed());
    let store = place.open().await;
    let mut offset = 0;
    for round in 0..4 {
        let mut documents = families(&mut random);
        for document in &mut documents {
            // Rounds share a store and none of its articles or texts.
            for path in ["id", "revision"] {
                let own = format!("{round}:{}", document["article"][path].as_str().unwrap());
                document["article"][path] = own.into();
            }
        }
        let wanted = expected(&documents);
        assert!(wanted.len() > 10, "the round is about {} repeats", wanted.len());
        documents.shuffle(&mut random);
        let mut left = &documents[..];
        while !left.is_empty() {
            let (batch, rest) = left.split_at(random.random_range(1..=left.len().min(20)));
            store.write(GROUP, &items(&store, offset, batch)).await.unwrap();
            offset += batch.len() as i64;
            left = rest;
        }
        assert_eq!(repeats(&store).await, wanted, "seed {}", random_seed());
        // The next round starts from nothing.
        store.delete_stored_before(i64::MAX).await.unwrap();
        assert_eq!(count(&place, "bands").await, 0);
    }
}

/// Another one at each run, unless a failure is to be repeated.
fn random_seed() -> u64 {
    static SEED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *SEED.get_or_init(|| match std::env::var("FAULTLINE_TEST_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => rand::rng().next_u64(),
    })
}

async fn replays_change_nothing(place: Place) {
    let store = place.open().await;
    let mut documents = families(&mut StdRng::seed_from_u64(3));
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    let (before, bands) = (repeats(&store).await, count(&place, "bands").await);
    assert_eq!(before, expected(&documents));
    store.write(GROUP, &items(&store, 1000, &documents)).await.unwrap();
    documents.reverse();
    for (number, document) in (0..).zip(&documents) {
        store.write(GROUP, &items(&store, 2000 + number, std::slice::from_ref(document))).await.unwrap();
    }
    assert_eq!((repeats(&store).await, count(&place, "bands").await), (before, bands));
}

async fn of_two_writers_of_the_same_text_one_sees_the_other(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let shared = |at: i64, revision: &str| article("shared", revision, START_MS + at, &text(9999, 0, 0));
    one.write(GROUP, &items(&one, 0, &[shared(0, "0")])).await.unwrap();
    let mut wanted = BTreeMap::new();
    for round in 0..40u32 {
        // Each batch holds repeats of the other's in another order, and a correction of an article that the other one touches.
        let batch = |writer: u32| -> Vec<Value> {
            let mut documents: Vec<Value> = (0..6)
                .map(|n| {
                    let id = format!("{round}.{n}.{writer}");
                    let taken_in = START_MS + i64::from(writer) * HOUR_MS;
                    article(&id, "1", taken_in, &text(round * 6 + n, writer, writer * 10))
                })
                .collect();
            documents.push(shared(i64::from(round * 2 + writer), &format!("{round}.{writer}")));
            if writer == 1 {
                documents.reverse();
            }
            documents
        };
        let (first, second) =
            (items(&one, i64::from(round) * 7, &batch(0)), items(&other, i64::from(round) * 7, &batch(1)));
        let (a, b) = tokio::join!(one.write("a", &first), other.write("b", &second));
        let (a, b) = (a.unwrap().articles, b.unwrap().articles);
        // The first one's correction is the older one: it replaces nothing where the second was faster.
        assert!(matches!((a, b), (6 | 7, 7)), "{a} and {b} articles were written");
        wanted.extend((0..6).map(|n| (format!("{round}.{n}.1"), format!("{round}.{n}.0"))));
    }
    assert_eq!(repeats(&one).await, wanted);
}

async fn a_correction_lets_go_of_what_repeated_it_and_may_take_it_back(place: Place) {
    let store = place.open().await;
    let at = |hours: i64| START_MS + hours * HOUR_MS;
    let documents = [
        article("first", "1", at(0), &text(1, 0, 0)),
        article("second", "1", at(1), &text(1, 1, 10)),
        article("third", "1", at(2), &text(1, 2, 10)),
    ];
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    assert_eq!(repeats(&store).await, pairs(&[("second", "first"), ("third", "first")]));
    let other = article("first", "2", at(3), &text(2, 0, 0));
    store.write(GROUP, &items(&store, 10, &[other])).await.unwrap();
    assert_eq!(repeats(&store).await, pairs(&[("third", "second")]));
    let back = article("first", "1", at(4), &text(1, 0, 0));
    store.write(GROUP, &items(&store, 11, &[back])).await.unwrap();
    assert_eq!(repeats(&store).await, pairs(&[("second", "first"), ("third", "first")]));
    let related = store.related("first").await.unwrap();
    let ids: Vec<&str> = related.repeats.iter().map(|repeat| repeat.id.as_str()).collect();
    assert_eq!((ids, related.duplicate_of), (vec!["second", "third"], None));
    let first = store.related("third").await.unwrap().duplicate_of.unwrap();
    assert_eq!((first.id.as_str(), first.title.as_deref(), first.at), ("first", Some("Report first"), at(4)));
}

async fn copies_beyond_the_window_are_reports_of_their_own(place: Place) {
    let store = place.open().await;
    let documents = [
        article("a", "1", START_MS, &text(1, 0, 0)),
        article("late", "1", START_MS + WINDOW_MS + 1, &text(1, 0, 0)),
        article("just", "1", START_MS + WINDOW_MS, &text(1, 0, 0)),
    ];
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    assert_eq!(repeats(&store).await, pairs(&[("just", "a"), ("late", "just")]));
}

async fn short_texts_repeat_only_with_their_title(place: Place) {
    let store = place.open().await;
    let titled = |id: &str, hour: i64, title: &str, text: &str| {
        let mut document = article(id, "1", START_MS + hour * HOUR_MS, text);
        document["article"]["title"] = title.into();
        document
    };
    let documents = [
        titled("a", 0, "Talks resume", "For subscribers only."),
        titled("b", 1, "Army on alert", "For subscribers only."),
        titled("c", 2, "Talks resume", "For subscribers only."),
        titled("empty", 3, "Talks resume", " "),
        titled("empty too", 4, "Talks resume", " "),
    ];
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    assert_eq!(repeats(&store).await, pairs(&[("c", "a")]));
}

async fn of_a_crowd_each_repeats_the_first_and_bands_stay_short(place: Place) {
    let store = place.open().await;
    let crowd: Vec<Value> =
        (0..150).map(|n| article(&format!("a{n:03}"), "1", START_MS + n * 1000, &text(1, 0, 0))).collect();
    for (number, batch) in (0..).zip(crowd.chunks(70)) {
        store.write(GROUP, &items(&store, number * 1000, batch)).await.unwrap();
    }
    let wanted: BTreeMap<String, String> = (1..150).map(|n| (format!("a{n:03}"), "a000".to_owned())).collect();
    assert_eq!(repeats(&store).await, wanted);
    let longest = "(SELECT band FROM bands GROUP BY band HAVING count(*) > 64) AS too_long";
    assert_eq!((count(&place, longest).await, count(&place, "bands").await > 0), (0, true));
    // Those that are in no band any more look again, too, when their first report says something else.
    let other = article("a000", "2", START_MS + HOUR_MS, &text(2, 0, 0));
    store.write(GROUP, &items(&store, 9000, &[other])).await.unwrap();
    let wanted: BTreeMap<String, String> = (2..150).map(|n| (format!("a{n:03}"), "a001".to_owned())).collect();
    assert_eq!(repeats(&store).await, wanted);
}

async fn what_is_deleted_leaves_nothing_behind_and_its_repeats_look_again(place: Place) {
    let store = place.open().await;
    let copy = |id: &str, hour: i64| article(id, "1", START_MS + hour * HOUR_MS, &text(1, 0, 0));
    store.write(GROUP, &items(&store, 0, &[copy("a", 0)])).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let cutoff = jiff::Timestamp::now().as_millisecond();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    store.write(GROUP, &items(&store, 1, &[copy("b", 1), copy("c", 2)])).await.unwrap();
    assert_eq!(repeats(&store).await, pairs(&[("b", "a"), ("c", "a")]));
    assert_eq!(store.delete_stored_before(cutoff).await.unwrap(), 1);
    assert_eq!(repeats(&store).await, pairs(&[("c", "b")]));
    assert_eq!(store.delete_stored_before(i64::MAX).await.unwrap(), 2);
    for table in ["prints", "bands", "repeats"] {
        assert_eq!(count(&place, table).await, 0, "{table}");
    }
}

async fn what_is_out_of_the_window_leaves_the_index_and_stays_a_repeat(place: Place) {
    let store = place.open().await;
    let copy = |id: &str, at: i64| article(id, "1", at, &text(1, 0, 0));
    let documents = [copy("a", START_MS), copy("b", START_MS + 1), copy("new", START_MS + WINDOW_MS + 1)];
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    assert_eq!(store.prune_prints().await.unwrap(), 1);
    assert_eq!((count(&place, "prints").await, count(&place, "bands").await), (2, 40));
    assert_eq!(store.prune_prints().await.unwrap(), 0);
    assert_eq!(repeats(&store).await, pairs(&[("b", "a"), ("new", "b")]));
    assert_eq!(Store::prune_prints(&Place::sqlite().open().await).await.unwrap(), 0, "of an empty store");
}

async fn where_no_window_is_set_nothing_is_looked_for(place: Place) {
    let settings = SinkSettings { repeat_window_days: 0, ..place.settings() };
    let store = Store::open(&settings, place.folder()).await.unwrap();
    let copy = |id: &str| article(id, "1", START_MS, &text(1, 0, 0));
    store.write(GROUP, &items(&store, 0, &[copy("a"), copy("b")])).await.unwrap();
    assert_eq!((repeats(&store).await, count(&place, "bands").await), (BTreeMap::new(), 0));
}
