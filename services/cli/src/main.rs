//! `faultline`: one sub-command for each role, and the tools.
//!
//! In: arguments, one TOML file, the environment. Out: results on standard output, logs and progress on standard error.
//! Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
//!
//! **Invariants.** Every sub-command reads the same [`settings::Settings`]. Only this crate prints.

mod arguments;
mod commands;
mod demo;
mod exit;
mod look;
mod settings;
mod terminal;
mod up;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use faultline_platform::{Stop, signals, telemetry};

use crate::arguments::{Cli, Command, GlobalArguments};
use crate::exit::Usage;
use crate::settings::Settings;
use crate::up::Role;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let global = &cli.global;
    match &cli.command {
        Command::Up => serve(global, up::run),
        Command::Producer => serve(global, |settings, stop| up::run_alone(Role::Producer, settings, stop)),
        Command::Enricher => serve(global, |settings, stop| up::run_alone(Role::Enricher, settings, stop)),
        Command::Sink => serve(global, |settings, stop| up::run_alone(Role::Sink, settings, stop)),
        Command::Alerter => serve(global, |settings, stop| up::run_alone(Role::Alerter, settings, stop)),
        Command::Demo(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, async { demo::run(arguments, settings.clone(), obeying_signals()).await })
        }
        Command::Ingest(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::ingest::run(arguments, &settings))
        }
        Command::Backfill(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::backfill::run(arguments, &settings))
        }
        Command::Enrich(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, async { commands::enrich::run(arguments, &settings) })
        }
        Command::Read(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, async { commands::read::run(arguments, &settings) })
        }
        Command::Search(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::search::run(arguments, &settings))
        }
        Command::Stories(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::stories::run(arguments, &settings))
        }
        Command::Show(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::show::run(arguments, &settings))
        }
        Command::Sources(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::sources::run(arguments, &settings))
        }
        Command::Topics(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::topics::run(arguments, &settings.common))
        }
        Command::Tokens(arguments) => {
            let settings = quiet(global)?;
            commands::tokens::run(arguments, &settings.common)
        }
        Command::Knowledge(arguments) => {
            let settings = quiet(global)?;
            commands::knowledge::run(arguments, &settings)
        }
        Command::Alerts(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::alerts::run(arguments, &settings.common))
        }
        Command::Rules(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::rules::run(arguments, &settings))
        }
        Command::Receivers(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::receivers::run(arguments, &settings))
        }
        Command::DeadLetters(arguments) => {
            let settings = quiet(global)?;
            block_on(&settings, commands::dead_letters::run(arguments, &settings.common))
        }
        // These work whatever the settings are.
        Command::Config(arguments) => commands::config::run(arguments, global),
        Command::Schema(arguments) => commands::schema::run(arguments),
        Command::Completions(arguments) => commands::completions::run(arguments),
    }
}

/// Runs roles until they end or a signal asks them to.
fn serve<F: Future<Output = anyhow::Result<()>>>(
    global: &GlobalArguments,
    work: impl FnOnce(Settings, Stop) -> F,
) -> anyhow::Result<()> {
    let settings = Settings::load(global)?;
    block_on(&settings, async { work(settings.clone(), obeying_signals()).await })
}

/// Settings of a tool, which logs only what went wrong.
fn quiet(global: &GlobalArguments) -> anyhow::Result<Settings> {
    let mut settings = Settings::load(global)?;
    settings.quieten();
    Ok(settings)
}

fn obeying_signals() -> Stop {
    let stop = Stop::new();
    signals::listen(stop.clone());
    stop
}

fn block_on(settings: &Settings, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    telemetry::init(&settings.common.log).map_err(|error| Usage(format!("{error:#}")))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
    runtime.block_on(work)
}
