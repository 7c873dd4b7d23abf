//! What was measured, beside what was aimed at.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};

/// What a figure is to be.
#[derive(Debug, Clone, Copy)]
enum Target {
    AtLeast(f64),
    Below(f64),
}

impl Target {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::Below(limit) => value < limit,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {least}"),
            Self::Below(limit) => format!("below {limit}"),
        }
    }
}

/// Every key, in the order of the table.
const MEASURES: [(&str, Option<Target>, &str); 44] = [
    ("enrich.load_ms", Some(Target::Below(500.0)), "the analysis made ready, once a process"),
    ("enrich.knowledge_mb", Some(Target::Below(120.0)), "resident memory that this takes"),
    ("enrich.ten_times_longer", Some(Target::Below(12.0)), "time for 10 MB over time for 1 MB, the worst kind of text"),
    ("enrich.articles_per_second_core", None, "analysis, one thread, per second of CPU"),
    ("enrich.vader_articles_per_second", None, "the VADER crate, a sentence at a time, same articles"),
    ("enrich.ratio_to_vader", Some(Target::AtLeast(5.0)), "the first over the second"),
    ("alerts.us_per_article_10000", Some(Target::Below(100.0)), "an article against 10,000 rules, us of one core"),
    ("alerts.ratio_10000_to_100", Some(Target::Below(3.0)), "the same over what 100 rules cost"),
    ("alerts.p50_ms", None, "from a tagged article on Apache Kafka to a webhook told, ms, 200 articles/s: median"),
    ("alerts.p99_ms", Some(Target::Below(300.0)), "the same, 99th percentile"),
    ("alerts.ratio_to_linear", None, "each rule tried in turn, over the first"),
    ("pipeline.mb_per_second", None, "consume loop on Apache Kafka, analysis that does nothing"),
    ("pipeline.copy_mb_per_second", None, "plain consume-and-produce copy of the same bytes"),
    ("pipeline.ratio_to_copy", Some(Target::AtLeast(0.7)), "the first over the second"),
    ("pipeline.enricher_articles_per_second", None, "`faultline enricher` on one core, broker on the other"),
    ("pipeline.enrich_articles_per_second", None, "`faultline enrich --threads 1` on that core"),
    ("pipeline.ratio_to_enrich", Some(Target::AtLeast(0.75)), "the first over the second"),
    (
        "push.articles_per_second",
        Some(Target::AtLeast(2_000.0)),
        "handed in over HTTP and acknowledged by Kafka, on one core",
    ),
    ("push.cpu_ms", None, "time on the processor that an article costs the producer"),
    ("backfill.lines_per_second", None, "articles of JSON lines taken in by `faultline backfill`, on one core"),
    ("backfill.pages_per_second", None, "the same articles on the pages of a crawl (WARC)"),
    ("feeds.checks_per_second", None, "10,000 feeds due every 30 s in the place of 15 min, on one core"),
    (
        "feeds.worst_lateness_percent",
        Some(Target::Below(100.0)),
        "the latest check of all by the server's log, of the interval; up to 10 are meant",
    ),
    ("feeds.cpu_percent", None, "time on the processor that the producer takes for it"),
    ("feeds.rss_mb", Some(Target::Below(500.0)), "most resident memory of the producer"),
    ("feeds.connections", None, "most connections of the producer at a time"),
    ("feeds.host_gap_ms", Some(Target::AtLeast(1_000.0)), "least time between two requests to a host, by its log"),
    ("feeds.seen_to_stored_p50_ms", None, "from a feed's answer to the store, half by way of a page; `faultline up`"),
    ("feeds.seen_to_stored_p99_ms", Some(Target::Below(1_000.0)), "the same"),
    (
        "sink.sqlite.articles_per_second",
        Some(Target::AtLeast(500.0)),
        "`faultline sink` on one core, broker on the other",
    ),
    ("sink.sqlite.cpu_ms", Some(Target::Below(2.0)), "time on the processor that an article costs the sink"),
    ("sink.postgres.articles_per_second", Some(Target::AtLeast(500.0)), "sink, server and broker on all cores"),
    ("sink.postgres.cpu_ms", Some(Target::Below(2.0)), "time on the processor that an article costs sink and server"),
    ("latency.kafka.p50_ms", None, "published to stored, 200 articles/s, PostgreSQL"),
    ("latency.kafka.p99_ms", Some(Target::Below(250.0)), "the same"),
    ("latency.kafka.max_ms", None, "the same"),
    ("latency.bundled.p50_ms", None, "published to stored, 200 articles/s, `faultline up`, SQLite"),
    ("latency.bundled.p99_ms", Some(Target::Below(500.0)), "the same"),
    ("latency.bundled.max_ms", None, "the same"),
    ("rest.rss_mb", Some(Target::Below(150.0)), "`faultline up` with nothing to do, broker included"),
    ("rest.broker_rss_mb", None, "of which the bundled broker"),
    ("rest.cpu_percent", Some(Target::Below(1.0)), "the same, of one core"),
    ("rest.broker_cpu_percent", None, "of which the bundled broker"),
    (
        "start.first_stored_ms",
        Some(Target::Below(2_000.0)),
        "from the start on an empty folder to the first article stored",
    ),
];

/// Measured values by key.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    values: Map<String, Value>,
}

impl Figures {
    /// Notes a value, rounded to four significant digits or so.
    pub(crate) fn set(&mut self, key: &str, value: f64) {
        debug_assert!(MEASURES.iter().any(|(known, ..)| *known == key), "{key} is not in the table");
        let scale = if value.abs() >= 100.0 { 10.0 } else { 1_000.0 };
        self.values.insert(key.to_owned(), Value::from((value * scale).round() / scale));
    }

    fn get(&self, key: &str) -> Option<f64> {
        self.values.get(key)?.as_f64()
    }

    /// All that was measured, for a person.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{:<39}{:>10}  {:<14}{:<8}what\n", "key", "measured", "target", "met");
        for (key, target, what) in MEASURES {
            let Some(value) = self.get(key) else { continue };
            let decimals = if value.abs() >= 100.0 { 0 } else { 2 };
            let (shown, met) = match target {
                Some(target) => (target.shown(), if target.met(value) { "yes" } else { "NO" }),
                None => (String::new(), ""),
            };
            table.push_str(&format!("{key:<39}{value:>10.decimals$}  {shown:<14}{met:<8}{what}\n"));
        }
        table
    }

    /// Writes one flat object, with facts about the machine under `machine`.
    pub(crate) fn write(mut self, file: &Path, machine: Value) -> anyhow::Result<()> {
        self.values.insert("machine".to_owned(), machine);
        let text = serde_json::to_string_pretty(&Value::Object(self.values))?;
        std::fs::write(file, text + "\n").with_context(|| format!("failed to write {}", file.display()))
    }
}

/// The middle value; the mean of the middle two where their number is even.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// The smallest value that `percent` of the values do not exceed (nearest rank).
pub(crate) fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rank")]
    let rank = (values.len() as f64 * percent / 100.0).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
