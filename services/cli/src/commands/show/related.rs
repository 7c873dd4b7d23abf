//! What an article repeats, what repeats it, and its story.

use faultline_sink::{Brief, Related, Story};

use super::super::stories::{moves, reach};
use super::reasons::heading;
use crate::look::{counted, one_line, time};
use crate::terminal::{Terminal, cut};

/// Repeats that are listed.
const LISTED: usize = 10;

/// Nothing where it neither repeats another nor is repeated.
pub(super) fn section(related: &Related, terminal: Terminal) -> String {
    let mut lines = Vec::new();
    if let Some(first) = &related.duplicate_of {
        lines.push(format!("nearly repeats {}", told(first)));
    }
    lines.extend(related.repeats.iter().take(LISTED).map(|repeat| format!("repeated by {}", told(repeat))));
    if let Some(more) = related.repeats.len().checked_sub(LISTED + 1) {
        lines.push(format!("and {}, which --json lists", counted(more + 1, "more repeat")));
    }
    if lines.is_empty() {
        return String::new();
    }
    let line = |line: String| format!("{}\n", cut(&format!("  {line}"), terminal.width));
    heading("Repeats", terminal) + &lines.into_iter().map(line).collect::<String>()
}

/// The first report of the story, how far it reaches and how it moves.
pub(super) fn story(story: &Story, terminal: Terminal) -> String {
    let lines = [format!("{}  {}", reach(story), moves(story)), format!("first report {}", told(&story.first))];
    let line = |line: String| format!("{}\n", cut(&format!("  {line}"), terminal.width));
    format!("\n{}{}", heading("Story", terminal), lines.map(line).concat())
}

/// `a1b2  2022-12-26T20:00:00Z  example.org  Army on alert`.
fn told(brief: &Brief) -> String {
    let (source, title) = (brief.source.as_deref().unwrap_or("-"), brief.title.as_deref().unwrap_or_default());
    format!("{}  {}  {source}  {}", brief.id, time(brief.at), one_line(title)).trim_end().to_owned()
}
