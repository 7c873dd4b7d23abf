//! How alerts are gathered into messages.

use std::time::Duration;

use faultline_schemas::{Alert, AlertState, Severity};

use super::settings::ReceiverSettings;

/// How alerts are gathered for a receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batching {
    /// Labels whose values part alerts into messages of their own; `rule` and `severity` stand for those of the alert.
    pub group_by: Vec<String>,
    /// How long further alerts are waited for.
    pub wait: Duration,
    /// How often an alert that fires is told again, where it is.
    pub every: Option<Duration>,
}

impl Batching {
    pub(super) fn of(settings: &ReceiverSettings) -> Self {
        let gathered = |group_by: &[String], wait: u32| Self {
            group_by: group_by.to_vec(),
            wait: Duration::from_secs(wait.into()),
            every: None,
        };
        match settings {
            // It gathers by itself.
            ReceiverSettings::Alertmanager(settings) => {
                Self { every: Some(Duration::from_secs(settings.every_seconds.into())), ..Self::default() }
            }
            ReceiverSettings::Webhook(settings) => gathered(&settings.group_by, settings.wait_seconds),
            ReceiverSettings::Email(settings) => gathered(&settings.group_by, settings.wait_seconds),
            ReceiverSettings::Chat(settings) => gathered(&settings.group_by, settings.wait_seconds),
            ReceiverSettings::File(_) => Self::default(),
        }
    }

    /// What an alert has in common with those that it shares a message with.
    #[must_use]
    pub fn group(&self, alert: &Alert) -> Vec<String> {
        let value = |name: &String| match (name.as_str(), alert.labels.get(name)) {
            (_, Some(value)) => value.clone(),
            ("rule", None) => alert.rule.clone(),
            ("severity", None) => severity(alert.severity).to_owned(),
            _ => String::new(),
        };
        self.group_by.iter().map(value).collect()
    }
}

/// The word for it.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Watch => "watch",
        Severity::Elevated => "elevated",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// The word for it.
pub(super) fn state(state: AlertState) -> &'static str {
    match state {
        AlertState::Firing => "firing",
        AlertState::Resolved => "resolved",
    }
}

/// The most urgent first, those that fire before those that do not.
pub(super) fn by_urgency(batch: &[Alert]) -> Vec<&Alert> {
    let mut alerts: Vec<&Alert> = batch.iter().collect();
    alerts.sort_by_key(|alert| (alert.state == AlertState::Resolved, std::cmp::Reverse(alert.severity)));
    alerts
}

/// What a batch is known by: the key of its alert, or one made of the keys of all.
pub(super) fn key(batch: &[Alert]) -> String {
    match batch {
        [alert] => own_key(alert),
        _ => {
            let mut hasher = blake3::Hasher::new();
            for alert in batch {
                hasher.update(own_key(alert).as_bytes()).update(b"\n");
            }
            hasher.finalize().to_hex()[..32].to_owned()
        }
    }
}

/// An alert of before there were keys has none.
pub(super) fn own_key(alert: &Alert) -> String {
    if alert.key.is_empty() {
        return format!("{}-{}", alert.fingerprint, state(alert.state));
    }
    alert.key.clone()
}
