//! A topic and its settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use uuid::Uuid;

use super::Partition;

/// The settings that mean something here, and what holds where a topic does not say.
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    (CLEANUP, "delete"),
    // As the producer has compressed them: records are never packed anew.
    (COMPRESSION, "producer"),
    (MAX_BYTES, "1048588"),
    (RETENTION, "604800000"),
];
const CLEANUP: &str = "cleanup.policy";
const COMPRESSION: &str = "compression.type";
const MAX_BYTES: &str = "max.message.bytes";
const RETENTION: &str = "retention.ms";

/// A topic; another takes its place when its settings change.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// The settings that it was given.
    pub(crate) settings: BTreeMap<String, String>,
    /// By number, from 0.
    pub(crate) partitions: Vec<Arc<Partition>>,
}

/// What a topic keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Age in milliseconds from which records go.
    pub(crate) retention_ms: Option<i64>,
    /// Whether only the last record of each key stays.
    pub(crate) compact: bool,
}

impl Topic {
    /// One of its partitions.
    pub(crate) fn partition(&self, number: i32) -> Result<Arc<Partition>, ResponseError> {
        let partition = usize::try_from(number).ok().and_then(|number| self.partitions.get(number));
        partition.map(Arc::clone).ok_or(ResponseError::UnknownTopicOrPartition)
    }

    /// The value of a setting that means something here.
    fn setting(&self, name: &str) -> &str {
        let default = || SETTINGS.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        self.settings.get(name).map_or_else(default, String::as_str)
    }

    pub(crate) fn policy(&self) -> Policy {
        let cleanup = self.setting(CLEANUP);
        // Minus one stands for ever.
        let age = self.setting(RETENTION).parse().ok().filter(|age| *age >= 0);
        Policy { retention_ms: age.filter(|_| cleanup.contains("delete")), compact: cleanup.contains("compact") }
    }

    /// The largest batch that it takes.
    pub(crate) fn max_bytes(&self) -> usize {
        self.setting(MAX_BYTES).parse().unwrap_or(usize::MAX)
    }
}

/// Why a setting is refused.
pub(crate) fn refusal(name: &str, value: &str) -> Option<String> {
    let expected = match name {
        CLEANUP if value.split(',').all(|policy| matches!(policy.trim(), "delete" | "compact")) => return None,
        CLEANUP => "delete, compact or both",
        COMPRESSION if value == "producer" => return None,
        COMPRESSION => "producer, which leaves records as they came",
        MAX_BYTES if value.parse::<usize>().is_ok() => return None,
        MAX_BYTES => "a number of bytes",
        RETENTION if value.parse().is_ok_and(|age: i64| age >= -1) => return None,
        RETENTION => "milliseconds, or -1 for ever",
        _ => {
            let known = SETTINGS.map(|(known, _)| known).join(", ");
            return Some(format!("this broker has no setting {name}: it knows {known}"));
        }
    };
    Some(format!("{name} is {value:?}: must be {expected}"))
}

/// Whether topics may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(is_allowed)
}
