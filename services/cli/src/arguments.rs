//! What can be written after `faultline`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::alerts::AlertsArguments;
use crate::commands::backfill::BackfillArguments;
use crate::commands::completions::CompletionsArguments;
use crate::commands::config::ConfigArguments;
use crate::commands::dead_letters::DeadLettersArguments;
use crate::commands::enrich::EnrichArguments;
use crate::commands::ingest::IngestArguments;
use crate::commands::knowledge::KnowledgeArguments;
use crate::commands::read::ReadArguments;
use crate::commands::receivers::ReceiversArguments;
use crate::commands::rules::RulesArguments;
use crate::commands::schema::SchemaArguments;
use crate::commands::search::SearchArguments;
use crate::commands::show::ShowArguments;
use crate::commands::sources::SourcesArguments;
use crate::commands::stories::StoriesArguments;
use crate::commands::tokens::TokensArguments;
use crate::commands::topics::TopicsArguments;
use crate::demo::DemoArguments;

const EXAMPLES: &str = "\
Examples:
  faultline demo                            see it work on bundled articles, in a temporary folder
  faultline up                              run everything on this machine
  faultline --data-dir /srv/news up         keep the data there
  faultline --set sink.retention_days=90 up set one setting
  faultline sources add URL                 take a feed in, from now on
  faultline ingest --wait articles.jsonl    take articles in, and return when they are stored
  faultline backfill archive/               years of them, beside live articles
  faultline read story.txt                  one article with its tags in colour; --html for a web page
  faultline search 'level:high since:7d'    find them; faultline show ID says why
  faultline enricher --config cluster.toml  one role of many, against the Kafka that the file names

Settings come from --config, then the environment (FAULTLINE__KAFKA__BROKERS=…), then flags.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.";

const UP_EXAMPLES: &str = "\
Examples:
  faultline up
  faultline --data-dir /srv/news --config faultline.toml up
  faultline --set broker.listen=127.0.0.1:0 up            on a free port, which the other commands find
  faultline --set kafka.brokers=kafka:9092 up             all roles, against another Kafka";

const DEMO_EXAMPLES: &str = "\
Examples:
  faultline demo                            on the bundled articles
  faultline demo my-articles.jsonl.gz       on articles of your own
  faultline demo --keep DIR                 and look further afterwards: faultline --data-dir DIR search WORDS";

const ROLE_EXAMPLES: &str = "\
Examples:
  faultline producer --config cluster.toml
  faultline enricher --config cluster.toml                 more of them share the work
  faultline sink --config cluster.toml --set sink.url=postgres://faultline@db/faultline
  faultline topics describe --config cluster.toml          how far each role is";

/// Watches the news for rising tension: who did what to whom, how far it escalates, and the words that say so.
#[derive(Debug, Parser)]
#[command(name = "faultline", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every sub-command takes.
#[derive(Debug, Default, Args)]
pub(crate) struct GlobalArguments {
    /// Configuration file, TOML
    #[arg(long, global = true, value_name = "FILE", env = "FAULTLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Folder for everything kept on this machine; short for --set data_dir=DIR
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// One setting, such as kafka.brokers=kafka:9092; may be given again
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = parse_override)]
    pub(crate) overrides: Vec<(String, toml::Value)>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every role on this machine, with a bundled broker
    #[command(after_help = UP_EXAMPLES)]
    Up,
    /// See it work: articles in, tagged, stored, and shown, in a temporary folder
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArguments),
    /// Take files of articles in
    Ingest(IngestArguments),
    /// Take years of archives in beside live articles, from where the last run was left
    Backfill(BackfillArguments),
    /// Read the tags out of articles, without Kafka: JSON lines in and out
    Enrich(EnrichArguments),
    /// Look at an article with its tags, without Kafka: on the terminal, or as a web page
    Read(ReadArguments),
    /// Find stored articles by words, actors, countries, signals, level and time
    Search(SearchArguments),
    /// List stories: what several articles report, by how many outlets, and how it moves
    Stories(StoriesArguments),
    /// Show an article with its tags, and why it has them
    Show(ShowArguments),
    /// Feeds and other sources: list them with their health, try, add, pause, import and export them
    Sources(SourcesArguments),
    /// Check, create or describe the Kafka topics, with the lag of each role
    Topics(TopicsArguments),
    /// List, inspect or replay what could not be processed
    DeadLetters(DeadLettersArguments),
    /// Make, list or revoke the tokens of those who hand articles in over HTTP
    Tokens(TokensArguments),
    /// Show, check or explain the settings
    Config(ConfigArguments),
    /// Check the lists that the analysis reads with, the bundled ones or your own
    Knowledge(KnowledgeArguments),
    /// Alerts: what is open and why; acknowledge it, or silence some for a time
    Alerts(AlertsArguments),
    /// Rules of alerts: check them, test them, explain them, try them on the past
    Rules(RulesArguments),
    /// Who is told of alerts: list them, and send one a test
    Receivers(ReceiversArguments),
    /// Run the producer: takes articles in from the configured sources
    #[command(after_help = ROLE_EXAMPLES)]
    Producer,
    /// Run the enricher: reads the tags out of articles
    #[command(after_help = ROLE_EXAMPLES)]
    Enricher,
    /// Run the sink: stores tagged articles
    #[command(after_help = ROLE_EXAMPLES)]
    Sink,
    /// Run the alerter: watches rules over tagged articles, and tells people
    #[command(after_help = ROLE_EXAMPLES)]
    Alerter,
    /// Print the schemas of all messages: JSON Schema and AsyncAPI
    Schema(SchemaArguments),
    /// Print what a shell needs to complete commands and flags
    Completions(CompletionsArguments),
}

/// `key=value`, the value in TOML; what is not TOML is text, so that quotes can be left out.
fn parse_override(argument: &str) -> Result<(String, toml::Value), String> {
    let (key, value) = argument
        .split_once('=')
        .ok_or_else(|| format!("{argument:?} has no '=': write KEY=VALUE, such as kafka.brokers=kafka:9092"))?;
    let key = key.trim();
    if key.is_empty() {
        return Err(format!("{argument:?} names no setting: write KEY=VALUE"));
    }
    let parsed = format!("value = {value}").parse::<toml::Table>().ok().and_then(|mut table| {
        // More than one key means that the text held a line break and another assignment.
        if table.len() == 1 { table.remove("value") } else { None }
    });
    Ok((key.to_owned(), parsed.unwrap_or_else(|| toml::Value::String(value.to_owned()))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_of_overrides_are_toml_or_text() {
        let cases = [
            ("a.b=1", toml::Value::Integer(1)),
            ("a.b=true", toml::Value::Boolean(true)),
            ("a.b=\"x\"", toml::Value::String("x".into())),
            ("a.b=kafka:9092", toml::Value::String("kafka:9092".into())),
            ("a.b=", toml::Value::String(String::new())),
            ("a.b=x=y", toml::Value::String("x=y".into())),
            ("a.b=1\nc = 2", toml::Value::String("1\nc = 2".into())),
            ("a.b=[1, 2]", toml::Value::Array(vec![1.into(), 2.into()])),
        ];
        for (argument, expected) in cases {
            assert_eq!(parse_override(argument).unwrap(), ("a.b".to_owned(), expected), "{argument}");
        }
        assert!(parse_override("a.b").is_err());
        assert!(parse_override("=1").is_err());
    }
}
