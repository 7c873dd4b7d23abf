//! From a tagged article on its topic to a webhook that is told of it, under a steady load, on Apache Kafka.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_analysis::Analyzer;
use faultline_platform::Publisher;
use faultline_schemas::{Alert, topic};
use faultline_tests::{
    faultline::{Installation, Store},
    site::{Reply, Site},
};

use crate::{
    Bench, corpus,
    figures::{Figures, percentile},
};

/// Articles a second.
const RATE: u32 = 200;
/// Load before the clock runs: see `latency`.
const WARM_UP: Duration = Duration::from_secs(15);
/// One alert for each article: every outlet is a new one.
const EACH: &str = "rules:\n- {id: each, title: '{{ source }}', severity: watch, match: {not: {words: nowhereatall}}, \
                    when: {group_by: source, distinct: article}}\n";

/// The starter pack and one more rule, which every article matches.
pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let site = Site::start();
    site.set("/alerts", Reply::status(204));
    let installation = Installation::new(bench.kafka()?.brokers(), &Store::Sqlite, "")?;
    let rules = installation.folder().join("rules");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/rules"), &rules)?;
    std::fs::write(rules.join("each.yaml"), EACH)?;
    let mut settings = std::fs::read_to_string(installation.config())?;
    settings.push_str(&format!(
        "[alerter]\nrules_dir = {rules:?}\nmost_groups = 100000\n[alerter.web.hosts]\n\"hook.example\" = \"127.0.0.1:{}\"\n\
         [alerter.receivers.desk]\nkind = \"webhook\"\nurl = \"http://hook.example/alerts\"\n",
        site.port()
    ));
    std::fs::write(installation.config(), settings)?;
    installation.must(&["topics", "create"])?;
    let _alerter = installation.role("alerter", &["alerter"])?;
    let warm = WARM_UP.as_secs() as usize * RATE as usize;
    let sent = publish(bench, &installation, warm + bench.choose(4_000, 1_000))?;
    let latencies =
        latencies(&site, &sent[warm..]).map_err(|error| anyhow::anyhow!("{error:#}\n{}", installation.logs()))?;
    let (mut for_median, mut for_tail) = (latencies.clone(), latencies);
    figures.set("alerts.p50_ms", percentile(&mut for_median, 50.0));
    figures.set("alerts.p99_ms", percentile(&mut for_tail, 99.0));
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied)?;
        } else {
            std::fs::copy(&path, copied)?;
        }
    }
    Ok(())
}

/// Publishes articles at a steady rate; returns the outlet of each and when it was due.
fn publish(bench: &Bench, installation: &Installation, many: usize) -> anyhow::Result<Vec<(String, Instant)>> {
    let common = installation.common();
    let publisher = Publisher::new(&common.kafka)?;
    let topic = common.topics.name(&topic::ENRICHED);
    let analyzer = Analyzer::bundled();
    let articles = bench.corpus.articles.iter().step_by(7).take(500);
    let documents: Vec<_> = articles.map(|article| analyzer.enrich(article)).collect();
    let begun = Instant::now();
    let mut sent = Vec::with_capacity(many);
    for number in 0..many {
        let due = begun + Duration::from_secs(1) / RATE * u32::try_from(number)?;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let mut document = documents[number % documents.len()].clone();
        let outlet = format!("s{number}.example");
        document.article.id = outlet.clone();
        document.article.source = Some(outlet.clone());
        document.article.published_at = Some(jiff::Timestamp::now().to_string());
        publisher.send(corpus::enriched_record(&topic, &document)?, Box::new(|_| ()))?;
        sent.push((outlet, due));
    }
    Ok(sent)
}

/// Milliseconds from when each was due to when the webhook was told of it.
fn latencies(site: &Site, sent: &[(String, Instant)]) -> anyhow::Result<Vec<f64>> {
    let until = Instant::now() + Duration::from_secs(30);
    let mut told = HashMap::new();
    let mut read = 0;
    while Instant::now() < until {
        let hits = site.hits_of("/alerts");
        for hit in &hits[read..] {
            let body: serde_json::Value = serde_json::from_slice(&hit.body)?;
            for alert in body["alerts"].as_array().into_iter().flatten() {
                let alert: Alert = serde_json::from_value(alert.clone())?;
                if alert.rule == "each" {
                    told.entry(alert.title).or_insert(hit.at);
                }
            }
        }
        read = hits.len();
        if sent.iter().all(|(outlet, _)| told.contains_key(outlet)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let latency =
        |(outlet, due): &(String, Instant)| told.get(outlet).map(|at| at.duration_since(*due).as_secs_f64() * 1_000.0);
    let latencies: Vec<f64> = sent.iter().filter_map(latency).collect();
    anyhow::ensure!(latencies.len() == sent.len(), "{} of {} alerts were told", latencies.len(), sent.len());
    Ok(latencies)
}
