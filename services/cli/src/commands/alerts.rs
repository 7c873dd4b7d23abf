//! `faultline alerts`: what is open, why, and what is not to be told.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use faultline_platform::settings::Common;
use faultline_platform::{Publisher, Record, compacted, topics};
use faultline_schemas::{Alert, AlertState, Severity, Silence, header, topic, topic::Topic};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use super::output;
use crate::exit::Usage;
use crate::look::{BOLD, DIM, spaced};
use crate::terminal::{Terminal, cut, fit};

/// How long Kafka may take to hand out all alerts, or to take a silence.
const DEADLINE: Duration = Duration::from_secs(60);
/// Digits of a fingerprint that are shown: more than enough to tell alerts apart.
const SHOWN: usize = 10;
/// Digits that tell a silence from others.
const ID_DIGITS: usize = 8;

const EXAMPLES: &str = "\
Examples:
  faultline alerts list                                    what is open, the most urgent first
  faultline alerts list --all --json | jq -r '.[].title'
  faultline alerts show 3f9ac2                             why, with the sentences behind it
  faultline alerts ack 3f9ac2 --comment 'on it'            not told again until it opens anew
  faultline alerts silence 'dyad=SRB-*' --for 2h           nothing of these is told for two hours
  faultline alerts silence rule=talks-break severity=watch --for 1d --comment 'summit'
  faultline alerts silences                                which silences there are
  faultline alerts unsilence 5c0d9e                        ends one before its time

What a silence held back is summed up for each receiver when it ends. Alerts go on being raised and kept meanwhile.";

/// What `faultline alerts` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AlertsArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// List the alerts that are open
    List {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an alert: why it was raised, with the sentences behind it
    Show {
        /// Its fingerprint, or how it begins
        fingerprint: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Acknowledge an alert: it is not told again until it has closed and opens anew
    Ack {
        /// Its fingerprint, or how it begins
        fingerprint: String,
        #[command(flatten)]
        note: Note,
    },
    /// Hold back what has these labels, for a time
    Silence {
        /// Labels and their values, in which * stands for any part: dyad=SRB-*, rule=…, severity=…; or a fingerprint
        #[arg(required = true, value_name = "LABEL=VALUE", value_parser = matcher)]
        matchers: Vec<(String, String)>,
        /// How long: 30m, 2h, 1d, 1w
        #[arg(long = "for", value_name = "TIME", value_parser = faultline_rules::duration)]
        lasting: i64,
        #[command(flatten)]
        note: Note,
    },
    /// List the silences and acknowledgements in force
    Silences {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a silence, or take an acknowledgement back
    Unsilence {
        /// Its id, or how it begins
        id: String,
    },
}

#[derive(Debug, Clone, Args)]
struct Note {
    /// Why
    #[arg(long, default_value = "")]
    comment: String,
    /// Who says so
    #[arg(long, env = "USER", default_value = "")]
    by: String,
}

/// `LABEL=VALUE`, or how a fingerprint begins.
fn matcher(text: &str) -> Result<(String, String), String> {
    const LEAST_DIGITS: usize = 6;
    if text.len() >= LEAST_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(("fingerprint".to_owned(), format!("{text}*")));
    }
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is no label and no fingerprint: write LABEL=VALUE, such as dyad=SRB-*"))?;
    if name.is_empty() || value.is_empty() {
        return Err(format!("{text:?}: both a label and a value are needed"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) async fn run(arguments: &AlertsArguments, common: &Common) -> anyhow::Result<()> {
    let (action, common) = (arguments.action.clone(), common.clone());
    // Questions to Kafka block.
    let work = move || {
        // Says soon, and why, when no broker answers.
        topics::check(&common)?;
        act(&action, &common)
    };
    spawn_blocking(work).await.context("reading the alerts panicked, this is a bug: please report it")?
}

fn act(action: &Action, common: &Common) -> anyhow::Result<()> {
    match action {
        Action::List { all, json } => {
            let mut alerts: Vec<Alert> = table(common, &topic::ALERTS)?;
            alerts.retain(|alert| *all || alert.state == AlertState::Firing);
            alerts.sort_by(|a, b| {
                (a.state == AlertState::Resolved, b.severity, &b.starts_at).cmp(&(
                    b.state == AlertState::Resolved,
                    a.severity,
                    &a.starts_at,
                ))
            });
            if *json {
                return output::json(&alerts);
            }
            let silences = in_force(table(common, &topic::SILENCES)?);
            output::text(&render_list(&alerts, &silences, *all, Terminal::stdout()))
        }
        Action::Show { fingerprint, json } => {
            let alert = find(common, fingerprint)?;
            if *json { output::json(&alert) } else { output::text(&render(&alert, Terminal::stdout())) }
        }
        Action::Ack { fingerprint, note } => {
            let alert = find(common, fingerprint)?;
            anyhow::ensure!(alert.state == AlertState::Firing, "{:?} is over already", alert.title);
            let matchers = BTreeMap::from([("fingerprint".to_owned(), alert.fingerprint)]);
            let silence = silence(matchers, None, note);
            put(common, &silence.id, Some(&silence))?;
            output::text(&format!("{} acknowledged: {}\n", silence.id, alert.title))
        }
        Action::Silence { matchers, lasting, note } => {
            let until = Timestamp::now() + SignedDuration::from_millis(*lasting);
            let silence = silence(matchers.iter().cloned().collect(), Some(until), note);
            put(common, &silence.id, Some(&silence))?;
            output::text(&format!("{} silences {} until {until:.0}\n", silence.id, named(&silence)))
        }
        Action::Silences { json } => {
            let mut silences = in_force(table(common, &topic::SILENCES)?);
            silences.sort_by(|a, b| a.starts_at.cmp(&b.starts_at));
            if *json { output::json(&silences) } else { output::text(&render_silences(&silences)) }
        }
        Action::Unsilence { id } => {
            let silences: Vec<Silence> = table(common, &topic::SILENCES)?;
            let found: Vec<&Silence> = silences.iter().filter(|silence| silence.id.starts_with(id.as_str())).collect();
            let [found] = found[..] else { return Err(none_or_many("silence", id, found.len()).into()) };
            let now = Timestamp::now();
            // With an end its summary is told; an acknowledgement has held nothing back that is worth one.
            let ended = Silence { ends_at: Some(now.to_string()), ..found.clone() };
            put(common, &found.id, found.ends_at.as_ref().map(|_| &ended))?;
            output::text(&format!("{} has ended\n", found.id))
        }
    }
}

fn table<T: DeserializeOwned>(common: &Common, topic: &Topic) -> anyhow::Result<Vec<T>> {
    let table = compacted::read_all(common, &common.topics.name(topic), DEADLINE)?;
    Ok(table.values().filter_map(|value| serde_json::from_slice(value).ok()).collect())
}

fn in_force(mut silences: Vec<Silence>) -> Vec<Silence> {
    let now = Timestamp::now();
    silences.retain(|silence| {
        silence.ends_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok()).is_none_or(|at| at > now)
    });
    silences
}

fn find(common: &Common, fingerprint: &str) -> anyhow::Result<Alert> {
    let mut alerts: Vec<Alert> = table(common, &topic::ALERTS)?;
    alerts.retain(|alert| alert.fingerprint.starts_with(fingerprint));
    let many = alerts.len();
    match alerts.pop().filter(|_| many == 1) {
        Some(alert) => Ok(alert),
        None => bail!(none_or_many("alert", fingerprint, many)),
    }
}

fn none_or_many(what: &str, start: &str, many: usize) -> Usage {
    if many == 0 {
        Usage(format!(
            "no {what} begins with {start:?}: faultline alerts {} shows them",
            if what == "alert" { "list --all" } else { "silences" }
        ))
    } else {
        Usage(format!("{many} {what}s begin with {start:?}: write more of it"))
    }
}

fn silence(matchers: BTreeMap<String, String>, until: Option<Timestamp>, note: &Note) -> Silence {
    let now = Timestamp::now();
    let id = blake3::hash(format!("{matchers:?} {now}").as_bytes()).to_hex()[..ID_DIGITS].to_owned();
    Silence {
        schema: topic::SILENCES.schema.to_owned(),
        id,
        matchers,
        starts_at: now.to_string(),
        ends_at: until.map(|until| until.to_string()),
        created_by: note.by.clone(),
        comment: note.comment.clone(),
    }
}

/// Puts a silence on its topic, or takes it away; returns once Kafka has it.
fn put(common: &Common, id: &str, silence: Option<&Silence>) -> anyhow::Result<()> {
    let publisher = Publisher::new(&common.kafka)?;
    let record = Record {
        topic: common.topics.name(&topic::SILENCES),
        key: id.as_bytes().to_vec(),
        payload: silence.map(serde_json::to_vec).transpose()?,
        headers: vec![
            (header::SCHEMA.to_owned(), topic::SILENCES.schema.to_owned()),
            (header::CONTENT_TYPE.to_owned(), header::JSON.to_owned()),
        ],
    };
    let (on_ack, acknowledged) = mpsc::channel();
    publisher.send(record, Box::new(move |result| drop(on_ack.send(result))))?;
    acknowledged.recv_timeout(DEADLINE).context("kafka did not take the silence in time, try again")??;
    Ok(())
}

fn word(severity: Severity) -> String {
    serde_json::to_value(severity).ok().and_then(|name| Some(spaced(name.as_str()?))).unwrap_or_default()
}

fn named(silence: &Silence) -> String {
    silence.matchers.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn render_list(alerts: &[Alert], silences: &[Silence], all: bool, terminal: Terminal) -> String {
    if alerts.is_empty() {
        return if all { "no alert was ever raised\n" } else { "no alert is open\n" }.to_owned();
    }
    let mut text = String::new();
    for alert in alerts {
        let state = match alert.state {
            AlertState::Resolved => "  over",
            AlertState::Firing if silences.iter().any(|silence| faultline_alerter::silences(silence, alert)) => {
                "  silenced"
            }
            AlertState::Firing => "",
        };
        let id: String = alert.fingerprint.chars().take(SHOWN).collect();
        let head = format!(
            "{id}  {}  {}{state}",
            fit(&word(alert.severity), 8),
            alert.starts_at.get(..16).unwrap_or_default()
        );
        let title = cut(&alert.title, terminal.width.saturating_sub(2));
        let reason = cut(&alert.reason, terminal.width.saturating_sub(2));
        text.push_str(&format!("{head}\n  {}\n  {}\n", terminal.paint(BOLD, &title), terminal.paint(DIM, &reason)));
    }
    text
}

fn render(alert: &Alert, terminal: Terminal) -> String {
    let mut text = format!("{}\n", terminal.paint(BOLD, &alert.title));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {name:<12}{value}\n"));
        }
    };
    line("severity", &word(alert.severity));
    let state = if alert.state == AlertState::Firing { "open" } else { "over" };
    line("state", state);
    line("since", &alert.starts_at);
    line("until", alert.ends_at.as_deref().unwrap_or_default());
    line("rule", &alert.rule);
    for (name, value) in &alert.labels {
        line(name, value);
    }
    line("because", &alert.reason);
    if let Some(expected) = alert.expected {
        line("expected", &format!("{} to {}, in the middle {}", expected.low, expected.high, expected.middle));
    }
    for (name, value) in &alert.annotations {
        line(name, value);
    }
    line("goes to", &if alert.to.is_empty() { "every receiver".to_owned() } else { alert.to.join(", ") });
    line("fingerprint", &alert.fingerprint);
    for report in &alert.evidence {
        let source = report.source.as_deref().unwrap_or("unknown source");
        let title = report.title.as_deref().unwrap_or("(no title)");
        text.push_str(&format!(
            "\n{}\n  {source}, {}\n",
            terminal.paint(BOLD, title),
            report.published_at.as_deref().unwrap_or("undated")
        ));
        if let Some(url) = &report.url {
            text.push_str(&format!("  {url}\n"));
        }
        text.push_str(&format!("  “{}”\n", report.sentence));
    }
    let id: String = alert.fingerprint.chars().take(SHOWN).collect();
    text.push_str(&format!(
        "\n{}\n",
        terminal.paint(DIM, &format!("not again until it opens anew: faultline alerts ack {id}; for a time: faultline alerts silence rule={} --for 2h", alert.rule))
    ));
    text
}

fn render_silences(silences: &[Silence]) -> String {
    if silences.is_empty() {
        return "nothing is silenced\n".to_owned();
    }
    let line = |silence: &Silence| {
        let until = silence.ends_at.as_deref().map_or("acknowledged".to_owned(), |end| format!("until {end}"));
        format!("{}  {}  {until}  {} {}\n", silence.id, named(silence), silence.created_by, silence.comment)
    };
    silences.iter().map(line).collect()
}
