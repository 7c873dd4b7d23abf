//! Ten thousand feeds on one core: whether each is asked when it is due, what that takes, and how their hosts are treated.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use faultline_tests::{
    faultline::{Installation, Store},
    process::Process,
    site::{Hit, Reply, Site},
};

use crate::{
    Bench,
    figures::Figures,
    machine::{ensure_running, pin_broker, pinned_faultline, process_cpu_seconds, resident_mb, sockets},
};

/// In the place of a quarter of an hour: everything happens thirty times as often.
const INTERVAL: Duration = Duration::from_secs(30);
const FEEDS_OF_A_HOST: usize = 4;
/// Entries that a feed has at a time.
const ENTRIES: usize = 10;
/// One check in so many finds something new.
const NEWS_EVERY: usize = 15;
/// When the first round has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// All feeds, and how often each was asked.
struct Feeds {
    asked: Vec<AtomicUsize>,
    text: String,
}

impl Feeds {
    fn new(number: usize) -> Self {
        let asked = std::iter::repeat_with(AtomicUsize::default).take(number).collect();
        Self { asked, text: "The ferry left the harbour with forty lorries on its deck. ".repeat(12) }
    }

    /// Where a feed is: every loopback address is a host of its own.
    fn address(number: usize, port: u16) -> String {
        let host = number / FEEDS_OF_A_HOST;
        format!("http://127.1.{}.{}:{port}/feed-{number}.xml", host / 250, host % 250 + 1)
    }

    fn list(&self, port: u16) -> String {
        let outline = |number| format!("<outline type=\"rss\" xmlUrl=\"{}\"/>", Self::address(number, port));
        let outlines: String = (0..self.asked.len()).map(outline).collect();
        format!("<opml version=\"2.0\"><body>{outlines}</body></opml>")
    }

    fn answer(&self, hit: &Hit) -> Reply {
        let number = hit.path.strip_prefix("/feed-").and_then(|rest| rest.strip_suffix(".xml"));
        let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) else { return Reply::status(404) };
        let Some(asked) = self.asked.get(number) else { return Reply::status(404) };
        let newest = (asked.fetch_add(1, Ordering::Relaxed) + number) / NEWS_EVERY + ENTRIES;
        let etag = format!("\"{newest}\"");
        // A third of all servers send everything each time.
        if !number.is_multiple_of(3) && hit.header("if-none-match") == etag {
            return Reply::status(304).with("etag", &etag);
        }
        let item = |entry| {
            let (title, text) = (format!("Report {entry} of {number}"), &self.text);
            format!(
                "<item><title>{title}</title><link>SITE/{number}/{entry}</link><content:encoded>{text}</content:encoded></item>"
            )
        };
        let items: String = (newest - ENTRIES..newest).rev().map(item).collect();
        let reply = Reply::feed(format!(
            "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>{number}</title>{items}</channel></rss>"
        ));
        reply.with("etag", &etag)
    }

    fn not_asked(&self) -> usize {
        self.asked.iter().filter(|asked| asked.load(Ordering::Relaxed) == 0).count()
    }
}

pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let kafka = bench.kafka()?;
    let feeds = Arc::new(Feeds::new(bench.choose(10_000, 1_000)));
    let site = Site::start_on(Ipv4Addr::UNSPECIFIED.into());
    let answering = Arc::clone(&feeds);
    site.otherwise(move |hit| answering.answer(hit));
    let seconds = INTERVAL.as_secs();
    let settings = format!(
        "[producer.web]\nallow_private_addresses = true\nshortest_interval_seconds = {seconds}\nlongest_interval_seconds = {seconds}\n"
    );
    let installation = Installation::new(kafka.brokers(), &Store::Sqlite, &settings)?;
    let list = installation.folder().join("list.opml");
    std::fs::write(&list, feeds.list(site.port()))?;
    installation.must(&["topics", "create"])?;
    installation.must(&["sources", "import", &list.to_string_lossy()])?;

    let others = [kafka.process_id(), Some(std::process::id())];
    others.into_iter().try_for_each(|process| pin_broker(process, false))?;
    let mut command = pinned_faultline();
    command.arg("--config").arg(installation.config()).arg("producer");
    let mut producer = Process::start("faultline producer", &mut command, &installation.log("producer"))?;
    let watched = watch(&feeds, &mut producer, &installation);
    others.into_iter().try_for_each(|process| pin_broker(process, true))?;
    let watched = watched.map_err(|error| anyhow::anyhow!("{error:#}\n{}", installation.logs()))?;
    drop(producer);

    let hits = site.hits();
    println!(
        "{} feeds, all asked within {:.0} s of the start, then each about every {seconds} s; {:.0} connections at the least",
        feeds.asked.len(),
        watched.first_round.as_secs_f64(),
        watched.fewest_connections,
    );
    figures.set("feeds.checks_per_second", watched.checks_per_second);
    figures.set("feeds.worst_lateness_percent", worst_lateness(&hits, watched.ended) * 100.0);
    figures.set("feeds.cpu_percent", watched.cpu_percent);
    figures.set("feeds.rss_mb", watched.most_mb);
    figures.set("feeds.connections", watched.most_connections);
    figures.set("feeds.host_gap_ms", smallest_gap(&hits).as_secs_f64() * 1_000.0);
    Ok(())
}

/// What the producer took while all feeds were asked again and again.
struct Watched {
    first_round: Duration,
    checks_per_second: f64,
    cpu_percent: f64,
    most_mb: f64,
    most_connections: f64,
    fewest_connections: f64,
    ended: Instant,
}

fn watch(feeds: &Feeds, producer: &mut Process, installation: &Installation) -> anyhow::Result<Watched> {
    let log = installation.log("producer");
    let begun = Instant::now();
    let mut most_mb: f64 = 0.0;
    while feeds.not_asked() > 0 {
        std::thread::sleep(Duration::from_millis(250));
        ensure_running(producer, &log)?;
        most_mb = most_mb.max(resident_mb(producer.id())?);
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{} feeds were not asked within {PATIENCE:?}", feeds.not_asked());
    }
    let first_round = begun.elapsed();
    println!("{most_mb:.0} MB at the most in the first round");
    let checks = || feeds.asked.iter().map(|asked| asked.load(Ordering::Relaxed)).sum::<usize>();
    let (since, before, cpu) = (Instant::now(), checks(), process_cpu_seconds(producer.id())?);
    let (mut most_connections, mut fewest_connections): (f64, f64) = (0.0, f64::INFINITY);
    // Twice for each of them, and the tenth by which they are spread.
    while since.elapsed() < INTERVAL * 9 / 4 {
        std::thread::sleep(Duration::from_millis(250));
        ensure_running(producer, &log)?;
        most_mb = most_mb.max(resident_mb(producer.id())?);
        let open = sockets(producer.id())?;
        (most_connections, fewest_connections) = (most_connections.max(open), fewest_connections.min(open));
    }
    let seconds = since.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let checks = (checks() - before) as f64;
    Ok(Watched {
        first_round,
        checks_per_second: checks / seconds,
        cpu_percent: (process_cpu_seconds(producer.id())? - cpu) * 100.0 / seconds,
        most_mb,
        most_connections,
        fewest_connections,
        ended: Instant::now(),
    })
}

/// How much later than an interval after it was asked before a feed was asked, the worst of all, as a share of the
/// interval; up to a tenth is meant. One that was not asked again counts as asked at the end.
fn worst_lateness(hits: &[Hit], ended: Instant) -> f64 {
    let mut last: HashMap<(&str, &str), Instant> = HashMap::new();
    let mut worst = Duration::ZERO;
    for hit in hits {
        if let Some(before) = last.insert((hit.header("host"), &hit.path), hit.at) {
            worst = worst.max(hit.at - before);
        }
    }
    let worst = last.values().fold(worst, |worst, last| worst.max(ended.saturating_duration_since(*last)));
    worst.saturating_sub(INTERVAL).div_duration_f64(INTERVAL)
}

/// Between two requests to the same host, by the server's own log.
fn smallest_gap(hits: &[Hit]) -> Duration {
    let mut last: HashMap<&str, Instant> = HashMap::new();
    let gaps = hits.iter().filter_map(|hit| last.insert(hit.header("host"), hit.at).map(|before| hit.at - before));
    gaps.min().unwrap_or(Duration::MAX)
}
