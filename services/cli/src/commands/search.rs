//! `faultline search`: finds stored articles.

use clap::Args;
use faultline_sink::query::{self, Query, QueryError};
use faultline_sink::{Edit, Hit, Order, Store};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::output;
use crate::exit::Usage;
use crate::look::{BOLD, DIM, LEVEL, arrow, counted, grouped, level_cell, one_line, row, spaced, time};
use crate::settings::Settings;
use crate::terminal::{Terminal, cut, fit};

const EXAMPLES: &str = "\
Examples:
  faultline search barricades
  faultline search '\"road blocks\" country:XKX level:elevated since:30d'
  faultline search 'actor:\"Albin Kurti\" (talks OR deal) NOT signal:threat_of_force'
  faultline search dyad:SRB-XKX until:2022-12-31 --limit 100 --json | jq '.articles[].title'
  faultline search ''                         everything, newest first

A query is words, \"phrases\", AND, OR, NOT, parentheses, and
  actor:ID or actor:NAME      country:XKX      dyad:SRB-XKX (who acts first)
  level:high (or above; also level:=calm, level:<watch)
  signal:threat_of_force      source:example.org
  since: and until: a day, a time, or how long ago: 2022-08-17, 12h, 7d, 2w";

/// What `faultline search` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SearchArguments {
    /// What to look for; several arguments are put together with spaces
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// Show at most so many articles, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &SearchArguments, settings: &Settings) -> anyhow::Result<()> {
    let text = arguments.query.join(" ");
    let query = understand(&text)?;
    let store = Store::open_existing(&settings.sink, &settings.common.data_dir).await?;
    let page = store.search(&query, Order::Time, arguments.limit as usize, None).await?;
    let found = match page.next {
        None => page.hits.len() as u64,
        Some(_) => store.count(&query).await?,
    };
    store.close().await;
    if arguments.json {
        let articles: Vec<Value> = page.hits.iter().map(as_json).collect();
        return output::json(&json!({"found": found, "articles": articles}));
    }
    output::text(&render(&page.hits, found, Terminal::stdout()))
}

pub(super) fn understand(text: &str) -> Result<Query, Usage> {
    query::parse(text).map_err(|error| Usage(pointed_out(text, &error)))
}

/// The query with a caret under the place of the mistake.
fn pointed_out(text: &str, error: &QueryError) -> String {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let before: String = shown.chars().take(error.position).collect();
    format!("{}\n  {shown}\n  {:width$}^", error.message, "", width = before.width())
}

fn as_json(hit: &Hit) -> Value {
    let mut value = json!(hit);
    value["at"] = time(hit.at).into();
    value
}

const DATE: usize = 10;
/// Columns before the title.
const INDENT: usize = DATE + LEVEL + 4;
/// Columns of the source, at most.
const SOURCE: usize = 22;

fn render(hits: &[Hit], found: u64, terminal: Terminal) -> String {
    if hits.is_empty() {
        return "nothing found\n".to_owned();
    }
    let longest = hits.iter().map(|hit| source(hit).width()).max().unwrap_or(0);
    let source_width = longest.clamp("SOURCE".len(), SOURCE);
    let title_width = terminal.width.saturating_sub(INDENT + source_width + 2);
    let heading = [fit("DATE", DATE), fit("LEVEL", LEVEL), fit("TITLE", title_width), "SOURCE".into()];
    let mut out = terminal.paint(DIM, row(&heading).trim_end());
    out.push('\n');
    for hit in hits {
        let title = fit(&title(hit), title_width);
        out.push_str(&row(&[
            time(hit.at).chars().take(DATE).collect(),
            level_cell(hit.level, terminal),
            terminal.paint(BOLD, &title),
            terminal.paint(DIM, &cut(source(hit), source_width)),
        ]));
        let room = terminal.width.saturating_sub(INDENT);
        out.push_str(&format!("{:INDENT$}{}\n", "", reason(hit, room, terminal)));
        let notes = notes(hit);
        if !notes.is_empty() {
            out.push_str(&format!("{:INDENT$}{}\n", "", terminal.paint(DIM, &cut(&notes, room))));
        }
    }
    let more = if found > hits.len() as u64 { ", more with --limit" } else { "" };
    let found = counted(usize::try_from(found).unwrap_or(usize::MAX), "article");
    out.push_str(&format!("{} of {found} shown{more}; faultline show ID says why\n", grouped(hits.len() as u64)));
    out
}

fn source(hit: &Hit) -> &str {
    hit.source.as_deref().unwrap_or("-")
}

fn title(hit: &Hit) -> String {
    match hit.title.as_deref().map(one_line) {
        Some(title) if !title.is_empty() => title,
        _ => one_line(&hit.snippet.text),
    }
}

/// The id, and the strongest signal with its words.
fn reason(hit: &Hit, columns: usize, terminal: Terminal) -> String {
    let id = &hit.id;
    let Some(signal) = hit.signals.first() else { return terminal.paint(DIM, &cut(id, columns)) };
    let (arrow, style) = arrow(signal.direction);
    let told = format!("{arrow} {}", spaced(&signal.category));
    let room = columns.saturating_sub(told.width() + id.width() + 6).max(10);
    let words = cut(&one_line(&signal.words), room).into_owned();
    format!("{} “{words}”  {}", terminal.paint(style, &told), terminal.paint(DIM, id))
}

/// What else is to be known of it: `reported by 7 outlets · edited twice, silently`.
fn notes(hit: &Hit) -> String {
    let outlets = (hit.outlets > 1).then(|| format!("reported by {} outlets", hit.outlets));
    let partial = hit.partial.map(|partial| partial.as_note().to_owned());
    let notes = [outlets, hit.edit.map(edited), partial];
    notes.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn edited(edit: Edit) -> String {
    let times = match edit.edits {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    format!("edited {times}{}", if edit.silent { ", silently" } else { "" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_schemas::{Direction, Level, Partial};
    use faultline_sink::{HitSignal, Snippet};

    use super::*;

    fn hit() -> Hit {
        Hit {
            id: "a1b2".into(),
            revision: "r".into(),
            at: 1_659_290_400_000,
            source: Some("example.org".into()),
            url: None,
            title: Some("Shots fired\nin the north".into()),
            language: None,
            sentiment: Default::default(),
            score: 0.7,
            level: Level::High,
            actors: vec![],
            signals: vec![HitSignal {
                category: "use_of_force".into(),
                direction: Direction::Escalation,
                weight: 0.9,
                words: "shots were\nfired".into(),
            }],
            snippet: Snippet::default(),
            duplicate_of: None,
            story: None,
            outlets: 1,
            partial: None,
            edit: None,
        }
    }

    #[test]
    fn a_hit_shows_date_level_title_source_strongest_signal_and_id() {
        let shown = render(&[hit()], 7, Terminal { width: 80, colour: false });
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "DATE        LEVEL       TITLE                                        SOURCE",
                "2022-07-31  ▆ high      Shots fired in the north                     example.org",
                "                        ↑ use of force “shots were fired”  a1b2",
                "1 of 7 articles shown, more with --limit; faultline show ID says why",
            ]
        );
    }

    #[test]
    fn an_edited_article_bears_a_mark() {
        let edited = Hit { edit: Some(Edit { edits: 2, silent: true }), ..hit() };
        let shown = render(&[edited], 1, Terminal { width: 80, colour: false });
        let lines: Vec<&str> = shown.lines().map(str::trim_start).collect();
        assert_eq!(lines[2..4], ["↑ use of force “shots were fired”  a1b2", "edited twice, silently"]);
    }

    #[test]
    fn a_story_that_others_report_and_a_summary_are_told_of() {
        let hit = Hit { outlets: 7, partial: Some(Partial::Paywall), ..hit() };
        assert_eq!(notes(&hit), "reported by 7 outlets · summary only: the rest is for subscribers");
    }

    #[test]
    fn no_row_is_wider_than_the_terminal() {
        let mut long = hit();
        long.title = Some("a long title ".repeat(20));
        long.source = Some("a-very-long-name-of-an-outlet.example.org".into());
        long.signals[0].words = "many words ".repeat(20);
        long.edit = Some(Edit { edits: 17, silent: true });
        for width in [60, 80, 160] {
            let shown = render(&[long.clone(), hit()], 2, Terminal { width, colour: false });
            assert!(shown.lines().take(5).all(|line| line.width() <= width), "{width}:\n{shown}");
        }
    }

    #[test]
    fn a_mistake_is_pointed_at_below_the_query() {
        for (query, caret) in [("talks AND (deal", 10), ("日本 (x", 5)] {
            let error = understand(query).unwrap_err().0;
            let lines: Vec<&str> = error.lines().collect();
            assert_eq!(lines[0], "this parenthesis is never closed");
            assert_eq!((lines[1].trim_start(), lines[2].find('^').unwrap()), (query, caret + 2));
        }
    }

    #[test]
    fn json_has_times_that_people_read() {
        assert_eq!(as_json(&hit())["at"], "2022-07-31T18:00:00Z");
        assert_eq!(as_json(&hit())["level"], "high");
    }
}
