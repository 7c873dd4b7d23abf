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
    /// Id of the rule.
    pub rule: String,
    /// One line for a person.
    pub title: String,
    /// How urgent.
    pub severity: Severity,
    /// Firing or resolved.
    pub state: AlertState,
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
    /// The figure that the condition looked at.
    #[serde(default)]
    pub value: Option<f64>,
    /// The sentences behind it.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// One sentence that an alert rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Article id.
    pub article: String,
    /// Article address.
    #[serde(default)]
    pub url: Option<String>,
    /// The sentence.
    pub sentence: String,
    /// Where it stands in the article's text.
    pub span: Span,
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
