//! What an input is cut into.

use std::sync::Arc;

use jiff::Timestamp;

use super::{csv::Header, lines::Line};
use crate::refuse::Refusal;

/// What the bytes of an entry are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One JSON object.
    Json,
    /// The text of an article.
    Text,
    /// The text of an article, after `date YYYY-MM-DD`.
    Dated,
    /// A row of CSV.
    Csv,
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
    /// What the fields of a row are called.
    pub(crate) header: Option<Arc<Header>>,
    /// When it was fetched from its publisher, where that was before it is read here.
    pub(crate) fetched_at: Option<Timestamp>,
    /// Why it is no article, where that has shown already; the bytes are then what it was found in.
    pub(crate) refusal: Option<Refusal>,
}

impl Entry {
    /// True where the limit cut it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        (self.bytes.len() as u64) < self.length
    }

    /// Offset and line to go on from after it. What may still grow is read again from its start: should it be the same,
    /// it is dropped as a repeat.
    #[must_use]
    pub(crate) fn resume_at(&self) -> (u64, u64) {
        let may_grow = !self.complete && self.shape != Shape::Json;
        if may_grow { (self.start, self.line - 1) } else { (self.end, self.last_line) }
    }

    /// A JSON object that stands for itself; `line` is its place for what is said of it.
    #[must_use]
    pub(crate) fn of_json(bytes: Vec<u8>, line: u64) -> Self {
        let length = bytes.len() as u64;
        Self {
            shape: Shape::Json,
            bytes,
            length,
            start: 0,
            end: length,
            line,
            last_line: line,
            complete: true,
            header: None,
            fetched_at: None,
            refusal: None,
        }
    }

    pub(super) fn of(shape: Shape, line: Line) -> Self {
        let Line { bytes, length, start, number, complete } = line;
        Self { shape, length, start, end: start + length, complete, ..Self::of_json(bytes, number) }
    }

    pub(super) fn append(&mut self, line: &Line, limit: usize) {
        let room = limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&line.bytes[..line.bytes.len().min(room)]);
        self.length += line.length;
        self.end += line.length;
        self.last_line = line.number;
    }
}
