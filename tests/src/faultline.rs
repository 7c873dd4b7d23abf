//! Faultline itself, as child processes of the binaries that a user runs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use faultline_platform::settings::Common;

use crate::process::{self, Process};

/// Path of a binary built beside this test.
///
/// # Panics
/// When it was not built: `make test` builds both first.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    // Tests run as target/PROFILE/deps/test-HASH, the bench as target/PROFILE/bench.
    let here = std::env::current_exe().expect("path of this test");
    let folder = here.ancestors().skip(1).find(|folder| folder.join(name).exists());
    folder.map(|folder| folder.join(name)).unwrap_or_else(|| panic!("{name} is not built: run `make build`"))
}

/// One installation: its configuration file, its folder, its logs. Nothing in it reaches another one's.
pub struct Installation {
    folder: tempfile::TempDir,
    config: PathBuf,
    brokers: String,
    /// Prefix of its topics and groups.
    name: String,
    store_url: String,
}

impl Installation {
    /// Roles and tools against this Kafka and store. Topics and groups are named after the folder, so that a broker
    /// can serve many installations.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn new(brokers: &str, store: &Store, more: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let name = format!("t{}", uuid_like());
        let url = match store {
            Store::Sqlite => format!("sqlite:{}", folder.path().join("faultline.db").display()),
            Store::Url(url) => url.clone(),
        };
        let text = format!(
            "data_dir = {data:?}\n\
             [kafka]\nbrokers = {brokers:?}\ngroup_prefix = {name:?}\n\
             [topics]\nprefix = {name:?}\npartitions = 2\n\
             [admin]\nlisten = \"\"\n\
             [consume]\nsession_timeout_ms = 6000\nshutdown_deadline_ms = 10000\n\
             [sink]\nurl = {url:?}\n\
             {more}\n",
            data = folder.path().join("data"),
        );
        let config = folder.path().join("faultline.toml");
        std::fs::write(&config, text)?;
        Ok(Self { folder, config, brokers: brokers.to_owned(), name, store_url: url })
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Where the output of `name` goes.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }

    /// Starts a role that runs until it is dropped or told to stop.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn role(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Process> {
        let mut command = Command::new(binary("faultline"));
        command.arg("--config").arg(&self.config).args(arguments);
        Process::start(name, &mut command, &self.log(name))
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(binary("faultline"));
        command.arg("--config").arg(&self.config).args(arguments).stdin(Stdio::null());
        command.output().with_context(|| format!("failed to run faultline {arguments:?}"))
    }

    /// Runs a command that must succeed, and returns what it printed.
    ///
    /// # Errors
    /// When it fails, with all that it said.
    pub fn must(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.run(arguments)?;
        anyhow::ensure!(
            output.status.success(),
            "faultline {arguments:?} ended with {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// How its roles reach Kafka, and what its topics are called.
    #[must_use]
    pub fn common(&self) -> Common {
        let mut common = crate::topics::common(&self.brokers);
        self.name.clone_into(&mut common.kafka.group_prefix);
        self.name.clone_into(&mut common.topics.prefix);
        common
    }

    /// Where it stores.
    #[must_use]
    pub fn store_url(&self) -> &str {
        &self.store_url
    }

    /// All logs, for messages of tests that fail.
    #[must_use]
    pub fn logs(&self) -> String {
        let entries = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let logs = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "log"));
        logs.map(|path| format!("--- {}\n{}\n", path.display(), process::tail(&path))).collect()
    }
}

/// Where an installation stores.
#[derive(Debug, Clone)]
pub enum Store {
    /// A database file in the installation's folder.
    Sqlite,
    /// This database.
    Url(String),
}

/// The bundled broker on a folder of its own.
pub struct BundledBroker {
    process: Option<Process>,
    folder: tempfile::TempDir,
    address: String,
}

impl BundledBroker {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start() -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", process::free_port()?);
        let mut broker = Self { process: None, folder: tempfile::tempdir()?, address };
        broker.up()?;
        Ok(broker)
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends it a signal by name, such as `STOP`.
    pub fn signal(&self, signal: &str) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it on the folder it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn up(&mut self) -> anyhow::Result<()> {
        let log = self.folder.path().join("broker.log");
        let mut command = Command::new(binary("faultline-broker"));
        command.args(["--listen", &self.address, "--data"]).arg(self.folder.path().join("data"));
        self.process = Some(Process::start("faultline-broker", &mut command, &log)?);
        process::eventually("the bundled broker answers", Duration::from_secs(30), || {
            std::net::TcpStream::connect(&self.address).is_ok()
        })
        .with_context(|| process::tail(&log))
    }
}

/// A name that no other run has.
fn uuid_like() -> String {
    format!("{:08x}", rand::random::<u32>())
}
