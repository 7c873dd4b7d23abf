//! `faultline receivers`: who is told of alerts, and whether they can be reached.

use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use faultline_alerter::receivers::{Batching, Receiver, ReceiverError, sample};
use jiff::Timestamp;
use serde::Serialize;

use super::output;
use crate::exit::Usage;
use crate::look::{DIM, row};
use crate::settings::Settings;
use crate::terminal::{Terminal, fit};

const EXAMPLES: &str = "\
Examples:
  faultline receivers list                  who is told, how and where, and whether each is configured right
  faultline receivers test desk             send the receiver desk an alert that says it is a test
  faultline --config new.toml receivers test desk && faultline --config new.toml config check

Receivers stand in the configuration: [alerter.receivers.desk] with a kind, such as \"webhook\", and where to send.
faultline config default explains every kind.
Rules name them in `to`.";

/// What `faultline receivers` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReceiversArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every receiver with where its messages go, and what is wrong with its settings; sends nothing
    #[command(after_help = EXAMPLES)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a receiver an alert that says it is a test, once; exit code 1 where that fails
    #[command(after_help = EXAMPLES)]
    Test {
        /// Name of the receiver
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// A receiver, as it is shown.
#[derive(Debug, Serialize)]
struct Shown<'s> {
    name: &'s str,
    kind: &'s str,
    /// Where its messages go; none where its settings are wrong.
    place: Option<String>,
    messages: Option<String>,
    problem: Option<String>,
}

pub(crate) async fn run(arguments: &ReceiversArguments, settings: &Settings) -> anyhow::Result<()> {
    match &arguments.action {
        Action::List { json } => list(settings, *json),
        Action::Test { name } => test(settings, name).await,
    }
}

fn list(settings: &Settings, as_json: bool) -> anyhow::Result<()> {
    let shown: Vec<Shown<'_>> = settings.alerter.receivers.keys().map(|name| shown(settings, name)).collect();
    if as_json {
        return output::json(&shown);
    }
    if shown.is_empty() {
        return output::text(
            "no receivers: add [alerter.receivers.NAME] to the configuration, see faultline config default\n",
        );
    }
    output::text(&table(&shown, Terminal::stdout()))
}

fn shown<'s>(settings: &'s Settings, name: &'s str) -> Shown<'s> {
    let kind = settings.alerter.receivers.get(name).map(|settings| settings.kind()).unwrap_or_default();
    match open(settings, name) {
        Ok(receiver) => Shown {
            name,
            kind,
            place: Some(receiver.place()),
            messages: Some(in_words(&receiver.batching())),
            problem: None,
        },
        Err(error) => Shown { name, kind, place: None, messages: None, problem: Some(error.to_string()) },
    }
}

fn table(shown: &[Shown<'_>], terminal: Terminal) -> String {
    let width = shown.iter().map(|shown| shown.name.chars().count()).max().unwrap_or(0).clamp(8, 40);
    let cells = |name: &str, kind: &str, messages: &str, place: &str| {
        row(&[fit(name, width), fit(kind, 12), fit(messages, 28), place.to_owned()])
    };
    let mut out = terminal.paint(DIM, cells("RECEIVER", "KIND", "MESSAGES", "TO").trim_end());
    out.push('\n');
    for shown in shown {
        let place = shown.place.as_deref().unwrap_or("wrong settings, see below");
        out.push_str(&cells(shown.name, shown.kind, shown.messages.as_deref().unwrap_or("-"), place));
    }
    for problem in shown.iter().filter_map(|shown| shown.problem.as_deref()) {
        out.push_str(&format!("{problem}\n"));
    }
    out
}

/// When messages are sent, and what goes into one.
fn in_words(batching: &Batching) -> String {
    let when = match (batching.every, batching.wait) {
        (Some(every), _) => format!("every {} while it fires", seconds(every)),
        (None, Duration::ZERO) => "at once".to_owned(),
        (None, wait) => format!("gathered for {}", seconds(wait)),
    };
    match batching.group_by.as_slice() {
        [] => when,
        names => format!("{when} by {}", names.join(", ")),
    }
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 3_600 && seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

fn open(settings: &Settings, name: &str) -> Result<Receiver, ReceiverError> {
    let found = settings.alerter.receivers.get(name).ok_or_else(|| {
        let known: Vec<&str> = settings.alerter.receivers.keys().map(String::as_str).collect();
        let why = match known.as_slice() {
            [] => "there is no receiver of that name, nor any other: add it to the configuration".to_owned(),
            known => format!("there is no receiver of that name: there are {}", known.join(", ")),
        };
        ReceiverError { receiver: name.to_owned(), why }
    })?;
    Receiver::open(name, found, &settings.alerter.web)
}

/// What is wrong with the settings of any receiver.
pub(crate) fn check(settings: &Settings) -> Result<(), Usage> {
    for name in settings.alerter.receivers.keys() {
        open(settings, name).map_err(|error| Usage(error.to_string()))?;
    }
    Ok(())
}

async fn test(settings: &Settings, name: &str) -> anyhow::Result<()> {
    let receiver = open(settings, name).map_err(|error| Usage(error.to_string()))?;
    let alert = sample(name, Timestamp::now());
    receiver.send(std::slice::from_ref(&alert)).await.with_context(|| format!("failed to tell the receiver {name}"))?;
    output::text(&format!("{name} has taken the test: {}\n", receiver.place()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_messages_are_sent_is_said_in_words() {
        let batching = |wait, every: Option<u64>, group_by: &[&str]| {
            let group_by = group_by.iter().map(|name| (*name).to_owned()).collect();
            in_words(&Batching { group_by, wait: Duration::from_secs(wait), every: every.map(Duration::from_secs) })
        };
        assert_eq!(batching(0, None, &[]), "at once");
        assert_eq!(batching(3_600, None, &["dyad", "rule"]), "gathered for 1 h by dyad, rule");
        assert_eq!(batching(0, Some(90), &[]), "every 90 s while it fires");
    }
}
