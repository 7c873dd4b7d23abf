//! What the plumbing costs: the consume loop against a plain copy, the enricher against `faultline enrich`.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::Stdio,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_enricher::PublishOutlet;
use faultline_platform::{
    Message, Publisher, Record, Rejected, RoleContext, Stop,
    consume::{self, Processor, Subscription},
    dead_letter::DeadLetters,
    health::Health,
    settings::Common,
};
use faultline_schemas::{Article, Stage, topic};
use faultline_tests::{
    faultline::{Installation, Store},
    process::Process,
};

use crate::{
    Bench, corpus,
    figures::{Figures, median},
    kafka::{self, Counter},
    machine::{pin_broker, pinned_faultline},
    stored,
};

/// Copies of the corpus that are moved.
const REPEATS: usize = 5;

/// The consume loop with an analysis that does nothing, and a plain copy of the same bytes, in turns. Both run in this
/// process, with the same client settings, and the broker where it likes.
pub(crate) fn against_copy(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let common = kafka::fresh_topics(bench.kafka()?.brokers())?;
    let from = common.topics.name(&topic::ARTICLES);
    let repeats = bench.choose(REPEATS, 3);
    let articles = (0..repeats).flat_map(|_| &bench.corpus.articles);
    let (count, bytes) = kafka::publish(&common, articles.map(|article| corpus::article_record(&from, article)))?;
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let megabytes = bytes as f64 / 1e6;
    // The broker's first copies are slower, until its code is compiled.
    kafka::copy(&common, &from, &fresh_output(&common)?, count)?;
    let (mut copied, mut consumed, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.choose(3, 1) {
        let copy = kafka::copy(&common, &from, &fresh_output(&common)?, count)?.as_secs_f64();
        let ours = consume(&common, fresh_output(&common)?, count)?.as_secs_f64();
        println!("copy {:.1} MB/s, consume loop {:.1} MB/s", megabytes / copy, megabytes / ours);
        copied.push(megabytes / copy);
        consumed.push(megabytes / ours);
        ratios.push(copy / ours);
    }
    figures.set("pipeline.copy_mb_per_second", median(copied));
    figures.set("pipeline.mb_per_second", median(consumed));
    figures.set("pipeline.ratio_to_copy", median(ratios));
    Ok(())
}

/// A topic that nothing has been written to.
fn fresh_output(common: &Common) -> anyhow::Result<String> {
    Ok(kafka::fresh_topics(&common.kafka.brokers)?.topics.name(&topic::ENRICHED))
}

/// Passes each message on as it is.
struct DoNothing {
    output: String,
    begun: Arc<OnceLock<Instant>>,
}

impl Processor for DoNothing {
    type Output = Vec<Record>;

    fn process(&self, message: &Message) -> Result<Vec<Record>, Rejected> {
        self.begun.get_or_init(Instant::now);
        let text = |value: &Option<Vec<u8>>| String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned();
        Ok(vec![Record {
            topic: self.output.clone(),
            key: message.key.clone().unwrap_or_default(),
            payload: message.payload.clone(),
            headers: message.headers.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        }])
    }
}

/// Time from the first message to the last acknowledgement.
fn consume(common: &Common, output: String, count: u64) -> anyhow::Result<Duration> {
    let mut common = common.clone();
    common.kafka.group_prefix = format!("bench{:08x}", rand::random::<u32>());
    let (stop, begun) = (Stop::new(), Arc::new(OnceLock::new()));
    let registry = prometheus::Registry::new();
    let ctx = RoleContext::new("bench", Arc::new(common), &registry, &Health::new(), stop.clone())?;
    let metrics = Arc::clone(&ctx.metrics);
    let publisher = Publisher::new(&ctx.common.kafka)?;
    let dead_letters = DeadLetters::new(&ctx, publisher.clone(), Stage::Enricher);
    let outlet = PublishOutlet::new(&ctx, publisher);
    let processor = DoNothing { output, begun: Arc::clone(&begun) };
    let subscription = Subscription { topics: vec![&topic::ARTICLES], group: "copy" };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let running = runtime.spawn(consume::run(ctx, Stage::Enricher, subscription, processor, outlet, dead_letters));
    let until = Instant::now() + Duration::from_secs(60);
    while metrics.messages_out.get() < count && !running.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    let ended = Instant::now();
    stop.request();
    runtime.block_on(running)??;
    let published = metrics.messages_out.get();
    anyhow::ensure!(published == count, "the consume loop published {published} of {count} messages");
    Ok(ended - *begun.get().context("the consume loop was given no message")?)
}

/// The enricher's process on one core with the broker on the other, and `faultline enrich` on that one core, in turns.
pub(crate) fn against_enrich(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let broker = bench.kafka()?;
    let common = kafka::fresh_topics(broker.brokers())?;
    let input = common.topics.name(&topic::ARTICLES);
    let articles = &bench.corpus.articles;
    kafka::publish(&common, articles.iter().map(|article| corpus::article_record(&input, article)))?;
    let folder = tempfile::tempdir()?;
    let (all, one) = (folder.path().join("all.jsonl"), folder.path().join("one.jsonl"));
    write(&all, articles)?;
    write(&one, &articles[..1])?;
    pin_broker(broker.process_id(), false)?;
    let measured = (0..bench.choose(2, 1)).map(|_| {
        // The start of the process and of its knowledge is not counted on either side.
        let enrich = enrich(&all)?.saturating_sub(enrich(&one)?);
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let alone = (articles.len() - 1) as f64 / enrich.as_secs_f64();
        let enricher = enricher(&common, articles.len() as u64)?;
        println!("enrich {alone:.0} articles/s, enricher {enricher:.0} articles/s");
        Ok((alone, enricher))
    });
    let measured: anyhow::Result<Vec<(f64, f64)>> = measured.collect();
    pin_broker(broker.process_id(), true)?;
    let measured = measured?;
    figures.set("pipeline.enrich_articles_per_second", median(measured.iter().map(|(alone, _)| *alone).collect()));
    figures.set("pipeline.enricher_articles_per_second", median(measured.iter().map(|(_, piped)| *piped).collect()));
    figures.set("pipeline.ratio_to_enrich", median(measured.iter().map(|(alone, piped)| piped / alone).collect()));
    Ok(())
}

fn write(file: &Path, articles: &[Article]) -> anyhow::Result<()> {
    let mut writer = BufWriter::new(File::create(file)?);
    for article in articles {
        serde_json::to_writer(&mut writer, article)?;
        writer.write_all(b"\n")?;
    }
    Ok(writer.flush()?)
}

/// How long `faultline enrich` takes for a file.
fn enrich(file: &Path) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let output = pinned_faultline().args(["enrich", "--threads", "1"]).arg(file).stdout(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "faultline enrich ended with {}: {said}", output.status);
    Ok(begun.elapsed())
}

/// Articles a second of `faultline enricher`, whose input lies ready.
fn enricher(common: &Common, count: u64) -> anyhow::Result<f64> {
    let installation = Installation::new(&common.kafka.brokers, &Store::Sqlite, "")?;
    let counter = Counter::new(common, &common.topics.name(&topic::ENRICHED))?;
    let before = counter.count()?;
    let mut command = pinned_faultline();
    command.arg("--config").arg(installation.config()).arg("enricher");
    command.arg("--set").arg(format!("topics.prefix={}", common.topics.prefix));
    let log = installation.log("enricher");
    let mut process = Process::start("faultline enricher", &mut command, &log)?;
    Ok(stored::rate(|| Ok(counter.count()? - before), count, &mut process, None, &log)?.per_second)
}
