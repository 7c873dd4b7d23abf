//! The sink alone: tagged articles that lie on the topic, into each store.

use std::{path::PathBuf, time::Duration};

use faultline_analysis::Analyzer;
use faultline_schemas::topic;
use faultline_tests::{
    faultline::{Installation, Store},
    postgres::Postgres,
    process::Process,
};

use crate::{
    Bench, corpus,
    figures::Figures,
    kafka,
    machine::{pin_broker, pinned_faultline},
    stored::{self, Rate, Reader},
};

/// Into `SQLite`: the sink on one core, the broker on the other.
pub(crate) fn sqlite(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let broker = bench.kafka()?;
    let (prefix, total) = preload(bench)?;
    let installation = Installation::new(broker.brokers(), &Store::Sqlite, "")?;
    let database = installation.folder().join("faultline.db");
    pin_broker(broker.process_id(), false)?;
    let rate = measure(&installation, &prefix, total, None, || Reader::sqlite(&database));
    pin_broker(broker.process_id(), true)?;
    let rate = rate?;
    figures.set("sink.sqlite.articles_per_second", rate.per_second);
    figures.set("sink.sqlite.cpu_ms", rate.cpu_ms);
    Ok(())
}

/// Into `PostgreSQL`: the sink, the server and the broker as they come.
pub(crate) fn postgres(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let server = Postgres::shared()?;
    let database = server.create_database()?;
    let broker = bench.kafka()?;
    let (prefix, total) = preload(bench)?;
    let installation = Installation::new(broker.brokers(), &Store::Url(database.url().to_owned()), "")?;
    let rate = measure(&installation, &prefix, total, Some(server.process_id()), || Reader::postgres(database.url()))?;
    figures.set("sink.postgres.articles_per_second", rate.per_second);
    if server.is_ours() {
        figures.set("sink.postgres.cpu_ms", rate.cpu_ms);
    }
    Ok(())
}

fn measure(
    installation: &Installation,
    prefix: &str,
    total: u64,
    // A server on other cores, or none where the store is in the sink's own process on one core.
    server: Option<Option<u32>>,
    open: impl Fn() -> anyhow::Result<Reader>,
) -> anyhow::Result<Rate> {
    let prefix = format!("topics.prefix={prefix}");
    let arguments = ["sink", "--set", &prefix];
    let log: PathBuf = installation.log("sink");
    let mut sink = if server.is_none() {
        let mut command = pinned_faultline();
        command.arg("--config").arg(installation.config()).args(arguments);
        Process::start("faultline sink", &mut command, &log)?
    } else {
        installation.role("sink", &arguments)?
    };
    let mut reader = stored::once_there(open, &mut sink, &log, Duration::from_secs(20))?;
    stored::rate(|| reader.offsets(), total, &mut sink, server.flatten(), &log)
}

/// Puts every article, tagged, on a topic. Returns the topic's prefix and the number of articles.
fn preload(bench: &Bench) -> anyhow::Result<(String, u64)> {
    let common = kafka::fresh_topics(bench.kafka()?.brokers())?;
    let topic = common.topics.name(&topic::ENRICHED);
    let now = jiff::Timestamp::now().to_string();
    let analyzer = Analyzer::bundled();
    let records = bench.corpus.articles.iter().map(|article| {
        let mut enriched = analyzer.enrich(article);
        enriched.article.fetched_at = Some(now.clone());
        corpus::enriched_record(&topic, &enriched)
    });
    let (total, bytes) = kafka::publish(&common, records)?;
    println!("{total} tagged articles of {} bytes on average lie ready", bytes / total);
    Ok((common.topics.prefix, total))
}
