//! A mail server that keeps what it is handed: aiosmtpd, from Debian's packages.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;

use crate::process::{self, Process};

/// The name that its certificate has.
pub const HOST: &str = "mail.example";

/// How the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// Nothing is encrypted.
    Plain,
    /// STARTTLS is offered, and nothing else is taken before it. The user `desk` must log in with the password `right`.
    Starttls,
    /// Encrypted from the first byte.
    Tls,
}

/// A running mail server. It takes nothing for recipients called `busy`, for now, and `nobody`, ever.
pub struct MailServer {
    port: u16,
    _process: Process,
    folder: tempfile::TempDir,
}

impl MailServer {
    /// Starts it, with a certificate of its own, and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed or does not come up.
    pub fn start(speech: Speech) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("faultline-mail-").tempdir()?;
        make_certificate(folder.path())?;
        // Until it listens, another test could be given the same port.
        let _alone = process::alone_with_ports();
        let port = process::free_port()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mail_server.py");
        // The system's own: its packages are not those of another Python.
        let mut command = Command::new("/usr/bin/python3");
        let speech = match speech {
            Speech::Plain => "plain",
            Speech::Starttls => "starttls",
            Speech::Tls => "tls",
        };
        command.arg(script).arg(port.to_string()).arg(folder.path()).arg(speech);
        let log = folder.path().join("server.log");
        let process = Process::start("the mail server", &mut command, &log)
            .context("python3 is needed: `apt-get install python3-aiosmtpd`")?;
        process::eventually("the mail server answers", Duration::from_secs(60), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .with_context(|| process::tail(&log))?;
        Ok(Self { port, _process: process, folder })
    }

    /// The port of `127.0.0.1` that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that its certificate is of.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// What it was handed so far, taken apart.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn messages(&self) -> anyhow::Result<Vec<Value>> {
        let text = std::fs::read_to_string(self.folder.path().join("messages.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).context("a message is no JSON")).collect()
    }
}

fn make_certificate(folder: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("openssl");
    command
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", &format!("/CN={HOST}"), "-addext", &format!("subjectAltName=DNS:{HOST}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"));
    let made = command.output().context("openssl is needed: `apt-get install openssl`")?;
    anyhow::ensure!(made.status.success(), "openssl failed: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
