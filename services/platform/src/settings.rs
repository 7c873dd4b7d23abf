//! Settings that every role has. The doc comments are the explanations in the example configuration.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use faultline_schemas::topic::Topic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config;

/// What all roles share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Common {
    /// Folder of everything that is kept on this machine: the bundled broker's log and the SQLite database. Created
    /// where missing.
    pub data_dir: PathBuf,
    /// How Kafka is reached.
    pub kafka: KafkaSettings,
    /// How topics are named, and created where they are missing.
    pub topics: TopicSettings,
    /// How messages are consumed.
    pub consume: ConsumeSettings,
    /// What happens when many messages cannot be processed.
    pub dead_letters: DeadLetterSettings,
    /// Where metrics and health are served.
    pub admin: AdminSettings,
    /// What is logged, and how.
    pub log: LogSettings,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("faultline-data"),
            kafka: KafkaSettings::default(),
            topics: TopicSettings::default(),
            consume: ConsumeSettings::default(),
            dead_letters: DeadLetterSettings::default(),
            admin: AdminSettings::default(),
            log: LogSettings::default(),
        }
    }
}

/// How Kafka is reached.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KafkaSettings {
    /// Addresses to start from, `host:port`, separated by commas.
    pub brokers: String,
    /// Name of this client in the broker's logs and quotas.
    pub client_id: String,
    /// Consumer groups are called `PREFIX.ROLE`.
    pub group_prefix: String,
    /// Name of this member, for static membership: a member that comes back within `consume.session_timeout_ms` under
    /// the same name keeps its partitions. Must differ between members of a group. Dynamic membership when unset.
    pub instance_id: Option<String>,
    /// Largest message, in bytes, that is published, fetched, or allowed by topics created here.
    #[schemars(range(min = 10_000, max = 90_000_000))]
    pub message_max_bytes: u32,
    /// Any property of librdkafka, such as `"security.protocol" = "SASL_SSL"`. A property that has a setting of its own
    /// is refused. See librdkafka's CONFIGURATION.md for names and values.
    #[schemars(extend("x-secret-keys" = true))]
    pub client: BTreeMap<String, String>,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            client_id: "faultline".to_owned(),
            group_prefix: "faultline".to_owned(),
            instance_id: None,
            message_max_bytes: 8 * 1024 * 1024,
            client: BTreeMap::new(),
        }
    }
}

// Written by hand so that no log line can show a password.
impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value): (&String, &String)| {
            (key.clone(), if config::is_sensitive(key) { config::MASK.to_owned() } else { value.clone() })
        };
        let client: BTreeMap<String, String> = self.client.iter().map(shown).collect();
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("group_prefix", &self.group_prefix)
            .field("instance_id", &self.instance_id)
            .field("message_max_bytes", &self.message_max_bytes)
            .field("client", &client)
            .finish()
    }
}

/// How topics are named, and created where they are missing. A topic that exists is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TopicSettings {
    /// Topics are called `PREFIX.articles`, `PREFIX.enriched` and so on.
    #[schemars(length(min = 1))]
    pub prefix: String,
    /// Partitions of topics created here: the most members that can share a role's work.
    #[schemars(range(min = 1, max = 100_000))]
    pub partitions: u32,
    /// Copies of each partition of topics created here; 3 where no message may be lost with a broker.
    #[schemars(range(min = 1, max = 100))]
    pub replication: u32,
    /// Create missing topics at start; where false, they must be there.
    pub create: bool,
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self { prefix: "faultline".to_owned(), partitions: 6, replication: 1, create: true }
    }
}

impl TopicSettings {
    /// Full name of a topic, prefix included.
    #[must_use]
    pub fn name(&self, topic: &Topic) -> String {
        format!("{}.{}", self.prefix, topic.suffix)
    }
}

/// How messages are consumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConsumeSettings {
    /// Threads that process messages; 0 means one for each core.
    #[schemars(range(max = 1_024))]
    pub workers: u32,
    /// Messages between fetching and settling; partitions are paused beyond it.
    #[schemars(range(min = 1))]
    pub max_in_flight_messages: u32,
    /// Bytes of messages between fetching and settling; partitions are paused beyond it.
    #[schemars(range(min = 1))]
    pub max_in_flight_bytes: u64,
    /// Most messages written or published at a time.
    #[schemars(range(min = 1))]
    pub batch_messages: u32,
    /// Offsets of what is settled are committed this often, in milliseconds.
    #[schemars(range(min = 1))]
    pub commit_interval_ms: u64,
    /// How long work in hand may go on when partitions are taken away, in milliseconds.
    pub revoke_deadline_ms: u64,
    /// How long work in hand may go on after SIGTERM, in milliseconds.
    pub shutdown_deadline_ms: u64,
    /// A member that the broker has not heard of for so long has its partitions taken away, in milliseconds.
    #[schemars(range(min = 1_000))]
    pub session_timeout_ms: u32,
}

impl Default for ConsumeSettings {
    fn default() -> Self {
        Self {
            workers: 0,
            max_in_flight_messages: 4_096,
            max_in_flight_bytes: 64 * 1024 * 1024,
            batch_messages: 512,
            commit_interval_ms: 1_000,
            revoke_deadline_ms: 10_000,
            shutdown_deadline_ms: 20_000,
            session_timeout_ms: 45_000,
        }
    }
}

/// When a role stops because too much of what it sees cannot be processed: then the role is what is broken, and going
/// on would empty the topic into the dead letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeadLetterSettings {
    /// Share of the latest messages, 0 to 1, that may be rejected before the role stops; above 1 never stops it.
    #[schemars(range(min = 0.0))]
    pub breaker_ratio: f64,
    /// How many of the latest messages are looked at.
    #[schemars(range(min = 1))]
    pub breaker_window: u32,
    /// Never stop before so many messages were seen.
    #[schemars(range(min = 1))]
    pub breaker_minimum: u32,
}

impl Default for DeadLetterSettings {
    fn default() -> Self {
        Self { breaker_ratio: 0.5, breaker_window: 200, breaker_minimum: 50 }
    }
}

/// Where `/metrics`, `/health/live` and `/health/ready` are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdminSettings {
    /// Address and port; empty for none. There is no password: keep it to networks you trust.
    pub listen: Option<String>,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { listen: Some("127.0.0.1:9464".to_owned()) }
    }
}

/// What is logged, and how. Logs go to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`, or one for each module: `info,faultline_sink=debug`.
    pub filter: String,
    /// `auto` is `human` on a terminal and `json` otherwise.
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Auto }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For reading.
    Human,
    /// One object a line.
    Json,
}
