//! Rows as PostgreSQL's `COPY … FROM STDIN (FORMAT binary)` reads them: the way into a table that costs the server least,
//! for rows that cannot meet others of their key.

use crate::columns::TsVector;
use crate::db::Value;

/// What every binary copy begins with: a signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of a row's number of fields: no more rows.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// In place of a field's length.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Bytes of a copy of rows of `width` values, one after the other.
pub(crate) fn binary(width: usize, values: &[Value]) -> Vec<u8> {
    let size: usize = values.iter().map(|value| 4 + size_of(value)).sum();
    let mut bytes = Vec::with_capacity(HEADER.len() + size + values.len() / width * 2 + TRAILER.len());
    bytes.extend_from_slice(HEADER);
    for row in values.chunks_exact(width) {
        // No table has more columns than PostgreSQL takes.
        bytes.extend_from_slice(&(width as i16).to_be_bytes());
        row.iter().for_each(|value| field(&mut bytes, value));
    }
    bytes.extend_from_slice(&TRAILER);
    bytes
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Int(_) | Value::Real(_) | Value::OptReal(Some(_)) => 8,
        Value::Text(text) | Value::OptText(Some(text)) => text.len(),
        Value::OptReal(None) | Value::OptText(None) => 0,
        Value::Bytes(bytes) | Value::Vector(TsVector(bytes)) => bytes.len(),
    }
}

fn field(into: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Int(value) => sized(into, &value.to_be_bytes()),
        Value::Real(value) | Value::OptReal(Some(value)) => sized(into, &value.to_be_bytes()),
        Value::Text(text) | Value::OptText(Some(text)) => sized(into, text.as_bytes()),
        Value::Bytes(bytes) | Value::Vector(TsVector(bytes)) => sized(into, bytes),
        Value::OptReal(None) | Value::OptText(None) => into.extend_from_slice(&NULL),
    }
}

/// A field after its length. A message is at most a few megabytes, so no value comes near what the length can tell.
fn sized(into: &mut Vec<u8>, field: &[u8]) {
    into.extend_from_slice(&(field.len() as i32).to_be_bytes());
    into.extend_from_slice(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_laid_out_as_the_format_says() {
        let values = [Value::Int(7), Value::Text("ab".into()), Value::OptReal(None), Value::OptText(Some("é".into()))];
        let bytes = binary(2, &values);
        let rows: &[&[u8]] = &[
            b"\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x07\0\0\0\x02ab",
            b"\0\x02\xff\xff\xff\xff\0\0\0\x02\xc3\xa9",
            b"\xff\xff",
        ];
        assert_eq!(bytes, [HEADER, &rows.concat()].concat());
        assert_eq!(bytes.capacity(), bytes.len());
    }
}
