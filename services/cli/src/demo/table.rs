//! Articles and what was read out of them, for a person.

use std::fmt::Write as _;

use anstyle::Style;
use faultline_schemas::{Enriched, Level, Signal};
use unicode_width::UnicodeWidthStr as _;

use crate::look::{BOLD, DIM, LEVEL, arrow, level_cell, signal_words, spaced, title, tone_style};
use crate::terminal::{Terminal, cut, fit};

const DATE: usize = 10;
const TONE: usize = 5;
const GAP: &str = "  ";
/// Columns before the title.
const INDENT: usize = DATE + LEVEL + TONE + 3 * GAP.len();
/// Signals shown of each article.
const SIGNALS: usize = 3;
/// Words quoted of each signal, in columns.
const QUOTED: usize = 40;

/// The whole table, oldest article first, two lines each where there is a signal.
pub(super) fn render(articles: &[Enriched], terminal: Terminal) -> String {
    let (title, actors) = flexible_columns(terminal.width);
    let heading = [fit("DATE", DATE), fit("LEVEL", LEVEL), fit("TONE", TONE), fit("TITLE", title), "ACTORS".to_owned()];
    let mut out = format!("{}\n", terminal.paint(DIM, &heading.join(GAP)));
    for article in articles {
        let cells = [
            fit(date(article), DATE),
            level_cell(article.escalation.level, terminal),
            tone_cell(article, terminal),
            title_cell(article, title, terminal),
            terminal.paint(DIM, &cut(&actor_names(article), actors)),
        ];
        writeln!(out, "{}", cells.join(GAP).trim_end()).ok();
        if let Some(line) = signals_line(article, terminal) {
            writeln!(out, "{:INDENT$}{line}", "").ok();
        }
    }
    out
}

/// Columns of title and actors.
fn flexible_columns(width: usize) -> (usize, usize) {
    let rest = width.saturating_sub(INDENT + GAP.len());
    let title = (rest * 3 / 5).max(20);
    (title, rest.saturating_sub(title))
}

fn date(article: &Enriched) -> &str {
    article.article.published_at.as_deref().and_then(|at| at.get(..DATE)).unwrap_or("no date")
}

fn tone_cell(article: &Enriched, terminal: Terminal) -> String {
    terminal.paint(tone_style(article.sentiment), &format!("{:+TONE$.2}", article.sentiment.score))
}

fn title_cell(article: &Enriched, columns: usize, terminal: Terminal) -> String {
    let title = title(article);
    let style = if article.escalation.level >= Level::High { BOLD } else { Style::new() };
    terminal.paint(style, &fit(&title, columns))
}

fn actor_names(article: &Enriched) -> String {
    article.actors.iter().map(|actor| actor.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The strongest signals with the words they were read from, as many as fit.
fn signals_line(article: &Enriched, terminal: Terminal) -> Option<String> {
    let mut signals: Vec<&Signal> = article.escalation.signals.iter().collect();
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut seen = Vec::new();
    let mut line = String::new();
    let mut used = INDENT;
    for signal in signals {
        let category = spaced(&signal.category);
        // Arrow, blanks and quotation marks take five columns.
        let room = terminal.width.saturating_sub(INDENT + category.width() + 5);
        let words = cut(&signal_words(article, signal), QUOTED.min(room)).into_owned();
        if seen.len() == SIGNALS || seen.contains(&words) {
            continue;
        }
        let (arrow, style) = arrow(signal.direction);
        let columns = category.width() + words.width() + 7;
        if used + columns > terminal.width && !seen.is_empty() {
            break;
        }
        used += columns;
        if !seen.is_empty() {
            line.push_str(GAP);
        }
        write!(line, "{} “{words}”", terminal.paint(style, &format!("{arrow} {category}"))).ok();
        seen.push(words);
    }
    (!seen.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_schemas::{Actor, ArticleInfo, Direction, Escalation, Sentiment, Span};

    use super::*;

    const PLAIN: Terminal = Terminal { width: 100, colour: false };

    fn article() -> Enriched {
        let text = "Élite units: shots were\nfired at police. Later both sides agreed to talk.".to_owned();
        let span = |words: &str| {
            let start = text[..text.find(words).unwrap()].chars().count();
            let end = start + words.chars().count();
            Span { start: u32::try_from(start).unwrap(), end: u32::try_from(end).unwrap() }
        };
        let signal = |category: &str, direction, weight, words: &str| Signal {
            category: category.into(),
            direction,
            weight,
            span: span(words),
            in_title: false,
            rule: String::new(),
        };
        Enriched {
            schema: Enriched::SCHEMA.into(),
            article: ArticleInfo {
                id: "a".into(),
                title: Some("Shots fired in the north, talks to follow within days, both governments say today".into()),
                published_at: Some("2022-07-31T18:00:00Z".into()),
                ..ArticleInfo::default()
            },
            sentiment: Sentiment::from_score(-0.456),
            targets: vec![],
            actors: vec![actor("Kosovo"), actor("Serbia"), actor("Kosovo Police with a long name")],
            places: vec![],
            quotes: vec![],
            events: vec![],
            escalation: Escalation {
                score: 0.7,
                level: Level::High,
                signals: vec![
                    signal("talks", Direction::DeEscalation, 0.2, "agreed to talk"),
                    signal("shots_fired", Direction::Escalation, 0.9, "shots were\nfired"),
                ],
            },
            fingerprint: Default::default(),
            provenance: Default::default(),
            text,
        }
    }

    fn actor(name: &str) -> Actor {
        Actor {
            id: name.into(),
            name: name.into(),
            kind: Default::default(),
            country: None,
            sectors: vec![],
            cameo: None,
            salience: 0.3,
            sentiment: Default::default(),
            mentions: vec![],
        }
    }

    #[test]
    fn a_row_shows_date_level_tone_title_actors_and_the_words_of_its_strongest_signals() {
        let table = render(&[article()], PLAIN);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[1..],
            [
                "2022-07-31  ▆ high      -0.46  Shots fired in the north, talks to foll…  Kosovo, Serbia, Kosovo Pol…",
                "                               ↑ shots fired “shots were fired”  ↓ talks “agreed to talk”",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_colour_is_written_where_it_is_not_wanted() {
        for width in [60, 80, 100, 160] {
            let table = render(&[article(), article()], Terminal { width, colour: false });
            assert!(table.lines().all(|line| line.width() <= width), "{width}:\n{table}");
            assert!(!table.contains('\u{1b}'));
        }
        assert!(render(&[article()], Terminal { width: 100, colour: true }).contains('\u{1b}'));
    }

    #[test]
    fn an_article_without_title_date_or_signals_takes_one_line_that_starts_its_text() {
        let mut bare = article();
        bare.article = ArticleInfo::default();
        bare.escalation = Escalation::default();
        let table = render(&[bare], PLAIN);
        assert_eq!(table.lines().count(), 2);
        assert!(table.contains("no date") && table.contains("Élite units: shots were fired"), "{table}");
    }
}
