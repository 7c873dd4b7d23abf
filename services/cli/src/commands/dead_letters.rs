//! `faultline dead-letters`: what could not be processed, why, and another try.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args, Subcommand};
use faultline_platform::dead_letter::{Browser, Replayed, StoredLetter};
use faultline_platform::settings::Common;
use faultline_platform::topics;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::output;
use crate::look::{BOLD, DIM, bytes, counted, row};
use crate::terminal::{Terminal, cut, fit, wrap};

/// How long Kafka may take to hand out, or take, all letters.
const DEADLINE: Duration = Duration::from_secs(60);

const EXAMPLES: &str = "\
Examples:
  faultline dead-letters list
  faultline dead-letters list --json | jq -r '.[] | select(.reason == \"not_json\") | .id'
  faultline dead-letters show 3:41                  everything that is known of one
  faultline dead-letters show 3:41 --raw > line     its untouched bytes, to mend
  faultline dead-letters replay 3:41 3:42           back on the topics they came from
  faultline dead-letters replay --all

Replaying puts the same bytes on the topic again: it helps where the cause lay outside them and is gone.
A letter stays in the list until the topic's retention deletes it.";

/// What `faultline dead-letters` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeadLettersArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// List all letters, oldest first, with the reason of each
    #[command(after_help = EXAMPLES)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one letter: why it is here, its headers and its content
    #[command(after_help = EXAMPLES)]
    Show {
        /// Id of the letter, PARTITION:OFFSET
        #[arg(value_name = "ID", value_parser = parse_id)]
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Write the untouched bytes and nothing else
        #[arg(long, conflicts_with = "json")]
        raw: bool,
    },
    /// Put letters back on the topics they came from
    #[command(after_help = EXAMPLES, group = ArgGroup::new("which").args(["ids", "all"]).required(true))]
    Replay {
        /// Ids of the letters, PARTITION:OFFSET
        #[arg(value_name = "ID", value_parser = parse_id)]
        ids: Vec<String>,
        /// All letters that can be
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn parse_id(text: &str) -> Result<String, String> {
    let is_id = text
        .split_once(':')
        .is_some_and(|(partition, offset)| partition.parse::<u32>().is_ok() && offset.parse::<u64>().is_ok());
    if is_id { Ok(text.to_owned()) } else { Err("an id is PARTITION:OFFSET, such as 3:41, as the list has it".into()) }
}

pub(crate) async fn run(arguments: &DeadLettersArguments, common: &Common) -> anyhow::Result<()> {
    let (action, common) = (arguments.action.clone(), Arc::new(common.clone()));
    // Questions to Kafka block.
    let work = move || {
        // Says soon, and why, when no broker answers.
        topics::check(&common)?;
        act(&action, &Browser::new(common))
    };
    spawn_blocking(work).await.context("reading the dead letters panicked, this is a bug: please report it")?
}

fn act(action: &Action, browser: &Browser) -> anyhow::Result<()> {
    let letters = browser.list(DEADLINE)?;
    match action {
        Action::List { json: true } => output::json(&letters.iter().map(as_json).collect::<Vec<_>>()),
        Action::List { json: false } => output::text(&render_list(&letters, Terminal::stdout())),
        Action::Show { id, json, raw } => {
            let stored = find(&letters, id)?;
            match (json, raw) {
                (true, _) => output::json(&as_json_with_content(stored)),
                (_, true) => output::bytes(content(stored)),
                _ => output::text(&render_one(stored, Terminal::stdout())),
            }
        }
        Action::Replay { ids, all, json } => {
            let chosen = match all {
                true => letters,
                false => ids.iter().map(|id| find(&letters, id).cloned()).collect::<anyhow::Result<_>>()?,
            };
            replay(browser, &chosen, *all, *json)
        }
    }
}

fn find<'l>(letters: &'l [StoredLetter], id: &str) -> anyhow::Result<&'l StoredLetter> {
    let found = letters.iter().find(|stored| stored.id == id);
    found.with_context(|| format!("there is no dead letter {id}: faultline dead-letters list shows their ids"))
}

fn replay(browser: &Browser, chosen: &[StoredLetter], all: bool, as_json: bool) -> anyhow::Result<()> {
    let outcomes = browser.replay(chosen, DEADLINE)?;
    let left = outcomes.iter().filter(|outcome| !matches!(outcome, Replayed::Published { .. })).count();
    let told: Vec<(&StoredLetter, &Replayed)> = chosen.iter().zip(&outcomes).collect();
    if as_json {
        let told: Vec<Value> = told.iter().map(|(stored, outcome)| outcome_json(stored, outcome)).collect();
        output::json(&told)?;
    } else {
        output::text(&render_replayed(&told))?;
    }
    // With --all, what can be replayed is what was asked for.
    if left > 0 && !all {
        bail!("{} not replayed, as said above", counted(left, "letter"));
    }
    Ok(())
}

fn outcome_json(stored: &StoredLetter, outcome: &Replayed) -> Value {
    match outcome {
        Replayed::Published { topic } => json!({"id": stored.id, "replayed": true, "topic": topic}),
        left => json!({"id": stored.id, "replayed": false, "why": why_left(stored, left)}),
    }
}

/// One line a letter that stays; those that went are counted for each topic.
fn render_replayed(told: &[(&StoredLetter, &Replayed)]) -> String {
    let mut out = String::new();
    let mut published: BTreeMap<&str, usize> = BTreeMap::new();
    for (stored, outcome) in told {
        match outcome {
            Replayed::Published { topic } => *published.entry(topic).or_default() += 1,
            left => writeln!(out, "{} stays: {}", stored.id, why_left(stored, left)).unwrap_or_default(),
        }
    }
    for (topic, count) in published {
        writeln!(out, "{} back on {topic}", counted(count, "letter")).ok();
    }
    if told.is_empty() {
        out.push_str("there are no dead letters\n");
    }
    out
}

fn why_left(stored: &StoredLetter, outcome: &Replayed) -> String {
    let letter = &stored.letter;
    match outcome {
        Replayed::NeverOnTopic => {
            let place = place(stored);
            format!(
                "it never was on a topic, it was refused on its way in from {place}: mend it there and take it in \
                 again (faultline ingest)"
            )
        }
        _ => format!(
            "only the first {} of its {} fitted into the letter: send it again from where it came",
            bytes(content(stored).len() as u64),
            bytes(letter.original_bytes)
        ),
    }
}

/// Where it came from.
fn place(stored: &StoredLetter) -> String {
    let letter = &stored.letter;
    match (letter.topic.is_empty(), letter.offset) {
        (false, _) => format!("{} {}:{}", letter.topic, letter.partition, letter.offset),
        (true, ..1) => letter.origin.clone(),
        (true, line) => format!("{} line {line}", letter.origin),
    }
}

fn content(stored: &StoredLetter) -> &[u8] {
    stored.message.payload.as_deref().unwrap_or_default()
}

fn as_json(stored: &StoredLetter) -> Value {
    let mut value = json!({"id": stored.id});
    if let (Value::Object(object), Value::Object(letter)) = (&mut value, json!(stored.letter)) {
        object.extend(letter);
    }
    value
}

/// Content that is not UTF-8 is null: `--raw` has it.
fn as_json_with_content(stored: &StoredLetter) -> Value {
    let text = |bytes: Option<&[u8]>| bytes.map(String::from_utf8_lossy).map(|text| text.into_owned());
    let headers: serde_json::Map<String, Value> =
        stored.message.headers.iter().map(|(name, value)| (name.clone(), text(value.as_deref()).into())).collect();
    let mut value = as_json(stored);
    value["key"] = text(stored.message.key.as_deref()).into();
    value["headers"] = headers.into();
    value["content"] = std::str::from_utf8(content(stored)).ok().into();
    value
}

fn render_list(letters: &[StoredLetter], terminal: Terminal) -> String {
    if letters.is_empty() {
        return "there are no dead letters\n".to_owned();
    }
    let widest =
        |cell: fn(&StoredLetter) -> usize, least: usize| letters.iter().map(cell).max().unwrap_or(0).max(least);
    let id = widest(|stored| stored.id.len(), 2);
    let reason = widest(|stored| stored.letter.reason.len(), 6);
    let heading =
        [fit("ID", id), fit("AT", 19), fit("STAGE", 8), fit("REASON", reason), format!("{:>7}", "SIZE"), "FROM".into()];
    let mut out = terminal.paint(DIM, row(&heading).trim_end());
    out.push('\n');
    for stored in letters {
        let letter = &stored.letter;
        let taken = id + 19 + 8 + reason + 7 + 5 * 2;
        out.push_str(&row(&[
            fit(&stored.id, id),
            fit(letter.at.get(..19).unwrap_or(&letter.at), 19),
            fit(letter.stage.as_str(), 8),
            terminal.paint(BOLD, &fit(&letter.reason, reason)),
            format!("{:>7}", bytes(letter.original_bytes)),
            cut(&place(stored), terminal.width.saturating_sub(taken).max(30)).into_owned(),
        ]));
        for line in wrap(&letter.error, terminal.width.saturating_sub(id + 2)) {
            out.push_str(&format!("{:id$}  {line}\n", ""));
        }
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for stored in letters {
        *reasons.entry(&stored.letter.reason).or_default() += 1;
    }
    let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let all = counted(letters.len(), "letter");
    out.push_str(&format!("{all}: {}; faultline dead-letters show ID shows one\n", reasons.join(", ")));
    out
}

/// Characters of the content shown, at most.
const SHOWN: usize = 4_000;

fn render_one(stored: &StoredLetter, terminal: Terminal) -> String {
    let letter = &stored.letter;
    let facts = [
        ("reason", letter.reason.clone()),
        ("error", letter.error.clone()),
        ("stage", letter.stage.as_str().to_owned()),
        ("from", place(stored)),
        ("at", letter.at.clone()),
        ("attempt", letter.attempt.to_string()),
        ("size", bytes(letter.original_bytes)),
    ];
    let mut out = terminal.paint(BOLD, &format!("dead letter {}", stored.id));
    out.push('\n');
    for (name, value) in facts {
        for (number, line) in wrap(&value, terminal.width.saturating_sub(11)).iter().enumerate() {
            let name = if number == 0 { name } else { "" };
            out.push_str(&format!("  {}{line}\n", terminal.paint(DIM, &fit(name, 9))));
        }
    }
    let text = String::from_utf8_lossy(content(stored));
    let printable = |c: char| if c.is_control() && c != '\n' && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    let shown: String = text.chars().take(SHOWN).map(printable).collect();
    let heading = match text.chars().nth(SHOWN) {
        None => "content".to_owned(),
        Some(_) => format!("content, the first {SHOWN} characters (all of it with --raw)"),
    };
    out.push_str(&format!("{}\n{}\n", terminal.paint(BOLD, &heading), shown.trim_end()));
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_platform::Message;
    use faultline_schemas::{DeadLetter, Stage};
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    const PLAIN: Terminal = Terminal { width: 90, colour: false };

    fn stored(topic: &str, content: &[u8]) -> StoredLetter {
        StoredLetter {
            id: "3:41".into(),
            letter: DeadLetter {
                stage: Stage::Producer,
                reason: "not_json".into(),
                error: "line 58, column 7: not JSON: correct the line".into(),
                topic: topic.into(),
                partition: if topic.is_empty() { -1 } else { 2 },
                offset: 58,
                origin: if topic.is_empty() { "/news/articles.jsonl".into() } else { String::new() },
                attempt: 1,
                at: "2022-07-31T00:00:00.123456Z".into(),
                original_bytes: content.len() as u64,
            },
            message: Message {
                topic: "faultline.dead-letters".into(),
                partition: 3,
                offset: 41,
                timestamp_ms: None,
                key: Some(b"key".to_vec()),
                payload: Some(content.to_vec()),
                headers: vec![("faultline-stage".into(), Some(b"producer".to_vec()))],
            },
        }
    }

    #[test]
    fn the_list_shows_id_reason_and_place_and_counts_reasons() {
        let shown = render_list(&[stored("", b"{"), stored("faultline.articles", b"{")], PLAIN);
        for expected in [
            "3:41  2022-07-31T00:00:00  producer  not_json      1 B  /news/articles.jsonl line 58",
            "faultline.articles 2:58",
            "line 58, column 7: not JSON",
            "2 letters: 2 not_json",
        ] {
            assert!(shown.contains(expected), "no {expected:?} in\n{shown}");
        }
        assert!(shown.lines().all(|line| line.width() <= 90), "{shown}");
    }

    #[test]
    fn a_letter_that_never_was_on_a_topic_says_where_to_mend_it() {
        let (never, cut) = (stored("", b"{"), stored("faultline.articles", b"{"));
        let back = Replayed::Published { topic: "faultline.articles".into() };
        let told = render_replayed(&[(&never, &Replayed::NeverOnTopic), (&cut, &Replayed::Cut), (&cut, &back)]);
        for expected in [
            "never was on a topic",
            "/news/articles.jsonl line 58",
            "only the first",
            "1 letter back on faultline.articles",
        ] {
            assert!(told.contains(expected), "no {expected:?} in\n{told}");
        }
        assert_eq!(outcome_json(&never, &Replayed::NeverOnTopic)["replayed"], false);
        assert_eq!(outcome_json(&cut, &back), json!({"id": "3:41", "replayed": true, "topic": "faultline.articles"}));
    }

    #[test]
    fn one_letter_is_shown_with_its_content_and_nothing_that_a_terminal_obeys() {
        let shown = render_one(&stored("", b"{\"text\": \x1b[31m\xff"), PLAIN);
        assert!(shown.contains("not_json") && shown.contains("{\"text\": \u{fffd}[31m\u{fffd}"), "{shown}");
        let long = render_one(&stored("", "x".repeat(9_000).as_bytes()), PLAIN);
        assert!(long.contains("--raw") && long.len() < 5_000);
    }

    #[test]
    fn json_holds_provenance_headers_and_content_where_it_is_text() {
        let value = as_json_with_content(&stored("", b"{"));
        assert_eq!((&value["id"], &value["reason"]), (&json!("3:41"), &json!("not_json")));
        assert_eq!((&value["content"], &value["key"]), (&json!("{"), &json!("key")));
        assert_eq!(value["headers"]["faultline-stage"], "producer");
        assert_eq!(as_json_with_content(&stored("", b"\xff"))["content"], Value::Null);
    }

    #[test]
    fn ids_are_a_partition_and_an_offset() {
        assert!(parse_id("3:41").is_ok());
        for bad in ["", "3", "3:", ":41", "a:1", "-1:2"] {
            assert!(parse_id(bad).is_err(), "{bad}");
        }
    }
}
