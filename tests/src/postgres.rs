//! PostgreSQL, from Debian's packages, on a port and in a folder of its own.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::process::{self, Process};

/// A server in which databases can be created.
pub struct Postgres {
    /// Of the server's own database.
    url: String,
    own: Option<Own>,
}

struct Own {
    /// Behind a lock, so that a test can restart the server while it holds a database.
    process: Mutex<Option<Process>>,
    folder: tempfile::TempDir,
    programs: PathBuf,
    account: Option<Account>,
    port: u16,
}

/// Whom the server runs as: it refuses to run as root.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// The server named by `FAULTLINE_TEST_POSTGRES` (a `postgres://` URL whose user may create databases), or a fresh
    /// one on a free port.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not come up.
    pub fn start() -> anyhow::Result<Self> {
        if let Ok(url) = std::env::var("FAULTLINE_TEST_POSTGRES") {
            return Ok(Self { url, own: None });
        }
        let programs = programs()?;
        let account = account()?;
        let folder = tempfile::Builder::new().prefix("faultline-postgres-").tempdir()?;
        if let Some(account) = account {
            chown(folder.path(), Some(account.user), Some(account.group))?;
        }
        let made = as_account(&programs.join("initdb"), account, folder.path())
            .args(["--username=faultline", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(folder.path().join("data"))
            .output()
            .context("failed to run initdb")?;
        anyhow::ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let port = process::free_port()?;
        let url = format!("postgres://faultline@127.0.0.1:{port}/postgres");
        let postgres = Self { url, own: Some(Own { process: Mutex::new(None), folder, programs, account, port }) };
        postgres.up()?;
        Ok(postgres)
    }

    /// One server for all tests of a process: started by the first that asks, ended with the last that holds it.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn shared() -> anyhow::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postgres) = shared.upgrade() {
            return Ok(postgres);
        }
        let postgres = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&postgres);
        Ok(postgres)
    }

    /// Process id of a server that is ours and runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.own.as_ref()?.process().as_ref().map(Process::id)
    }

    /// Whether the server may be killed and restarted by a test.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    /// Kills the server, as a power failure would.
    pub fn kill(&self) {
        if let Some(own) = &self.own {
            *own.process() = None;
        }
    }

    /// Starts the server on the folder it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn up(&self) -> anyhow::Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        let log = own.folder.path().join("postgres.log");
        let url = self.url.clone();
        process::eventually("PostgreSQL answers", Duration::from_secs(60), || {
            // After a kill it refuses to start until the last of its former children has gone.
            let mut process = own.process();
            if !process.as_mut().is_some_and(Process::is_running) {
                *process = own.launch(&log).ok();
            }
            run(&url, "SELECT 1").is_ok()
        })
        .with_context(|| process::tail(&log))
    }

    /// A fresh, empty database, dropped with what is returned.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn create_database(self: &Arc<Self>) -> anyhow::Result<Database> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("faultline_test_{}_{number}_{:08x}", std::process::id(), rand::random::<u32>());
        run(&self.url, &format!("CREATE DATABASE {name}"))?;
        let (start, rest) = self.url.split_at(self.url.rfind('/').unwrap_or(self.url.len()));
        let parameters = rest.find('?').map_or("", |at| &rest[at..]);
        Ok(Database { url: format!("{start}/{name}{parameters}"), name, server: Arc::clone(self) })
    }
}

impl Own {
    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn launch(&self, log: &Path) -> anyhow::Result<Process> {
        let mut command = as_account(&self.programs.join("postgres"), self.account, self.folder.path());
        command.arg("-D").arg(self.folder.path().join("data")).args(["-p", &self.port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"] {
            command.args(["-c", setting]);
        }
        Process::start("PostgreSQL", &mut command, log)
    }
}

/// A database of a test's own, dropped when this is.
pub struct Database {
    url: String,
    name: String,
    server: Arc<Postgres>,
}

impl Database {
    /// `postgres://` URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs one statement in it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn execute(&self, statement: &str) -> anyhow::Result<()> {
        run(&self.url, statement)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is gone has taken its databases with it.
        drop(run(&self.server.url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)));
    }
}

/// Runs one statement on a connection and thread of its own, so that it may be called from anywhere.
fn run(url: &str, statement: &str) -> anyhow::Result<()> {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    let thread = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url).await?;
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            connection.close().await?;
            Ok(())
        })
    });
    thread.join().map_err(|_| anyhow::anyhow!("the thread that spoke to PostgreSQL panicked"))?
}

/// The folder of the newest installed server's programs.
fn programs() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").exists())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, programs)| programs);
    newest.context("PostgreSQL is needed: `apt-get install postgresql`, or name a server in FAULTLINE_TEST_POSTGRES")
}

/// The account to run the server as: our own, unless that is root's.
fn account() -> anyhow::Result<Option<Account>> {
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some(Account { user: id(&["-u", "postgres"])?, group: id(&["-g", "postgres"])? }))
}

fn id(arguments: &[&str]) -> anyhow::Result<u32> {
    let answer = Command::new("id").args(arguments).output().context("failed to run id")?;
    let answer = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    answer.parse().with_context(|| format!("`id {}` answers {answer:?}", arguments.join(" ")))
}

fn as_account(program: &Path, account: Option<Account>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(account) = account {
        command.uid(account.user).gid(account.group);
    }
    command
}
