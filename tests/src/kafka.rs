//! Apache Kafka, one broker in KRaft mode, as fetched by `tests/kafka/pom.xml`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context as _;

use crate::process::{self, Process};

/// A broker to test against.
pub struct Kafka {
    brokers: String,
    own: Option<Own>,
}

struct Own {
    process: Option<Process>,
    folder: tempfile::TempDir,
    jars: PathBuf,
}

impl Kafka {
    /// The broker named by `FAULTLINE_TEST_KAFKA`, or a fresh one on a free port.
    ///
    /// # Errors
    /// When the jars cannot be fetched or the broker does not come up.
    pub fn start() -> anyhow::Result<Self> {
        if let Ok(brokers) = std::env::var("FAULTLINE_TEST_KAFKA") {
            return Ok(Self { brokers, own: None });
        }
        let jars = jars()?;
        let folder = tempfile::tempdir()?;
        let (port, controller) = (process::free_port()?, process::free_port()?);
        let properties = folder.path().join("server.properties");
        std::fs::write(&properties, server_properties(port, controller, folder.path()))?;
        let formatted = java(&jars, "64m")
            .args(["kafka.tools.StorageTool", "format", "-t", "Zm9yLXRlc3RzLW9ubHktMQ", "-c"])
            .arg(&properties)
            .output()
            .context("java is needed to run Apache Kafka")?;
        anyhow::ensure!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        let mut kafka = Self { brokers: format!("127.0.0.1:{port}"), own: Some(Own { process: None, folder, jars }) };
        kafka.up()?;
        Ok(kafka)
    }

    /// `host:port` of the broker.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// Process id of a broker that is ours and runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        Some(self.own.as_ref()?.process.as_ref()?.id())
    }

    /// Whether the broker may be killed and restarted by a test.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    /// Sends a broker that is ours a signal by name, such as `STOP`.
    pub fn signal(&self, signal: &str) {
        if let Some(process) = self.own.as_ref().and_then(|own| own.process.as_ref()) {
            process.signal(signal);
        }
    }

    /// Sets one property (`cleanup.policy=compact`) of a topic by Kafka's own tool.
    ///
    /// # Errors
    /// When the tool cannot be run or the broker refuses it.
    pub fn configure_topic(&self, topic: &str, property: &str) -> anyhow::Result<()> {
        let output = java(&jars()?, "128m")
            .args([
                "kafka.admin.ConfigCommand",
                "--bootstrap-server",
                &self.brokers,
                "--alter",
                "--entity-type",
                "topics",
            ])
            .args(["--entity-name", topic, "--add-config", property])
            .output()
            .context("java is needed to run Kafka's tools")?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Kills the broker, as a power failure would.
    pub fn kill(&mut self) {
        if let Some(own) = &mut self.own {
            own.process = None;
        }
    }

    /// Starts the broker on the folder it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn up(&mut self) -> anyhow::Result<()> {
        let Some(own) = &mut self.own else { return Ok(()) };
        let log = own.folder.path().join("kafka.log");
        let mut command = java(&own.jars, "384m");
        command.arg("kafka.Kafka").arg(own.folder.path().join("server.properties"));
        own.process = Some(Process::start("Apache Kafka", &mut command, &log)?);
        let common = crate::topics::common(&self.brokers);
        process::eventually("Apache Kafka answers", Duration::from_secs(60), || crate::topics::answer(&common))
            .with_context(|| process::tail(&log))
    }
}

fn java(jars: &Path, heap: &str) -> Command {
    let mut command = Command::new("java");
    command.args([&format!("-Xmx{heap}"), "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp"]);
    command.arg(format!("{}/*", jars.display()));
    command
}

fn server_properties(port: u16, controller: u16, folder: &Path) -> String {
    let mut text = String::new();
    for (key, value) in [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")),
        ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{port}")),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("log.dirs", folder.join("data").display().to_string()),
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("offsets.topic.num.partitions", "5".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("transaction.state.log.num.partitions", "5".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("auto.create.topics.enable", "false".to_owned()),
        ("message.max.bytes", "16777216".to_owned()),
    ] {
        text.push_str(&format!("{key}={value}\n"));
    }
    text
}

/// The folder with the broker's jars, fetched on first use.
fn jars() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let jars = root.join("../target/kafka/lib");
    if jars.join("kafka_2.13-4.3.0.jar").exists() {
        return Ok(jars);
    }
    std::fs::create_dir_all(&jars)?;
    let fetched = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(root.join("kafka/pom.xml"))
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", jars.canonicalize()?.display()))
        .output()
        .context("maven is needed to fetch Apache Kafka: install it, or name a broker in FAULTLINE_TEST_KAFKA")?;
    anyhow::ensure!(fetched.status.success(), "maven failed: {}", String::from_utf8_lossy(&fetched.stdout));
    Ok(jars)
}
