//! What the rules to begin with raise on the demo's articles.

use std::collections::BTreeMap;
use std::path::Path;

use faultline_rules::RuleSet;
use faultline_schemas::{Alert, AlertState, Enriched, Severity};

use crate::commands::rules::pack;
use crate::commands::rules::past::Past;
use crate::exit::Usage;
use crate::look::{BOLD, DIM, counted, level_style};
use crate::terminal::{Terminal, cut};

/// Alerts that are shown.
const SHOWN: usize = 40;

/// When alerts open and close, and why. The rules are written to `folder`, unless some lie there.
pub(super) fn raised(articles: &[Enriched], folder: &Path, terminal: Terminal) -> anyhow::Result<String> {
    if !folder.exists() {
        pack::write(folder)?;
    }
    // A source with two articles a month is not silent.
    let rules = RuleSet::load(folder).map_err(|problems| Usage(problems.to_string()))?.without_silence();
    let many = rules.rules().len();
    let (_, alerts) = Past::of(articles).replay(rules);
    Ok(render(many, &alerts, terminal))
}

fn render(rules: usize, alerts: &[Alert], terminal: Terminal) -> String {
    let is_end = |alert: &&Alert| alert.state == AlertState::Resolved;
    let ends: BTreeMap<(&str, &str), &str> = alerts
        .iter()
        .filter(is_end)
        .filter_map(|alert| Some(((&*alert.fingerprint, &*alert.starts_at), alert.ends_at.as_deref()?)))
        .collect();
    let mut opened: Vec<&Alert> =
        alerts.iter().filter(|alert| alert.state == AlertState::Firing && alert.times == 0).collect();
    opened.sort_by_key(|alert| &alert.starts_at);
    let heading = format!(
        "{} by the {} to begin with (faultline rules init)",
        counted(opened.len(), "alert"),
        counted(rules, "rule")
    );
    let mut out = format!("{}\n", terminal.paint(BOLD, &heading));
    for alert in opened.iter().take(SHOWN) {
        let end = ends.get(&(&*alert.fingerprint, &*alert.starts_at)).copied();
        let days = format!("{} – {}", day(&alert.starts_at), end.map_or("open", day));
        let (mark, style) = mark(alert.severity);
        let title = cut(&alert.title, terminal.width.saturating_sub(30)).into_owned();
        out.push_str(&format!("  {days:<23}  {} {}\n", terminal.paint(style, mark), terminal.paint(style, &title)));
        let sentence = alert.evidence.first().map(|report| report.sentence.as_str()).unwrap_or_default();
        let sentence = cut(sentence, terminal.width.saturating_sub(32)).into_owned();
        out.push_str(&format!("  {:<23}    {}\n", "", terminal.paint(DIM, &format!("“{sentence}”"))));
    }
    if opened.len() > SHOWN {
        out.push_str(&format!("  and {} more\n", opened.len() - SHOWN));
    }
    out
}

fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

fn mark(severity: Severity) -> (&'static str, anstyle::Style) {
    use faultline_schemas::Level;
    match severity {
        Severity::Watch => ("▃", level_style(Level::Watch)),
        Severity::Elevated => ("▅", level_style(Level::Elevated)),
        Severity::High => ("▆", level_style(Level::High)),
        Severity::Critical => ("█", level_style(Level::Critical)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PLAIN: Terminal = Terminal { width: 80, colour: false };

    #[test]
    fn each_alert_has_its_days_and_a_sentence() {
        let alert: Alert = serde_json::from_value(serde_json::json!({
            "schema": "faultline.alert/1", "fingerprint": "f", "rule": "r", "title": "Barricades", "severity": "high",
            "state": "firing", "starts_at": "2022-12-10T10:00:00Z",
            "evidence": [{"article": "a", "sentence": "They put up barricades.", "span": {"start": 0, "end": 4}}]
        }))
        .unwrap();
        let over = Alert { state: AlertState::Resolved, ends_at: Some("2022-12-12T10:00:00Z".into()), ..alert.clone() };
        let again = Alert { times: 1, ..alert.clone() };
        let shown = render(62, &[alert.clone(), again, over], PLAIN);
        assert!(shown.starts_with("1 alert by the 62 rules"), "{shown}");
        assert!(shown.contains("2022-12-10 – 2022-12-12") && shown.contains("“They put up barricades.”"), "{shown}");
        assert!(render(62, &[alert], PLAIN).contains("2022-12-10 – open"));
    }
}
