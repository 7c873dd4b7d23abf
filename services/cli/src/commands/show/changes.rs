//! What a publisher changed in an article, revision by revision.

use std::fmt::Write as _;

use faultline_schemas::Level;
use faultline_sink::{Changes, Passage, SignalChange, StoredRevision};
use serde_json::{Value, json};

use super::reasons::{heading, push};
use crate::look::{DIM, arrow, colour, counted, one_line, spaced, time};
use crate::terminal::{Terminal, cut, wrap};

/// Characters of a changed passage that are shown; --json has all of it.
const SHOWN: usize = 600;

/// Pairs of revisions, one after the other.
pub(super) fn json(revisions: &[StoredRevision]) -> Vec<Value> {
    let pair = |pair: &[StoredRevision]| {
        json!({
            "from": pair[0].revision,
            "to": pair[1].revision,
            "fetched_at": time(pair[1].fetched_at),
            "changes": Changes::between(&pair[0].document, &pair[1].document),
        })
    };
    revisions.windows(2).map(pair).collect()
}

pub(super) fn render(revisions: &[StoredRevision], terminal: Terminal) -> String {
    if revisions.len() < 2 {
        return "it is as it first came\n".to_owned();
    }
    revisions.windows(2).map(|pair| step(&pair[0], &pair[1], terminal)).collect::<Vec<_>>().join("\n")
}

fn step(old: &StoredRevision, new: &StoredRevision, terminal: Terminal) -> String {
    let changes = Changes::between(&old.document, &new.document);
    let name = |revision: &StoredRevision| cut(&revision.revision, 16).into_owned();
    let silent = if changes.silent { ", a silent edit: the publisher's date stayed" } else { "" };
    let title = format!("{} → {}  taken in {}{silent}", name(old), name(new), time(new.fetched_at));
    let mut out = heading(&cut(&title, terminal.width), terminal);
    let mut fact =
        |name: &str, told: String| push(&mut out, &format!("  {name:8}"), &format!("  {name:8}"), &told, terminal);
    if let Some((old, new)) = &changes.title {
        fact("title", format!("“{}” → “{}”", one_line(old), one_line(new)));
    }
    if let Some((old, new)) = &changes.published_at {
        let date = |date: &Option<String>| date.clone().unwrap_or_else(|| "none".into());
        fact("date", format!("{} → {}", date(old), date(new)));
    }
    let level = |level: Level, score: f32| format!("{} {score:.2}", level.as_str());
    let (before, after) = (level(changes.level.0, changes.score.0), level(changes.level.1, changes.score.1));
    fact("level", if before == after { after } else { format!("{before} → {after}") });
    let tone = |score: f32| format!("{score:+.2}");
    let (before, after) = (tone(changes.tone.0), tone(changes.tone.1));
    fact("tone", if before == after { after } else { format!("{before} → {after}") });
    for (mark, signals) in [("came", &changes.signals_added), ("went", &changes.signals_removed)] {
        signals.iter().for_each(|change| fact(mark, signal(change)));
    }
    let (added, removed) = (counted(changes.words_added, "word"), counted(changes.words_removed, "word"));
    fact("text", format!("{added} added, {removed} removed"));
    for change in &changes.passages {
        out.push_str(&passage(change, terminal));
    }
    out
}

/// `↑ threat of force “threatens” 0.80`.
fn signal(change: &SignalChange) -> String {
    let (mark, category) = (arrow(change.direction).0, spaced(&change.category));
    format!("{mark} {category} “{}” {:.2}", one_line(&change.words), change.weight)
}

/// The words that stayed, those that went, and those that came.
fn passage(change: &Passage, terminal: Terminal) -> String {
    let mut out = String::new();
    let (went, came) = (colour(anstyle::AnsiColor::Red), colour(anstyle::AnsiColor::Green));
    let context = |text: &str, before: &str, after: &str| match text {
        "" => String::new(),
        text => format!("{before}{text}{after}"),
    };
    let room = terminal.width.saturating_sub(4);
    let mut line = |mark: char, style, text: &str| {
        if text.is_empty() {
            return;
        }
        for line in wrap(&cut(text, SHOWN), room) {
            writeln!(out, "  {} {}", terminal.paint(style, &mark.to_string()), terminal.paint(style, &line)).ok();
        }
    };
    line(' ', DIM, &context(&change.before, "… ", ""));
    line('-', went, &change.removed);
    line('+', came, &change.added);
    line(' ', DIM, &context(&change.after, "", " …"));
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_analysis::Analyzer;
    use faultline_schemas::Article;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn revision(revision: &str, title: &str, text: &str) -> StoredRevision {
        let document = Analyzer::bundled().enrich(&Article {
            id: "a1".into(),
            title: Some(title.into()),
            text: text.into(),
            published_at: Some("2022-12-26T20:00:00Z".into()),
            ..Article::default()
        });
        StoredRevision { revision: revision.into(), current: revision == "r2", fetched_at: 0, stored_at: 0, document }
    }

    fn revisions() -> [StoredRevision; 2] {
        [
            revision("r1", "Talks", "Both sides agreed to hold talks in Brussels, officials said on Monday."),
            revision("r2", "Army on alert", "Serbia put its army on high alert, officials said on Monday."),
        ]
    }

    #[test]
    fn an_edit_is_shown_with_what_it_did_to_the_tags() {
        let shown = render(&revisions(), Terminal { width: 100, colour: false });
        let expected = [
            "r1 → r2  taken in 1970-01-01T00:00:00Z, a silent edit: the publisher's date stayed",
            "  title   “Talks” → “Army on alert”",
            "  came    ↑ alert raised “high alert”",
            "  text    7 words added, 8 words removed",
            "  - Both sides agreed to hold talks in Brussels,",
            "  + Serbia put its army on high alert,",
        ];
        for line in expected {
            assert!(shown.lines().any(|shown| shown.starts_with(line)), "no {line:?} in\n{shown}");
        }
        assert_eq!(render(&revisions()[..1], Terminal { width: 100, colour: false }), "it is as it first came\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [60, 100] {
            let shown = render(&revisions(), Terminal { width, colour: false });
            assert!(shown.lines().all(|line| line.width() <= width), "{width}:\n{shown}");
        }
    }

    #[test]
    fn json_names_both_revisions() {
        let steps = json(&revisions());
        assert_eq!((steps.len(), &steps[0]["from"], &steps[0]["to"]), (1, &json!("r1"), &json!("r2")));
        assert_eq!(steps[0]["changes"]["silent"], true);
    }
}
