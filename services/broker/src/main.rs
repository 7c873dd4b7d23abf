//! The bundled broker: speaks the Kafka protocol on one machine, keeps its log in SQLite.
//!
//! Topics, idempotent producers, consumer groups of the classic protocol; no transactions, no replicas, no passwords.
//! Messages of the protocol are kafka-protocol's; what they mean is here: `api` answers requests from `log` (topics and
//! records), `groups` (who reads what), `offsets` (how far), on one `database`.
//!
//! `faultline up` starts it, watches it and ends it; nothing else in Faultline depends on it, since every role
//! reaches it over TCP like any other Kafka. It is a program of its own because a panic in it must not take the roles
//! down.
//!
//! In: `--listen`, `--data`, `--parent-pid`. Out: one line of JSON on standard output when it accepts connections,
//! `{"listening":"127.0.0.1:9092"}`, log lines of the broker's own errors on standard error, and, when it cannot go
//! on, a last line that starts with `error: ` and says what to do; exit code 1.
//!
//! **Invariants.** One process per data folder. What was acknowledged survives `kill -9` and a power cut. It ends when its parent does.

mod api;
mod broker;
mod data_folder;
mod database;
mod error;
mod groups;
mod log;
mod offsets;
mod producer_ids;
mod server;
mod trouble;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;

use crate::broker::Broker;
use crate::data_folder::DataFolder;
use crate::trouble::Trouble;

/// How often to look whether the parent still lives.
const PARENT_POLL: Duration = Duration::from_millis(100);
/// How long requests in progress may take when asked to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(1);

/// Faultline's bundled broker for one machine, started by `faultline up`.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Address to listen on, which is also the one told to clients; port 0 picks a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9092")]
    listen: SocketAddr,
    /// Folder for the log; made if missing
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// End when this process, which must be the one that started the broker, is gone
    #[arg(long, value_name = "PID")]
    parent_pid: Option<u32>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.listen.ip().is_unspecified() {
        bail!(
            "cannot listen on {}: clients are told this address, so name one that they can reach, such as 127.0.0.1:9092",
            arguments.listen
        );
    }
    let folder = DataFolder::claim(&arguments.data)?;
    let listener = TcpListener::bind(arguments.listen).map_err(|error| listen_error(arguments.listen, &error))?;
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::ERROR)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .compact()
        .init();

    // SQLite has one writer: more threads would add memory, not speed.
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let result = runtime.block_on(serve(listener, &folder.database(), arguments.parent_pid));
    runtime.shutdown_timeout(STOP_DEADLINE);
    result
}

fn listen_error(listen: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {listen}: the port is in use by another program; stop that one, or choose another port, \
             or port 0 for any free one"
        ),
        std::io::ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("cannot listen on {listen}: this machine does not have that address")
        }
        std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("cannot listen on {listen}: permission denied; choose a port of 1024 or above")
        }
        _ => anyhow::anyhow!("cannot listen on {listen}: {error}"),
    }
}

async fn serve(listener: TcpListener, database: &Path, parent: Option<u32>) -> anyhow::Result<()> {
    let address = listener.local_addr().context("failed to read the listening address")?;
    listener.set_nonblocking(true).context("failed to listen without blocking")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("failed to listen")?;
    let trouble = Trouble::new();
    let opened = Broker::open(database, address, trouble.clone()).await;
    let broker = opened.with_context(|| format!("failed to open the broker's log {}", database.display()))?;
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for SIGINT")?;

    announce(address)?;
    tokio::select! {
        () = server::run(listener, Arc::new(broker)) => Ok(()),
        what = trouble.fatal() => bail!("{what}"),
        () = parent_gone(parent) => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{{\"listening\":\"{address}\"}}")
        .and_then(|()| out.flush())
        .context("failed to say on standard output that the broker is ready")
}

/// Returns when `parent` is no longer this process's parent; never where none was named.
async fn parent_gone(parent: Option<u32>) {
    let Some(parent) = parent else { return std::future::pending().await };
    while std::os::unix::process::parent_id() == parent {
        tokio::time::sleep(PARENT_POLL).await;
    }
}
