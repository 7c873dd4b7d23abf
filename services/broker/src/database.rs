//! The SQLite database that everything is kept in.
//!
//! All writes go through one task. What has come while it wrote becomes its next transaction, so that the disk is waited
//! for once per transaction, however many clients write: what is acknowledged outlives a power cut, not only `kill -9`.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};

use crate::error::{Error, Result};
use crate::trouble::Trouble;

/// The index of batches holds every column but the content, so that nothing reads contents that it does not hand out.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS topic (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS config (
        topic TEXT NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
        name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (topic, name)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS partition (
        id INTEGER PRIMARY KEY,
        topic TEXT NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_offset INTEGER NOT NULL DEFAULT 0,
        UNIQUE (topic, number)
    );
    CREATE TABLE IF NOT EXISTS batch (
        id INTEGER PRIMARY KEY,
        partition INTEGER NOT NULL REFERENCES partition (id) ON DELETE CASCADE,
        base_offset INTEGER NOT NULL,
        next_offset INTEGER NOT NULL,
        max_timestamp INTEGER NOT NULL,
        producer INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        base_sequence INTEGER NOT NULL,
        size INTEGER NOT NULL,
        content BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS batch_place ON batch
        (partition, base_offset, next_offset, max_timestamp, producer, epoch, base_sequence, size);
    CREATE TABLE IF NOT EXISTS committed (
        group_id TEXT NOT NULL,
        partition INTEGER NOT NULL REFERENCES partition (id) ON DELETE CASCADE,
        next_offset INTEGER NOT NULL, metadata TEXT NOT NULL, PRIMARY KEY (group_id, partition)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS committed_partition ON committed (partition);
    CREATE TABLE IF NOT EXISTS producer (next_id INTEGER NOT NULL);
";
/// The write-ahead log is cut to this size once it has been copied into the database.
const JOURNAL_BYTES: &str = "67108864";
/// At most so many writes in one transaction.
const GROUP: usize = 1_000;

/// One statement with what it is about.
pub(crate) type Change = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// Changes that are to be made together.
struct Write {
    changes: Vec<Change>,
    done: oneshot::Sender<()>,
}

/// A write that was asked for.
#[must_use]
pub(crate) struct Writing(oneshot::Receiver<()>);

impl Writing {
    /// Returns once it is on the disk.
    pub(crate) async fn done(self) -> Result<()> {
        self.0.await.map_err(|_| Error::Stopped)
    }
}

/// One connection that reads, and the task that writes.
#[derive(Debug)]
pub(crate) struct Database {
    reader: Mutex<SqliteConnection>,
    writes: mpsc::UnboundedSender<Write>,
}

impl Database {
    /// Opens the database, or makes it; `trouble` hears of a write that fails.
    pub(crate) async fn open(path: &Path, trouble: Trouble) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("journal_size_limit", JOURNAL_BYTES)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let mut writer = options.connect().await?;
        sqlx::raw_sql(TABLES).execute(&mut writer).await?;
        let reader = Mutex::new(options.connect().await?);
        let (writes, asked) = mpsc::unbounded_channel();
        tokio::spawn(write_all(writer, asked, trouble));
        Ok(Self { reader, writes })
    }

    /// The connection that reads what has been written.
    pub(crate) async fn reader(&self) -> MutexGuard<'_, SqliteConnection> {
        self.reader.lock().await
    }

    /// Asks for changes, which are made all or not at all, after those asked for before.
    pub(crate) fn write(&self, changes: Vec<Change>) -> Writing {
        let (done, receiver) = oneshot::channel();
        // Where the task has ended, `done` is dropped, and whoever waits is told so.
        self.writes.send(Write { changes, done }).ok();
        Writing(receiver)
    }
}

/// Ends with the database, or when a write fails: what it may have half done is then not to be built upon.
async fn write_all(mut connection: SqliteConnection, mut asked: mpsc::UnboundedReceiver<Write>, trouble: Trouble) {
    let mut group = Vec::new();
    while asked.recv_many(&mut group, GROUP).await > 0 {
        let all = match commit(&mut connection, &mut group).await {
            Ok(all) => all,
            Err(error) => return trouble.hear_of(&error.into()),
        };
        for done in all {
            // Nobody may wait for it any more.
            done.send(()).ok();
        }
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    group: &mut Vec<Write>,
) -> Result<Vec<oneshot::Sender<()>>, sqlx::Error> {
    let mut all = Vec::with_capacity(group.len());
    let mut changes = Vec::new();
    for write in group.drain(..) {
        changes.extend(write.changes);
        all.push(write.done);
    }
    if changes.len() <= 1 {
        // A transaction by itself: on a busy machine each statement waits for its thread to be run.
        for change in changes {
            change.execute(&mut *connection).await?;
        }
        return Ok(all);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for change in changes {
        change.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(all)
}
