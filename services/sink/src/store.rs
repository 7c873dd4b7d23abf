//! Opening a database and bringing its tables up to date.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlitePool};

use crate::db::{Database, Dialect};
use crate::error::{Fault, advice, fault_of};
use crate::settings::Location;
use crate::{SinkSettings, StoreError};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;
/// How long a connection is waited for.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long SQLite waits for another process's lock before it says so; the writer tries again after that.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// Connections that read, beside the one that writes.
const READERS: u32 = 4;
/// Prepared statements kept by a connection: each table has one for each of a few batch sizes.
const STATEMENTS: usize = 256;

/// A database that holds articles, open for writing and reading. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) db: Database,
    /// The address without its password.
    pub(crate) location: String,
    /// How long after an article another may repeat it, in milliseconds; 0 where repeats are not looked for.
    pub(crate) repeat_window: i64,
}

impl Store {
    /// Opens the database of `settings` (a SQLite file without a path lies in `data_dir`), creates it where it is a
    /// file, and brings its tables up to date. Two processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError`] when the address is wrong, the database cannot be reached, or a later version made it.
    pub async fn open(settings: &SinkSettings, data_dir: &Path) -> Result<Self, StoreError> {
        let location = Location::parse(settings.url.expose(), data_dir)?;
        let store = Self::connect(settings, &location, true)?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database of `settings` to read what is there: creates and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is nothing yet; others as for [`Store::open`].
    pub async fn open_existing(settings: &SinkSettings, data_dir: &Path) -> Result<Self, StoreError> {
        let location = Location::parse(settings.url.expose(), data_dir)?;
        if let Location::Sqlite(path) = &location
            && !path.exists()
        {
            return Err(StoreError::Missing { location: location.shown() });
        }
        let store = Self::connect(settings, &location, false)?;
        let tables = match store.dialect() {
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'articles'",
            Dialect::Postgres => {
                "SELECT count(*) FROM information_schema.tables WHERE table_name = 'articles' \
                 AND table_schema = current_schema()"
            }
        };
        let rows = store.db.fetch(tables, Vec::new()).await.map_err(store.failed("look for tables"))?;
        match rows.first().map(|row| row.int(0)) {
            Some(Ok(found)) if found > 0 => Ok(store),
            _ => Err(StoreError::Missing { location: store.location }),
        }
    }

    fn connect(settings: &SinkSettings, location: &Location, create: bool) -> Result<Self, StoreError> {
        let db = match location {
            Location::Sqlite(path) => sqlite(path, create)?,
            Location::Postgres(url) => postgres(url)?,
        };
        let repeat_window = i64::from(settings.repeat_window_days) * DAY_MS;
        Ok(Self { db, location: location.shown(), repeat_window })
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let outcome = match &self.db {
            Database::Sqlite { writer, .. } => migrate_sqlite(writer).await,
            // sqlx holds an advisory lock meanwhile.
            Database::Postgres { writer, .. } => POSTGRES_MIGRATIONS.run(writer).await,
        };
        outcome.map_err(|error| match error {
            MigrateError::VersionMissing(version) => StoreError::Newer { location: self.location.clone(), version },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                self.failed("bring the tables up to date")(error)
            }
            other => StoreError::Database {
                doing: "bring the tables up to date",
                location: self.location.clone(),
                source: Box::new(other),
                fault: Fault::Database,
            },
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// The address, without its password.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Says of a failed statement what was being done, and where.
    pub(crate) fn failed(&self, doing: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError + '_ {
        move |error| {
            let fault = fault_of(&error);
            let source: Box<dyn std::error::Error + Send + Sync> = match error {
                // What sqlx says here does not tell a reader what to look at.
                sqlx::Error::PoolTimedOut => {
                    format!("no connection within {} seconds: is it running and reachable?", CONNECT_PATIENCE.as_secs())
                        .into()
                }
                error => match advice(&error) {
                    Some(advice) => format!("{error}: {advice}").into(),
                    None => Box::new(error),
                },
            };
            StoreError::Database { doing, location: self.location.clone(), source, fault }
        }
    }
}

fn sqlite(path: &Path, create: bool) -> Result<Database, StoreError> {
    if let (true, Some(folder)) = (create, path.parent()) {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Database {
            doing: "create the folder of the database",
            location: folder.display().to_string(),
            source: Box::new(error),
            fault: Fault::Database,
        })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .foreign_keys(false)
        .busy_timeout(LOCK_PATIENCE)
        .statement_cache_capacity(STATEMENTS)
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    let writer = options
        .clone()
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        // A power cut may take the last transactions, but never a part of one, and the offsets are in the same
        // transactions: what is lost is read again.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", "-32768")
        .pragma("wal_autocheckpoint", "4000");
    let pool = || SqlitePoolOptions::new().acquire_timeout(CONNECT_PATIENCE);
    Ok(Database::Sqlite {
        writer: pool().max_connections(1).connect_lazy_with(writer),
        readers: pool().max_connections(READERS).connect_lazy_with(options.pragma("query_only", "true")),
    })
}

fn postgres(url: &str) -> Result<Database, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::BadUrl { problem: error.to_string() })?
        .application_name("faultline")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let pool = || PgPoolOptions::new().acquire_timeout(CONNECT_PATIENCE);
    Ok(Database::Postgres {
        writer: pool().max_connections(1).connect_lazy_with(options.clone()),
        readers: pool().max_connections(READERS).connect_lazy_with(options),
    })
}

/// sqlx takes no lock in SQLite: all migrations run inside one transaction that has it, so that of two processes the
/// second finds the work done.
async fn migrate_sqlite(writer: &SqlitePool) -> Result<(), MigrateError> {
    let mut transaction = writer.begin_with("BEGIN EXCLUSIVE").await?;
    SQLITE_MIGRATIONS.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}
