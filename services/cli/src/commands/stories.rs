//! `faultline stories`: what several articles report, and how it moves.

mod one;

use anyhow::bail;
use clap::Args;
use faultline_schemas::Level;
use faultline_sink::{Brief, Store, Story};
use serde_json::{Value, json};

use super::{output, search};
use crate::look::{BOLD, DIM, LEVEL, counted, grouped, level_cell, one_line, row, time};
use crate::settings::Settings;
use crate::terminal::{Terminal, cut, fit};

const EXAMPLES: &str = "\
Examples:
  faultline stories                           the latest
  faultline stories 'since:7d level:high'     with a report of these days at this level or above
  faultline stories country:XKX --json | jq '.stories[].first.title'
  faultline stories --id 9f3c61d2a4b07e58     one story: every report of it, and how it moved from hour to hour

A query is one as faultline search takes it: a story is listed when one of its reports is found. Each bar is a report,
in the order they appeared, as high as its level.";

/// What `faultline stories` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StoriesArguments {
    /// What one of the reports has to fit; all stories where nothing is asked for
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// Show the one story that this article belongs to
    #[arg(long, value_name = "ID", conflicts_with_all = ["query", "limit"])]
    id: Option<String>,
    /// List at most so many stories, those with the latest report first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &StoriesArguments, settings: &Settings) -> anyhow::Result<()> {
    if let Some(id) = &arguments.id {
        return run_one(id, arguments.json, settings).await;
    }
    let query = search::understand(&arguments.query.join(" "))?;
    let store = Store::open_existing(&settings.sink, &settings.common.data_dir).await?;
    let stories = store.stories(&query, arguments.limit as usize).await?;
    store.close().await;
    if arguments.json {
        return output::json(&json!({"stories": stories.iter().map(as_json).collect::<Vec<_>>()}));
    }
    output::text(&render(&stories, Terminal::stdout()))
}

async fn run_one(id: &str, as_json: bool, settings: &Settings) -> anyhow::Result<()> {
    let store = Store::open_existing(&settings.sink, &settings.common.data_dir).await?;
    let story = store.story_of(id).await?;
    store.close().await;
    let Some(story) = story else {
        bail!(
            "there is no story with the article {id:?} in {}: faultline stories shows ids, and an article that no other \
             reports has no story",
            store.location()
        );
    };
    if as_json { output::json(&one::json(&story)) } else { output::text(&one::render(&story, Terminal::stdout())) }
}

/// With times that people read.
pub(super) fn as_json(story: &Story) -> Value {
    let mut value = json!(story);
    value["first"]["at"] = time(story.first.at).into();
    value["last_at"] = time(story.last_at).into();
    for (told, report) in value["reports"].as_array_mut().into_iter().flatten().zip(&story.reports) {
        told["at"] = time(report.at).into();
    }
    value
}

const DATE: usize = 10;
/// Columns before the title.
const INDENT: usize = DATE + LEVEL + 4;
/// Bars that are drawn: the last ones.
const BARS: usize = 24;

fn render(stories: &[Story], terminal: Terminal) -> String {
    if stories.is_empty() {
        return "no story found: one is what at least two articles report within three days\n".to_owned();
    }
    let title_width = terminal.width.saturating_sub(INDENT);
    let heading = [fit("LAST", DATE), fit("LEVEL", LEVEL), "FIRST REPORT".into()];
    let mut out = terminal.paint(DIM, row(&heading).trim_end());
    out.push('\n');
    for story in stories {
        let title = cut(&title(&story.first), title_width).into_owned();
        out.push_str(&row(&[
            time(story.last_at).chars().take(DATE).collect(),
            level_cell(story.level, terminal),
            terminal.paint(BOLD, &title),
        ]));
        let facts = format!("{}  {}  {}", moves(story), reach(story), story.first.id);
        out.push_str(&format!("{:INDENT$}{}\n", "", terminal.paint(DIM, &cut(&facts, title_width))));
    }
    let shown = format!("{} shown; faultline stories --id ID shows every report of one\n", number(stories.len()));
    out.push_str(&shown);
    out
}

fn number(stories: usize) -> String {
    format!("{} {}", grouped(stories as u64), if stories == 1 { "story" } else { "stories" })
}

/// `3 articles in 2 papers`.
pub(super) fn reach(story: &Story) -> String {
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    format!("{} in {}", counted(count(story.articles), "article"), counted(count(story.sources), "paper"))
}

/// The level of each report, and the tone of the first and the last: `▃▆█ tone -0.10 → -0.42`.
pub(super) fn moves(story: &Story) -> String {
    let bars = story.reports.iter().skip(story.reports.len().saturating_sub(BARS)).map(|report| match report.level {
        Level::Calm => '▁',
        Level::Watch => '▃',
        Level::Elevated => '▅',
        Level::High => '▆',
        Level::Critical => '█',
    });
    let bars: String = bars.collect();
    match (story.reports.first(), story.reports.last()) {
        (Some(first), Some(last)) => format!("{bars} tone {:+.2} → {:+.2}", first.tone, last.tone),
        _ => bars,
    }
}

fn title(first: &Brief) -> String {
    match first.title.as_deref().map(one_line) {
        Some(title) if !title.is_empty() => title,
        _ => first.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_sink::StoryReport;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    pub(super) fn story() -> Story {
        let report = |id: &str, at: i64, level: Level, tone: f64| StoryReport {
            id: id.into(),
            source: Some("example.org".into()),
            title: Some("Shots fired".into()),
            at,
            level,
            score: 0.5,
            tone,
        };
        let (title, source) = (Some("Shots fired\nin the north".into()), Some("example.org".into()));
        Story {
            id: "a2".into(),
            first: Brief { id: "a1".into(), source, title, at: 1_659_290_400_000 },
            last_at: 1_659_376_800_000,
            articles: 2,
            sources: 1,
            level: Level::High,
            reports: vec![
                report("a1", 1_659_290_400_000, Level::Calm, -0.1),
                report("a2", 1_659_376_800_000, Level::High, -0.42),
            ],
        }
    }

    #[test]
    fn a_story_shows_its_first_report_how_far_it_reaches_and_how_it_moves() {
        let shown = render(&[story()], Terminal { width: 80, colour: false });
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "LAST        LEVEL       FIRST REPORT",
                "2022-08-01  ▆ high      Shots fired in the north",
                "                        ▁▆ tone -0.10 → -0.42  2 articles in 1 paper  a1",
                "1 story shown; faultline stories --id ID shows every report of one",
            ]
        );
        let narrow = render(&[story()], Terminal { width: 50, colour: false });
        assert!(narrow.lines().take(3).all(|line| line.width() <= 50), "{narrow}");
        assert!(render(&[], Terminal { width: 80, colour: false }).starts_with("no story found"));
    }

    #[test]
    fn json_has_times_that_people_read() {
        let told = as_json(&story());
        assert_eq!(
            (&told["first"]["at"], &told["last_at"]),
            (&json!("2022-07-31T18:00:00Z"), &json!("2022-08-01T18:00:00Z"))
        );
        assert_eq!((&told["reports"][1]["at"], &told["level"]), (&json!("2022-08-01T18:00:00Z"), &json!("high")));
    }
}
