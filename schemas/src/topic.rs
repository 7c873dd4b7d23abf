//! The topics: names, keys, retention.

use std::time::Duration;

/// What a topic is for and how it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Name without the prefix: `articles`.
    pub suffix: &'static str,
    /// Value of the `schema` header on it.
    pub schema: &'static str,
    /// What messages are keyed by, in words.
    pub key: &'static str,
    /// What it holds, in words.
    pub about: &'static str,
    /// How long it is kept.
    pub kept: Kept,
}

/// How long a topic is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Deleted by age.
    For(Duration),
    /// Compacted: the last value of each key.
    LastPerKey,
}

const fn days(n: u64) -> Kept {
    Kept::For(Duration::from_secs(n * 86_400))
}

/// Articles as they came in.
pub const ARTICLES: Topic = Topic {
    suffix: "articles",
    schema: "faultline.article/1",
    key: "article id",
    about: "articles as they came in",
    kept: days(7),
};
/// Articles with their tags.
pub const ENRICHED: Topic = Topic {
    suffix: "enriched",
    schema: "faultline.enriched/1",
    key: "article id",
    about: "articles with every tag and the words each was read from",
    kept: days(30),
};
/// Coded events, one message each.
pub const EVENTS: Topic = Topic {
    suffix: "events",
    schema: "faultline.event/1",
    key: "source country and target country, SRB-XKX",
    about: "who did what to whom, one message for each coded event",
    kept: days(30),
};
/// Alerts, firing and resolved.
pub const ALERTS: Topic = Topic {
    suffix: "alerts",
    schema: "faultline.alert/1",
    key: "alert fingerprint",
    about: "alerts, firing and resolved",
    kept: Kept::LastPerKey,
};
/// What is not to be told for a while.
pub const SILENCES: Topic = Topic {
    suffix: "silences",
    schema: "faultline.silence/1",
    key: "silence id",
    about: "which alerts are not told for a while, and which have been acknowledged",
    kept: Kept::LastPerKey,
};
/// Where the producer stopped in each source.
pub const SOURCES: Topic = Topic {
    suffix: "sources",
    schema: "faultline.source-state/1",
    key: "source id",
    about: "where the producer stopped in each source",
    kept: Kept::LastPerKey,
};
/// What could not be processed.
pub const DEAD_LETTERS: Topic = Topic {
    suffix: "dead-letters",
    schema: "faultline.dead-letter/1",
    key: "the original key",
    about: "original bytes of what could not be processed, with its provenance in headers",
    kept: days(30),
};

/// Every topic.
pub const ALL: [Topic; 7] = [ARTICLES, ENRICHED, EVENTS, ALERTS, SILENCES, SOURCES, DEAD_LETTERS];
