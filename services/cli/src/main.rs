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
mod settings;
mod terminal;
mod up;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser as _;
use faultline_platform::{Stop, signals, telemetry};

use crate::arguments::{Cli, Command};
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
    let mut settings = Settings::load(&cli.global)?;
    if matches!(cli.command, Command::Demo(_)) {
        settings.quieten();
    }
    telemetry::init(&settings.common.log).map_err(|error| Usage(format!("{error:#}")))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
    runtime.block_on(dispatch(cli, settings))
}

async fn dispatch(cli: &Cli, settings: Settings) -> anyhow::Result<()> {
    let stop = Stop::new();
    signals::listen(stop.clone());
    match &cli.command {
        Command::Up => up::run(settings, stop).await,
        Command::Demo(arguments) => demo::run(arguments, settings, stop).await,
        Command::Enrich(arguments) => match commands::enrich::run(arguments, &settings)? {
            0 => Ok(()),
            refused => bail!("{refused} of the inputs are no articles, as said above"),
        },
        Command::Producer => up::run_alone(Role::Producer, settings, stop).await,
        Command::Enricher => up::run_alone(Role::Enricher, settings, stop).await,
        Command::Sink => up::run_alone(Role::Sink, settings, stop).await,
    }
}
