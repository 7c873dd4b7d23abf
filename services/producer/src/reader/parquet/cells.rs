//! Values of a column, one for each row.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp, civil::Date};
use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type},
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType},
    errors::{ParquetError, Result},
    schema::types::ColumnDescriptor,
};
use serde_json::Value;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Days since 1970.
    Date,
    Time(Unit),
}

/// What a time is counted in, since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// One value.
pub(super) enum Cell {
    /// Of a text, untouched.
    Bytes(ByteArray),
    Value(Value),
}

impl Cell {
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes.data()),
            Self::Value(_) => None,
        }
    }

    /// Bytes that it takes, about.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Value(_) => 32,
        }
    }
}

impl Kind {
    /// None for lists and what is in them, and for what no part of an article is written as.
    pub(super) fn of(column: &ColumnDescriptor) -> Option<Self> {
        if column.max_rep_level() > 0 {
            return None;
        }
        let unit = match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Timestamp(time)), _) => Some(match time.unit {
                TimeUnit::MILLIS => Unit::Milliseconds,
                TimeUnit::MICROS => Unit::Microseconds,
                TimeUnit::NANOS => Unit::Nanoseconds,
            }),
            (_, ConvertedType::TIMESTAMP_MILLIS) => Some(Unit::Milliseconds),
            (_, ConvertedType::TIMESTAMP_MICROS) => Some(Unit::Microseconds),
            _ => None,
        };
        match (column.physical_type(), column.converted_type()) {
            (
                Type::BYTE_ARRAY,
                ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON | ConvertedType::NONE,
            ) => Some(Self::Text),
            (Type::INT32, ConvertedType::DATE) => Some(Self::Date),
            (Type::INT64, _) if unit.is_some() => unit.map(Self::Time),
            (Type::INT96, _) => Some(Self::Time(Unit::Nanoseconds)),
            (Type::INT32 | Type::INT64, ConvertedType::DECIMAL) => None,
            (Type::INT32 | Type::INT64, _) => Some(Self::Number),
            _ => None,
        }
    }
}

/// Reads the next `rows` cells of a column, or as many as there are.
pub(super) fn read(
    reader: &mut ColumnReader,
    column: &ColumnDescriptor,
    kind: Kind,
    rows: usize,
) -> Result<VecDeque<Option<Cell>>> {
    let most = column.max_def_level();
    match (reader, kind) {
        (ColumnReader::ByteArrayColumnReader(reader), _) => cells(reader, most, rows, |bytes| Some(Cell::Bytes(bytes))),
        (ColumnReader::Int32ColumnReader(reader), Kind::Date) => cells(reader, most, rows, |days| value(date(days))),
        (ColumnReader::Int32ColumnReader(reader), _) => cells(reader, most, rows, |number| value(Some(number))),
        (ColumnReader::Int64ColumnReader(reader), Kind::Time(unit)) => {
            cells(reader, most, rows, |count| value(time(count, unit)))
        }
        (ColumnReader::Int64ColumnReader(reader), _) => cells(reader, most, rows, |number| value(Some(number))),
        (ColumnReader::Int96ColumnReader(reader), _) => {
            cells(reader, most, rows, |time96| value(time(time96.to_millis(), Unit::Milliseconds)))
        }
        _ => Err(ParquetError::General("a column is not of the type that it is said to have".to_owned())),
    }
}

/// The values of a column with its gaps.
fn cells<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    most: i16,
    rows: usize,
    cell: impl Fn(T::T) -> Option<Cell>,
) -> Result<VecDeque<Option<Cell>>> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (read, ..) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    let mut values = values.into_iter();
    // A column that is never empty has no levels.
    let is_there = |row: usize| levels.get(row).is_none_or(|level| *level == most);
    Ok((0..read).map(|row| if is_there(row) { values.next().and_then(&cell) } else { None }).collect())
}

fn value(value: Option<impl Into<Value>>) -> Option<Cell> {
    value.map(|value| Cell::Value(value.into()))
}

fn date(days: i32) -> Option<String> {
    let first = Date::constant(1970, 1, 1);
    first.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok().map(|date| date.to_string())
}

fn time(count: i64, unit: Unit) -> Option<String> {
    let time = match unit {
        Unit::Milliseconds => Timestamp::from_millisecond(count),
        Unit::Microseconds => Timestamp::from_microsecond(count),
        Unit::Nanoseconds => Timestamp::from_nanosecond(count.into()),
    };
    time.ok().map(|time| time.to_string())
}
