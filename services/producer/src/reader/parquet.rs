//! Parquet: the flat columns of a table, row group by row group.
//!
//! Columns are read by themselves and put together here: the row reader of the `parquet` crate panics on files that are
//! damaged, and reads columns that nobody asked for. Whatever else the crate makes of a damaged file is caught.

mod bounded;
mod cells;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parquet::{
    basic::Encoding,
    column::reader::{ColumnReader, get_column_reader},
    errors::ParquetError,
    file::{
        metadata::{ParquetMetaData, ParquetMetaDataReader},
        serialized_reader::SerializedPageReader,
    },
    schema::types::ColumnDescPtr,
};
use serde_json::{Map, Value};

use self::{
    bounded::{Bounded, LARGEST},
    cells::{Cell, Kind},
};
use super::{columns, entry::Entry};
use crate::{refuse::Refusal, settings::FieldSettings};

/// How a file of this format starts and ends.
pub(super) const MAGIC: &[u8] = b"PAR1";
/// Rows that are read ahead of those that are handed out.
const BATCH: usize = 64;

/// A column that fills a part of an article.
struct Column {
    index: usize,
    key: String,
    kind: Kind,
    descriptor: ColumnDescPtr,
}

/// The rows of one file.
pub(super) struct Parquet {
    file: File,
    metadata: ParquetMetaData,
    columns: Vec<Column>,
    limit: usize,
    /// Rows handed out, and rows in all.
    row: u64,
    rows: u64,
    /// The next row group, its readers once it is begun, and the rows of it that they have not read.
    group: usize,
    readers: Vec<ColumnReader>,
    left: usize,
    batch: usize,
    /// Cells read ahead, by column.
    ahead: Vec<VecDeque<Option<Cell>>>,
    counted: Counted,
}

/// Tells how much of the file is behind, by the rows handed out.
struct Counted {
    bytes_read: Arc<AtomicU64>,
    size: u64,
    told: u64,
}

impl Counted {
    fn tell(&mut self, row: u64, rows: u64) {
        let behind = u128::from(self.size) * u128::from(row) / u128::from(rows.max(1));
        let behind = u64::try_from(behind).unwrap_or(self.size);
        self.bytes_read.fetch_add(behind.saturating_sub(self.told), Ordering::Relaxed);
        self.told = behind.max(self.told);
    }
}

impl Parquet {
    /// Opens a file at a row, or at its end where it has fewer.
    ///
    /// # Errors
    /// When it cannot be read as Parquet, or no column holds the text.
    pub(super) fn open(
        path: &Path,
        row: u64,
        fields: &FieldSettings,
        limit: usize,
        bytes_read: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        check_footer(&mut file, size)?;
        let metadata = guarded(|| ParquetMetaDataReader::new().parse_and_finish(&file))?;
        let columns = columns_of(&metadata, fields)?;
        let rows = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or_default()).sum();
        let ahead = columns.iter().map(|_| VecDeque::new()).collect();
        let counted = Counted { bytes_read: Arc::clone(bytes_read), size, told: 0 };
        let (readers, left, batch) = (Vec::new(), 0, BATCH);
        let mut table =
            Self { file, metadata, columns, limit, row: 0, rows, group: 0, readers, left, batch, ahead, counted };
        table.skip_to(row.min(rows))?;
        Ok(table)
    }

    /// The row at which it stands.
    pub(super) fn row(&self) -> u64 {
        self.row
    }

    /// The next row; none after the last.
    ///
    /// # Errors
    /// When the file is damaged: rows before the damage have come out.
    pub(super) fn read_entry(&mut self) -> io::Result<Option<Entry>> {
        if !self.read_ahead()? {
            self.counted.tell(1, 1);
            return Ok(None);
        }
        let cells: Vec<Option<Cell>> = self.ahead.iter_mut().map(|cells| cells.pop_front().flatten()).collect();
        let number = self.row + 1;
        let entry = self.entry(cells, number);
        self.row = number;
        self.counted.tell(self.row, self.rows);
        Ok(Some(Entry { start: number - 1, end: number, ..entry }))
    }

    fn entry(&self, cells: Vec<Option<Cell>>, number: u64) -> Entry {
        let length: usize = cells.iter().flatten().map(Cell::len).sum();
        if length > self.limit {
            // Its length alone says what is wrong with it.
            let largest = cells.iter().flatten().filter_map(Cell::bytes).max_by_key(|bytes| bytes.len());
            let held = largest.map(|bytes| bytes[..bytes.len().min(self.limit)].to_vec()).unwrap_or_default();
            return Entry { length: length as u64, ..Entry::of_json(held, number) };
        }
        let mut object = Map::new();
        for (column, cell) in self.columns.iter().zip(cells) {
            let value = match cell {
                None => continue,
                Some(Cell::Value(value)) => value,
                Some(Cell::Bytes(bytes)) => match str::from_utf8(bytes.data()) {
                    Ok(text) => text.into(),
                    Err(error) => {
                        let refusal = Refusal::InvalidUtf8 { line: number, byte: error.valid_up_to() + 1 };
                        return Entry { refusal: Some(refusal), ..Entry::of_json(bytes.data().to_vec(), number) };
                    }
                },
            };
            object.insert(column.key.clone(), value);
        }
        Entry::of_json(Value::Object(object).to_string().into_bytes(), number)
    }

    /// Sees that there is a row to hand out; false at the end.
    fn read_ahead(&mut self) -> io::Result<bool> {
        if self.ahead.iter().any(|cells| !cells.is_empty()) {
            return Ok(true);
        }
        while self.left == 0 {
            if self.group == self.metadata.num_row_groups() {
                return Ok(false);
            }
            self.begin_group()?;
        }
        let rows = self.left.min(self.batch);
        for ((column, reader), ahead) in self.columns.iter().zip(&mut self.readers).zip(&mut self.ahead) {
            let read = guarded(|| cells::read(reader, &column.descriptor, column.kind, rows))?;
            if read.len() != rows {
                return Err(damaged(format!("column {:?} ends before its row group does", column.key)));
            }
            *ahead = read;
        }
        self.left -= rows;
        Ok(true)
    }

    fn begin_group(&mut self) -> io::Result<()> {
        let rows = usize::try_from(self.rows_of(self.group)).unwrap_or_default();
        let group = self.metadata.row_group(self.group);
        let open = |column: &Column| {
            let chunk = group.column(column.index);
            let file = Arc::new(Bounded::new(self.file.try_clone()?, chunk.compression()));
            let pages = guarded(|| SerializedPageReader::new(file, chunk, rows, None))?;
            Ok(get_column_reader(Arc::clone(&column.descriptor), Box::new(pages)))
        };
        self.readers = self.columns.iter().map(open).collect::<io::Result<_>>()?;
        // Values of this encoding are copies, each of which may be as large as all of a page.
        let is_copied =
            |column: &Column| group.column(column.index).encodings().any(|e| e == Encoding::DELTA_BYTE_ARRAY);
        self.batch = if self.columns.iter().any(is_copied) { 1 } else { BATCH };
        self.left = rows;
        self.group += 1;
        Ok(())
    }

    fn rows_of(&self, group: usize) -> u64 {
        u64::try_from(self.metadata.row_group(group).num_rows()).unwrap_or_default()
    }

    fn skip_to(&mut self, row: u64) -> io::Result<()> {
        while self.group < self.metadata.num_row_groups() && self.row + self.rows_of(self.group) <= row {
            self.row += self.rows_of(self.group);
            self.group += 1;
        }
        while self.row < row && self.read_entry()?.is_some() {}
        self.counted.tell(self.row, self.rows);
        Ok(())
    }
}

/// What the file says of itself is held as a whole: it must not be more than a page.
fn check_footer(file: &mut File, size: u64) -> io::Result<()> {
    let mut footer = [0; 8];
    if size < 12 {
        return Err(damaged("it has fewer than 12 bytes".to_owned()));
    }
    file.seek(SeekFrom::Start(size - 8))?;
    file.read_exact(&mut footer)?;
    let [a, b, c, d, ..] = footer;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    match footer.ends_with(MAGIC) {
        false => Err(damaged("it does not end as one, get the whole file".to_owned())),
        true if length > LARGEST => Err(damaged(format!("its footer has more than {LARGEST} bytes"))),
        true => Ok(()),
    }
}

/// The columns that fill a part of an article. Lists, and what is in them, are left alone.
fn columns_of(metadata: &ParquetMetaData, fields: &FieldSettings) -> io::Result<Vec<Column>> {
    let columns = metadata.file_metadata().schema_descr().columns();
    let flat: Vec<(usize, &ColumnDescPtr, Kind)> =
        columns.iter().enumerate().filter_map(|(index, column)| Some((index, column, Kind::of(column)?))).collect();
    let names: Vec<String> = flat.iter().map(|(_, column, _)| column.path().parts().join(".")).collect();
    let keys = columns::keys(&names, fields)?;
    let used = flat.into_iter().zip(keys).filter_map(|((index, column, kind), key)| {
        Some(Column { index, key: key?, kind, descriptor: Arc::clone(column) })
    });
    let used: Vec<Column> = used.collect();
    match used.iter().any(|column| column.kind == Kind::Text && fields.text.contains(&column.key)) {
        true => Ok(used),
        false => Err(columns::no_text(&names)),
    }
}

/// Does what the crate may panic at.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> io::Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|error| damaged(error.to_string())),
        Err(_) => Err(damaged("its reader panicked at it".to_owned())),
    }
}

fn damaged(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a whole Parquet file: {why}"))
}

#[cfg(test)]
#[path = "parquet/tests.rs"]
mod tests;
