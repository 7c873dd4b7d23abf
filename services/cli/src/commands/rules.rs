//! `faultline rules`: rules of alerts, checked, tested, and tried on the past.

mod backtest;
pub(crate) mod pack;
pub(crate) mod past;
mod tune;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use faultline_enricher::knowledge;
use faultline_rules::{RuleSet, run_tests};

use super::{output, read};
use crate::exit::Usage;
use crate::look::counted;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  faultline rules check                             every mistake in rules/*.yaml, with file, line and column
  faultline rules test                              and whether they raise what rules/*.test.yaml expect
  faultline rules match articles.jsonl              which rules match which articles
  faultline rules explain talks-break-down FILE     which part of a rule holds of an article, and which does not
  faultline rules backtest dyad-spike 2022.jsonl.gz what it would have raised on an archive
  faultline rules backtest dyad-spike --since 90d   and on what is stored
  faultline rules tune kosovo-serbia --since 90d    how many alerts a week at other thresholds
  faultline rules init                              writes sixty rules with their tests to rules/, to begin with

Editors complete and check rules by the schema that `faultline schema rules.schema.json` prints.";

/// What `faultline rules` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RulesArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check rules; exit code 2 and every mistake with its place
    #[command(after_help = EXAMPLES)]
    Check {
        /// Folder or file of rules
        #[arg(default_value = "rules")]
        rules: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the tests of rules (*.test.yaml): articles in, alerts expected
    #[command(after_help = EXAMPLES)]
    Test {
        /// Folder of rules and tests
        #[arg(default_value = "rules")]
        rules: PathBuf,
    },
    /// Say which parts of a rule hold of an article
    #[command(after_help = EXAMPLES)]
    Explain {
        /// Id of the rule
        rule: String,
        /// File with the article, `-` for standard input
        article: PathBuf,
        /// Folder or file of rules
        #[arg(long, default_value = "rules", value_name = "DIR")]
        rules: PathBuf,
    },
    /// Say which rules match an article, each article on a line of its own
    #[command(after_help = EXAMPLES)]
    Match {
        /// File with articles, `-` for standard input
        articles: PathBuf,
        /// Folder or file of rules
        #[arg(long, default_value = "rules", value_name = "DIR")]
        rules: PathBuf,
    },
    /// Every alert that a rule would have raised on the past, by day, with the noisiest stories
    #[command(after_help = EXAMPLES)]
    Backtest(backtest::BacktestArguments),
    /// How many alerts a week a rule would raise at other thresholds
    #[command(after_help = EXAMPLES)]
    Tune(tune::TuneArguments),
    /// Write the rules to begin with, each with its tests
    #[command(after_help = EXAMPLES)]
    Init {
        /// Folder for them, which is not there yet
        #[arg(default_value = "rules")]
        folder: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// When rules have mistakes, tests fail, or a file cannot be read.
pub(crate) async fn run(arguments: &RulesArguments, settings: &Settings) -> anyhow::Result<()> {
    match &arguments.action {
        Action::Check { rules, json } => check(rules, *json),
        Action::Test { rules } => test(rules, settings),
        Action::Explain { rule, article, rules } => explain(rule, article, rules, settings),
        Action::Match { articles, rules } => matching(articles, rules, settings),
        Action::Backtest(arguments) => backtest::run(arguments, settings).await,
        Action::Tune(arguments) => tune::run(arguments, settings).await,
        Action::Init { folder } => init(folder),
    }
}

/// Rules of a folder or file.
///
/// # Errors
/// [`Usage`] with every mistake.
fn load(path: &Path) -> Result<RuleSet, Usage> {
    if !path.exists() {
        return Err(Usage(format!(
            "there is no folder or file of rules {}: name one, or make one: faultline rules init",
            path.display()
        )));
    }
    RuleSet::load(path)
        .map_err(|problems| Usage(format!("{} in the rules:\n{problems}", counted(problems.0.len(), "mistake"))))
}

fn init(folder: &Path) -> anyhow::Result<()> {
    pack::write(folder)?;
    let rules = load(folder)?;
    let shown = folder.display();
    output::text(&format!(
        "{} with their tests are in {shown}\n  faultline rules test {shown}\n  faultline --set alerter.rules_dir={shown} up\n",
        counted(rules.rules().len(), "rule")
    ))
}

fn check(path: &Path, as_json: bool) -> anyhow::Result<()> {
    let rules = load(path)?;
    let rules = rules.rules();
    if as_json {
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| {
                serde_json::json!({"id": rule.id, "severity": rule.severity, "enabled": rule.enabled, "owner": rule.owner,
                    "file": rule.file, "line": rule.line})
            })
            .collect();
        return output::json(&rules);
    }
    let off = rules.iter().filter(|rule| !rule.enabled).count();
    let off = if off > 0 { format!(", {off} of them not enabled") } else { String::new() };
    let are = if rules.len() == 1 { "is" } else { "are" };
    output::text(&format!("{} {are} right{off}\n", counted(rules.len(), "rule")))
}

fn test(path: &Path, settings: &Settings) -> anyhow::Result<()> {
    let rules = load(path)?;
    let analyzer = knowledge::analyzer(settings.enricher.knowledge_dir.as_deref())?;
    let outcomes = run_tests(&rules, path, analyzer).map_err(|problems| Usage(problems.to_string()))?;
    if outcomes.is_empty() {
        bail!("there are no tests in {}: write some beside the rules, in files that end in .test.yaml", path.display());
    }
    let mut failed = 0;
    for outcome in &outcomes {
        match &outcome.failure {
            None => output::text(&format!("ok      {}: {}\n", outcome.rule, outcome.name))?,
            Some(failure) => {
                failed += 1;
                output::text(&format!("FAILED  {}: {}\n{failure}\n", outcome.rule, outcome.name))?;
            }
        }
    }
    let tested = |id: &str| outcomes.iter().any(|outcome| outcome.rule == id);
    let untested: Vec<&str> = rules.rules().iter().map(|rule| &*rule.id).filter(|id| !tested(id)).collect();
    if !untested.is_empty() {
        output::text(&format!("without a test: {}\n", untested.join(", ")))?;
    }
    match failed {
        0 => output::text(&format!("all {} tests passed\n", outcomes.len())),
        failed => bail!("{failed} of {} tests failed", outcomes.len()),
    }
}

fn matching(articles: &Path, path: &Path, settings: &Settings) -> anyhow::Result<()> {
    let rules = load(path)?;
    let refused = read::each(articles, settings, |document| {
        let document = Arc::new(document.clone());
        let title = document.article.title.as_deref().unwrap_or(&document.article.id);
        let ids: Vec<&str> = rules.matching(&document).iter().map(|rule| &*rule.id).collect();
        let ids = if ids.is_empty() { "no rule".to_owned() } else { ids.join(", ") };
        output::text(&format!("{title}: {ids}\n"))
    })?;
    if refused > 0 {
        bail!("{refused} of the inputs are no articles, as said above");
    }
    Ok(())
}

fn explain(rule: &str, article: &Path, path: &Path, settings: &Settings) -> anyhow::Result<()> {
    let only = load(path)?.only(rule).map_err(Usage)?;
    let mut shown = 0;
    let refused = read::each(article, settings, |document| {
        let document = Arc::new(document.clone());
        for (rule, held) in only.explain(&document) {
            let title = document.article.title.as_deref().unwrap_or(&document.article.id);
            let holds = if held.holds { "matches" } else { "does not match" };
            let gap = if shown > 0 { "\n" } else { "" };
            output::text(&format!("{gap}{} {holds}: {title}\n{held}", rule.id))?;
        }
        shown += 1;
        Ok(())
    })?;
    match (shown, refused) {
        (_, 1..) => bail!("{refused} of the inputs are no articles, as said above"),
        (0, 0) => bail!("{} holds no article", article.display()),
        _ => Ok(()),
    }
}
