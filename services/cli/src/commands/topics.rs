//! `faultline topics`: whether the topics are as the settings say, and how far every role is.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use faultline_platform::Stop;
use faultline_platform::settings::Common;
use faultline_platform::topics::{self, Mismatch, TopicDescription};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::output;
use crate::look::{DIM, counted, grouped, row};
use crate::terminal::{Terminal, fit};

const EXAMPLES: &str = "\
Examples:
  faultline topics describe            messages, and the lag of every consumer group
  faultline topics describe --json
  faultline topics check               exit code 1 where a topic is missing or not as the settings say
  faultline topics create              create those that are missing
  faultline --set kafka.brokers=kafka:9092 topics check";

/// What `faultline topics` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TopicsArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Compare the topics with the settings, changing nothing; exit code 1 where they differ
    #[command(after_help = EXAMPLES)]
    Check(Output),
    /// Create the topics that are missing; those that are there stay as they are
    #[command(after_help = EXAMPLES)]
    Create(Output),
    /// Show each topic's messages, partitions, and the lag of each consumer group
    #[command(after_help = EXAMPLES)]
    Describe(Output),
}

#[derive(Debug, Clone, Args)]
struct Output {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &TopicsArguments, common: &Common) -> anyhow::Result<()> {
    let (action, common) = (arguments.action.clone(), common.clone());
    // Questions to Kafka block.
    let work = move || match action {
        Action::Check(output) => check(&common, output.json),
        Action::Create(output) => create(common, output.json),
        Action::Describe(output) => describe(&common, output.json),
    };
    spawn_blocking(work).await.context("asking kafka panicked, this is a bug: please report it")?
}

fn check(common: &Common, as_json: bool) -> anyhow::Result<()> {
    let mismatches = topics::check(common)?;
    if as_json {
        output::json(&mismatches)?;
    } else if mismatches.is_empty() {
        output::text("all topics are there and as the settings say\n")?;
    } else {
        output::text(&told(&mismatches))?;
    }
    if mismatches.is_empty() {
        return Ok(());
    }
    let missing = mismatches.iter().filter(|mismatch| is_missing(mismatch)).count();
    match missing {
        0 => bail!("topics are not as the settings say: change them, or the settings, as told above"),
        _ => bail!("{} missing: create them with faultline topics create", counted(missing, "topic")),
    }
}

fn create(mut common: Common, as_json: bool) -> anyhow::Result<()> {
    common.topics.create = true;
    // Says at once that no broker answers, where `ensure` would wait for one.
    let missing: Vec<String> =
        topics::check(&common)?.into_iter().filter(is_missing).map(|mismatch| mismatch.topic).collect();
    topics::ensure(&common, &Stop::new())?;
    let mismatches = topics::check(&common)?;
    if as_json {
        return output::json(&json!({"created": missing, "mismatches": mismatches}));
    }
    let mut out = String::new();
    for name in &missing {
        writeln!(out, "{name} created")?;
    }
    if missing.is_empty() {
        out.push_str("all topics were there\n");
    }
    out.push_str(&told(&mismatches));
    output::text(&out)
}

fn is_missing(mismatch: &Mismatch) -> bool {
    mismatch.what == "topic"
}

fn told(mismatches: &[Mismatch]) -> String {
    let line = |mismatch: &Mismatch| match is_missing(mismatch) {
        true => format!("{} is missing\n", mismatch.topic),
        false => format!("{mismatch}\n  {}\n", mismatch.advice()),
    };
    mismatches.iter().map(line).collect()
}

fn describe(common: &Common, as_json: bool) -> anyhow::Result<()> {
    let described = topics::describe(common)?;
    if as_json {
        return output::json(&described);
    }
    output::text(&render(&described, Terminal::stdout()))
}

/// One row a topic, one more for each further group, then what differs.
fn render(described: &[TopicDescription], terminal: Terminal) -> String {
    let name = described.iter().map(|topic| topic.topic.len()).max().unwrap_or(0).max("TOPIC".len());
    let heading = [fit("TOPIC", name), "PARTITIONS".into(), format!("{:>12}", "MESSAGES"), "LAG".into()];
    let mut out = terminal.paint(DIM, row(&heading).trim_end());
    out.push('\n');
    for topic in described {
        let partitions = topic.partitions.len();
        if partitions == 0 {
            out.push_str(&row(&[fit(&topic.topic, name), "missing: faultline topics create".into()]));
            continue;
        }
        let messages: i64 = topic.partitions.iter().map(|partition| partition.high - partition.low).sum();
        let messages = format!("{:>12}", grouped(messages.unsigned_abs()));
        let lags = topic.lag.iter().map(|(group, lag)| format!("{group} {}", grouped(lag.unsigned_abs())));
        let lags: Vec<String> = lags.collect();
        let lag = if lags.is_empty() { "-".to_owned() } else { lags.join(", ") };
        out.push_str(&row(&[fit(&topic.topic, name), format!("{partitions:>10}"), messages, lag]));
        let behind = topic.partitions.iter().filter(|partition| partition.in_sync < partition.replicas).count();
        if behind > 0 {
            writeln!(out, "  {} with copies that are not in step", counted(behind, "partition")).ok();
        }
        for mismatch in &topic.mismatches {
            writeln!(out, "  {} is {}, the settings say {}", mismatch.what, mismatch.found, mismatch.expected).ok();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use faultline_platform::topics::PartitionDescription;

    use super::*;

    #[test]
    fn a_topic_is_shown_with_its_messages_lag_and_what_differs() {
        let partition = |partition, low, high| PartitionDescription { partition, low, high, in_sync: 1, replicas: 2 };
        let mismatch = |what: &str, found: &str, expected: &str| Mismatch {
            topic: "faultline.articles".into(),
            what: what.into(),
            found: found.into(),
            expected: expected.into(),
        };
        let described = [
            TopicDescription {
                topic: "faultline.articles".into(),
                about: "",
                partitions: vec![partition(0, 10, 1_210), partition(1, 0, 100)],
                mismatches: vec![mismatch("partitions", "2", "6")],
                lag: [("faultline.enricher".to_owned(), 1_300), ("other".to_owned(), 0)].into(),
            },
            TopicDescription {
                topic: "faultline.alerts".into(),
                about: "",
                partitions: vec![],
                mismatches: vec![mismatch("topic", "missing", "present")],
                lag: Default::default(),
            },
        ];
        let shown = render(&described, Terminal { width: 100, colour: false });
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "TOPIC               PARTITIONS      MESSAGES  LAG",
                "faultline.articles           2         1,300  faultline.enricher 1,300, other 0",
                "  2 partitions with copies that are not in step",
                "  partitions is 2, the settings say 6",
                "faultline.alerts    missing: faultline topics create",
            ]
        );
        assert_eq!(told(&described[1].mismatches), "faultline.articles is missing\n");
    }
}
