//! Prometheus Alertmanager, from Debian's packages, on a port and in a folder of its own.

use std::{process::Command, time::Duration};

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    http,
    process::{self, Process},
};

/// The program, as Debian calls it.
const PROGRAM: &str = "prometheus-alertmanager";

/// A running Alertmanager.
pub struct Alertmanager {
    address: String,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Alertmanager {
    /// Starts it with that configuration, in YAML, and waits until it is ready.
    ///
    /// # Errors
    /// When it is not installed or does not come up.
    pub fn start(config: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("faultline-alertmanager-").tempdir()?;
        let file = folder.path().join("alertmanager.yml");
        std::fs::write(&file, config)?;
        // Until it listens, another test could be given the same port.
        let _alone = process::alone_with_ports();
        let address = format!("127.0.0.1:{}", process::free_port()?);
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            // It would look for others.
            .arg("--cluster.listen-address=");
        let log = folder.path().join("alertmanager.log");
        let process = Process::start("Alertmanager", &mut command, &log)
            .context("Alertmanager is needed: `apt-get install prometheus-alertmanager`")?;
        process::eventually("Alertmanager is ready", Duration::from_secs(60), || {
            http::request(&address, "GET", "/-/ready", &[], b"").is_ok_and(|answer| answer.status == 200)
        })
        .with_context(|| process::tail(&log))?;
        Ok(Self { address, _process: process, _folder: folder })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its API answers.
    ///
    /// # Errors
    /// When it does not answer with JSON.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = http::request(&self.address, "GET", path, &[("Accept", "application/json")], b"")?;
        anyhow::ensure!(answer.status == 200, "{path} answered {}: {}", answer.status, answer.body);
        answer.json()
    }
}
