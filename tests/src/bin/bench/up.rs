//! `faultline up` with its default settings, but for its folder and ports.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use faultline_schemas::Article;
use faultline_tests::{
    faultline::binary,
    process::{Process, free_port, tail},
};

use crate::{
    machine,
    stored::{self, Reader},
};

/// All roles in one process, and the bundled broker as its child.
pub(crate) struct Up {
    process: Process,
    broker: String,
    database: PathBuf,
    log: PathBuf,
}

impl Up {
    /// Starts it on an empty folder, with one article to take in from a file where one is given, and `more` settings.
    pub(crate) fn start(folder: &Path, first: Option<&Article>, more: &str) -> anyhow::Result<Self> {
        let broker = format!("127.0.0.1:{}", free_port()?);
        let (data, admin) = (folder.join("data"), free_port()?);
        let mut settings =
            format!("data_dir = {data:?}\n[broker]\nlisten = {broker:?}\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n");
        if let Some(article) = first {
            let file = folder.join("article.jsonl");
            std::fs::write(&file, serde_json::to_string(article)? + "\n")?;
            settings.push_str(&format!("[[producer.sources]]\nid = \"bench\"\nkind = \"file\"\npath = {file:?}\n"));
        }
        settings.push_str(more);
        let config = folder.join("faultline.toml");
        std::fs::write(&config, settings)?;
        let log = folder.join("up.log");
        let mut command = Command::new(binary("faultline"));
        command.arg("--config").arg(&config).arg("up");
        let process = Process::start("faultline up", &mut command, &log)?;
        Ok(Self { process, broker, database: data.join("faultline.sqlite"), log })
    }

    /// Process id of the roles.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Address of the bundled broker.
    pub(crate) fn broker(&self) -> &str {
        &self.broker
    }

    /// Its store, once it is there.
    pub(crate) fn reader(&mut self) -> anyhow::Result<Reader> {
        let database = &self.database;
        stored::once_there(|| Reader::sqlite(database), &mut self.process, &self.log, Duration::from_secs(30))
    }

    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        machine::ensure_running(&mut self.process, &self.log)
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        tail(&self.log)
    }
}
