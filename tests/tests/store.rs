//! What a store must do, asked of SQLite and PostgreSQL alike.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use faultline_platform::{Stop, config::Secret};
use faultline_schemas::Enriched;
use faultline_sink::{Dialect, Fault, Order, Position, RollupKind, SinkSettings, Store, StoreError, Writer, query};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

mod place;
mod proxy;

use place::{Place, connect, item, items};

const GROUP: &str = "sink";

in_both_stores! {
    documents_come_back_byte_for_byte_in_the_order_of_their_ids
    writing_the_same_twice_changes_nothing
    messages_below_the_stored_offset_are_skipped
    a_partition_made_anew_is_read_from_its_start
    a_refused_start_of_a_partition_made_anew_is_passed
    a_correction_replaces_rows_and_keeps_the_earlier_revision
    rollups_are_those_of_the_current_revisions_whatever_came_before
    queries_find_what_they_say
    pages_hold_every_hit_once
    a_word_in_the_title_weighs_more
    text_that_no_database_likes_is_stored
    a_refused_row_is_set_aside_and_nothing_else
    a_database_that_is_away_is_waited_for
    writes_broken_off_anywhere_lose_and_double_nothing
    many_may_open_and_migrate_at_once
    old_articles_go_with_all_their_rows
    reading_creates_nothing
    missing_articles_are_named
}

/// An enriched article about Serbia and Kosovo.
fn article(id: &str, revision: &str, minute: u32, text: &str) -> serde_json::Value {
    json!({
        "schema": "faultline.enriched/1",
        "article": {"id": id, "revision": revision, "source": "example.org", "title": format!("Report {id}"),
            "published_at": format!("2022-08-01T{:02}:{:02}:00Z", minute / 60, minute % 60),
            "fetched_at": format!("2022-08-02T{:02}:{:02}:00Z", minute / 60, minute % 60), "language": "en", "words": 9},
        "text": text,
        "sentiment": {"score": -0.4, "label": "negative"},
        "actors": [
            {"id": "SRB", "name": "Serbia", "type": "country", "country": "SRB", "sectors": [], "cameo": "SRB",
             "salience": 0.5, "sentiment": {"score": -0.2, "label": "negative"}, "mentions": []},
            {"id": "KSV/GOV/albin-kurti", "name": "Albin Kurti", "type": "person", "country": "XKX", "sectors": ["GOV"],
             "cameo": "KSVGOV", "salience": 0.5, "sentiment": {"score": -0.3, "label": "negative"}, "mentions": []}],
        "places": [{"name": "Brussels", "country": "BEL", "latitude": 50.85, "longitude": 4.35, "mentions": []}],
        "events": [{"id": format!("{id}-event"), "plover": "THREATEN", "cameo": "138", "quad": "verbal_conflict",
            "goldstein": -7.0, "direction": "escalation", "modality": "actual", "confidence": 0.8,
            "source": {"actor": "SRB", "country": "SRB", "span": null},
            "target": {"actor": null, "country": "XKX", "span": null},
            "trigger": {"start": 0, "end": 1}, "sentence": 0}],
        "escalation": {"score": 0.63, "level": "high", "signals": [
            {"category": "threat_of_force", "direction": "escalation", "weight": 0.7, "span": {"start": 0, "end": 1},
             "rule": "threaten"}]},
        "fingerprint": {"content": revision, "minhash": ""},
        "added_by_a_later_version": {"kept": true}
    })
}

/// An article about nothing: no actors, no events, calm.
fn quiet(id: &str, minute: u32, text: &str) -> serde_json::Value {
    let mut document = article(id, "1", minute, text);
    for part in ["actors", "places", "events"] {
        document[part] = json!([]);
    }
    document["escalation"] = json!({"score": 0.0, "level": "calm", "signals": []});
    document
}

async fn ids(store: &Store, query: &str) -> Vec<String> {
    let query = query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let page = store.search(&query, Order::Time, 1000, None).await.unwrap();
    let mut ids: Vec<String> = page.hits.into_iter().map(|hit| hit.id).collect();
    ids.sort();
    ids
}

/// Everything that can be read back of a store, but for the times of writing.
async fn everything(store: &Store) -> String {
    let stats = store.stats().await.unwrap();
    let documents = store.documents(None, 100_000).await.unwrap();
    let mut shown = format!("{stats:?}\n");
    for (id, document) in documents {
        let revisions: Vec<(String, bool)> =
            store.revisions(&id).await.unwrap().into_iter().map(|r| (r.revision, r.current)).collect();
        shown.push_str(&format!("{id} {} {revisions:?}\n", String::from_utf8(document).unwrap()));
    }
    for (kind, key) in [
        (RollupKind::Country, "SRB"),
        (RollupKind::Country, "XKX"),
        (RollupKind::Country, "BEL"),
        (RollupKind::Country, "HUN"),
        (RollupKind::Dyad, "SRB-XKX"),
        (RollupKind::Actor, "SRB"),
        (RollupKind::Actor, "KSV/GOV/albin-kurti"),
    ] {
        let series = store.series(kind, key, (0, i64::MAX), 1).await.unwrap();
        shown.push_str(&format!("{kind:?} {key} {series:?}\n"));
    }
    for found in ["talks", "threat", "country:SRB", "signal:threat_of_force", "actor:kurti", "dyad:SRB-XKX"] {
        shown.push_str(&format!("{found}: {:?}\n", ids(store, found).await));
    }
    shown
}

async fn documents_come_back_byte_for_byte_in_the_order_of_their_ids(place: Place) {
    let store = place.open().await;
    let documents: Vec<_> = ["b", "a", "Z", "ž", "c"].iter().map(|id| article(id, "1", 1, "Talks failed.")).collect();
    let written = store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    assert_eq!((written.articles, written.revisions, written.skipped), (5, 5, 0));
    let mut expected: Vec<(String, Vec<u8>)> = documents
        .iter()
        .map(|document| (document["article"]["id"].as_str().unwrap().to_owned(), document.to_string().into_bytes()))
        .collect();
    expected.sort();
    assert_eq!(store.documents(None, 100).await.unwrap(), expected);
    assert_eq!(store.documents(Some("a"), 2).await.unwrap(), expected[2..4]);
    let stored = store.article("ž").await.unwrap().unwrap();
    let document: Enriched = serde_json::from_value(documents[3].clone()).unwrap();
    assert_eq!((stored.document, stored.current), (document, true));
    assert!(store.article("nobody").await.unwrap().is_none());
    // What a reopened store sees is what was written.
    store.close().await;
    assert_eq!(place.open().await.documents(None, 100).await.unwrap(), expected);
}

async fn writing_the_same_twice_changes_nothing(place: Place) {
    let store = place.open().await;
    let documents: Vec<_> =
        (0..40).map(|n| article(&format!("a{}", n % 30), &format!("r{}", n % 7), n, "Talks failed.")).collect();
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    let before = everything(&store).await;
    let again = store.write(GROUP, &items(&store, 100, &documents)).await.unwrap();
    assert_eq!((again.articles, again.revisions), (0, 0));
    assert_eq!(everything(&store).await, before);
    for (offset, document) in (200..).zip(&documents) {
        store.write(GROUP, &[item(&store, offset, document)]).await.unwrap();
    }
    assert_eq!(everything(&store).await, before);
}

async fn messages_below_the_stored_offset_are_skipped(place: Place) {
    let store = place.open().await;
    let documents: Vec<_> = (0..6).map(|n| quiet(&format!("a{n}"), n, "x")).collect();
    assert!(store.offsets(GROUP).await.unwrap().is_empty());
    store.write(GROUP, &items(&store, 10, &documents[..4])).await.unwrap();
    let next = || async { store.offsets(GROUP).await.unwrap()[&("faultline.enriched".to_owned(), 0)] };
    assert_eq!(next().await, 14);
    let written = store.write(GROUP, &items(&store, 10, &documents)).await.unwrap();
    assert_eq!((written.articles, written.skipped), (2, 4));
    assert_eq!(next().await, 16);
    store.write(GROUP, &items(&store, 10, &documents[..2])).await.unwrap();
    assert_eq!(next().await, 16, "a late writer must not turn the offset back");
    let others = store.write("another-group", &items(&store, 10, &documents[..2])).await.unwrap();
    assert_eq!((others.articles, others.skipped), (0, 0), "groups have offsets of their own");
}

async fn a_partition_made_anew_is_read_from_its_start(place: Place) {
    let store = place.open().await;
    store.write(GROUP, &items(&store, 500, &[quiet("old", 0, "x")])).await.unwrap();
    let mut anew = items(&store, 0, &[quiet("new", 1, "x")]);
    anew[0].position.restarted = true;
    store.write(GROUP, &anew).await.unwrap();
    assert_eq!(ids(&store, "").await, ["new", "old"]);
    assert_eq!(store.offsets(GROUP).await.unwrap()[&("faultline.enriched".to_owned(), 0)], 1);
}

async fn a_refused_start_of_a_partition_made_anew_is_passed(place: Place) {
    let store = place.open().await;
    store.write(GROUP, &items(&store, 500, &[quiet("old", 0, "x")])).await.unwrap();
    let first = Position { topic: "faultline.enriched".into(), partition: 0, offset: 0, restarted: true };
    store.advance(GROUP, &[first.clone(), Position { offset: 1, restarted: false, ..first }]).await.unwrap();
    assert_eq!(store.offsets(GROUP).await.unwrap()[&("faultline.enriched".to_owned(), 0)], 2);
    store.write(GROUP, &items(&store, 2, &[quiet("new", 1, "x")])).await.unwrap();
    assert_eq!(ids(&store, "").await, ["new", "old"]);
}

async fn a_correction_replaces_rows_and_keeps_the_earlier_revision(place: Place) {
    let store = place.open().await;
    let first = article("a", "1", 0, "Serbia threatens Kosovo.");
    let mut second = quiet("a", 5, "Serbia offers talks.");
    second["article"]["revision"] = json!("2");
    second["article"]["published_at"] = json!("2022-08-03T00:00:00Z");
    let mut late = article("a", "0", 0, "An early draft.");
    late["article"]["fetched_at"] = json!("2022-08-01T00:00:00Z");
    for (offset, document) in (0..).zip([&first, &second, &late]) {
        store.write(GROUP, &[item(&store, offset, document)]).await.unwrap();
    }
    assert_eq!(ids(&store, "talks").await, ["a"]);
    for gone in
        ["threat", "draft", "country:SRB", "actor:kurti", "signal:threat_of_force", "dyad:SRB-XKX", "level:watch"]
    {
        assert!(ids(&store, gone).await.is_empty(), "{gone}");
    }
    let revisions: Vec<(String, bool)> =
        store.revisions("a").await.unwrap().into_iter().map(|r| (r.revision, r.current)).collect();
    assert_eq!(revisions, [("0".to_owned(), false), ("1".to_owned(), false), ("2".to_owned(), true)]);
    assert!(store.series(RollupKind::Country, "SRB", (0, i64::MAX), 1).await.unwrap().is_empty());
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.articles, stats.revisions, stats.events, stats.levels), (1, 3, 0, [1, 0, 0, 0, 0]));
}

async fn rollups_are_those_of_the_current_revisions_whatever_came_before(place: Place) {
    let store = place.open().await;
    let mut random = StdRng::seed_from_u64(7);
    let mut current: BTreeMap<u32, serde_json::Value> = BTreeMap::new();
    let mut offset = 0;
    for round in 0..30 {
        let mut batch = Vec::new();
        for n in 0..random.random_range(1..12) {
            let id = random.random_range(0..8);
            // Taken in one after the other, so the last one is the current one.
            let mut document = article(&format!("a{id}"), &format!("{round}.{n}"), round * 20 + n, "Talks failed.");
            document["article"]["published_at"] = json!(format!("2022-08-01T{:02}:00:00Z", random.random_range(0..4)));
            document["sentiment"]["score"] = json!(random.random_range(-1000..1000) as f64 / 1000.0);
            document["events"][0]["goldstein"] = json!(random.random_range(-100..100) as f64 / 10.0);
            document["escalation"]["signals"][0]["weight"] = json!(random.random::<f32>());
            let country = ["SRB", "HUN"][random.random_range(0..2)];
            document["events"][0]["source"]["country"] = json!(country);
            current.insert(id, document.clone());
            batch.push(document);
        }
        store.write(GROUP, &items(&store, offset, &batch)).await.unwrap();
        offset += batch.len() as i64;
    }
    let fresh = Place::sqlite();
    let expected = fresh.open().await;
    let batch: Vec<_> = current.into_values().collect();
    expected.write(GROUP, &items(&expected, 0, &batch)).await.unwrap();
    for (kind, key) in [
        (RollupKind::Country, "SRB"),
        (RollupKind::Country, "HUN"),
        (RollupKind::Dyad, "SRB-XKX"),
        (RollupKind::Dyad, "HUN-XKX"),
        (RollupKind::Actor, "KSV/GOV/albin-kurti"),
    ] {
        for bucket_hours in [1, 24] {
            let series =
                |store: Store| async move { store.series(kind, key, (0, i64::MAX), bucket_hours).await.unwrap() };
            let found = series(store.clone()).await;
            assert!(!found.is_empty());
            assert_eq!(found, series(expected.clone()).await, "{key} by {bucket_hours} hours");
        }
    }
}

async fn queries_find_what_they_say(place: Place) {
    let store = place.open().await;
    let mut vucic = article("vucic", "1", 60, "Aleksandar Vučić threatened; Serbia's armed forces moved north.");
    vucic["actors"][1] = json!({"id": "SRB/GOV/vucic", "name": "Aleksandar Vučić", "type": "person", "country": "SRB",
        "sectors": ["GOV"], "cameo": "SRBGOV", "salience": 0.5, "sentiment": {"score": 0.0, "label": "neutral"}, "mentions": []});
    vucic["article"]["title"] = json!("Talks collapse");
    let mut talks = quiet("talks", 120, "The talks about barricades and talking went on. Forces were not armed.");
    talks["article"]["source"] = json!("News.Example");
    talks["escalation"]["level"] = json!("watch");
    let mut kurti = article("kurti", "1", 180, "Serbia threatens Kosovo, Albin Kurti said.");
    kurti["article"]["published_at"] = json!("2022-08-03T23:30:00Z");
    kurti["article"]["fetched_at"] = json!("2022-08-04T00:00:00Z");
    let chinese = quiet("chinese", 240, "北京表示关切 and 'quoted' OR text");
    store.write(GROUP, &items(&store, 0, &[vucic, talks, kurti, chinese])).await.unwrap();
    let table: &[(&str, &[&str])] = &[
        ("", &["chinese", "kurti", "talks", "vucic"]),
        ("threaten", &["kurti", "vucic"]),
        ("THREATENING", &["kurti", "vucic"]),
        ("vucic", &["vucic"]),
        ("Serbia's", &["kurti", "vucic"]),
        ("\"armed forces\"", &["vucic"]),
        ("armed forces", &["talks", "vucic"]),
        ("\"collapse Aleksandar\"", &[]),
        ("talks", &["talks", "vucic"]),
        ("talks NOT barricades", &["vucic"]),
        ("talks -barricade", &["vucic"]),
        ("NOT talks", &["chinese", "kurti"]),
        ("NOT (talks OR kurti)", &["chinese"]),
        ("kurti OR barricades", &["kurti", "talks"]),
        ("(kurti OR barricades) AND talks", &["talks"]),
        ("京表", &["chinese"]),
        ("北表", &[]),
        ("\"quoted or\"", &["chinese"]),
        ("actor:kurti", &["kurti"]),
        ("actor:\"albin kurti\"", &["kurti"]),
        ("actor:\"kurti albin\"", &[]),
        ("actor:\"serbia aleksandar\"", &[]),
        ("actor:srb", &["kurti", "vucic"]),
        ("actor:srb/gov/VUCIC", &["vucic"]),
        ("aleksandar albin", &[]),
        ("country:xkx", &["kurti", "vucic"]),
        ("country:BEL NOT actor:vučić", &["kurti"]),
        ("country:USA", &[]),
        ("level:high", &["kurti", "vucic"]),
        ("level:watch", &["kurti", "talks", "vucic"]),
        ("level:=watch", &["talks"]),
        ("level:<high", &["chinese", "talks"]),
        ("signal:threat_of_force", &["kurti", "vucic"]),
        ("source:news.example", &["talks"]),
        ("NOT source:news.example", &["chinese", "kurti", "vucic"]),
        ("dyad:SRB-XKX", &["kurti", "vucic"]),
        ("dyad:XKX-SRB", &[]),
        ("since:2022-08-02", &["kurti"]),
        ("until:2022-08-02", &["chinese", "talks", "vucic"]),
        ("until:2022-08-03", &["chinese", "kurti", "talks", "vucic"]),
        ("since:2022-08-01T02:00:00Z until:2022-08-01T03:00:00Z", &["talks"]),
        ("since:7d", &[]),
        ("talks OR country:XKX", &["kurti", "talks", "vucic"]),
        ("threaten level:high country:XKX dyad:SRB-XKX since:2022-08-03", &["kurti"]),
    ];
    for (query, expected) in table {
        assert_eq!(ids(&store, query).await, *expected, "{query}");
        let parsed = query::parse(query).unwrap();
        assert_eq!(store.count(&parsed).await.unwrap(), expected.len() as u64, "{query}");
        let page = store.search(&parsed, Order::Relevance, 100, None).await.unwrap();
        assert_eq!(page.hits.len(), expected.len(), "{query} by relevance");
    }
    let page = store.search(&query::parse("\"armed forces\"").unwrap(), Order::Time, 1, None).await.unwrap();
    let hit = &page.hits[0];
    assert_eq!(hit.actors, ["Serbia", "Aleksandar Vučić"]);
    assert_eq!((hit.signals[0].category.as_str(), hit.signals[0].words.as_str()), ("threat_of_force", "A"));
    assert!(hit.snippet.text.contains("armed forces") && hit.snippet.highlights.len() == 1, "{:?}", hit.snippet);
}

async fn pages_hold_every_hit_once(place: Place) {
    let store = place.open().await;
    // Several at the same minute: the time alone does not tell where a page ended.
    let documents: Vec<_> =
        (0..57).map(|n| quiet(&format!("a{n:02}"), n / 10, &"talks ".repeat(n as usize % 5 + 1))).collect();
    store.write(GROUP, &items(&store, 0, &documents)).await.unwrap();
    let query = query::parse("talks").unwrap();
    for order in [Order::Time, Order::Relevance] {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = store.search(&query, order, 10, cursor.as_deref()).await.unwrap();
            seen.extend(page.hits.into_iter().map(|hit| (hit.at, hit.id)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 57, "{order:?}");
        if order == Order::Time {
            assert!(seen.is_sorted_by(|a, b| a.0 >= b.0));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 57, "{order:?}");
    }
    let wrong = store.search(&query, Order::Time, 10, Some("r.10")).await;
    assert!(matches!(wrong, Err(StoreError::BadCursor(_))));
}

async fn a_word_in_the_title_weighs_more(place: Place) {
    let store = place.open().await;
    let mut title = quiet("title", 0, "Nothing more is known of the matter as of now.");
    title["article"]["title"] = json!("Barricades rise");
    let text = quiet("text", 1, "Of barricades nothing more is known as of now.");
    store.write(GROUP, &items(&store, 0, &[title, text, quiet("other", 2, "x")])).await.unwrap();
    let page = store.search(&query::parse("barricades").unwrap(), Order::Relevance, 10, None).await.unwrap();
    let ids: Vec<&str> = page.hits.iter().map(|hit| hit.id.as_str()).collect();
    assert_eq!(ids, ["title", "text"]);
}

async fn text_that_no_database_likes_is_stored(place: Place) {
    let store = place.open().await;
    let mut nul = article("n\0ul", "1", 0, "A NUL \0 and \u{1} \u{fffe} \u{202e} \u{1f4a3} in text");
    nul["article"]["title"] = json!("ti\0tle");
    nul["article"]["source"] = json!("so\0urce".repeat(2000));
    nul["actors"][0]["name"] = json!("Ser\0bia");
    nul["events"][0]["id"] = json!("e\0".repeat(3000));
    nul["places"][0]["name"] = json!("\0".repeat(5000));
    nul["escalation"]["signals"][0]["category"] = json!("c\0");
    // Many different words, one endless word, and a text longer than a tsvector can hold.
    let words = (0..20_000).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    let many = quiet("many", 1, &words);
    let long = quiet("long", 2, &"x".repeat(3_000_000));
    let empty = quiet("empty", 3, "");
    store.write(GROUP, &items(&store, 0, &[nul.clone(), many, long, empty])).await.unwrap();
    assert_eq!(store.documents(None, 100).await.unwrap()[3].1, nul.to_string().into_bytes());
    assert!(store.article("n\0ul").await.unwrap().is_some());
    assert_eq!(ids(&store, "word9999").await, ["many"]);
    assert_eq!(store.stats().await.unwrap().articles, 4);
}

async fn a_refused_row_is_set_aside_and_nothing_else(place: Place) {
    let store = place.open().await;
    place.poison().await;
    let mut documents: Vec<_> = (0..33).map(|n| article(&format!("a{n:02}"), "1", n, "Talks.")).collect();
    for bad in [0, 13, 32] {
        documents[bad]["article"]["source"] = json!("poison");
    }
    let refused = Mutex::new(Vec::new());
    let mut writer = Writer::new(store.clone(), GROUP, Stop::new(), Box::new(|_| {}));
    let written = writer
        .write(&items(&store, 0, &documents), async |poison| {
            assert!(poison.error.contains("poison"), "{}", poison.error);
            refused.lock().unwrap().push(poison.index);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(written.articles, 30);
    assert_eq!(refused.into_inner().unwrap(), [0, 13, 32]);
    assert_eq!(store.stats().await.unwrap().articles, 30);
    assert_eq!(store.offsets(GROUP).await.unwrap()[&("faultline.enriched".to_owned(), 0)], 33);
}

async fn a_database_that_is_away_is_waited_for(place: Place) {
    place.open().await.close().await;
    let (store, away): (Store, Away) = match &place {
        Place::Sqlite(folder) => (place.open().await, Away::Locked(connect(folder.path()).await)),
        Place::Postgres(database) => {
            let proxy = proxy::Proxy::start(database.url()).await;
            let settings = SinkSettings { url: Secret::from(&*proxy.url()), ..SinkSettings::default() };
            (Store::open(&settings, Path::new("")).await.unwrap(), Away::Cut(proxy))
        }
    };
    let reports = Arc::new(Mutex::new(Vec::new()));
    let report = {
        let reports = Arc::clone(&reports);
        Box::new(move |trouble: Option<String>| reports.lock().unwrap().push(trouble))
    };
    let mut writer = Writer::new(store.clone(), GROUP, Stop::new(), report);
    let documents: Vec<_> = (0..20).map(|n| article(&format!("a{n:02}"), "1", n, "Talks.")).collect();
    let nothing_refused = async |poison: faultline_sink::Poison| panic!("{poison:?}");
    writer.write(&items(&store, 0, &documents[..10]), nothing_refused).await.unwrap();
    // Longer than a connection is waited for before anybody is told.
    let away = away.begin().await;
    let back = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(8)).await;
        away.end().await
    });
    writer.write(&items(&store, 10, &documents[10..]), nothing_refused).await.unwrap();
    let _away = back.await.unwrap();
    assert_eq!(store.stats().await.unwrap().articles, 20);
    let reports = reports.lock().unwrap();
    assert!(reports.first().is_some_and(|first| first.is_some()), "{reports:?}");
    assert_eq!(reports.last(), Some(&None));
    assert_eq!(reports.iter().filter(|report| report.is_none()).count(), 1);
}

/// How a database is taken away.
enum Away {
    Locked(sqlx::SqliteConnection),
    Cut(proxy::Proxy),
}

impl Away {
    async fn begin(mut self) -> Self {
        match &mut self {
            Self::Locked(connection) => {
                sqlx::raw_sql("BEGIN EXCLUSIVE").execute(connection).await.unwrap();
            }
            Self::Cut(proxy) => proxy.cut(),
        }
        self
    }

    async fn end(mut self) -> Self {
        match &mut self {
            Self::Locked(connection) => {
                sqlx::raw_sql("ROLLBACK").execute(connection).await.unwrap();
            }
            Self::Cut(proxy) => proxy.mend(),
        }
        self
    }
}

async fn writes_broken_off_anywhere_lose_and_double_nothing(place: Place) {
    let store = place.open().await;
    let mut random = StdRng::seed_from_u64(11);
    let documents: Vec<_> =
        (0..400).map(|n| article(&format!("a{:03}", n % 300), &format!("r{n}"), n, "Talks failed.")).collect();
    let mut broken_off = 0;
    while broken_off < 15 {
        let next = store.offsets(GROUP).await.unwrap().into_values().next().unwrap_or(0);
        // Sometimes from further back, as after a lost commit.
        let from = (next - random.random_range(0..30)).max(0) as usize;
        let to = (from + random.random_range(1..60)).min(documents.len());
        let batch = items(&store, from as i64, &documents[from..to]);
        let patience = Duration::from_micros(random.next_u64() % 12_000);
        broken_off += usize::from(tokio::time::timeout(patience, store.write(GROUP, &batch)).await.is_err());
        if to == documents.len() {
            break;
        }
    }
    let next = store.offsets(GROUP).await.unwrap().into_values().next().unwrap_or(0);
    store.write(GROUP, &items(&store, next, &documents[next as usize..])).await.unwrap();
    let fresh = Place::sqlite();
    let expected = fresh.open().await;
    expected.write(GROUP, &items(&expected, 0, &documents)).await.unwrap();
    assert_eq!(everything(&store).await, everything(&expected).await);
}

async fn many_may_open_and_migrate_at_once(place: Place) {
    let place = Arc::new(place);
    let opened: Vec<_> = (0..6)
        .map(|_| {
            let place = Arc::clone(&place);
            tokio::spawn(async move { Store::open(&place.settings(), place.folder()).await.map(drop) })
        })
        .collect();
    for task in opened {
        task.await.unwrap().unwrap();
    }
    assert_eq!(place.open().await.stats().await.unwrap().articles, 0);
}

async fn old_articles_go_with_all_their_rows(place: Place) {
    let store = place.open().await;
    let old: Vec<_> = (0..1100).map(|n| article(&format!("old{n}"), "1", n % 600, "Talks failed.")).collect();
    for (at, chunk) in old.chunks(500).enumerate() {
        store.write(GROUP, &items(&store, at as i64 * 500, chunk)).await.unwrap();
    }
    let series = store.series(RollupKind::Country, "SRB", (0, i64::MAX), 24).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let cutoff = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.write(GROUP, &items(&store, 5000, &[article("new", "1", 1, "Talks failed.")])).await.unwrap();
    assert_eq!(store.delete_stored_before(cutoff).await.unwrap(), 1100);
    assert_eq!(store.delete_stored_before(cutoff).await.unwrap(), 0);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.articles, stats.revisions, stats.events), (1, 1, 1));
    for query in ["", "talks", "actor:kurti", "country:SRB", "signal:threat_of_force", "dyad:SRB-XKX"] {
        assert_eq!(ids(&store, query).await, ["new"], "{query}");
    }
    let kept = store.series(RollupKind::Country, "SRB", (0, i64::MAX), 24).await.unwrap();
    assert_eq!(kept[0].articles, series[0].articles + 1, "roll-ups outlive their articles");
    // The places of what was deleted can be taken again.
    store.write(GROUP, &items(&store, 6000, &[article("old1", "1", 1, "Talks failed.")])).await.unwrap();
    assert_eq!(ids(&store, "talks").await, ["new", "old1"]);
}

async fn reading_creates_nothing(place: Place) {
    let missing = Store::open_existing(&place.settings(), place.folder()).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
    if let Place::Sqlite(folder) = &place {
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    let store = place.open().await;
    store.write(GROUP, &items(&store, 0, &[quiet("a", 0, "talks")])).await.unwrap();
    let reader = Store::open_existing(&place.settings(), place.folder()).await.unwrap();
    assert_eq!(ids(&reader, "talks").await, ["a"]);
}

async fn missing_articles_are_named(place: Place) {
    let store = place.open().await;
    store.write(GROUP, &items(&store, 0, &[article("a", "1", 0, "x"), article("b", "1", 0, "x")])).await.unwrap();
    let wanted = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(id, revision)| ((*id).to_owned(), (*revision).to_owned())).collect()
    };
    let asked = wanted(&[("a", ""), ("b", "1"), ("b", "2"), ("c", "")]);
    assert_eq!(store.missing(&asked).await.unwrap(), wanted(&[("b", "2"), ("c", "")]));
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            store
                .write(GROUP, &items(&store, 9, &[article("b", "2", 1, "x"), article("c", "1", 1, "x")]))
                .await
                .unwrap();
        }
    });
    assert!(store.wait_stored(&asked, Duration::from_secs(10)).await.unwrap().is_empty());
    writer.await.unwrap();
    let never = wanted(&[("a", "1"), ("never", "")]);
    assert_eq!(store.wait_stored(&never, Duration::from_millis(200)).await.unwrap(), wanted(&[("never", "")]));
}

#[tokio::test]
async fn errors_tell_a_wrong_password_from_a_server_that_is_away() {
    let settings = |url: &str| SinkSettings { url: Secret::from(url), ..SinkSettings::default() };
    let away = Store::open(&settings("postgres://u:hunter2@127.0.0.1:1/d"), Path::new("")).await.unwrap_err();
    assert_eq!(away.fault(), Fault::Database);
    let place = Place::postgres();
    let Place::Postgres(database) = &place else { unreachable!() };
    let url = format!("{}_not_there", database.url());
    let unknown = Store::open(&settings(&url), Path::new("")).await.unwrap_err();
    assert_eq!(unknown.fault(), Fault::Setup, "{unknown}");
    assert!(!format!("{away} {away:?}").contains("hunter2"), "{away:?}");
    assert_eq!(Dialect::Postgres, place.open().await.dialect());
}
