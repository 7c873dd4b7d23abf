//! Reading a tab-separated list, with the line of everything that is wrong in it.

/// A bad entry in a knowledge file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File name.
    pub file: &'static str,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for Problem {}

/// A line of a list.
pub(super) struct Row<'a> {
    file: &'static str,
    line: usize,
    columns: &'static [&'static str],
    cells: Vec<&'a str>,
}

/// The rows of a list whose header is `columns`; lines that start with `#` and blank lines are passed over.
pub(super) fn rows<'a>(
    file: &'static str,
    text: &'a str,
    columns: &'static [&'static str],
    problems: &mut Vec<Problem>,
) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let mut header_seen = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        if !header_seen {
            header_seen = true;
            if cells != columns {
                let message = format!("the header must be {}", columns.join(", "));
                problems.push(Problem { file, line: index + 1, message });
                return rows;
            }
            continue;
        }
        if cells.len() != columns.len() {
            let message = format!("{} cells where the header has {}", cells.len(), columns.len());
            problems.push(Problem { file, line: index + 1, message });
            continue;
        }
        rows.push(Row { file, line: index + 1, columns, cells });
    }
    if !header_seen {
        problems.push(Problem { file, line: 1, message: format!("no header: it must be {}", columns.join(", ")) });
    }
    rows
}

impl<'a> Row<'a> {
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { file: self.file, line: self.line, message: message.into() }
    }

    /// A cell; empty where it is.
    pub(super) fn text(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|c| *c == column);
        debug_assert!(at.is_some(), "{column} is a column of {}", self.file);
        at.and_then(|i| self.cells.get(i)).copied().unwrap_or("")
    }

    /// A cell that must not be empty.
    pub(super) fn required(&self, column: &str) -> Result<&'a str, Problem> {
        match self.text(column) {
            "" => Err(self.problem(format!("{column} is empty"))),
            text => Ok(text),
        }
    }

    pub(super) fn optional(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|t| !t.is_empty()).map(str::to_owned)
    }

    /// The parts of a cell between `|`.
    pub(super) fn list(&self, column: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.text(column).split('|').map(str::trim).filter(|part| !part.is_empty())
    }

    /// A number within `least..=most`; none for an empty cell.
    pub(super) fn number(&self, column: &str, least: f32, most: f32) -> Result<Option<f32>, Problem> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f32>() {
            Ok(value) if value >= least && value <= most => Ok(Some(value)),
            _ => Err(self.problem(format!("{column} is {text:?}, not a number from {least} to {most}"))),
        }
    }

    /// Three-letter codes in capitals.
    pub(super) fn codes(&self, column: &str) -> Result<Vec<String>, Problem> {
        self.list(column).map(|code| self.code(column, code)).collect()
    }

    pub(super) fn code(&self, column: &str, code: &str) -> Result<String, Problem> {
        if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(code.to_owned())
        } else {
            Err(self.problem(format!("{column} holds {code:?}, not a code of three capital letters")))
        }
    }

    /// A day written `YYYY-MM-DD`, as the number YYYYMMDD; none for an empty cell.
    pub(super) fn day(&self, column: &str) -> Result<Option<u32>, Problem> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        match crate::day::parse(text) {
            Some(day) if text.len() == 10 => Ok(Some(day)),
            _ => Err(self.problem(format!("{column} is {text:?}, not a day like 2022-08-17"))),
        }
    }
}
