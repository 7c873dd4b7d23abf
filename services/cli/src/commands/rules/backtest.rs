//! What a rule would have raised.

use std::collections::BTreeMap;

use clap::Args;
use faultline_schemas::{Alert, AlertState};

use super::load;
use super::past::{Past, PastArguments};
use crate::commands::output;
use crate::exit::Usage;
use crate::settings::Settings;

/// What `faultline rules backtest` takes.
#[derive(Debug, Args)]
pub(crate) struct BacktestArguments {
    /// Id of the rule
    rule: String,
    #[command(flatten)]
    past: PastArguments,
    /// Print the alerts as JSON
    #[arg(long)]
    json: bool,
}

/// Stories that are named.
const NOISIEST: usize = 5;

pub(super) async fn run(arguments: &BacktestArguments, settings: &Settings) -> anyhow::Result<()> {
    let rules = load(&arguments.past.rules)?.only(&arguments.rule).map_err(Usage)?;
    let past = Past::gather(&arguments.past, settings).await?;
    let (engine, alerts) = past.replay(rules);
    if arguments.json {
        return output::json(&alerts);
    }
    let counts = engine.counts();
    let learning = match counts.learning {
        0 => String::new(),
        times => format!("the past was too short to judge by {times} times\n"),
    };
    output::text(&format!(
        "{} of {} articles match {}\n{learning}{}",
        counts.matched,
        past.len(),
        arguments.rule,
        summary(&alerts)
    ))
}

/// Days with what was raised on them, and the stories behind most of it.
fn summary(alerts: &[Alert]) -> String {
    let opened: Vec<&Alert> =
        alerts.iter().filter(|alert| alert.state == AlertState::Firing && alert.times == 0).collect();
    let mut days: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    let mut stories: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for alert in &opened {
        days.entry(alert.starts_at.get(..10).unwrap_or_default()).or_default().push(alert);
        for report in &alert.evidence {
            let title = report.title.as_deref().unwrap_or(&report.article);
            stories.entry(&report.story).or_insert((0, title)).0 += 1;
        }
    }
    if opened.is_empty() {
        return "it would have raised no alert\n".to_owned();
    }
    let mut text = format!("it would have raised {} alerts on {} days\n", opened.len(), days.len());
    for (day, of_day) in &days {
        text.push_str(&format!("\n{day}\n"));
        for alert in of_day {
            let labels: Vec<&str> = alert.labels.values().map(String::as_str).collect();
            let ended = alerts.iter().find(|other| {
                other.state == AlertState::Resolved
                    && other.fingerprint == alert.fingerprint
                    && other.starts_at == alert.starts_at
            });
            let until = ended.and_then(|other| other.ends_at.as_deref()).unwrap_or("now");
            text.push_str(&format!("  {}  {}  {}\n", alert.starts_at, labels.join(" "), alert.title));
            text.push_str(&format!("    until {until}: {}\n", alert.reason));
        }
    }
    let mut noisiest: Vec<(usize, &str)> = stories.into_values().collect();
    noisiest.sort_by(|a, b| b.cmp(a));
    text.push_str("\nthe stories behind most of them\n");
    for (many, title) in noisiest.into_iter().take(NOISIEST) {
        text.push_str(&format!("  {many:>4}  {title}\n"));
    }
    text
}
