//! Entries that are made of lines: JSON lines, and plain text.

use std::{io, mem};

use super::{
    entry::{Entry, Shape},
    lines::{Line, LineReader},
    open::Input,
};

/// The entries of one input that is made of lines.
pub(super) struct Plain {
    lines: LineReader<Box<dyn io::BufRead + Send>>,
    shape: Shape,
    limit: usize,
    /// The line that ended a dated article and starts the next.
    next: Option<Line>,
}

impl Plain {
    /// Starts where `input` stands, after `lines` lines.
    pub(super) fn new(input: Input, shape: Shape, limit: usize, lines: u64) -> Self {
        Self { lines: LineReader::new(input.content, limit, input.offset, lines), shape, limit, next: None }
    }

    /// The next entry; none at the end of the input. Blank lines between entries are skipped.
    pub(super) fn read_entry(&mut self) -> io::Result<Option<Entry>> {
        match self.shape {
            Shape::Dated => self.read_until(|line| dated_header(line).is_some()),
            Shape::Text => self.read_until(|_| false),
            Shape::Json | Shape::Csv => self.read_json(),
        }
    }

    fn read_line(&mut self) -> io::Result<Option<Line>> {
        let Some(mut line) = self.lines.read_line()? else { return Ok(None) };
        if line.start == 0 && line.bytes.starts_with(BYTE_ORDER_MARK) {
            line.bytes.drain(..BYTE_ORDER_MARK.len());
            line.start += BYTE_ORDER_MARK.len() as u64;
            line.length -= BYTE_ORDER_MARK.len() as u64;
        }
        Ok(Some(line))
    }

    fn read_json(&mut self) -> io::Result<Option<Entry>> {
        while let Some(line) = self.read_line()? {
            if !is_blank(&line.bytes) {
                return Ok(Some(Entry::of(Shape::Json, line)));
            }
        }
        Ok(None)
    }

    /// Takes lines up to the end, or up to one that starts the next entry.
    fn read_until(&mut self, starts_next: fn(&[u8]) -> bool) -> io::Result<Option<Entry>> {
        let first = match mem::take(&mut self.next) {
            Some(line) => line,
            None => match self.read_line()? {
                Some(line) => line,
                None => return Ok(None),
            },
        };
        let mut entry = Entry::of(self.shape, first);
        entry.complete = false;
        while let Some(line) = self.read_line()? {
            if !starts_next(&line.bytes) {
                entry.append(&line, self.limit);
            } else if is_blank(&entry.bytes) {
                // White space before the first article is nobody's.
                entry = Entry::of(self.shape, line);
                entry.complete = false;
            } else {
                entry.complete = true;
                self.next = Some(line);
                break;
            }
        }
        Ok(Some(entry))
    }
}

pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// Where a line starts with `date YYYY-MM-DD`, the position of the date and of what follows it.
pub(crate) fn dated_header(line: &[u8]) -> Option<(usize, usize)> {
    let start = line.iter().position(|b| !matches!(b, b' ' | b'\t'))?;
    let date = start + b"date ".len();
    let rest = line[start..].strip_prefix(b"date ")?;
    let written = rest.get(..10)?;
    let is_date =
        written.iter().enumerate().all(|(at, b)| if at == 4 || at == 7 { *b == b'-' } else { b.is_ascii_digit() });
    let ends = rest.get(10).is_none_or(u8::is_ascii_whitespace);
    (is_date && ends).then_some((date, date + 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_date_starts_a_dated_article() {
        for (line, expected) in [
            ("date 2022-08-17 Text", Some((5, 15))),
            ("  date 2022-08-17", Some((7, 17))),
            ("date 2022-08-17\n", Some((5, 15))),
            ("date 2022-08-170", None),
            ("date 2022-8-17 Text", None),
            ("update 2022-08-17 Text", None),
            ("Date 2022-08-17 Text", None),
            ("date ", None),
            ("", None),
        ] {
            assert_eq!(dated_header(line.as_bytes()), expected, "{line:?}");
        }
    }
}
