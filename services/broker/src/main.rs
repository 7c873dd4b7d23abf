//! The bundled broker: speaks the Kafka protocol on one machine, keeps its log in SQLite.
//!
//! Protocol, topics and groups are tansu's; records are kept in a log of its own, and fetches are answered by a service of
//! its own: tansu's reads everything that waits in a partition for each fetch, so that a consumer that falls behind
//! falls further behind, and waits out the time given whether there is something or not.
//!
//! `faultline up` starts it, watches it and ends it; nothing else in Faultline depends on it, since every role
//! reaches it over TCP like any other Kafka. It is a program of its own because its SQLite and the sink's define the
//! same symbols, and because a panic in it must not take the roles down.
//!
//! In: `--listen`, `--data`, `--parent-pid`. Out: one line of JSON on standard output when it accepts connections,
//! `{"listening":"127.0.0.1:9092"}`, log lines of the broker's own errors on standard error, and, when it cannot go
//! on, a last line that starts with `error: ` and says what to do; exit code 1.
//!
//! **Invariants.** One process per data folder. What was acknowledged survives `kill -9`. It ends when its parent does.

mod data_folder;
mod fetch;
mod groups;
mod log;
mod server;
mod storage;
mod trouble;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Parser;
use tansu_storage::{BrokerRegistrationRequest, Storage as _, StorageContainer};
use tokio::signal::unix::{SignalKind, signal};
use url::Url;
use uuid::Uuid;

use crate::data_folder::DataFolder;
use crate::storage::Store;
use crate::trouble::Trouble;

/// How often to look whether the parent still lives.
const PARENT_POLL: Duration = Duration::from_millis(100);
/// How long requests in progress may take when asked to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(1);
const NODE: i32 = 1;
const CLUSTER: &str = "faultline";

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
    // The storage engine takes every path as relative to the working folder, even an absolute one.
    std::env::set_current_dir(folder.path())
        .with_context(|| format!("failed to enter the data folder {}", folder.path().display()))?;
    let trouble = Trouble::watch_log();

    // SQLite has one writer: more threads would add memory, not speed.
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let result = runtime.block_on(serve(listener, arguments.parent_pid, &trouble));
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

async fn serve(listener: TcpListener, parent: Option<u32>, trouble: &Trouble) -> anyhow::Result<()> {
    let address = listener.local_addr().context("failed to read the listening address")?;
    listener.set_nonblocking(true).context("failed to listen without blocking")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("failed to listen")?;
    let store = open(address).await?;
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for SIGINT")?;

    announce(address)?;
    tokio::select! {
        failure = server::run(listener, store) => Err(failure),
        what = trouble.fatal() => bail!("{what}"),
        () = parent_gone(parent) => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// Opens what is in the working folder, which clients are told to find at `address`.
async fn open(address: SocketAddr) -> anyhow::Result<Store> {
    let failed =
        |what: &str, error: tansu_storage::Error| anyhow::anyhow!("failed to open the broker's log {what}: {error}");
    let listener = Url::parse(&format!("tcp://{address}")).context("failed to name the listener")?;
    let storage = Url::parse(&format!("sqlite://{}", data_folder::TOPICS)).context("failed to name the storage")?;
    let tansu = StorageContainer::builder()
        .cluster_id(CLUSTER)
        .node_id(NODE)
        .advertised_listener(listener)
        .storage(storage)
        .silent(true)
        .build()
        .await
        .map_err(|error| failed(data_folder::TOPICS, error))?;
    let registration = BrokerRegistrationRequest {
        broker_id: NODE,
        cluster_id: CLUSTER.to_owned(),
        incarnation_id: Uuid::new_v4(),
        rack: None,
    };
    tansu.register_broker(registration).await.map_err(|error| failed(data_folder::TOPICS, error))?;
    Store::open(tansu, Path::new(data_folder::RECORDS)).await.map_err(|error| failed(data_folder::RECORDS, error))
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
