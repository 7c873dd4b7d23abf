//! Rows of CSV, with a header, in bounded memory.
//!
//! A field in quotes may hold line breaks, and a quote that is never closed takes in the rest of the file: rows are cut
//! out by `csv-core`, which holds nothing, and what is held of a row is bounded here.

use std::{
    io::{self, BufRead},
    sync::Arc,
};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use serde_json::{Map, Value};

use super::{
    columns,
    entry::{Entry, Shape},
    open::Input,
    plain::{BYTE_ORDER_MARK, is_blank},
};
use crate::{refuse::Refusal, settings::FieldSettings};

/// A longer header is none.
const LONGEST_HEADER: usize = 1024 * 1024;
/// What stands between fields, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What the columns are called, and what stands between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    delimiter: u8,
    /// For each column the field of an article that it fills.
    keys: Vec<Option<String>>,
}

impl Header {
    /// Reads the first row that is not blank, and how many bytes and lines that took; none where there is no row.
    pub(super) fn read(content: &mut dyn BufRead, fields: &FieldSettings) -> io::Result<Option<(Self, (u64, u64))>> {
        let mut row = Vec::new();
        let (mut bytes, mut lines) = (0, 0);
        let mut is_quoted = false;
        loop {
            let available = fill(content)?;
            let line_break = memchr::memchr(b'\n', available);
            let used = line_break.map_or(available.len(), |at| at + 1);
            is_quoted ^= available[..used].iter().filter(|byte| **byte == b'"').count() % 2 == 1;
            row.extend_from_slice(&available[..used]);
            content.consume(used);
            bytes += used as u64;
            lines += u64::from(line_break.is_some());
            if row.len() > LONGEST_HEADER {
                let error = "the header has more than 1 MB: the first row must hold the names of the columns";
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            if used > 0 && (line_break.is_none() || is_quoted) {
                continue;
            }
            if !is_blank(row.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&row)) {
                break;
            }
            if used == 0 {
                return Ok(None);
            }
            row.clear();
        }
        let row = String::from_utf8_lossy(row.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&row)).into_owned();
        let delimiter = delimiter(row.as_bytes());
        let mut names = Vec::new();
        fields_of(row.as_bytes(), delimiter, usize::MAX, |field| names.push(field.to_owned()));
        Ok(Some((Self { delimiter, keys: columns::keys(&names, fields)? }, (bytes, lines))))
    }

    /// The fields of a row by what they fill. Where two columns fill the same, the first with something in it does.
    ///
    /// # Errors
    /// When it has more or fewer fields than there are columns.
    pub(crate) fn object(&self, row: &str, line: u64) -> Result<Map<String, Value>, Refusal> {
        let mut object = Map::new();
        let mut keys = self.keys.iter();
        let most = self.keys.len() + 1;
        let found = fields_of(row.as_bytes(), self.delimiter, most, |field| {
            if let Some(Some(key)) = keys.next() {
                object.insert(key.clone(), Value::String(field.to_owned()));
            }
        });
        match found == self.keys.len() {
            true => Ok(object),
            false => Err(Refusal::RowWidth { line, columns: self.keys.len(), found }),
        }
    }
}

/// What stands between the fields of a header most often.
fn delimiter(header: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    for byte in header {
        is_quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS.iter().position(|delimiter| delimiter == byte).filter(|_| !is_quoted) {
            counts[at] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    counts.iter().position(|count| *count == most).map_or(b',', |at| DELIMITERS[at])
}

fn reader(delimiter: u8) -> Reader {
    ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build()
}

/// Takes a row apart, up to `most` fields; how many there are.
fn fields_of(row: &[u8], delimiter: u8, most: usize, mut take: impl FnMut(&str)) -> usize {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    let mut reader = reader(delimiter);
    // Fields are never longer than what they are written as.
    let (mut output, mut ends) = (vec![0; row.len() + 1], vec![0; 64]);
    let (mut read, mut written, mut count) = (0, 0, 0);
    loop {
        if count == ends.len() {
            ends.resize(count * 2, 0);
        }
        let (result, used, out, ended) = reader.read_record(&row[read..], &mut output[written..], &mut ends[count..]);
        (read, written, count) = (read + used, written + out, count + ended);
        if count >= most || matches!(result, ReadRecordResult::Record | ReadRecordResult::End) {
            break;
        }
    }
    let mut start = 0;
    for end in &ends[..count] {
        take(&String::from_utf8_lossy(&output[start..*end]));
        start = *end;
    }
    count
}

/// The rows of one input.
pub(super) struct Csv {
    content: Box<dyn BufRead + Send>,
    header: Option<Arc<Header>>,
    splitter: Reader,
    limit: usize,
    offset: u64,
    lines: u64,
    /// Where the splitter writes what is looked at elsewhere.
    unread: (Vec<u8>, Vec<usize>),
}

impl Csv {
    /// Starts where `input` stands: at its header, unless that is known already.
    ///
    /// # Errors
    /// When reading fails, or no column holds the text.
    pub(super) fn new(
        mut input: Input,
        known: Option<Header>,
        fields: &FieldSettings,
        limit: usize,
        lines: u64,
    ) -> io::Result<Self> {
        let (header, (bytes, more)) = match known {
            Some(header) => (Some(header), (0, 0)),
            None => Header::read(&mut *input.content, fields)?.map_or((None, (0, 0)), |(h, read)| (Some(h), read)),
        };
        Ok(Self {
            content: input.content,
            splitter: reader(header.as_ref().map_or(b',', |header| header.delimiter)),
            header: header.map(Arc::new),
            limit,
            offset: input.offset + bytes,
            lines: lines + more,
            unread: (vec![0; 64 * 1024], vec![0; 1024]),
        })
    }

    /// The next row that is not blank; none at the end of the input.
    pub(super) fn read_entry(&mut self) -> io::Result<Option<Entry>> {
        while let Some(row) = self.read_row()? {
            if row.is_cut() || !is_blank(&row.bytes) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn read_row(&mut self) -> io::Result<Option<Entry>> {
        self.skip_line_breaks()?;
        let Some(header) = self.header.as_ref() else { return Ok(None) };
        let mut row = Entry { shape: Shape::Csv, start: self.offset, ..Entry::of_json(Vec::new(), self.lines + 1) };
        row.header = Some(Arc::clone(header));
        let mut breaks = 0;
        loop {
            let available = fill(&mut *self.content)?;
            if available.is_empty() {
                if row.length == 0 {
                    return Ok(None);
                }
                row.complete = false;
                row.refusal = self.is_in_quotes().then_some(Refusal::UnclosedQuote { line: row.line });
                break;
            }
            let (output, ends) = (&mut self.unread.0, &mut self.unread.1);
            let (result, used, ..) = self.splitter.read_record(available, output, ends);
            let taken = &available[..used];
            let room = self.limit.saturating_sub(row.bytes.len()).min(used);
            row.bytes.extend_from_slice(&taken[..room]);
            row.length += used as u64;
            breaks += memchr::memchr_iter(b'\n', taken).count() as u64;
            self.content.consume(used);
            if matches!(result, ReadRecordResult::Record | ReadRecordResult::End) {
                break;
            }
        }
        self.offset += row.length;
        self.lines += breaks;
        row.end = self.offset;
        row.last_line = self.lines.max(row.line);
        Ok(Some(row))
    }

    /// Empty lines are no rows, and the splitter would make them part of the next.
    fn skip_line_breaks(&mut self) -> io::Result<()> {
        loop {
            let available = fill(&mut *self.content)?;
            let breaks = available.iter().take_while(|byte| **byte == b'\n').count();
            if breaks == 0 {
                return Ok(());
            }
            self.content.consume(breaks);
            self.offset += breaks as u64;
            self.lines += breaks as u64;
        }
    }

    /// Whether a line break would belong to a field here, at the end of the input.
    fn is_in_quotes(&mut self) -> bool {
        // The splitter is not asked again. (A copy of it would be none: `csv-core` does not copy its tables whole.)
        self.splitter.read_record(b"\n", &mut [0; 4], &mut [0; 4]).0 != ReadRecordResult::Record
    }
}

/// What comes next, without taking it.
fn fill(content: &mut dyn BufRead) -> io::Result<&[u8]> {
    loop {
        match content.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.fill_buf()
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
