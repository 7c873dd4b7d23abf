//! `faultline up`: how soon it has stored something, and what it takes with nothing to do.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_tests::{
    faultline::binary,
    process::{Process, free_port, tail},
};

use crate::{
    Bench,
    figures::{Figures, median},
    machine::{children, process_cpu_seconds, resident_mb},
    stored::{self, Reader},
};

/// Longer than what follows a start: joining groups, first commits.
const SETTLE: Duration = Duration::from_secs(6);

/// Starts it on empty folders, with default settings but for ports and one file to take in.
pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let starts = bench.choose(3, 1);
    for number in 1..=starts {
        let folder = tempfile::tempdir()?;
        let begun = Instant::now();
        let mut up = Up::start(bench, folder.path())?;
        up.wait_for_first(Duration::from_secs(30))?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        if number == starts {
            rest(&up, bench.choose(Duration::from_secs(10), Duration::from_secs(4)), figures)?;
        }
    }
    println!("first stored after {times:.0?} ms");
    figures.set("start.first_stored_ms", median(times));
    Ok(())
}

struct Up {
    process: Process,
    database: std::path::PathBuf,
    log: std::path::PathBuf,
}

impl Up {
    fn start(bench: &Bench, folder: &Path) -> anyhow::Result<Self> {
        let article = folder.join("article.jsonl");
        std::fs::write(&article, serde_json::to_string(&bench.corpus.articles[0])? + "\n")?;
        let config = folder.join("faultline.toml");
        let text = format!(
            "data_dir = {:?}\n[broker]\nlisten = \"127.0.0.1:{}\"\n[admin]\nlisten = \"127.0.0.1:{}\"\n\
             [[producer.sources]]\nid = \"bench\"\nkind = \"file\"\npath = {article:?}\n",
            folder.join("data"),
            free_port()?,
            free_port()?,
        );
        std::fs::write(&config, text)?;
        let log = folder.join("up.log");
        let mut command = Command::new(binary("faultline"));
        command.arg("--config").arg(&config).arg("up");
        let process = Process::start("faultline up", &mut command, &log)?;
        Ok(Self { process, database: folder.join("data/faultline.sqlite"), log })
    }

    fn wait_for_first(&mut self, deadline: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + deadline;
        let open = || Reader::sqlite(&self.database);
        let mut reader = stored::once_there(open, &mut self.process, &self.log, deadline)?;
        while reader.newer()?.is_empty() {
            anyhow::ensure!(Instant::now() < until, "nothing was stored in {deadline:?}: {}", tail(&self.log));
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

fn rest(up: &Up, watched: Duration, figures: &mut Figures) -> anyhow::Result<()> {
    std::thread::sleep(SETTLE);
    let roles = up.process.id();
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
