//! Why a message could not be processed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Provenance of a dead letter. The message's value is the untouched original; this travels in headers named
/// `faultline-<field>`, so that any Kafka tool can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// Where it failed.
    pub stage: Stage,
    /// Stable name of the reason, for counting: `not_json`, `empty_text`…
    pub reason: String,
    /// What failed, where, and what to do about it.
    pub error: String,
    /// Topic it came from; empty for what never reached one.
    pub topic: String,
    /// Partition it came from, or -1.
    pub partition: i32,
    /// Offset it had, or -1; for a line of a file, the line number.
    pub offset: i64,
    /// File or source it came from, where it never reached a topic.
    #[serde(default)]
    pub origin: String,
    /// How often it has been tried, from 1; replaying counts up.
    pub attempt: u32,
    /// When it was given up, RFC 3339 in UTC.
    pub at: String,
    /// Length of the original in bytes; larger than the value where that had to be cut to fit a message.
    pub original_bytes: u64,
}

/// Which role gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Taking articles in.
    Producer,
    /// Reading tags out of them.
    Enricher,
    /// Storing.
    Sink,
    /// Watching rules.
    Alerter,
}

impl Stage {
    /// As it is written in headers, metrics and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Enricher => "enricher",
            Self::Sink => "sink",
            Self::Alerter => "alerter",
        }
    }

    /// The stage of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Producer, Self::Enricher, Self::Sink, Self::Alerter].into_iter().find(|s| s.as_str() == name)
    }
}
