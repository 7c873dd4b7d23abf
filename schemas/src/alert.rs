//! An alert, firing or resolved.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Span;

/// One message on the compacted `alerts` topic, keyed by fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// `faultline.alert/1`.
    pub schema: String,
    /// Hash of rule and group: the same alert while it lasts.
    pub fingerprint: String,
    /// Hash of fingerprint, start, state and how often it was told: a receiver that has seen it has seen this message.
    #[serde(default)]
    pub key: String,
    /// Id of the rule.
    pub rule: String,
    /// One line for a person.
    pub title: String,
    /// How urgent.
    pub severity: Severity,
    /// Firing or resolved.
    pub state: AlertState,
    /// Receivers that it is for; all of them where it names none.
    #[serde(default)]
    pub to: Vec<String>,
    /// Rules whose alerts are not told while this one fires, where they share no label with another value.
    #[serde(default)]
    pub inhibits: Vec<String>,
    /// What the rule grouped by: `dyad` to `SRB-XKX`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Words for people.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When the condition was first met, RFC 3339, event time.
    pub starts_at: String,
    /// When it ceased to be met; null while firing.
    #[serde(default)]
    pub ends_at: Option<String>,
    /// When this was found, RFC 3339, event time: later than the start for an alert that is told again.
    #[serde(default)]
    pub told_at: String,
    /// How often it was told before.
    #[serde(default)]
    pub times: u32,
    /// The figure that the condition looked at.
    #[serde(default)]
    pub value: Option<f64>,
    /// What the figure is measured against; null where it is measured against its own past.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// What its own past lets expect of the figure; null where it is measured against a threshold.
    #[serde(default)]
    pub expected: Option<Expected>,
    /// Why it was raised or closed, in one sentence.
    #[serde(default)]
    pub reason: String,
    /// Articles that count.
    #[serde(default)]
    pub articles: u32,
    /// Distinct stories among them.
    #[serde(default)]
    pub stories: u32,
    /// Distinct sources among them.
    #[serde(default)]
    pub sources: u32,
    /// The reports behind it, the latest of each story first, each with its sentence.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// What a figure's own past lets expect of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// Below this is unusually little.
    pub low: f64,
    /// The middle.
    pub middle: f64,
    /// Above this is unusually much.
    pub high: f64,
}

/// One sentence that an alert rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Article id.
    pub article: String,
    /// Article address.
    #[serde(default)]
    pub url: Option<String>,
    /// Headline.
    #[serde(default)]
    pub title: Option<String>,
    /// The outlet.
    #[serde(default)]
    pub source: Option<String>,
    /// When the article appeared, RFC 3339.
    #[serde(default)]
    pub published_at: Option<String>,
    /// Id of the first report of its story.
    #[serde(default)]
    pub story: String,
    /// The sentence, or as much of it as is shown.
    pub sentence: String,
    /// The words in it that the rule asks for, where they stand in the article's text, in code points; in its title with `in_title`.
    pub span: Span,
    /// Whether the words stand in the title.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_title: bool,
}

/// Urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look.
    Watch,
    /// Needs attention today.
    Elevated,
    /// Needs attention now.
    High,
    /// Wake somebody.
    Critical,
}

/// Whether the condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It holds.
    Firing,
    /// It has ceased to hold.
    Resolved,
}
