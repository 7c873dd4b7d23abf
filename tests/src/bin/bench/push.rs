//! Articles handed in over HTTP: how many a second one core takes, each answer given once Kafka has acknowledged.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use faultline_tests::{
    faultline::{Installation, Store},
    http,
    process::{self, Process},
};

use crate::{
    Bench, corpus,
    figures::Figures,
    machine::{pin_broker, pinned_faultline, process_cpu_seconds},
};

/// Requests under way at a time.
const CLIENTS: usize = 8;
/// Articles in a request.
const BATCH: usize = 50;

pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let kafka = bench.kafka()?;
    let installation = Installation::new(kafka.brokers(), &Store::Sqlite, "")?;
    let address = format!("127.0.0.1:{}", process::free_port()?);
    let mut command = pinned_faultline();
    command.arg("--config").arg(installation.config()).args(["--set", &format!("producer.push.listen={address}")]);
    // The bench is one client, and is to be taken at its word.
    command.args(["--set", "producer.push.articles_per_second=1000000", "producer"]);
    let producer = Process::start("faultline producer", &mut command, &installation.log("producer"))?;
    process::eventually("articles can be handed in", Duration::from_secs(30), || {
        http::request(&address, "GET", "/v1/openapi.json", &[], b"").is_ok()
    })
    .map_err(|error| anyhow::anyhow!("{error:#}\n{}", installation.logs()))?;
    pin_broker(kafka.process_id(), false)?;
    let bodies = bodies(bench)?;
    let cpu = process_cpu_seconds(producer.id())?;
    let begun = Instant::now();
    let handed_in = hand_in(&address, &bodies);
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), process_cpu_seconds(producer.id())? - cpu);
    pin_broker(kafka.process_id(), true)?;
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let articles = handed_in.map_err(|error| anyhow::anyhow!("{error:#}\n{}", installation.logs()))? as f64;
    figures.set("push.articles_per_second", articles / seconds);
    figures.set("push.cpu_ms", cpu * 1_000.0 / articles);
    Ok(())
}

/// Articles as they are handed in: JSON lines.
fn bodies(bench: &Bench) -> anyhow::Result<Vec<Vec<u8>>> {
    let articles = bench.corpus.articles.iter().cycle().take(bench.choose(20_000, 2_000)).enumerate();
    let lines = articles.map(|(number, article)| {
        let mut line = serde_json::to_vec(&corpus::copy(article, number))?;
        line.push(b'\n');
        Ok(line)
    });
    let lines = lines.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(lines.chunks(BATCH).map(<[Vec<u8>]>::concat).collect())
}

/// Hands all of them in, and returns how many articles were acknowledged.
fn hand_in(address: &str, bodies: &[Vec<u8>]) -> anyhow::Result<usize> {
    let next = AtomicUsize::new(0);
    let client = || -> anyhow::Result<usize> {
        let mut accepted = 0;
        while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer =
                http::request(address, "POST", "/v1/articles", &[("Content-Type", "application/x-ndjson")], body)?;
            anyhow::ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
            let counted = answer.json()?["accepted"].as_u64().unwrap_or_default();
            accepted += usize::try_from(counted)?;
        }
        Ok(accepted)
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?).sum()
    })
}
