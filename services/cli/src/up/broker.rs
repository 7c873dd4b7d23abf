//! The bundled broker as a child process: started, watched, started again when it crashes, ended last.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use faultline_platform::Stop;
use faultline_platform::health::Health;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};

const PROGRAM: &str = "faultline-broker";
/// Longer than a start takes with a large log on a slow disk.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long it may take to end before it is killed, which loses nothing that was acknowledged.
const END_DEADLINE: Duration = Duration::from_secs(3);
/// After this many ends within [`CRASH_WINDOW`] it is not started again.
const CRASHES: usize = 5;
const CRASH_WINDOW: Duration = Duration::from_secs(60);
/// Wait before the first new start; doubles with each crash in the window.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
/// Name under which the health page shows the broker.
const HEALTH: &str = "broker";

/// A broker that is kept running.
pub(crate) struct BundledBroker {
    address: SocketAddr,
    stop: Stop,
    watcher: JoinHandle<anyhow::Result<()>>,
}

impl BundledBroker {
    /// Starts it and waits until it accepts connections.
    pub(crate) async fn start(listen: SocketAddr, data: PathBuf, health: Health) -> anyhow::Result<Self> {
        let mut launch = Launch { program: find_program()?, data, listen };
        let (process, address) = launch.start().await?;
        // Clients know this address by now: it stays the same when the broker is started again.
        launch.listen = address;
        let stop = Stop::new();
        let watcher = tokio::spawn(watch(launch, process, stop.clone(), health));
        Ok(Self { address, stop, watcher })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why it is no longer kept running; waits while it is.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        match (&mut self.watcher).await {
            Ok(Ok(())) => anyhow!("the bundled broker was ended"),
            Ok(Err(failure)) => failure,
            Err(panic) => anyhow!("the watch over the bundled broker panicked: {panic}"),
        }
    }

    /// Ends it, by force where it takes too long.
    pub(crate) async fn end(self) {
        self.stop.request();
        if !self.watcher.is_finished() {
            self.watcher.await.ok();
        }
    }
}

/// The broker's program lies beside this one.
fn find_program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find out where this program lies")?;
    let program = own.with_file_name(PROGRAM);
    if !program.is_file() {
        bail!(
            "the bundled broker is missing: no {}; put it there (it is built by 'cargo build -p faultline-broker'), or \
             set kafka.brokers to a Kafka of your own",
            program.display()
        );
    }
    Ok(program)
}

/// What it takes to start the broker.
struct Launch {
    program: PathBuf,
    data: PathBuf,
    listen: SocketAddr,
}

/// A started broker. Killed when dropped.
struct Process {
    child: Child,
    /// Yields the last line that starts with `error: ` once the broker's output has ended.
    last_error: JoinHandle<Option<String>>,
}

impl Launch {
    async fn start(&self) -> anyhow::Result<(Process, SocketAddr)> {
        let mut child = Command::new(&self.program)
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", &self.listen.to_string()])
            .args(["--parent-pid", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal goes to the whole group, but the broker must outlive the roles.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("failed to start {}", self.program.display()))?;
        let stdout = child.stdout.take().context("the broker has no standard output")?;
        let stderr = child.stderr.take().context("the broker has no standard error")?;
        let mut process = Process { child, last_error: tokio::spawn(follow_log(stderr)) };
        match tokio::time::timeout(START_DEADLINE, read_address(stdout)).await {
            Ok(Some(address)) => Ok((process, address)),
            Ok(None) => {
                let status = process.child.wait().await.context("failed to wait for the broker's end")?;
                Err(process.reason(status).await)
            }
            Err(_) => Err(anyhow!(
                "the bundled broker did not answer within {} s; look at the disk of {}",
                START_DEADLINE.as_secs(),
                self.data.display()
            )),
        }
    }
}

impl Process {
    /// Why it ended, in its own words where it had any.
    async fn reason(self, status: ExitStatus) -> anyhow::Error {
        match self.last_error.await {
            Ok(Some(error)) => anyhow!("the bundled broker: {error}"),
            Ok(None) | Err(_) => anyhow!("the bundled broker ended without a word ({status})"),
        }
    }

    async fn end(mut self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(pid) = pid
            && let Err(error) = kill_process(pid, Signal::TERM)
        {
            debug!(%error, "the bundled broker was gone already");
        }
        if tokio::time::timeout(END_DEADLINE, self.child.wait()).await.is_err() {
            warn!("the bundled broker did not end in time and was killed");
            self.child.kill().await.ok();
        }
    }
}

async fn read_address(stdout: impl AsyncRead + Unpin) -> Option<SocketAddr> {
    #[derive(serde::Deserialize)]
    struct Ready {
        listening: SocketAddr,
    }
    let line = BufReader::new(stdout).lines().next_line().await.ok()??;
    serde_json::from_str::<Ready>(&line).ok().map(|ready| ready.listening)
}

/// Passes the broker's log on, and keeps what it says last.
async fn follow_log(stderr: impl AsyncRead + Unpin) -> Option<String> {
    let mut lines = BufReader::new(stderr).split(b'\n');
    let mut last_error = None;
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        match line.strip_prefix("error: ") {
            Some(error) => last_error = Some(error.to_owned()),
            None => debug!(target: "faultline_broker", "{line}"),
        }
    }
    last_error
}

async fn watch(launch: Launch, mut process: Process, stop: Stop, health: Health) -> anyhow::Result<()> {
    let mut crashes = VecDeque::new();
    loop {
        let status = tokio::select! {
            () = stop.wait() => {
                process.end().await;
                return Ok(());
            }
            status = process.child.wait() => status.context("failed to wait for the bundled broker")?,
        };
        let reason = process.reason(status).await;
        match start_again(&launch, reason, &mut crashes, &stop, &health).await? {
            Some(started) => process = started,
            None => return Ok(()),
        }
    }
}

/// Starts the broker until it stays up long enough to answer; `None` when asked to stop meanwhile.
async fn start_again(
    launch: &Launch,
    mut reason: anyhow::Error,
    crashes: &mut VecDeque<Instant>,
    stop: &Stop,
    health: &Health,
) -> anyhow::Result<Option<Process>> {
    loop {
        let back_off = note_crash(crashes, Instant::now()).ok_or_else(|| {
            anyhow!(
                "ended {CRASHES} times within {} s and is not started again; last: {reason:#}",
                CRASH_WINDOW.as_secs()
            )
        })?;
        warn!(reason = format!("{reason:#}"), "the bundled broker ended and is started again");
        health.set_degraded(HEALTH, Some(format!("{reason:#}")));
        tokio::select! {
            () = stop.wait() => return Ok(None),
            () = tokio::time::sleep(back_off) => {}
        }
        match launch.start().await {
            Ok((process, _)) => {
                info!(address = %launch.listen, "the bundled broker answers again");
                health.set_degraded(HEALTH, None);
                return Ok(Some(process));
            }
            Err(error) => reason = error,
        }
    }
}

/// How long to wait before the next start; `None` when there were too many ends within the window.
fn note_crash(crashes: &mut VecDeque<Instant>, now: Instant) -> Option<Duration> {
    while crashes.front().is_some_and(|crash| now.duration_since(*crash) > CRASH_WINDOW) {
        crashes.pop_front();
    }
    crashes.push_back(now);
    let earlier = u32::try_from(crashes.len() - 1).unwrap_or(u32::MAX);
    (crashes.len() < CRASHES).then(|| FIRST_BACK_OFF * 2_u32.saturating_pow(earlier))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;

    #[test]
    fn back_off_doubles_and_gives_up_only_on_ends_within_the_window() {
        let start = Instant::now();
        let mut crashes = VecDeque::new();
        let waits: Vec<_> = (0..5).map(|n| note_crash(&mut crashes, start + Duration::from_secs(n))).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(waits, [millis(100), millis(200), millis(400), millis(800), None]);
        let later = start + CRASH_WINDOW * 2;
        assert_eq!(note_crash(&mut crashes, later), millis(100), "earlier ends are forgotten");
    }

    fn script(folder: &Path, body: &str) -> Launch {
        let (source, program) = (folder.join("source"), folder.join(PROGRAM));
        std::fs::write(&source, format!("#!/bin/sh\n{body}\n")).unwrap();
        // Copied by another process: what this one has open for writing, a child of another test may hold open too, and what is
        // open for writing cannot be run.
        let copied = std::process::Command::new("install").args(["-m", "755"]).args([&source, &program]).status();
        assert!(copied.unwrap().success());
        Launch { program, data: folder.to_owned(), listen: "127.0.0.1:1".parse().unwrap() }
    }

    #[tokio::test]
    async fn a_broker_that_refuses_to_start_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let launch = script(folder.path(), "echo noise >&2; echo 'error: the disk is full: make room' >&2; exit 1");
        let refusal = launch.start().await.err().unwrap().to_string();
        assert_eq!(refusal, "the bundled broker: the disk is full: make room");
    }

    #[tokio::test]
    async fn a_broker_that_keeps_crashing_is_given_up_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let launch = script(folder.path(), r#"echo '{"listening":"127.0.0.1:7"}'; echo "error: bad luck" >&2; exit 1"#);
        let (process, address) = launch.start().await.unwrap();
        assert_eq!(address.port(), 7);
        let outcome = watch(launch, process, Stop::new(), Health::new()).await.unwrap_err().to_string();
        assert!(outcome.contains("5 times") && outcome.contains("bad luck"), "{outcome}");
    }

    #[tokio::test]
    async fn a_broker_that_ignores_sigterm_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let body = r#"trap "" TERM; echo '{"listening":"127.0.0.1:7"}'; while :; do sleep 0.1; done"#;
        let (process, _) = script(folder.path(), body).start().await.unwrap();
        let started = Instant::now();
        process.end().await;
        assert!(started.elapsed() >= END_DEADLINE && started.elapsed() < END_DEADLINE * 2);
    }
}
