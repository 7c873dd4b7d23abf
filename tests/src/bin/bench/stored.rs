//! What is in a store, asked by a reader of its own.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use faultline_tests::process::Process;
use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Runtime;

use crate::machine;

/// A connection that only reads.
pub(crate) struct Reader {
    runtime: Runtime,
    connection: Connection,
    /// Newest article that was seen.
    newest: i64,
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Reader {
    /// Of a database file that is there.
    pub(crate) fn sqlite(file: &Path) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let options = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(2));
        let connection = Connection::Sqlite(runtime.block_on(SqliteConnection::connect_with(&options))?);
        Ok(Self { runtime, connection, newest: 0 })
    }

    /// Of a database on a server.
    pub(crate) fn postgres(url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = Connection::Postgres(runtime.block_on(PgConnection::connect(url))?);
        Ok(Self { runtime, connection, newest: 0 })
    }

    /// Ids of the articles stored since the last call. Articles get their keys in the order in which they are stored.
    pub(crate) fn newer(&mut self) -> anyhow::Result<Vec<String>> {
        let newest = self.newest;
        let rows: Vec<(i64, String)> = match &mut self.connection {
            Connection::Sqlite(connection) => {
                let query = sqlx::query_as("SELECT key, id FROM articles WHERE key > ? ORDER BY key").bind(newest);
                self.runtime.block_on(query.fetch_all(connection))?
            }
            Connection::Postgres(connection) => {
                let query = sqlx::query_as("SELECT key, id FROM articles WHERE key > $1 ORDER BY key").bind(newest);
                self.runtime.block_on(query.fetch_all(connection))?
            }
        };
        self.newest = rows.last().map_or(newest, |(key, _)| *key);
        Ok(rows.into_iter().map(|(_, id)| id).collect())
    }

    /// Messages that the sink has stored, by its own offsets.
    pub(crate) fn offsets(&mut self) -> anyhow::Result<u64> {
        const SUM: &str = "SELECT CAST(coalesce(sum(next_offset), 0) AS BIGINT) FROM offsets";
        let sum: i64 = match &mut self.connection {
            Connection::Sqlite(connection) => {
                self.runtime.block_on(sqlx::query(SUM).fetch_one(connection))?.try_get(0)?
            }
            Connection::Postgres(connection) => {
                self.runtime.block_on(sqlx::query(SUM).fetch_one(connection))?.try_get(0)?
            }
        };
        Ok(sum.unsigned_abs())
    }
}

/// Opens a store once `open` can and its tables are there, which the process makes at its start.
pub(crate) fn once_there(
    open: impl Fn() -> anyhow::Result<Reader>,
    process: &mut Process,
    log: &Path,
    deadline: Duration,
) -> anyhow::Result<Reader> {
    let until = Instant::now() + deadline;
    loop {
        let opened = open().and_then(|mut reader| reader.offsets().map(|_| reader));
        match opened {
            Ok(reader) => return Ok(reader),
            Err(error) if Instant::now() > until => return Err(error.context("the store was not there in time")),
            Err(_) => machine::ensure_running(process, log)?,
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How fast a count that others move grows to `total`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Steps a second, from when the count first moved, so that the start of a process is not counted.
    pub(crate) per_second: f64,
    /// Time on the processor that each step has cost, in milliseconds, the server's included where one is named.
    pub(crate) cpu_ms: f64,
}

/// Watches a count that `process` moves, with the help of a `server` and its children.
pub(crate) fn rate(
    mut count: impl FnMut() -> anyhow::Result<u64>,
    total: u64,
    process: &mut Process,
    server: Option<u32>,
    log: &Path,
) -> anyhow::Result<Rate> {
    let served = || server.map_or(Ok(0.0), machine::family_cpu_seconds);
    let until = Instant::now() + Duration::from_secs(90);
    let mut first = None;
    let (mut cpu_before, mut served_before) = (0.0, 0.0);
    loop {
        let now = count()?;
        let at = Instant::now();
        if now >= total {
            let (begun, before): (Instant, u64) = first.unwrap_or((at, now));
            anyhow::ensure!(before < now, "all {now} were done at the first look: more articles are needed");
            #[expect(clippy::cast_precision_loss, reason = "thousands")]
            let done = (now - before) as f64;
            let (seconds, cpu) = ((at - begun).as_secs_f64(), machine::process_cpu_seconds(process.id())? - cpu_before);
            let served = served()? - served_before;
            println!(
                "{:.0} a second; {:.2} ms of CPU each, busy for {:.0}% of the time; {:.2} ms of the database server's",
                done / seconds,
                cpu * 1_000.0 / done,
                cpu * 100.0 / seconds,
                served * 1_000.0 / done,
            );
            return Ok(Rate { per_second: done / seconds, cpu_ms: (cpu + served) * 1_000.0 / done });
        }
        if now > 0 && first.is_none() {
            first = Some((at, now));
            (cpu_before, served_before) = (machine::process_cpu_seconds(process.id())?, served()?);
        }
        machine::ensure_running(process, log)?;
        anyhow::ensure!(at < until, "{now} of {total} were done in 90 s: {}", faultline_tests::process::tail(log));
        std::thread::sleep(Duration::from_millis(10));
    }
}
