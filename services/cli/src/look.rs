//! How levels, signals, counts and texts look to a person, the same in every command.

use anstyle::{AnsiColor, Color, Style};
use faultline_schemas::{Direction, Enriched, Level, Polarity, Sentiment, Signal};
use serde::Serialize;

use crate::terminal::{Terminal, fit};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

/// Columns of [`level_cell`].
pub(crate) const LEVEL: usize = 10;

pub(crate) const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

pub(crate) fn level_style(level: Level) -> Style {
    match level {
        Level::Calm => DIM,
        Level::Watch => colour(AnsiColor::Cyan),
        Level::Elevated => colour(AnsiColor::Yellow),
        Level::High => colour(AnsiColor::Red),
        Level::Critical => colour(AnsiColor::Red).bold(),
    }
}

/// A level with a bar as high as it is, in [`LEVEL`] columns.
pub(crate) fn level_cell(level: Level, terminal: Terminal) -> String {
    let bar = match level {
        Level::Calm => '▁',
        Level::Watch => '▃',
        Level::Elevated => '▅',
        Level::High => '▆',
        Level::Critical => '█',
    };
    terminal.paint(level_style(level), &fit(&format!("{bar} {}", level.as_str()), LEVEL))
}

pub(crate) fn tone_style(sentiment: Sentiment) -> Style {
    match sentiment.label {
        Polarity::Negative => colour(AnsiColor::Red),
        Polarity::Neutral => DIM,
        Polarity::Positive => colour(AnsiColor::Green),
    }
}

/// Which way a signal moves the score.
pub(crate) fn arrow(direction: Direction) -> (char, Style) {
    match direction {
        Direction::Escalation => ('↑', colour(AnsiColor::Red)),
        Direction::DeEscalation => ('↓', colour(AnsiColor::Green)),
    }
}

/// A name of the schemas as words: `threat_of_force` is `threat of force`.
pub(crate) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// The word that JSON has for it, as words.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => spaced(&word),
        _ => String::new(),
    }
}

/// The title, or the beginning of the text where there is none.
pub(crate) fn title(article: &Enriched) -> String {
    match article.article.title.as_deref() {
        Some(title) if !title.trim().is_empty() => one_line(title),
        _ => first_words(&article.text),
    }
}

/// Characters of a text that stand for its title.
const LONGEST_BEGINNING: usize = 100;

/// What stands for a title that is missing: the beginning of the text, cut between words.
fn first_words(text: &str) -> String {
    let line = one_line(text.trim_start().split("\n\n").next().unwrap_or_default());
    match line.char_indices().nth(LONGEST_BEGINNING) {
        None => line,
        Some((end, _)) => {
            let cut = line[..end].trim_end_matches(|c: char| !c.is_whitespace()).trim_end_matches([' ', ',']);
            format!("{}…", if cut.is_empty() { &line[..end] } else { cut })
        }
    }
}

/// The words behind a signal, on one line.
pub(crate) fn signal_words(article: &Enriched, signal: &Signal) -> String {
    let text = match (&article.article.title, signal.in_title) {
        (Some(title), true) => title,
        _ => &article.text,
    };
    words(text, signal.span.start, signal.span.end)
}

/// Code points `start..end` of `text`, on one line.
pub(crate) fn words(text: &str, start: u32, end: u32) -> String {
    let length = end.saturating_sub(start) as usize;
    one_line(&text.chars().skip(start as usize).take(length).collect::<String>())
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `1 article`, `2 articles`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `999 B`, `1 kB`, `2.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.0} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub(crate) fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_second(milliseconds.div_euclid(1000))
        .map_or_else(|_| "no date".to_owned(), |at| at.to_string())
}

/// A row of cells, the last as wide as it is.
pub(crate) fn row(cells: &[String]) -> String {
    format!("{}\n", cells.join("  ").trim_end())
}

/// What is special in HTML, written so that it is not.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters have no place in HTML.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_title_is_the_first_paragraph_cut_between_words() {
        assert_eq!(first_words("\n Talks  failed\nagain.\n\nNobody knows why."), "Talks failed again.");
        let cut = first_words(&"Talks failed again, ".repeat(9));
        assert!(cut.ends_with("Talks failed again…"), "{cut}");
        assert_eq!(first_words(&"x".repeat(200)), format!("{}…", "x".repeat(LONGEST_BEGINNING)));
    }

    #[test]
    fn numbers_sizes_and_times_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([999, 1_000, 2_400_000].map(bytes), ["999 B", "1 kB", "2.4 MB"]);
        assert_eq!((counted(1, "article"), counted(2, "article")), ("1 article".into(), "2 articles".into()));
        assert_eq!(time(1_660_694_400_999), "2022-08-17T00:00:00Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59Z");
        assert_eq!(time(i64::MAX), "no date");
    }

    #[test]
    fn words_are_code_points_on_one_line() {
        assert_eq!(words("Élite\n units", 0, 12), "Élite units");
        assert_eq!(words("short", 3, 99), "rt");
        assert_eq!(words("short", 4, 2), "");
    }
}
