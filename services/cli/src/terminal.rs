//! What is known of the terminal, and writing to it.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns where standard output is not a terminal.
const DEFAULT_WIDTH: usize = 110;

/// How to lay out text for whoever reads standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Columns.
    pub(crate) width: usize,
    /// Whether colours are wanted and understood.
    pub(crate) colour: bool,
}

impl Terminal {
    /// That of standard output; colours only on a terminal, and not where `NO_COLOR` is set or `TERM` is `dumb`.
    pub(crate) fn stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
        Self { width: width.clamp(60, 160), colour: is_terminal && !refused }
    }

    /// `text` in `style`, where colours are wanted.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Writes to standard output. A reader that has gone away (`faultline … | head`) is no failure.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}

/// `text` in exactly `columns`: padded, or cut with an ellipsis. Control characters become spaces.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut fitted = cut(text, columns).into_owned();
    let missing = columns.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// `text` in at most `columns`, cut with an ellipsis. Control characters become spaces.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    let harmless = !text.chars().any(char::is_control);
    if harmless && text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.width() <= columns {
        return Cow::Owned(clean);
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in clean.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > columns {
            break;
        }
        kept.push(c);
    }
    let mut kept = kept.trim_end().to_owned();
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// `text` on lines of at most `columns`, broken between words; a longer word is cut.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word = cut(word, columns);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word.into_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("immeasurable x", 5), ["imme…", "x"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn text_is_cut_by_columns_not_characters() {
        let cases = [
            ("short", 10, "short"),
            ("exactly10!", 10, "exactly10!"),
            ("eleven here", 10, "eleven he…"),
            ("a b cdefghi", 5, "a b…"),
            ("日本語の記事", 7, "日本語…"),
            ("tab\tand\u{1b}[31m", 20, "tab and [31m"),
            ("x", 0, ""),
        ];
        for (text, columns, expected) in cases {
            assert_eq!(cut(text, columns), expected, "{text}");
            assert_eq!(fit(text, columns).width(), columns, "{text}");
        }
    }
}
