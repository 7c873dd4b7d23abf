//! Feeds through the whole of Faultline, on both stacks, against a web server that behaves as the web does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use faultline_platform::{Publisher, Record};
use faultline_schemas::{Article, topic};
use faultline_tests::{
    faultline::Installation,
    process,
    site::{Reply, Site},
    stack::{self, Stack},
};
use serde_json::Value;

/// Settings under which a feed is checked every second.
const FAST: &str = "producer.web={allow_private_addresses = true, host_delay_ms = 0, shortest_interval_seconds = 1, \
                    longest_interval_seconds = 1, timeout_seconds = 5}";
const PATIENCE: Duration = Duration::from_secs(60);

fn fast(installation: &Installation) {
    let mut text = fs::read_to_string(installation.config()).unwrap();
    text.push_str("\n[producer.web]\n");
    let inner = FAST.split_once('{').unwrap().1.trim_end_matches('}');
    for setting in inner.split(',') {
        text.push_str(&format!("{}\n", setting.trim()));
    }
    fs::write(installation.config(), text).unwrap();
}

fn item(name: &str) -> String {
    let text = format!("The army of {name} crossed the river and shelled the town, its mayor said. ").repeat(12);
    format!("<item><title>{name}</title><link>SITE/{name}</link><content:encoded>{text}</content:encoded></item>")
}

fn teaser(name: &str) -> String {
    format!("<item><title>{name}</title><link>SITE/{name}</link><description>In short, {name}.</description></item>")
}

fn rss(items: &[String]) -> Reply {
    Reply::feed(format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>World</title>{}</channel></rss>",
        items.concat()
    ))
}

fn page(name: &str) -> Reply {
    let paragraph = format!(
        "<p>{}</p>",
        format!("Soldiers of {name} fired at the bridge again on Monday, witnesses said. ").repeat(6)
    );
    Reply::page(format!(
        "<html><body><nav>Menu</nav><article><h1>{name}</h1>{}</article></body></html>",
        paragraph.repeat(4)
    ))
}

/// Articles on the topic, by title, with how often each was published.
fn published(installation: &Installation) -> BTreeMap<String, usize> {
    let mut titles = BTreeMap::new();
    for message in stack::messages(installation, &topic::ARTICLES).unwrap() {
        let article: Article = serde_json::from_slice(&message.payload.unwrap()).unwrap();
        *titles.entry(article.title.unwrap_or_default()).or_default() += 1;
    }
    titles
}

fn listed(installation: &Installation) -> Vec<Value> {
    serde_json::from_str(&installation.must(&["sources", "list", "--json"]).unwrap()).unwrap()
}

#[test]
fn a_feed_that_an_operator_adds_is_taken_at_once_paused_resumed_and_removed() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    fast(&installation);
    let site = Site::start();
    site.set("/", Reply::page("<html><head><link rel=alternate type=application/rss+xml href=/feed></head></html>"));
    site.set("/feed", rss(&[item("first"), teaser("second")]));
    site.set("/second", page("second"));
    installation.must(&["topics", "create"]).unwrap();

    let shown = installation.must(&["sources", "test", &site.url("/feed")]).unwrap();
    assert!(shown.contains("whole text in the feed") && shown.contains("text from its page"), "{shown}");
    assert!(published(&installation).is_empty(), "a test takes nothing");

    let _producer = installation.role("producer", &["producer"]).unwrap();
    let _roles = stack::start_roles(&installation).unwrap();
    let added = installation.must(&["sources", "add", &site.url("/"), "--id", "paper"]).unwrap();
    assert!(added.contains("the page names") && added.contains("paper added"), "{added}");
    stack::wait_stored(&installation, 2, PATIENCE).unwrap();
    let documents = stack::stored(&installation).unwrap();
    let second = documents.values().find(|document| document["article"]["title"] == "second").unwrap();
    assert!(second["text"].as_str().unwrap().contains("fired at the bridge"), "{second}");
    process::eventually("the source is healthy", PATIENCE, || listed(&installation)[0]["status"] == "healthy").unwrap();

    installation.must(&["sources", "pause", "paper"]).unwrap();
    process::eventually("the source is paused", PATIENCE, || {
        let before = site.hits().len();
        std::thread::sleep(Duration::from_millis(2_500));
        site.hits().len() == before
    })
    .unwrap();
    assert_eq!(listed(&installation)[0]["status"], "paused");
    site.set("/feed", rss(&[item("third"), item("first"), teaser("second")]));
    installation.must(&["sources", "resume", "paper"]).unwrap();
    stack::wait_stored(&installation, 3, PATIENCE).unwrap();
    assert_eq!(
        published(&installation),
        [("first", 1), ("second", 1), ("third", 1)].map(|(t, n)| (t.to_owned(), n)).into()
    );

    let exported = installation.must(&["sources", "export"]).unwrap();
    assert!(
        exported.contains(&format!("xmlUrl=\"{}\"", site.url("/feed"))) && exported.contains("text=\"World\""),
        "{exported}"
    );
    installation.must(&["sources", "remove", "paper"]).unwrap();
    assert!(listed(&installation).is_empty());
    let list = installation.folder().join("list.opml");
    fs::write(&list, exported).unwrap();
    installation.must(&["sources", "import", list.to_str().unwrap()]).unwrap();
    assert_eq!(listed(&installation)[0]["id"], "127.0.0.1");
}

#[test]
fn sources_are_listed_though_their_topic_is_written_to_all_the_time() {
    let stack = Stack::bundled().unwrap();
    let installation = stack.install().unwrap();
    installation.must(&["topics", "create"]).unwrap();
    installation.must(&["sources", "add", "http://paper.example/feed.xml", "--id", "paper", "--unchecked"]).unwrap();
    let common = installation.common();
    let (publisher, name) = (Publisher::new(&common.kafka).unwrap(), common.topics.name(&topic::SOURCES));
    let mut written = 0_u64;
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| (0..3).for_each(|_| assert_eq!(listed(&installation)[0]["id"], "paper")));
        while !reading.is_finished() {
            let key = format!("other-{}#fetched", written % 50).into_bytes();
            let record = Record { topic: name.clone(), key, payload: Some(b"{}".to_vec()), headers: Vec::new() };
            publisher.send(record, Box::new(|_| ())).unwrap();
            written += 1;
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    assert!(written > 50, "it was written to meanwhile");
}

#[test]
fn every_article_of_feeds_that_grow_is_stored_once_though_everything_is_killed_on_the_bundled_broker() {
    killed(Stack::bundled().unwrap());
}

#[test]
fn every_article_of_feeds_that_grow_is_stored_once_though_everything_is_killed_on_apache_kafka() {
    killed(Stack::apache().unwrap());
}

/// The starter list, each of its feeds served here and growing by an article a second, while producer and broker are
/// killed: an hour of an outlet's day.
fn killed(mut stack: Stack) {
    const GROW_TO: u64 = 25;
    let installation = stack.install().unwrap();
    fast(&installation);
    let site = Site::start();
    let starter = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/starter.opml")).unwrap();
    let feeds = starter.matches("xmlUrl=").count();
    assert!(feeds >= 20, "{feeds}");
    let asked = Arc::new(AtomicU64::new(0));
    let outlines: String = (0..feeds)
        .map(|feed| {
            let (asked, path) = (Arc::clone(&asked), format!("/feed-{feed}"));
            let own = AtomicU64::new(0);
            let outline = format!("<outline type=\"rss\" text=\"{feed}\" xmlUrl=\"{}\"/>", site.url(&path));
            site.on(&path, move |_| {
                asked.fetch_add(1, Ordering::Relaxed);
                let newest = (own.fetch_add(1, Ordering::Relaxed) + 1).min(GROW_TO);
                let first = newest.saturating_sub(20).max(1);
                let items: Vec<String> =
                    (first..=newest).rev().map(|number| item(&format!("f{feed}-{number}"))).collect();
                // Every seventh answer fails in one way or another; nothing is lost by that.
                match newest % 7 {
                    3 => Reply::status(503),
                    5 => rss(&items).cut_off(),
                    _ => rss(&items),
                }
            });
            outline
        })
        .collect();
    let list = installation.folder().join("list.opml");
    fs::write(&list, format!("<opml version=\"2.0\"><body>{outlines}</body></opml>")).unwrap();
    installation.must(&["topics", "create"]).unwrap();
    installation.must(&["sources", "import", list.to_str().unwrap()]).unwrap();

    let _roles = stack::start_roles(&installation).unwrap();
    let mut producer = installation.role("producer", &["producer"]).unwrap();
    let enough = |checks: u64| asked.load(Ordering::Relaxed) >= checks * feeds as u64;
    for round in 1..=3 {
        process::eventually("feeds are checked", PATIENCE, || enough(round * 4)).unwrap();
        drop(producer);
        producer = installation.role(&format!("producer-{round}"), &["producer"]).unwrap();
        if round == 2 {
            stack.restart_broker(Duration::from_secs(3)).unwrap();
        }
    }
    let expected = feeds as u64 * GROW_TO;
    stack::wait_stored(&installation, expected, Duration::from_secs(240)).unwrap();
    drop(producer);
    let documents = stack::stored(&installation).unwrap();
    assert_eq!(documents.len() as u64, expected);
    let stats = stack::stats(&installation);
    assert_eq!((stats.articles, stats.revisions), (expected, expected), "{stats:?}");
}
