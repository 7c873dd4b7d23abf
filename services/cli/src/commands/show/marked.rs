//! A text with spans marked: in colour on a terminal, with brackets otherwise.

use anstyle::{AnsiColor, Style};
use faultline_schemas::{Direction, Span};
use unicode_width::UnicodeWidthChar as _;

use crate::look::{BOLD, arrow, colour};
use crate::terminal::Terminal;

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Place,
    Actor,
    Signal(Direction),
}

impl Mark {
    fn style(self) -> Style {
        match self {
            Self::Place => colour(AnsiColor::Cyan),
            Self::Actor => colour(AnsiColor::Blue).bold(),
            Self::Signal(direction) => arrow(direction).1.bold(),
        }
    }

    fn brackets(self) -> (String, &'static str) {
        match self {
            Self::Place | Self::Actor => ("[".to_owned(), "]"),
            Self::Signal(direction) => (format!("{{{}", arrow(direction).0), "}"),
        }
    }
}

/// A character, how it is styled, and which mark it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    character: char,
    mark: Option<(usize, Mark)>,
    quoted: bool,
}

/// A text on its way to being shown.
pub(super) struct Marked {
    cells: Vec<Cell>,
    marks: usize,
}

impl Marked {
    pub(super) fn new(text: &str) -> Self {
        let clean = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
        let cell = |c| Cell { character: clean(c), mark: None, quoted: false };
        Self { cells: text.chars().map(cell).collect(), marks: 0 }
    }

    fn within(&mut self, start: u32, end: u32) -> &mut [Cell] {
        let end = (end as usize).min(self.cells.len());
        let start = (start as usize).min(end);
        &mut self.cells[start..end]
    }

    /// Marks code points `start..end`; a later mark covers an earlier one.
    pub(super) fn mark(&mut self, start: u32, end: u32, mark: Mark) {
        self.marks += 1;
        let number = self.marks;
        for cell in self.within(start, end) {
            cell.mark = Some((number, mark));
        }
    }

    /// What somebody said: in italics on a terminal; the text has quotation marks of its own.
    pub(super) fn quote(&mut self, span: Span) {
        for cell in self.within(span.start, span.end) {
            cell.quoted = true;
        }
    }

    /// The text on lines no wider than the terminal, paragraphs kept.
    pub(super) fn render(mut self, terminal: Terminal) -> String {
        if !terminal.colour {
            self.add_brackets();
        }
        let mut out = String::new();
        for paragraph in self.cells.split(|cell| cell.character == '\n') {
            for line in lines(paragraph, terminal.width) {
                write_line(&mut out, &line, terminal);
            }
        }
        out
    }

    fn add_brackets(&mut self) {
        let mut bracketed = Vec::with_capacity(self.cells.len());
        let mut open: Option<(usize, Mark)> = None;
        let plain = |text: &str| -> Vec<Cell> {
            text.chars().map(|character| Cell { character, mark: None, quoted: false }).collect()
        };
        for cell in &self.cells {
            if cell.mark != open {
                if let Some((_, mark)) = open {
                    bracketed.extend(plain(mark.brackets().1));
                }
                if let Some((_, mark)) = cell.mark {
                    bracketed.extend(plain(&mark.brackets().0));
                }
                open = cell.mark;
            }
            bracketed.push(Cell { mark: None, ..*cell });
        }
        if let Some((_, mark)) = open {
            bracketed.extend(plain(mark.brackets().1));
        }
        self.cells = bracketed;
    }
}

fn width(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.character.width().unwrap_or(0)).sum()
}

/// Broken between words; a word wider than a line is broken within.
fn lines(paragraph: &[Cell], columns: usize) -> Vec<Vec<Cell>> {
    let mut lines: Vec<Vec<Cell>> = vec![Vec::new()];
    let mut used = 0;
    let mut space: Option<Cell> = None;
    for word in paragraph.split_inclusive(|cell| cell.character.is_whitespace()) {
        let (word, after) = match word.split_last() {
            Some((last, word)) if last.character.is_whitespace() => (word, Some(*last)),
            _ => (word, None),
        };
        if !word.is_empty() {
            let wide = width(word);
            if used > 0 && used + 1 + wide > columns {
                lines.push(Vec::new());
                used = 0;
            } else if used > 0 {
                push(&mut lines, space);
                used += 1;
            }
            for cell in word {
                let wide = cell.character.width().unwrap_or(0);
                if used + wide > columns {
                    lines.push(Vec::new());
                    used = 0;
                }
                push(&mut lines, Some(*cell));
                used += wide;
            }
            space = None;
        }
        // Of several blanks, the first stands for all.
        space = space.or(after.map(|cell| Cell { character: ' ', ..cell }));
    }
    lines
}

fn push(lines: &mut [Vec<Cell>], cell: Option<Cell>) {
    if let (Some(line), Some(cell)) = (lines.last_mut(), cell) {
        line.push(cell);
    }
}

fn write_line(out: &mut String, line: &[Cell], terminal: Terminal) {
    for run in line.chunk_by(|a, b| (a.mark, a.quoted) == (b.mark, b.quoted)) {
        let text: String = run.iter().map(|cell| cell.character).collect();
        let style = match run.first() {
            Some(Cell { mark, quoted, .. }) => {
                let style = mark.map_or(Style::new(), |(_, mark)| mark.style());
                if *quoted { style.italic() } else { style }
            }
            None => BOLD,
        };
        if style == Style::new() {
            out.push_str(&text);
        } else {
            out.push_str(&terminal.paint(style, &text));
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Terminal = Terminal { width: 60, colour: false };

    #[test]
    fn spans_are_bracketed_and_the_later_mark_covers() {
        let mut marked = Marked::new("Élite army moved. Talks next.");
        marked.mark(0, 10, Mark::Actor);
        marked.mark(6, 16, Mark::Signal(Direction::Escalation));
        marked.mark(18, 23, Mark::Signal(Direction::DeEscalation));
        marked.mark(28, 99, Mark::Place);
        assert_eq!(marked.render(PLAIN), "[Élite ]{↑army moved}. {↓Talks} next[.]\n");
    }

    #[test]
    fn neighbours_are_marked_one_by_one() {
        let mut marked = Marked::new("ab");
        marked.mark(0, 1, Mark::Actor);
        marked.mark(1, 2, Mark::Actor);
        assert_eq!(marked.render(PLAIN), "[a][b]\n");
    }

    #[test]
    fn lines_are_broken_between_words_and_paragraphs_kept() {
        let narrow = Terminal { width: 9, colour: false };
        assert_eq!(Marked::new("one two  three\n\nfour\tfive").render(narrow), "one two\nthree\n\nfour five\n");
        assert_eq!(Marked::new("immeasurable x").render(narrow), "immeasura\nble x\n");
        assert_eq!(Marked::new("日本語の記事").render(narrow), "日本語の\n記事\n");
    }

    #[test]
    fn a_terminal_obeys_nothing_in_the_text() {
        assert_eq!(Marked::new("a\u{1b}[31mb").render(PLAIN), "a [31mb\n");
    }

    #[test]
    fn colours_end_where_the_span_does() {
        let mut marked = Marked::new("army moved on");
        marked.mark(5, 10, Mark::Signal(Direction::Escalation));
        let shown = marked.render(Terminal { width: 60, colour: true });
        let style = Mark::Signal(Direction::Escalation).style();
        assert_eq!(shown, format!("army {style}moved{style:#} on\n"));
    }
}
