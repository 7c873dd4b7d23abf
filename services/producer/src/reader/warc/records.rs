//! From bytes to records, in bounded memory.
//!
//! What breaks is told with its place, and what comes after it is found again by the line that starts a record. A file
//! that ends within a record is gone on with from that record once there is more of it.

use std::{io, mem};

use jiff::Timestamp;
use url::Url;

use super::{
    page::{self, Article, Names},
    response::{BodyProblem, Response},
};
use crate::{
    reader::{
        entry::Entry,
        lines::{Line, LineReader},
        open::Input,
        plain::is_blank,
    },
    refuse::{Passed, Refusal},
};

/// Longest head of a record, and of the response in it.
const LONGEST_HEAD: usize = 64 * 1024;
/// How a record starts.
const START: &[u8] = b"WARC/";

/// The records of one input.
pub(in crate::reader) struct Warc {
    lines: LineReader<Box<dyn io::BufRead + Send>>,
    names: Names,
    entry_limit: usize,
    page_limit: usize,
    records: u64,
    /// First line of the next record, where it ended a broken one.
    next: Option<Line>,
    /// What is held of the record in hand.
    raw: Vec<u8>,
    /// What to answer next, after the record that it broke.
    last: Option<io::Result<Option<Entry>>>,
}

/// What is known of a record from its head.
#[derive(Debug, Default)]
struct Head {
    kind: String,
    target: String,
    date: String,
    media_type: String,
    length: Option<u64>,
}

/// Why there is no article in a record.
enum Flaw {
    /// It is none that could have one.
    Passed(Passed),
    Broken(String),
    /// The page is larger than the limit, packed or unpacked.
    TooLarge,
    /// The input ends within it.
    Cut,
    /// The input cannot be read any further.
    Unreadable(io::Error),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::Unreadable(error),
        }
    }
}

impl From<BodyProblem> for Flaw {
    fn from(problem: BodyProblem) -> Self {
        match problem {
            BodyProblem::TooLarge => Self::TooLarge,
            BodyProblem::Damaged(why) => Self::Broken(why),
        }
    }
}

impl Warc {
    /// Starts where `input` stands, after `records` records.
    pub(in crate::reader) fn new(
        input: Input,
        names: Names,
        (entry_limit, page_limit): (usize, usize),
        records: u64,
    ) -> Self {
        Self {
            lines: LineReader::new(input.content, LONGEST_HEAD, input.offset, 0),
            names,
            entry_limit,
            page_limit,
            records,
            next: None,
            raw: Vec::new(),
            last: None,
        }
    }

    /// The next record, as an article or with the reason why it is none; none at the end of the input.
    pub(in crate::reader) fn read_entry(&mut self) -> io::Result<Option<Entry>> {
        if let Some(last) = self.last.take() {
            return last;
        }
        let Some(first) = self.first_line()? else { return Ok(None) };
        self.records += 1;
        self.raw.clear();
        self.raw.extend_from_slice(&first.bytes);
        let (record, at) = (self.records, first.start);
        let outcome = self.record(&first);
        let is_cut = matches!(outcome, Err(Flaw::Cut));
        let (refusal, bytes, fetched_at) = match outcome {
            Ok(Article { json, fetched_at }) => (None, json, fetched_at),
            Err(Flaw::Passed(why)) => (Some(Refusal::PassedOver { record, why }), Vec::new(), None),
            Err(flaw) => (Some(self.refusal(flaw, record, at)), self.held(), None),
        };
        let end = self.next.as_ref().map_or(self.lines.offset(), |line| line.start);
        let length = if refusal.is_some() { end - at } else { bytes.len() as u64 };
        let whole = Entry { start: at, end, length, refusal, fetched_at, ..Entry::of_json(bytes, record) };
        Ok(Some(if is_cut { Entry { complete: false, end: at, last_line: record - 1, ..whole } } else { whole }))
    }

    /// What is held of a record that is refused.
    fn held(&mut self) -> Vec<u8> {
        let mut held = mem::take(&mut self.raw);
        held.truncate(self.entry_limit);
        held
    }

    fn refusal(&mut self, flaw: Flaw, record: u64, at: u64) -> Refusal {
        match flaw {
            Flaw::Passed(why) => Refusal::PassedOver { record, why },
            Flaw::Broken(why) => Refusal::BrokenRecord { record, at, why },
            Flaw::TooLarge => Refusal::PageTooLarge { record, at, limit: self.page_limit as u64 },
            Flaw::Cut => {
                self.last = Some(Ok(None));
                Refusal::CutRecord { record, at }
            }
            Flaw::Unreadable(error) => {
                let why = format!("the file cannot be read any further: {error}");
                self.last = Some(Err(error));
                Refusal::BrokenRecord { record, at, why }
            }
        }
    }

    fn first_line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.next.take() {
            return Ok(Some(line));
        }
        while let Some(line) = self.lines.read_line()? {
            if !is_blank(&line.bytes) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// Reads the rest of a record, to its end whatever is wrong with it.
    fn record(&mut self, first: &Line) -> Result<Article, Flaw> {
        let head = match self.head(first) {
            Err(Flaw::Broken(why)) => {
                self.find_next()?;
                return Err(Flaw::Broken(why));
            }
            head => head?,
        };
        let length = head.length.unwrap_or_default();
        let start = self.lines.offset();
        let outcome = self.block(&head, length);
        if matches!(outcome, Err(Flaw::Cut | Flaw::Unreadable(_))) {
            return outcome;
        }
        let left = length.saturating_sub(self.lines.offset() - start);
        let is_kept = matches!(outcome, Err(Flaw::Broken(_) | Flaw::TooLarge));
        self.read(left, if is_kept { self.entry_limit } else { 0 })?;
        self.close()?;
        outcome
    }

    /// Sees that the record ends where its head says: an empty line or the end of the input follows it. Where that cannot
    /// be read, the record is whole all the same.
    fn close(&mut self) -> Result<(), Flaw> {
        let line = match self.lines.read_line() {
            Ok(line) => line.filter(|line| !is_blank(&line.bytes)),
            Err(error) => {
                self.last = Some(Err(error));
                None
            }
        };
        let Some(line) = line else { return Ok(()) };
        if line.bytes.starts_with(START) {
            self.next = Some(line);
            return Ok(());
        }
        self.hold(&line);
        self.find_next()?;
        Err(Flaw::Broken("its Content-Length is wrong, it does not end where that says".to_owned()))
    }

    fn head(&mut self, first: &Line) -> Result<Head, Flaw> {
        if !first.complete && START.starts_with(&first.bytes) {
            return Err(Flaw::Cut);
        }
        if !first.bytes.starts_with(START) {
            return Err(Flaw::Broken("it does not start with WARC/1".to_owned()));
        }
        let mut head = Head::default();
        loop {
            let line = self.lines.read_line()?.ok_or(Flaw::Cut)?;
            self.raw.extend_from_slice(&line.bytes);
            if !line.complete {
                return Err(Flaw::Cut);
            }
            if self.raw.len() > LONGEST_HEAD {
                return Err(Flaw::Broken(format!("its head has more than {LONGEST_HEAD} bytes")));
            }
            if is_blank(&line.bytes) {
                break;
            }
            head.take(&String::from_utf8_lossy(&line.bytes));
        }
        match head.length {
            Some(_) => Ok(head),
            None => Err(Flaw::Broken("its head has no Content-Length that is a number".to_owned())),
        }
    }

    fn block(&mut self, head: &Head, length: u64) -> Result<Article, Flaw> {
        let is_http = head.media_type.is_empty() || head.media_type.starts_with("application/http");
        if head.kind != "response" || !is_http {
            return Err(Flaw::Passed(Passed::NoResponse));
        }
        let target = head.target.trim_matches(['<', '>']);
        let url = Url::parse(target)
            .map_err(|error| Flaw::Broken(format!("its WARC-Target-URI {target:?} is no address ({error})")))?;
        let start = self.raw.len();
        let first = length.min(LONGEST_HEAD as u64);
        self.read(first, usize::MAX)?;
        let response = Response::parse(&self.raw[start..]).map_err(Flaw::Broken)?;
        if let Some(why) = response.unwanted() {
            return Err(Flaw::Passed(why));
        }
        if length > (self.page_limit + response.body_at) as u64 {
            return Err(Flaw::TooLarge);
        }
        self.read(length - first, usize::MAX)?;
        let body = response.body(&self.raw[start + response.body_at..], self.page_limit)?;
        let fetched_at = head.date.parse::<Timestamp>().ok();
        match page::article(&body, response.content_type.as_deref(), &url, &self.names) {
            Ok(json) => Ok(Article { json, fetched_at }),
            Err(page::NoArticle::Passed(why)) => Err(Flaw::Passed(why)),
            Err(page::NoArticle::Broken(why)) => Err(Flaw::Broken(why)),
        }
    }

    /// Reads so many bytes, of which it goes on holding until there are `most` in all.
    fn read(&mut self, length: u64, most: usize) -> Result<(), Flaw> {
        let room = most.saturating_sub(self.raw.len());
        match self.lines.read_bytes(length, room, &mut self.raw)? == length {
            true => Ok(()),
            false => Err(Flaw::Cut),
        }
    }

    /// Goes on to the next line that starts a record.
    fn find_next(&mut self) -> Result<(), Flaw> {
        while let Some(line) = self.lines.read_line()? {
            if line.bytes.starts_with(START) {
                self.next = Some(line);
                return Ok(());
            }
            self.hold(&line);
        }
        Ok(())
    }

    fn hold(&mut self, line: &Line) {
        let room = self.entry_limit.saturating_sub(self.raw.len());
        self.raw.extend_from_slice(&line.bytes[..line.bytes.len().min(room)]);
    }
}

impl Head {
    fn take(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "warc-type" => self.kind = value.to_ascii_lowercase(),
            "warc-target-uri" => value.clone_into(&mut self.target),
            "warc-date" => value.clone_into(&mut self.date),
            "content-type" => self.media_type = value.to_ascii_lowercase(),
            "content-length" => self.length = value.parse().ok(),
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
