//! `make bench`: measures Faultline on this machine, prints a table, and writes `target/bench.json`.
//!
//! In go the corpus in `../shared` (the demo's articles, repeated, where that is missing) and the binaries built beside
//! this one. Whatever is a ratio has both sides measured in this run, in turns. A group that fails is reported and the
//! others still run; the exit code is then 1. `--only GROUP` and `--quick` are for iterating: they write
//! `target/bench-partial.json`, so that the file of whole runs never mixes runs.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod alerts;
mod backfill;
mod corpus;
mod enrich;
mod feeds;
mod figures;
mod kafka;
mod latency;
mod linear;
mod machine;
mod pipeline;
mod push;
mod rest;
mod seen;
mod sink;
mod stored;
mod told;
mod up;

use std::{cell::OnceCell, path::Path, process::ExitCode, time::Instant};

use clap::{Parser, ValueEnum};
use faultline_tests::kafka::Kafka;

use crate::{corpus::Corpus, figures::Figures};

// What the product's binary uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Faultline on this machine.
#[derive(Debug, Parser)]
struct Options {
    /// Only this group; may be given again
    #[arg(long, value_enum, value_name = "GROUP")]
    only: Vec<Group>,
    /// Small loads, for iterating: the figures are rough
    #[arg(long)]
    quick: bool,
}

/// Figures that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Long texts, and the knowledge: first, since it is loaded on first use
    Linear,
    /// Analysis in this process, against the VADER crate
    Enrich,
    /// Ten thousand rules of alerts over articles
    Alerts,
    /// From a tagged article to a webhook that is told
    Told,
    /// `faultline up` with nothing to do, and its start
    Rest,
    /// Published to stored on the bundled broker and `SQLite`
    LatencyBundled,
    /// Published to stored on Apache Kafka and `PostgreSQL`
    LatencyKafka,
    /// The consume loop against a plain copy
    Copy,
    /// The enricher against `faultline enrich`
    Enricher,
    /// Articles handed in over HTTP
    Push,
    /// Archives taken in
    Backfill,
    /// Ten thousand feeds on one core, and from a feed's entry to the stored article
    Feeds,
    /// The sink alone, into `SQLite`
    SinkSqlite,
    /// The sink alone, into `PostgreSQL`
    SinkPostgres,
}

impl Group {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self, bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
        match self {
            Self::Linear => linear::run(bench, figures),
            Self::Enrich => enrich::run(bench, figures),
            Self::Alerts => alerts::run(bench, figures),
            Self::Told => told::run(bench, figures),
            Self::Rest => rest::run(bench, figures),
            Self::LatencyBundled => latency::bundled(bench, figures),
            Self::LatencyKafka => latency::kafka(bench, figures),
            Self::Copy => pipeline::against_copy(bench, figures),
            Self::Enricher => pipeline::against_enrich(bench, figures),
            Self::Push => push::run(bench, figures),
            Self::Backfill => backfill::run(bench, figures),
            Self::Feeds => feeds::run(bench, figures).and_then(|()| seen::run(bench, figures)),
            Self::SinkSqlite => sink::sqlite(bench, figures),
            Self::SinkPostgres => sink::postgres(bench, figures),
        }
    }
}

/// What the groups share.
struct Bench {
    quick: bool,
    corpus: Corpus,
    kafka: OnceCell<Kafka>,
}

impl Bench {
    /// Apache Kafka, started by the first that asks.
    fn kafka(&self) -> anyhow::Result<&Kafka> {
        if self.kafka.get().is_none() {
            let started = Kafka::start()?;
            return Ok(self.kafka.get_or_init(|| started));
        }
        self.kafka.get().ok_or_else(|| anyhow::anyhow!("Apache Kafka is gone"))
    }

    /// `full`, or `quick` with `--quick`.
    fn choose<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the bench failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// False when a group failed.
fn run(options: &Options) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let machine = machine::facts()?;
    println!("{}", machine::sentence(&machine));
    let corpus = Corpus::load(if options.quick { 600 } else { usize::MAX })?;
    println!("{}\n", corpus.origin);
    let bench = Bench { quick: options.quick, corpus, kafka: OnceCell::new() };
    let mut figures = Figures::default();
    let mut failures = Vec::new();
    let groups = if options.only.is_empty() { Group::value_variants() } else { &options.only };
    for group in groups {
        let started = Instant::now();
        let outcome = group.run(&bench, &mut figures);
        println!("{} took {:.0} s", group.name(), started.elapsed().as_secs_f64());
        if let Err(error) = outcome {
            println!("{} FAILED: {error:#}", group.name());
            failures.push(group.name());
        }
    }
    println!("\n{}", figures.table());
    if !failures.is_empty() {
        println!("FAILED, as said above: {}", failures.join(", "));
    }
    let is_whole = options.only.is_empty() && !options.quick;
    let name = if is_whole { "bench.json" } else { "bench-partial.json" };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name);
    figures.write(&file, machine)?;
    println!("wrote target/{name} after {:.0} s", begun.elapsed().as_secs_f64());
    Ok(failures.is_empty())
}
