//! An hour of the news in half a minute: `faultline up` on the starter list, all of its papers served here.
//!
//! Each paper's clock goes on by two minutes whenever its feed is asked, so that a slow machine makes the hour longer
//! and changes nothing else. Papers publish, correct, answer late, break off, move, ask to wait and go away.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    process::Command,
    sync::Arc,
    time::Duration,
};

use faultline_tests::{
    faultline::binary,
    process::{self, Process},
    site::{Hit, Site},
    stack,
};
use serde_json::Value;

mod press;

use press::{Paper, Press, Way};

/// Least time between two requests to a host.
const HOST_DELAY: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(240);

/// `faultline up` on a folder of its own.
struct Up<'f> {
    folder: &'f Path,
    process: Process,
}

impl<'f> Up<'f> {
    fn start(folder: &'f Path, hosts: &str) -> Self {
        let broker = process::free_port().unwrap();
        let settings = format!(
            "data_dir = {data:?}\n[broker]\nlisten = \"127.0.0.1:{broker}\"\n[admin]\nlisten = \"\"\n\
             [producer.web]\nshortest_interval_seconds = 1\nlongest_interval_seconds = 1\ntimeout_seconds = 5\n\
             requests_per_host = 1\nhost_delay_ms = {delay}\n[producer.web.hosts]\n{hosts}",
            data = folder.join("data"),
            delay = HOST_DELAY.as_millis(),
        );
        std::fs::write(folder.join("faultline.toml"), settings).unwrap();
        let mut command = Command::new(binary("faultline"));
        command.arg("--config").arg(folder.join("faultline.toml")).arg("up");
        let process = Process::start("faultline up", &mut command, &folder.join("up.log")).unwrap();
        Self { folder, process }
    }

    /// Runs a command beside it that must succeed.
    fn must(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(binary("faultline"));
        let output = command.arg("--config").arg(self.folder.join("faultline.toml")).args(arguments).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out}{err}\n{}", self.log());
        out.into_owned()
    }

    fn log(&self) -> String {
        process::tail(&self.folder.join("up.log"))
    }

    fn with_store<T>(&self, read: impl AsyncFnOnce(&faultline_sink::Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let url = format!("sqlite:{}", self.folder.join("data/faultline.sqlite").display());
        let settings =
            faultline_sink::SinkSettings { url: url.as_str().into(), ..faultline_sink::SinkSettings::default() };
        stack::block_on(async {
            let store = faultline_sink::Store::open_existing(&settings, self.folder).await?;
            let result = read(&store).await;
            store.close().await;
            result
        })
    }

    /// Articles and their revisions.
    fn counts(&self) -> (u64, u64) {
        let stats = self.with_store(async |store| Ok(store.stats().await?)).unwrap_or_default();
        (stats.articles, stats.revisions)
    }
}

#[test]
fn an_hour_of_the_starter_list_has_every_article_once_and_every_correction_and_annoys_nobody() {
    let press = Arc::new(Press::of(&starter()));
    assert!(press.papers.len() >= 25, "{}", press.papers.len());
    let site = Site::start();
    let answering = Arc::clone(&press);
    site.otherwise(move |hit| answering.answer(hit));
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::start(folder.path(), &press.addresses(site.port()));
    let list = folder.path().join("starter.opml");
    // The local server has no certificate.
    std::fs::write(&list, starter().replace("https://", "http://")).unwrap();
    process::eventually("up has its topics", PATIENCE, || {
        up.counts() == (0, 0) && up.log().contains("faultline is up")
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", up.log()));
    let imported = up.must(&["sources", "import", list.to_str().unwrap()]);
    assert!(imported.contains(&format!("{} sources added", press.papers.len())), "{imported}");

    process::eventually("the hour is over", PATIENCE, || press.is_over())
        .unwrap_or_else(|error| panic!("{error:#}: {:?}\n{}", press.clocks(), up.log()));
    let expected = press.expected();
    let articles = expected.len() as u64;
    let revisions = expected.values().map(|versions| *versions as u64).sum::<u64>();
    process::eventually("all is stored", PATIENCE, || up.counts() == (articles, revisions))
        .unwrap_or_else(|error| panic!("{error:#}: {:?} of {:?}\n{}", up.counts(), (articles, revisions), up.log()));
    each_is_stored_once_as_it_reads_now(&up, &expected);
    one_text_in_six_papers_is_one_report_and_its_repeats(&up);
    the_operator_sees_who_failed(&up, &press);

    up.process.signal("TERM");
    let ended = up.process.wait(PATIENCE).unwrap();
    assert!(ended.success(), "{ended}\n{}", up.log());
    assert_eq!(up.counts(), (articles, revisions), "nothing came twice");
    publishers_were_treated_as_they_ask(&press, &site.hits());
}

fn starter() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/starter.opml")).unwrap()
}

fn each_is_stored_once_as_it_reads_now(up: &Up<'_>, expected: &BTreeMap<String, usize>) {
    let documents = up.with_store(async |store| Ok(store.documents(None, 10_000).await?)).unwrap();
    let mut stored = BTreeSet::new();
    for (_, document) in documents {
        let document: Value = serde_json::from_slice(&document).unwrap();
        let (article, text) = (&document["article"], document["text"].as_str().unwrap());
        let url = article["url"].as_str().unwrap();
        assert!(stored.insert(url.to_owned()), "{url} is stored twice");
        let is_corrected = text.contains(press::CORRECTION);
        assert_eq!(is_corrected, expected.get(url) == Some(&2), "{url}: {text}");
        assert!(text.split_whitespace().count() >= press::WORDS, "{url} has only its summary: {text}");
        assert!(!text.contains(press::MENU), "{url} has the page's menu in it");
        assert!(article["published_at"].as_str().is_some(), "{url}");
    }
    assert!(
        stored.iter().eq(expected.keys()),
        "{:?}",
        stored.symmetric_difference(&expected.keys().cloned().collect())
    );
}

fn one_text_in_six_papers_is_one_report_and_its_repeats(up: &Up<'_>) {
    let hits = up.with_store(async |store| {
        let query = faultline_sink::query::parse("")?;
        Ok(store.search(&query, faultline_sink::Order::Time, 10_000, None).await?.hits)
    });
    let hits = hits.unwrap();
    let repeats: Vec<_> = hits.iter().filter_map(|hit| Some((hit.url.clone()?, hit.duplicate_of.clone()?))).collect();
    assert_eq!(repeats.len(), press::REPRINTED_BY.len(), "{repeats:?}");
    assert!(repeats.iter().all(|(url, _)| url.contains(press::WIRE)), "{repeats:?}");
    let firsts: BTreeSet<&String> = repeats.iter().map(|(_, first)| first).collect();
    assert_eq!(firsts.len(), 1, "{repeats:?}");
}

fn the_operator_sees_who_failed(up: &Up<'_>, press: &Press) {
    let listed: Vec<Value> = serde_json::from_str(&up.must(&["sources", "list", "--json"])).unwrap();
    assert_eq!(listed.len(), press.papers.len());
    for paper in &press.papers {
        let source = listed.iter().find(|source| source["address"] == paper.address().as_str()).unwrap();
        let expected = match paper.way {
            Way::Unreachable => "failing",
            Way::Retires => "retired",
            // One of its checks may have failed just now.
            Way::Breaks | Way::Fails => continue,
            _ => "healthy",
        };
        assert_eq!(source["status"], expected, "{source}");
        assert_eq!(source["problem"].is_null(), expected == "healthy", "{source}");
    }
}

fn publishers_were_treated_as_they_ask(press: &Press, hits: &[Hit]) {
    let mut by_host: BTreeMap<&str, Vec<&Hit>> = BTreeMap::new();
    for hit in hits {
        assert!(hit.header("user-agent").starts_with("Faultline/"), "{hit:?}");
        by_host.entry(hit.header("host")).or_default().push(hit);
    }
    for (host, hits) in &by_host {
        let rules = hits.iter().position(|hit| hit.path == "/robots.txt");
        for (index, pair) in hits.windows(2).enumerate() {
            let asked_for = match press.crawl_delay(host) {
                Some(delay) if rules.is_some_and(|rules| index >= rules) => delay,
                _ => HOST_DELAY,
            };
            let distance = pair[1].at - pair[0].at;
            assert!(distance >= asked_for, "{host}: {} came {distance:?} after {}", pair[1].path, pair[0].path);
        }
        assert!(hits.iter().filter(|hit| hit.path == "/robots.txt").count() <= 1, "{host}: robots.txt is kept");
    }
    let of = |paper: &Paper, path: &str| -> Vec<&Hit> {
        by_host.get(paper.host.as_str()).into_iter().flatten().copied().filter(|hit| hit.path == path).collect()
    };
    for paper in &press.papers {
        let asked = of(paper, &paper.path);
        match paper.way {
            Way::Unreachable => assert!(asked.is_empty(), "{asked:?}"),
            Way::Moves => assert_eq!(asked.len(), 1, "a move for good is remembered"),
            Way::Redirects => assert_eq!(asked.len(), of(paper, press::MOVED_TO).len(), "one for now is not"),
            Way::Retires => assert_eq!(asked.len(), press::GONE_AT, "what is gone is not asked for any more"),
            Way::AsksToWait => {
                let all = &by_host[paper.host.as_str()];
                let refused = all.iter().position(|hit| hit.at == asked[press::BUSY_AT - 1].at).unwrap();
                let waited = all[refused + 1].at - all[refused].at;
                assert!(waited >= press::RETRY_AFTER, "{waited:?}");
            }
            _ => {}
        }
        let is_asked_again = !matches!(paper.way, Way::Unreachable);
        assert_eq!(paper.unchanged() > 0, is_asked_again, "{}: a whole feed is sent though nothing is new", paper.host);
    }
    let mut pages: HashMap<String, usize> = HashMap::new();
    for hit in hits {
        *pages.entry(format!("http://{}{}", hit.header("host"), hit.path)).or_default() += 1;
    }
    for (page, versions) in press.pages() {
        assert_eq!(pages.get(&page), Some(&versions), "{page} is asked for once for each of its versions");
    }
}
