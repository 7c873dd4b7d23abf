//! Cutting the content of an input into entries, each of which may be an article, whatever its format.

use std::{
    io::{self, Read},
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use super::{
    csv::{Csv, Header},
    entry::{Entry, Shape},
    open::{Input, open_file, open_stream},
    parquet::{self, Parquet},
    plain::{BYTE_ORDER_MARK, Plain, dated_header},
    warc::{Names, Warc},
};
use crate::settings::{FieldSettings, Format};

/// How an input is read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// What the bytes are.
    pub format: Format,
    /// What the columns of a table may be called.
    pub fields: &'a FieldSettings,
    /// Most bytes of an entry that are held.
    pub entry_limit: usize,
    /// Most bytes of a web page, decompressed.
    pub page_limit: usize,
}

/// The entries of one input, in order.
pub struct Entries {
    kind: Kind,
    started_at: u64,
    is_encoded: bool,
}

enum Kind {
    Plain(Plain),
    Csv(Box<Csv>),
    Warc(Box<Warc>),
    Parquet(Box<Parquet>),
}

impl Entries {
    /// Opens a file at an offset of its content, after `lines` lines; both count rows where it is Parquet. Where the content ends before that,
    /// [`Entries::started_at`] is where it ends. `bytes_read` counts bytes on disk as they are read.
    ///
    /// # Errors
    /// What opening the file and reading its first bytes say; a table in which no column holds the text.
    pub fn open(
        path: &Path,
        (offset, lines): (u64, u64),
        options: ReadOptions<'_>,
        bytes_read: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let from_start = || open_file(path, 0, &Arc::default());
        let format = match options.format {
            Format::Auto => match of_name(path) {
                Some(format) => format,
                // Told from a file's start, wherever reading goes on.
                None => of_content(from_start()?.content.fill_buf()?),
            },
            given => given,
        };
        if format == Format::Parquet {
            let table = Parquet::open(path, offset, options.fields, options.entry_limit, bytes_read)?;
            // It can only be read once it is whole, as what is packed.
            return Ok(Self { started_at: table.row(), is_encoded: true, kind: Kind::Parquet(Box::new(table)) });
        }
        let input = open_file(path, offset, bytes_read)?;
        let header = match (format, offset) {
            (Format::Csv, 1..) => Header::read(&mut *from_start()?.content, options.fields)?,
            _ => None,
        };
        let header = header.map(|(header, _)| header);
        Self::of_input(input, format, header, lines, options)
    }

    /// Reads a stream from its start.
    ///
    /// # Errors
    /// What reading its first bytes says; a table in which no column holds the text.
    pub fn of_stream(
        stream: impl Read + Send + 'static,
        options: ReadOptions<'_>,
        bytes_read: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let mut input = open_stream(stream, bytes_read)?;
        let format = match options.format {
            Format::Auto => of_content(input.content.fill_buf()?),
            given => given,
        };
        Self::of_input(input, format, None, 0, options)
    }

    fn of_input(
        input: Input,
        format: Format,
        header: Option<Header>,
        lines: u64,
        options: ReadOptions<'_>,
    ) -> io::Result<Self> {
        let (started_at, is_encoded, limit) = (input.offset, input.encoded, options.entry_limit);
        let plain = |shape, input| Kind::Plain(Plain::new(input, shape, limit, lines));
        let kind = match format {
            Format::Csv => Kind::Csv(Box::new(Csv::new(input, header, options.fields, limit, lines)?)),
            Format::Warc => {
                let names = Names::new(options.fields);
                Kind::Warc(Box::new(Warc::new(input, names, (limit, options.page_limit), lines)))
            }
            Format::Parquet => {
                let error = "Parquet can only be read from a file: it is read from its end";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
            }
            Format::Text => plain(Shape::Text, input),
            Format::Dated => plain(Shape::Dated, input),
            Format::Jsonl | Format::Auto => plain(Shape::Json, input),
        };
        Ok(Self { kind, started_at, is_encoded })
    }

    /// The next entry; none at the end of the input.
    ///
    /// # Errors
    /// What reading says, damaged compression included: entries before the damage have come out.
    pub fn read_entry(&mut self) -> io::Result<Option<Entry>> {
        match &mut self.kind {
            Kind::Plain(plain) => plain.read_entry(),
            Kind::Csv(csv) => csv.read_entry(),
            Kind::Warc(warc) => warc.read_entry(),
            Kind::Parquet(table) => table.read_entry(),
        }
    }

    /// Offset within the content at which reading started.
    #[must_use]
    pub fn started_at(&self) -> u64 {
        self.started_at
    }

    /// True where the bytes on disk are not the content itself.
    #[must_use]
    pub fn is_encoded(&self) -> bool {
        self.is_encoded
    }
}

/// The format that a name promises.
fn of_name(path: &Path) -> Option<Format> {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "jsonl" | "ndjson" | "json" => Some(Format::Jsonl),
        "csv" | "tsv" => Some(Format::Csv),
        "warc" => Some(Format::Warc),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}

/// The format that the first bytes of the content show.
fn of_content(head: &[u8]) -> Format {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head).trim_ascii_start();
    match head {
        [b'{' | b'[', ..] => Format::Jsonl,
        _ if head.starts_with(b"WARC/") => Format::Warc,
        _ if head.starts_with(parquet::MAGIC) => Format::Parquet,
        _ if dated_header(head).is_some() => Format::Dated,
        _ => Format::Text,
    }
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;
