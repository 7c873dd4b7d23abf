//! `faultline up`: how soon it has stored something, and what it takes with nothing to do.

use std::time::{Duration, Instant};

use crate::{
    Bench,
    figures::{Figures, median},
    machine::{children, process_cpu_seconds, resident_mb},
    up::Up,
};
use anyhow::Context as _;

/// Longer than what follows a start: joining groups, first commits.
const SETTLE: Duration = Duration::from_secs(6);

/// When a start has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts it on empty folders, with default settings but for ports and one file to take in.
pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let starts = bench.choose(3, 1);
    for number in 1..=starts {
        let folder = tempfile::tempdir()?;
        let begun = Instant::now();
        let mut up = Up::start(folder.path(), Some(&bench.corpus.articles[0]), "")?;
        let mut reader = up.reader()?;
        while reader.newer()?.is_empty() {
            up.ensure_running()?;
            anyhow::ensure!(begun.elapsed() < PATIENCE, "nothing was stored in {PATIENCE:?}: {}", up.log());
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        if number == starts {
            rest(&up, bench.choose(Duration::from_secs(10), Duration::from_secs(4)), figures)?;
        }
    }
    println!("first stored after {times:.0?} ms");
    figures.set("start.first_stored_ms", median(times));
    Ok(())
}

fn rest(up: &Up, watched: Duration, figures: &mut Figures) -> anyhow::Result<()> {
    std::thread::sleep(SETTLE);
    let roles = up.id();
    let broker = *children(roles)?.first().context("the bundled broker does not run")?;
    let cpu = || anyhow::Ok((process_cpu_seconds(roles)?, process_cpu_seconds(broker)?));
    let (begun, before) = (Instant::now(), cpu()?);
    std::thread::sleep(watched);
    let after = cpu()?;
    let share = 100.0 / begun.elapsed().as_secs_f64();
    let broker_share = (after.1 - before.1) * share;
    figures.set("rest.cpu_percent", (after.0 - before.0) * share + broker_share);
    figures.set("rest.broker_cpu_percent", broker_share);
    let broker_mb = resident_mb(broker)?;
    figures.set("rest.rss_mb", resident_mb(roles)? + broker_mb);
    figures.set("rest.broker_rss_mb", broker_mb);
    Ok(())
}
