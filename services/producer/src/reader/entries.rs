//! Cutting the content of an input into entries, each of which may be an article.

use std::{io, mem, path::Path};

use super::{
    lines::{Line, LineReader},
    open::Input,
};
use crate::settings::Format;

/// What the bytes of an entry are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One JSON object.
    Json,
    /// The text of an article.
    Text,
    /// The text of an article, after `date YYYY-MM-DD`.
    Dated,
}

/// What may be an article, untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the bytes are.
    pub shape: Shape,
    /// The first bytes of the entry, up to the limit; no byte order mark.
    pub bytes: Vec<u8>,
    /// Length of the whole entry.
    pub length: u64,
    /// Offset of its first byte within the input's content.
    pub start: u64,
    /// Offset after its last byte.
    pub end: u64,
    /// Line of the input on which it starts, from 1.
    pub line: u64,
    /// Line of the input on which it ends.
    pub last_line: u64,
    /// False where it ended only because the input did: what is appended later belongs to it.
    pub complete: bool,
}

impl Entry {
    /// True where the limit cut it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        (self.bytes.len() as u64) < self.length
    }

    /// A JSON object that stands for itself; `line` is its place for what is said of it.
    #[must_use]
    pub(crate) fn of_json(bytes: Vec<u8>, line: u64) -> Self {
        let length = bytes.len() as u64;
        Self { shape: Shape::Json, bytes, length, start: 0, end: length, line, last_line: line, complete: true }
    }

    fn of(shape: Shape, line: Line) -> Self {
        Self {
            shape,
            length: line.length,
            start: line.start,
            end: line.start + line.length,
            line: line.number,
            last_line: line.number,
            complete: line.complete,
            bytes: line.bytes,
        }
    }

    fn append(&mut self, line: &Line, limit: usize) {
        let room = limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&line.bytes[..line.bytes.len().min(room)]);
        self.length += line.length;
        self.end += line.length;
        self.last_line = line.number;
    }
}

/// The entries of one input, in order.
pub struct Entries {
    lines: LineReader<Box<dyn io::BufRead + Send>>,
    shape: Shape,
    limit: usize,
    /// The line that ended a dated article and starts the next.
    next: Option<Line>,
}

impl Entries {
    /// Starts where `input` stands, after `lines` lines; holds at most `limit` bytes of an entry. `name` helps to tell
    /// the format where that is [`Format::Auto`].
    ///
    /// # Errors
    /// What reading the first bytes says.
    pub fn new(input: Input, format: Format, name: Option<&Path>, limit: usize, lines: u64) -> io::Result<Self> {
        let mut lines = LineReader::new(input.content, limit, input.offset, lines);
        let shape = match format {
            Format::Jsonl => Shape::Json,
            Format::Text => Shape::Text,
            Format::Dated => Shape::Dated,
            Format::Auto if name.is_some_and(is_json_name) => Shape::Json,
            Format::Auto => guess(lines.peek()?),
        };
        Ok(Self { lines, shape, limit, next: None })
    }

    /// The next entry; none at the end of the input. Blank lines between entries are skipped.
    ///
    /// # Errors
    /// What reading says, damaged compression included: entries before the damage have come out.
    pub fn read_entry(&mut self) -> io::Result<Option<Entry>> {
        match self.shape {
            Shape::Json => self.read_json(),
            Shape::Text => self.read_until(|_| false),
            Shape::Dated => self.read_until(|line| dated_header(line).is_some()),
        }
    }

    /// What the entries are.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Offset and line after what has been read.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        match &self.next {
            Some(line) => (line.start, line.number - 1),
            None => (self.lines.offset(), self.lines.lines()),
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

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn is_blank(bytes: &[u8]) -> bool {
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

fn is_json_name(name: &Path) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    [".jsonl", ".ndjson", ".json"].iter().any(|extension| name.ends_with(extension))
}

fn guess(head: &[u8]) -> Shape {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head).trim_ascii_start();
    match head {
        [b'{' | b'[', ..] => Shape::Json,
        _ if dated_header(head).is_some() => Shape::Dated,
        _ => Shape::Text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::reader::open_stream;

    fn entries(content: &str, format: Format, limit: usize) -> Vec<Entry> {
        let input = open_stream(io::Cursor::new(content.to_owned().into_bytes()), &Arc::default()).unwrap();
        let mut entries = Entries::new(input, format, None, limit, 0).unwrap();
        std::iter::from_fn(|| entries.read_entry().unwrap()).collect()
    }

    fn texts(content: &str) -> Vec<(Shape, String)> {
        entries(content, Format::Auto, 1000)
            .into_iter()
            .map(|e| (e.shape, String::from_utf8(e.bytes).unwrap()))
            .collect()
    }

    #[test]
    fn the_format_is_told_from_the_first_bytes() {
        let json = |s: &str| (Shape::Json, s.to_owned());
        let dated = |s: &str| (Shape::Dated, s.to_owned());
        assert_eq!(texts("{\"a\": 1}\n\n \n{}\n"), [json("{\"a\": 1}\n"), json("{}\n")]);
        assert_eq!(texts("\u{feff}{}\r\n{}"), [json("{}\r\n"), json("{}")]);
        assert_eq!(texts("A title\n\nText."), [(Shape::Text, "A title\n\nText.".to_owned())]);
        assert_eq!(
            texts("\n date 2022-08-17 One.\n\nMore.\n\tdate 2022-08-18 Two.\n"),
            [dated(" date 2022-08-17 One.\n\nMore.\n"), dated("\tdate 2022-08-18 Two.\n")]
        );
        assert_eq!(texts(""), []);
    }

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

    #[test]
    fn an_entry_knows_its_place_and_whether_it_may_go_on() {
        let content = "date 2022-08-17 One.\n\ndate 2022-08-18 Two.\nMore.";
        let all = entries(content, Format::Auto, 1000);
        let places: Vec<_> = all.iter().map(|e| (e.start, e.end, e.line, e.last_line, e.complete)).collect();
        assert_eq!(places, [(0, 22, 1, 2, true), (22, 48, 3, 4, false)]);
        let lines = entries("{}\n{}", Format::Jsonl, 1000);
        assert_eq!(
            lines.iter().map(|e| (e.start, e.end, e.complete)).collect::<Vec<_>>(),
            [(0, 3, true), (3, 5, false)]
        );
    }

    #[test]
    fn an_entry_over_the_limit_is_cut_and_says_so() {
        for (content, format) in [("{\"text\": \"long\"}\n", Format::Jsonl), ("many\nshort\nlines\n", Format::Text)] {
            let all = entries(content, format, 8);
            assert_eq!((all[0].bytes.len(), all[0].length), (8, content.len() as u64));
            assert!(all[0].is_cut() && all.len() == 1);
        }
    }
}
