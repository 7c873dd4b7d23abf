//! Tests of rules, written beside them in `*.test.yaml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use faultline_analysis::Analyzer;
use faultline_schemas::{Alert, AlertState, Article};
use schemars::{JsonSchema, Schema, schema_for};
use serde::Deserialize;

use crate::rules::{At, Problem, Problems, RuleSet, files, yaml};
use crate::{Engine, Limits};

/// JSON Schema of a file of tests.
pub(crate) fn test_schema() -> Schema {
    schema_for!(TestFile)
}

/// A file of tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestFile {
    tests: Vec<At<RuleTest>>,
}

/// Articles in, alerts out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RuleTest {
    /// What it shows.
    name: String,
    /// Id of the rule.
    rule: At<String>,
    /// In any order.
    articles: Vec<At<TestArticle>>,
    /// Until when time passes, RFC 3339. Default: the time of the last article.
    #[serde(default)]
    until: Option<At<String>>,
    /// The alerts, all of them, in order. Default: none.
    #[serde(default)]
    expect: Vec<At<ExpectedAlert>>,
}

/// An article, as it comes in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestArticle {
    /// When it appeared, RFC 3339.
    at: At<String>,
    /// The outlet. Default: one of its own.
    #[serde(default)]
    source: Option<String>,
    /// Headline.
    #[serde(default)]
    title: Option<String>,
    /// Plain text.
    text: String,
    /// So many more like it, each `every` later.
    #[serde(default)]
    times: Option<u32>,
    /// `1h`, `1d`.
    #[serde(default)]
    every: Option<At<String>>,
}

/// An alert; what is left out may be anything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExpectedAlert {
    /// Default: `firing`.
    #[serde(default = "firing")]
    state: AlertState,
    /// When it was first met or, resolved, when it ended, RFC 3339.
    #[serde(default)]
    at: Option<At<String>>,
    /// Labels that it has, among others.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The figure.
    #[serde(default)]
    value: Option<f64>,
    /// The title, or a part of it.
    #[serde(default)]
    title: Option<String>,
}

fn firing() -> AlertState {
    AlertState::Firing
}

/// How a test ended.
#[derive(Debug)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Id of its rule.
    pub rule: String,
    /// Where it is written, and what was not as expected.
    pub failure: Option<Problem>,
}

/// Runs every `*.test.yaml` below a folder, or the tests of one file, against the rules.
///
/// # Errors
/// Every mistake in the files themselves.
pub fn run_tests(rules: &RuleSet, path: &Path, analyzer: &Analyzer) -> Result<Vec<Outcome>, Problems> {
    let mut problems = Problems::default();
    let files = if path.is_dir() { files(path, true, &mut problems) } else { vec![path.to_owned()] };
    let mut outcomes = Vec::new();
    for file in files {
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                problems.add(&file, (0, 0), format!("failed to read it: {error}"));
                continue;
            }
        };
        match yaml::<TestFile>(&file, &text) {
            Ok(read) => {
                for test in &read.tests {
                    outcomes.extend(run(rules, &file, test, analyzer, &mut problems));
                }
            }
            Err(problem) => problems.0.push(problem),
        }
    }
    problems.or(outcomes)
}

fn run(
    rules: &RuleSet,
    file: &Path,
    At { value: test, place }: &At<RuleTest>,
    analyzer: &Analyzer,
    problems: &mut Problems,
) -> Option<Outcome> {
    let known = problems.0.len();
    let only = match rules.only(&test.rule.value) {
        Ok(only) => only,
        Err(message) => {
            problems.add(file, test.rule.place, message);
            return None;
        }
    };
    let mut articles = articles(file, test, problems);
    let until = test.until.as_ref().and_then(|until| millisecond(file, until, problems));
    let expected: Vec<(Option<i64>, &ExpectedAlert)> = test
        .expect
        .iter()
        .map(|alert| (alert.value.at.as_ref().and_then(|at| millisecond(file, at, problems)), &alert.value))
        .collect();
    if problems.0.len() > known {
        return None;
    }
    articles.sort_by_key(|(at, _)| *at);
    let last = articles.last().map_or(0, |(at, _)| *at);
    let mut engine = Engine::new(only, Limits::default());
    let mut alerts = Vec::new();
    for (_, article) in &articles {
        engine.push(Arc::new(analyzer.enrich(article)), None, &mut alerts);
    }
    engine.advance(until.unwrap_or(last), &mut alerts);
    let is_as_expected = alerts.len() == expected.len()
        && alerts.iter().zip(&expected).all(|(alert, (at, expected))| fits(alert, *at, expected));
    let failure = (!is_as_expected).then(|| Problem {
        file: file.to_owned(),
        line: place.0,
        column: place.1,
        message: difference(&alerts, &test.expect, &engine, articles.len()),
    });
    Some(Outcome { name: test.name.clone(), rule: test.rule.value.clone(), failure })
}

/// Articles with their times.
fn articles(file: &Path, test: &RuleTest, problems: &mut Problems) -> Vec<(i64, Article)> {
    let mut articles = Vec::new();
    for (number, article) in test.articles.iter().enumerate() {
        let At { value: article, .. } = article;
        let Some(at) = millisecond(file, &article.at, problems) else { continue };
        let every = article.every.as_ref().and_then(|every| {
            let length = crate::rules::duration(&every.value);
            length.map_err(|message| problems.add(file, every.place, message)).ok()
        });
        for time in 0..=article.times.unwrap_or(0) {
            let at = at + i64::from(time) * every.unwrap_or(3_600_000);
            let source = article.source.clone().unwrap_or_else(|| format!("paper-{number}.example"));
            let published_at = jiff::Timestamp::from_millisecond(at).map(|time| time.to_string()).ok();
            articles.push((
                at,
                Article {
                    id: format!("article {}.{time}", number + 1),
                    source: Some(source),
                    title: article.title.clone(),
                    text: article.text.clone(),
                    published_at,
                    ..Article::default()
                },
            ));
        }
    }
    articles
}

fn millisecond(file: &Path, time: &At<String>, problems: &mut Problems) -> Option<i64> {
    let parsed = time.value.parse::<jiff::Timestamp>();
    let message = || format!("{:?} is no time: write one such as 2022-08-17T10:00:00Z", time.value);
    parsed.map_err(|_| problems.add(file, time.place, message())).ok().map(jiff::Timestamp::as_millisecond)
}

fn fits(alert: &Alert, at: Option<i64>, expected: &ExpectedAlert) -> bool {
    let told = alert.ends_at.as_ref().unwrap_or(&alert.starts_at);
    alert.state == expected.state
        && at.is_none_or(|at| told.parse::<jiff::Timestamp>().is_ok_and(|told| told.as_millisecond() == at))
        && expected.labels.iter().all(|(name, value)| alert.labels.get(name) == Some(value))
        && expected.value.is_none_or(|value| alert.value.is_some_and(|told| (told - value).abs() < 0.005))
        && expected.title.as_ref().is_none_or(|title| alert.title.contains(&**title))
}

fn difference(alerts: &[Alert], expected: &[At<ExpectedAlert>], engine: &Engine, articles: usize) -> String {
    let mut message = format!(
        "{} alerts were expected, and there were {} ({} of {articles} articles match, of {} stories)",
        expected.len(),
        alerts.len(),
        engine.counts().matched,
        engine.counts().stories
    );
    for alert in alerts {
        let labels: Vec<String> = alert.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        message.push_str(&format!(
            "\n  state: {}, at: {}, labels: {{{}}}, title: {:?} ({})",
            format!("{:?}", alert.state).to_lowercase(),
            alert.ends_at.as_ref().unwrap_or(&alert.starts_at),
            labels.join(", "),
            alert.title,
            alert.reason
        ));
    }
    message
}
