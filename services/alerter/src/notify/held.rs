//! What is not told: silenced, acknowledged or inhibited.

use std::collections::BTreeMap;

use faultline_schemas::{Alert, AlertState, Severity, Silence};
use jiff::Timestamp;

use super::tables::Tables;

/// Silences that ended so long ago are of the past, in seconds: their summary was told.
const LATEST_SUMMARY: i64 = 600;
/// Alerts that a summary names.
const NAMED: usize = 20;

impl Tables {
    /// Whether an alert is not to be told now.
    pub(super) fn holds(&self, alert: &Alert, now: Timestamp) -> bool {
        self.silences().iter().any(|silence| lasts(silence, now) && matches(silence, alert)) || self.inhibits(alert)
    }

    /// Whether another alert fires that makes this one needless.
    fn inhibits(&self, alert: &Alert) -> bool {
        let mut is_inhibited = false;
        self.each_alert(|other| {
            let fires = other.state == AlertState::Firing && other.inhibits.contains(&alert.rule);
            // About the same, as far as both say what they are about.
            let agrees = |(name, value): (&String, &String)| alert.labels.get(name).is_none_or(|own| own == value);
            is_inhibited |= fires && other.fingerprint != alert.fingerprint && other.labels.iter().all(agrees);
        });
        is_inhibited
    }

    /// What silences held back from a receiver that ended lately, each as an alert about the silence.
    pub(super) fn summaries(&self, receiver: &str, now: Timestamp) -> Vec<Alert> {
        let of = |silence: &Silence| {
            let ended: Timestamp = silence.ends_at.as_deref()?.parse().ok()?;
            let began: Timestamp = silence.starts_at.parse().ok()?;
            let since = now.duration_since(ended).as_secs();
            (0..LATEST_SUMMARY).contains(&since).then(|| self.summary(silence, receiver, began, ended))?
        };
        self.silences().iter().filter_map(of).collect()
    }

    fn summary(&self, silence: &Silence, receiver: &str, began: Timestamp, ended: Timestamp) -> Option<Alert> {
        let mut held: Vec<Alert> = Vec::new();
        self.each_alert(|alert| {
            let told = alert.told_at.parse::<Timestamp>().is_ok_and(|told| told >= began && told <= ended);
            if told && is_for(alert, receiver) && matches(silence, alert) {
                held.push(alert.clone());
            }
        });
        held.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.told_at.cmp(&b.told_at)));
        let worst = held.first()?;
        let open = held.iter().filter(|alert| alert.state == AlertState::Firing).count();
        let mut lines: Vec<String> = held.iter().take(NAMED).map(line).collect();
        if held.len() > NAMED {
            lines.push(format!("and {} more: faultline alerts list", held.len() - NAMED));
        }
        let key = blake3::hash(format!("{} {receiver} summary", silence.id).as_bytes()).to_hex()[..32].to_owned();
        Some(Alert {
            fingerprint: key.clone(),
            key,
            rule: "silence-ended".to_owned(),
            title: format!("{} alerts were held back by a silence that has ended, {open} are open", held.len()),
            severity: worst.severity,
            state: AlertState::Firing,
            labels: BTreeMap::from([("silence".to_owned(), silence.id.clone())]),
            annotations: BTreeMap::from([("held back".to_owned(), lines.join("\n"))]),
            starts_at: silence.starts_at.clone(),
            told_at: ended.to_string(),
            ends_at: None,
            value: Some(held.len() as f64),
            threshold: None,
            expected: None,
            reason: format!("silenced by {}: {}", silence.created_by, silence.comment),
            evidence: held.iter().filter_map(|alert| alert.evidence.first().cloned()).take(NAMED).collect(),
            ..worst.clone()
        })
    }
}

fn line(alert: &Alert) -> String {
    let state = if alert.state == AlertState::Firing { "open since" } else { "over; since" };
    format!("{} ({}, {state} {})", alert.title, severity(alert.severity), alert.starts_at)
}

fn severity(severity: Severity) -> String {
    serde_json::to_value(severity).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// Whether an alert is for a receiver.
pub(super) fn is_for(alert: &Alert, receiver: &str) -> bool {
    alert.to.is_empty() || alert.to.iter().any(|name| name == receiver)
}

/// Whether a silence is in force.
pub(super) fn lasts(silence: &Silence, now: Timestamp) -> bool {
    let at = |text: &str| text.parse::<Timestamp>().ok();
    at(&silence.starts_at).is_none_or(|starts| starts <= now)
        && silence.ends_at.as_deref().and_then(at).is_none_or(|ends| now < ends)
}

/// Whether a silence is about an alert. One that names nothing is about none.
pub(crate) fn matches(silence: &Silence, alert: &Alert) -> bool {
    let value = |name: &str| match name {
        "rule" => Some(alert.rule.clone()),
        "fingerprint" => Some(alert.fingerprint.clone()),
        "severity" => Some(severity(alert.severity)),
        _ => alert.labels.get(name).cloned(),
    };
    let fits = |(name, pattern): (&String, &String)| {
        let pattern = glob::Pattern::new(pattern).ok();
        value(name).zip(pattern).is_some_and(|(value, pattern)| pattern.matches(&value))
    };
    !silence.matchers.is_empty() && silence.matchers.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(rule: &str, dyad: &str) -> Alert {
        let mut alert = crate::receivers::sample("desk", "2026-01-01T12:00:00Z".parse().unwrap());
        alert.rule = rule.to_owned();
        alert.fingerprint = format!("{rule} {dyad}");
        alert.labels = BTreeMap::from([("dyad".to_owned(), dyad.to_owned())]);
        alert.told_at = "2026-01-01T12:00:00Z".to_owned();
        alert
    }

    fn silence(matchers: &[(&str, &str)], ends_at: Option<&str>) -> Silence {
        Silence {
            schema: "faultline.silence/1".to_owned(),
            id: "s".to_owned(),
            matchers: matchers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            starts_at: "2026-01-01T11:00:00Z".to_owned(),
            ends_at: ends_at.map(str::to_owned),
            created_by: "ana".to_owned(),
            comment: "known".to_owned(),
        }
    }

    #[test]
    fn a_silence_holds_what_it_names_while_it_lasts() {
        let threat = alert("threats", "SRB-XKX");
        let at = |time: &str| -> Timestamp { time.parse().unwrap() };
        for (matchers, holds) in [
            (&[("dyad", "SRB-*")][..], true),
            (&[("dyad", "SRB-*"), ("rule", "threats")], true),
            (&[("rule", "thr*"), ("severity", "watch")], true),
            (&[("dyad", "ARM-*")], false),
            (&[("country", "*")], false),
            (&[], false),
        ] {
            let tables = Tables::of(&[], &[silence(matchers, Some("2026-01-01T13:00:00Z"))]);
            assert_eq!(tables.holds(&threat, at("2026-01-01T12:00:00Z")), holds, "{matchers:?}");
            assert!(!tables.holds(&threat, at("2026-01-01T13:00:00Z")), "it is over");
            assert!(!tables.holds(&threat, at("2026-01-01T10:00:00Z")), "it has not begun");
        }
    }

    #[test]
    fn what_fires_inhibits_what_it_names_about_the_same() {
        let mut worse = alert("war", "SRB-XKX");
        worse.inhibits = vec!["threats".to_owned()];
        let now = Timestamp::now();
        let tables = Tables::of(&[worse.clone()], &[]);
        assert!(tables.holds(&alert("threats", "SRB-XKX"), now));
        assert!(!tables.holds(&alert("threats", "ARM-AZE"), now) && !tables.holds(&alert("other", "SRB-XKX"), now));
        worse.state = AlertState::Resolved;
        assert!(!Tables::of(&[worse], &[]).holds(&alert("threats", "SRB-XKX"), now));
    }

    #[test]
    fn a_silence_that_ended_is_summed_up_once_under_one_key() {
        let mut over = alert("threats", "SRB-XKX");
        over.state = AlertState::Resolved;
        let mut elsewhere = alert("threats", "SRB-BIH");
        elsewhere.to = vec!["another".to_owned()];
        let alerts = [over, alert("war", "SRB-XKX"), alert("war", "ARM-AZE"), elsewhere];
        let tables = Tables::of(&alerts, &[silence(&[("dyad", "SRB-*")], Some("2026-01-01T13:00:00Z"))]);
        let told = |time: &str| tables.summaries("desk", time.parse().unwrap());
        assert!(told("2026-01-01T12:59:00Z").is_empty() && told("2026-01-01T14:00:00Z").is_empty());
        let (first, again) = (told("2026-01-01T13:00:01Z"), told("2026-01-01T13:05:00Z"));
        assert_eq!((first.len(), &first[0].key), (1, &again[0].key));
        assert!(first[0].title.starts_with("2 alerts were held back") && first[0].title.contains("1 are open"));
        assert!(first[0].annotations["held back"].contains("open since"), "{:?}", first[0].annotations);
    }
}
