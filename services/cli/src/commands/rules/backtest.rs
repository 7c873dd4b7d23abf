//! What a rule would have raised.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use faultline_rules::{Engine, Limits, Seen};
use faultline_schemas::{Alert, AlertState, Enriched};

use super::load;
use crate::commands::{inputs, output, read};
use crate::exit::Usage;
use crate::settings::Settings;

/// What `faultline rules backtest` takes.
#[derive(Debug, Args)]
pub(crate) struct BacktestArguments {
    /// Id of the rule
    rule: String,
    /// Archives of articles, JSON lines; .gz and .zst are read directly. All of them are held in memory
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder or file of rules
    #[arg(long, default_value = "rules", value_name = "DIR")]
    rules: PathBuf,
    /// Print the alerts as JSON
    #[arg(long)]
    json: bool,
}

/// How long after the last article time goes on, so that alerts may close: a day.
const AFTERWARDS_MS: i64 = 86_400_000;
/// Stories that are named.
const NOISIEST: usize = 5;

pub(super) fn run(arguments: &BacktestArguments, settings: &Settings) -> anyhow::Result<()> {
    inputs::check(&arguments.files)?;
    let rules = load(&arguments.rules)?.only(&arguments.rule).map_err(Usage)?;
    let mut articles: Vec<(i64, Arc<Enriched>)> = Vec::new();
    let mut undated = 0;
    for path in &arguments.files {
        read::each(path, settings, |document| {
            let published = document.article.published_at.is_some();
            match Seen::time_of(document).filter(|_| published) {
                Some(at) => articles.push((at, Arc::new(document.clone()))),
                None => undated += 1,
            }
            Ok(())
        })?;
    }
    if undated > 0 {
        eprintln!("{undated} articles say not when they appeared, and are left out");
    }
    articles.sort_by(|a, b| (a.0, &a.1.article.id).cmp(&(b.0, &b.1.article.id)));
    let Some((last, _)) = articles.last() else {
        anyhow::bail!("there are no dated articles in the archives");
    };
    let (last, many) = (*last, articles.len());
    let mut engine = Engine::new(rules, Limits::default());
    let mut alerts = Vec::new();
    for (_, article) in articles {
        engine.push(article, None, &mut alerts);
    }
    engine.advance(last + AFTERWARDS_MS, &mut alerts);
    if arguments.json {
        return output::json(&alerts);
    }
    let counts = engine.counts();
    let learning = match counts.learning {
        0 => String::new(),
        times => format!("the past was too short to judge by {times} times\n"),
    };
    output::text(&format!(
        "{} of {many} articles match {}\n{learning}{}",
        counts.matched,
        arguments.rule,
        summary(&alerts)
    ))
}

/// Days with what was raised on them, and the stories behind most of it.
fn summary(alerts: &[Alert]) -> String {
    let opened: Vec<&Alert> = alerts.iter().filter(|alert| alert.state == AlertState::Firing).collect();
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
