//! How many alerts a rule raises at other thresholds.

use clap::Args;
use faultline_schemas::AlertState;

use super::load;
use super::past::{Past, PastArguments};
use crate::commands::output;
use crate::exit::Usage;
use crate::settings::Settings;

/// What `faultline rules tune` takes.
#[derive(Debug, Args)]
pub(crate) struct TuneArguments {
    /// Id of the rule
    rule: String,
    #[command(flatten)]
    past: PastArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &TuneArguments, settings: &Settings) -> anyhow::Result<()> {
    let rules = load(&arguments.past.rules)?.only(&arguments.rule).map_err(Usage)?;
    let (variants, now) = rules.variants().map_err(Usage)?;
    let past = Past::gather(&arguments.past, settings).await?;
    let weeks = past.days() / 7.0;
    let figures: Vec<f64> = variants.iter().map(|(figure, _)| *figure).collect();
    let mut counts = Vec::with_capacity(figures.len());
    for (_, rules) in variants {
        let (_, alerts) = past.replay(rules);
        counts.push(alerts.iter().filter(|alert| alert.state == AlertState::Firing && alert.times == 0).count());
    }
    if arguments.json {
        let rows = figures.iter().zip(&counts);
        let rows: Vec<_> = rows
            .map(|(figure, alerts)| serde_json::json!({"threshold": figure, "alerts": alerts, "per_week": *alerts as f64 / weeks}))
            .collect();
        return output::json(&rows);
    }
    let mut text = format!(
        "{} on {} articles of {:.0} days\n\nthreshold  alerts  a week\n",
        arguments.rule,
        past.len(),
        past.days()
    );
    for (figure, alerts) in figures.iter().zip(&counts) {
        let mark = if *figure == now { "  as it is" } else { "" };
        text.push_str(&format!("{figure:>9}  {alerts:>6}  {:>6.1}{mark}\n", *alerts as f64 / weeks));
    }
    output::text(&text)
}
