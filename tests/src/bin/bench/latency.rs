//! From published to stored, under a steady load.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use faultline_platform::{Message, Publisher, settings::Common, tail};
use faultline_schemas::{Article, topic};
use faultline_tests::{
    faultline::{Installation, Store},
    postgres::Postgres,
};

use crate::{
    Bench, corpus,
    figures::{Figures, percentile},
    stored::{self, Reader},
    up::Up,
};

/// Articles a second.
const RATE: u32 = 200;
/// Load before the clock runs. A broker that has just been started still compiles its own code for about as long, and on
/// two cores that alone makes a second's delay; a broker in service has done so long ago.
const WARM_UP: Duration = Duration::from_secs(25);
/// How often the store is looked at: latencies are too high by half of this on average.
const LOOK: Duration = Duration::from_millis(4);

/// Whether to tell how long each half of the way took.
#[derive(Clone, Copy)]
enum Stages {
    Told,
    /// Reading a topic from its start takes the bundled broker too long.
    Untold,
}

/// On `faultline up`: bundled broker and `SQLite`, default settings.
pub(crate) fn bundled(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut up = Up::start(folder.path(), None, "")?;
    let reader = up.reader()?;
    let common = faultline_tests::topics::common(up.broker());
    let latencies =
        measure(bench, &common, reader, Stages::Untold).map_err(|error| anyhow::anyhow!("{error:#}\n{}", up.log()))?;
    report(figures, "latency.bundled", latencies);
    Ok(())
}

/// On Apache Kafka and `PostgreSQL`, a process for each role.
pub(crate) fn kafka(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let server = Postgres::shared()?;
    let database = server.create_database()?;
    let brokers = bench.kafka()?.brokers();
    let installation = Installation::new(brokers, &Store::Url(database.url().to_owned()), "")?;
    let _enricher = installation.role("enricher", &["enricher"])?;
    let mut sink = installation.role("sink", &["sink"])?;
    let open = || Reader::postgres(database.url());
    let reader = stored::once_there(open, &mut sink, &installation.log("sink"), Duration::from_secs(20))?;
    let mut common = faultline_tests::topics::common(brokers);
    common.topics.prefix = prefix_of(installation.config())?;
    let latencies = measure(bench, &common, reader, Stages::Told)
        .map_err(|error| anyhow::anyhow!("{error:#}\n{}", installation.logs()))?;
    report(figures, "latency.kafka", latencies);
    Ok(())
}

fn report(figures: &mut Figures, prefix: &str, mut latencies: Vec<f64>) {
    for (name, percent) in [("p50_ms", 50.0), ("p99_ms", 99.0), ("max_ms", 100.0)] {
        figures.set(&format!("{prefix}.{name}"), percentile(&mut latencies, percent));
    }
}

/// Publishes at a steady rate and watches the store. Returns milliseconds from when each article was due to be published
/// to when a reader found it stored.
fn measure(bench: &Bench, common: &Common, mut reader: Reader, stages: Stages) -> anyhow::Result<Vec<f64>> {
    let articles = &bench.corpus.articles;
    let mut seen = HashMap::new();
    publish(articles, common, "first", 1, Duration::ZERO)?;
    watch(&mut reader, 1, Duration::from_secs(40), &mut seen)?;

    let warm_up = bench.choose(WARM_UP, Duration::from_secs(5)).as_secs_f64() * f64::from(RATE);
    let counted = bench.choose(Duration::from_secs(15), Duration::from_secs(3)).as_secs_f64() * f64::from(RATE);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousands")]
    let (warm_up, count) = (warm_up as usize, (warm_up + counted) as usize);
    let gap = Duration::from_secs(1) / RATE;
    let due = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| publish(articles, common, "load", count, gap));
        let watched = watch(&mut reader, count + 1, gap * u32::try_from(count)? + Duration::from_secs(30), &mut seen);
        let due = publishing.join().map_err(|_| anyhow::anyhow!("the publishing thread panicked"))??;
        watched.map(|()| due)
    })?;
    let counted = &due[warm_up..];
    if let Stages::Told = stages {
        say_stages(counted, &enriched_at(common)?, &seen);
    }
    let latency = |(id, due): &(String, Instant)| seen.get(id).map(|at| (*at - *due).as_secs_f64() * 1_000.0);
    Ok(counted.iter().filter_map(latency).collect())
}

/// When each article was handed to the client that publishes it with its tags.
fn enriched_at(common: &Common) -> anyhow::Result<HashMap<Vec<u8>, SystemTime>> {
    let mut published = HashMap::new();
    let note = |message: Message| {
        let at = message.timestamp_ms.and_then(|at| u64::try_from(at).ok()).map(Duration::from_millis);
        published.extend(message.key.zip(at.map(|at| SystemTime::UNIX_EPOCH + at)));
    };
    tail::read_all(common, &common.topics.name(&topic::ENRICHED), Duration::from_secs(60), note)?;
    Ok(published)
}

/// Prints how long each half of the way took.
fn say_stages(counted: &[(String, Instant)], enriched: &HashMap<Vec<u8>, SystemTime>, seen: &HashMap<String, Instant>) {
    let (now, wall) = (Instant::now(), SystemTime::now());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (id, due) in counted {
        let Some((enriched, stored)) = enriched.get(id.as_bytes()).zip(seen.get(id)) else { continue };
        let ago = wall.duration_since(*enriched).unwrap_or_default().as_secs_f64() * 1_000.0;
        first.push((now - *due).as_secs_f64() * 1_000.0 - ago);
        second.push(ago - (now - *stored).as_secs_f64() * 1_000.0);
    }
    let (enricher, sink) = (percentile(&mut first, 50.0), percentile(&mut second, 50.0));
    println!("half of the articles were tagged within {enricher:.0} ms, and stored within {sink:.0} ms of that");
    let (enricher, sink) = (percentile(&mut first, 99.0), percentile(&mut second, 99.0));
    println!("99 of 100 were tagged within {enricher:.0} ms, and stored within {sink:.0} ms of that");
}

/// Publishes `count` articles, one every `gap`. Returns the id of each and when it was due, so that a publisher that
/// falls behind does not hide it.
fn publish(
    articles: &[Article],
    common: &Common,
    name: &str,
    count: usize,
    gap: Duration,
) -> anyhow::Result<Vec<(String, Instant)>> {
    let publisher = Publisher::new(&common.kafka)?;
    let topic = common.topics.name(&topic::ARTICLES);
    let mut due = Instant::now();
    let mut published = Vec::with_capacity(count);
    for (number, original) in articles.iter().cycle().take(count).enumerate() {
        let mut article = corpus::copy(original, number);
        article.id = format!("{name}-{}", article.id);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        article.fetched_at = Some(jiff::Timestamp::now().to_string());
        publisher.send(corpus::article_record(&topic, &article)?, Box::new(|_| ()))?;
        published.push((article.id, due));
        due += gap;
    }
    anyhow::ensure!(publisher.flush(Duration::from_secs(20)), "the broker did not acknowledge the articles");
    Ok(published)
}

/// Notes when each article is first found in the store, until there are `total`.
fn watch(
    reader: &mut Reader,
    total: usize,
    deadline: Duration,
    seen: &mut HashMap<String, Instant>,
) -> anyhow::Result<()> {
    let until = Instant::now() + deadline;
    while seen.len() < total {
        let newer = reader.newer()?;
        let now = Instant::now();
        seen.extend(newer.into_iter().map(|id| (id, now)));
        anyhow::ensure!(now < until, "{} of {total} articles were stored within {deadline:?}", seen.len());
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// The topics' prefix of an installation.
fn prefix_of(config: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(config)?;
    let prefix = text.lines().find_map(|line| line.strip_prefix("prefix = \"")?.strip_suffix('"'));
    prefix.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("{} sets no topics.prefix", config.display()))
}
