//! Sources and what would be taken from them, for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use faultline_producer::sources::{HubReport, Preview, PreviewedEntry, SourceReport, SourceStatus};
use jiff::Timestamp;

use crate::look::{BOLD, DIM, colour, counted, one_line, row, word};
use crate::terminal::{Terminal, cut, fit};

/// Columns of what is short.
const STATUS: usize = 8;
const WHEN: usize = 9;
/// Where what is said of an entry stands.
const INDENT: usize = 4;

/// One row a source, and why where something is wrong.
pub(super) fn list(reports: &[SourceReport], terminal: Terminal) -> String {
    if reports.is_empty() {
        return "no sources: faultline sources add URL\n".to_owned();
    }
    let id = reports.iter().map(|report| report.id.chars().count()).max().unwrap_or(0).clamp(6, 40);
    let heading = ["SOURCE", "STATUS", "CHECKED", "NEXT", "TODAY", "USUAL", "TITLE"];
    let mut out = terminal.paint(DIM, cells(heading.map(str::to_owned), id).trim_end());
    out.push('\n');
    let now = Timestamp::now();
    for report in reports {
        let columns = [
            report.id.clone(),
            terminal.paint(style(report.status), &fit(&word(&report.status), STATUS)),
            when(report.last_success.as_deref(), now),
            when(report.next_check.as_deref(), now),
            report.today.to_string(),
            report.usual.map_or_else(|| "-".to_owned(), |usual| format!("{usual:.0}")),
            report.title.as_deref().or(report.address.as_deref()).unwrap_or_default().to_owned(),
        ];
        out.push_str(&cells(columns, id));
        if let Some(problem) = &report.problem {
            let times =
                if report.failures > 1 { format!(" ({} times in a row)", report.failures) } else { String::new() };
            let line = format!("  {}{times}", one_line(problem));
            writeln!(out, "{}", terminal.paint(DIM, &cut(&line, terminal.width))).ok();
        }
        if let Some(report) = &report.hub {
            let line = format!("  {}", hub(report));
            writeln!(out, "{}", terminal.paint(DIM, &cut(&line, terminal.width))).ok();
        }
    }
    out
}

/// `hub: https://hub.example/, lease until 2026-12-05T12:00:00Z`.
fn hub(report: &HubReport) -> String {
    let mut line = format!("hub: {}, ", report.hub);
    line += &match &report.lease_until {
        Some(until) => format!("lease until {}", until.split('.').next().unwrap_or(until).trim_end_matches('Z')) + "Z",
        None => "no lease".to_owned(),
    };
    if let Some(problem) = &report.problem {
        write!(line, "; {}", one_line(problem)).ok();
    }
    line
}

fn cells([id, status, checked, next, today, usual, title]: [String; 7], width: usize) -> String {
    let status = if status.contains('\u{1b}') { status } else { fit(&status, STATUS) };
    row(&[
        fit(&id, width),
        status,
        fit(&checked, WHEN),
        fit(&next, WHEN),
        format!("{today:>5}"),
        format!("{usual:>5}"),
        title,
    ])
}

fn style(status: SourceStatus) -> Style {
    match status {
        SourceStatus::Healthy => colour(AnsiColor::Green),
        SourceStatus::Failing => colour(AnsiColor::Red),
        SourceStatus::Flat => colour(AnsiColor::Yellow),
        SourceStatus::Retired | SourceStatus::New | SourceStatus::Paused | SourceStatus::Files => DIM,
    }
}

/// How far away: `3 min ago`, `in 12 min`.
fn when(written: Option<&str>, now: Timestamp) -> String {
    let Some(at) = written.and_then(|written| written.parse::<Timestamp>().ok()) else { return "-".to_owned() };
    let seconds = at.duration_since(now).as_secs();
    let span = match seconds.unsigned_abs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    };
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {span}"),
        _ => format!("{span} ago"),
    }
}

/// Each entry: where its text is from, how much there is, and how it begins.
pub(super) fn preview(preview: &Preview, terminal: Terminal) -> String {
    let title = preview.title.as_deref().unwrap_or("no title");
    let mut out = format!("{}  {}\n", terminal.paint(BOLD, title), preview.url);
    let mut counts = counted(preview.entries, "entry").replace("entrys", "entries");
    if preview.broken > 0 {
        write!(counts, ", {} broken and left out", preview.broken).ok();
    }
    if let Some(hub) = &preview.hub {
        let use_of_it = match hub.is_used {
            true => "what is new is sent by it once it has confirmed",
            false => "not used: hubs have no address to call (producer.push.public_url)",
        };
        writeln!(out, "hub: {} for {}, {use_of_it}", hub.hub, hub.topic).ok();
    }
    writeln!(out, "{counts}; the newest {}:", preview.previewed.len()).ok();
    for entry in &preview.previewed {
        out.push('\n');
        out.push_str(&previewed(entry, terminal));
    }
    out
}

fn previewed(entry: &PreviewedEntry, terminal: Terminal) -> String {
    let width = terminal.width;
    let title = entry.title.as_deref().unwrap_or("no title");
    let mut out = format!("{}\n", cut(title, width));
    let mut facts = vec![match entry.from {
        "feed" => "whole text in the feed".to_owned(),
        "page" => "text from its page".to_owned(),
        "summary" => "summary only".to_owned(),
        other => other.to_owned(),
    }];
    if entry.words > 0 {
        facts.push(counted(entry.words, "word"));
    }
    facts.extend(entry.published_at.clone());
    facts.extend(entry.why.as_deref().map(one_line));
    let lines = [facts.join(" · "), entry.url.clone().unwrap_or_default(), one_line(&entry.beginning)];
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let line = cut(line, width.saturating_sub(INDENT));
        writeln!(out, "{:INDENT$}{}", "", terminal.paint(DIM, &line)).ok();
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_producer::sources::OfferedHub;

    use super::*;

    #[test]
    fn a_source_is_a_row_with_its_problem_below() {
        let report = SourceReport {
            id: "a.example".into(),
            status: SourceStatus::Failing,
            address: Some("https://a.example/feed".into()),
            title: Some("World".into()),
            is_configured: false,
            outlet: None,
            language: None,
            last_success: None,
            last_new: None,
            next_check: None,
            today: 3,
            usual: Some(12.4),
            failures: 2,
            problem: Some("it answers 404".into()),
            hub: Some(HubReport {
                hub: "https://hub.example/".into(),
                topic: "https://a.example/feed".into(),
                lease_until: Some("2026-12-05T12:00:00.123456Z".into()),
                asked_at: None,
                problem: None,
            }),
        };
        let shown = list(&[report], Terminal { width: 100, colour: false });
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "SOURCE     STATUS    CHECKED    NEXT       TODAY  USUAL  TITLE",
                "a.example  failing   -          -              3     12  World",
                "  it answers 404 (2 times in a row)",
                "  hub: https://hub.example/, lease until 2026-12-05T12:00:00Z",
            ]
        );
    }

    #[test]
    fn times_are_told_from_now() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        for (written, expected) in [
            (Some("2026-11-25T11:57:10Z"), "2 min ago"),
            (Some("2026-11-25T14:00:00Z"), "in 2 h"),
            (Some("2026-11-21T12:00:00Z"), "4 d ago"),
            (Some("2026-11-25T12:00:00Z"), "now"),
            (Some("soon"), "-"),
            (None, "-"),
        ] {
            assert_eq!(when(written, now), expected, "{written:?}");
        }
    }

    #[test]
    fn an_entry_says_where_its_text_is_from_and_how_it_begins() {
        let entry = PreviewedEntry {
            title: Some("Talks".into()),
            url: Some("https://a.example/a".into()),
            published_at: Some("2026-11-25T12:00:00Z".into()),
            words: 12,
            from: "summary",
            partial: None,
            why: Some("the article is for subscribers".into()),
            beginning: "They met.\n\nThey spoke.".into(),
        };
        let shown = preview(
            &Preview {
                url: "https://a.example/feed".into(),
                title: None,
                entries: 1,
                broken: 0,
                hub: Some(OfferedHub {
                    hub: "https://hub.example/".into(),
                    topic: "https://a.example/feed".into(),
                    is_used: true,
                }),
                previewed: vec![entry],
            },
            Terminal { width: 100, colour: false },
        );
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "no title  https://a.example/feed",
                "hub: https://hub.example/ for https://a.example/feed, what is new is sent by it once it has confirmed",
                "1 entry; the newest 1:",
                "",
                "Talks",
                "    summary only · 12 words · 2026-11-25T12:00:00Z · the article is for subscribers",
                "    https://a.example/a",
                "    They met. They spoke.",
            ]
        );
    }
}
