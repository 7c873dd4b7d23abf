//! Rows as PostgreSQL takes them fastest: one array for each column, however many rows there are.
//!
//! A statement with an array for each column is the same for one row and for a thousand, so it is parsed and planned
//! once a connection; with a placeholder for each value there were thousands to plan at every batch. Nor is it dearer than
//! `COPY`, which takes two exchanges: on connections without `TCP_NODELAY`, as sqlx 0.9.0 makes them, the second of its two
//! messages waits 40 ms for the first to be acknowledged.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgHasArrayType, PgTypeInfo};
use sqlx::{AssertSqlSafe, Encode, Postgres};

use crate::db::Value;

/// A `tsvector` in PostgreSQL's binary form: a count, then each lexeme, in order, with its positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TsVector(pub(crate) Vec<u8>);

impl sqlx::Type<Postgres> for TsVector {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(3614))
    }
}

impl PgHasArrayType for TsVector {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(3643))
    }
}

impl Encode<'_, Postgres> for TsVector {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}

/// The values of one column.
pub(crate) enum Column {
    Int(Vec<i64>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Vec<u8>>),
    Vector(Vec<TsVector>),
}

impl Column {
    fn like(value: &Value, rows: usize) -> Self {
        match value {
            Value::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Value::Real(_) | Value::OptReal(_) => Self::Real(Vec::with_capacity(rows)),
            Value::Text(_) | Value::OptText(_) => Self::Text(Vec::with_capacity(rows)),
            Value::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
            Value::Vector(_) => Self::Vector(Vec::with_capacity(rows)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), sqlx::Error> {
        match (self, value) {
            (Self::Int(column), Value::Int(value)) => column.push(value),
            (Self::Real(column), Value::Real(value)) => column.push(Some(value)),
            (Self::Real(column), Value::OptReal(value)) => column.push(value),
            (Self::Text(column), Value::Text(value)) => column.push(Some(value)),
            (Self::Text(column), Value::OptText(value)) => column.push(value),
            (Self::Bytes(column), Value::Bytes(value)) => column.push(value),
            (Self::Vector(column), Value::Vector(value)) => column.push(value),
            (_, value) => return Err(sqlx::Error::Encode(format!("{value:?} does not fit its column").into())),
        }
        Ok(())
    }

    /// The type of its array.
    pub(crate) fn sql_type(&self) -> &'static str {
        match self {
            Self::Int(_) => "bigint[]",
            Self::Real(_) => "double precision[]",
            Self::Text(_) => "text[]",
            Self::Bytes(_) => "bytea[]",
            Self::Vector(_) => "tsvector[]",
        }
    }
}

/// Turns rows, their values one after the other and `width` a row, into columns; none where there are no rows.
pub(crate) fn columns(width: usize, values: Vec<Value>) -> Result<Vec<Column>, sqlx::Error> {
    let rows = values.len() / width;
    let mut columns: Vec<Column> = values.iter().take(width).map(|first| Column::like(first, rows)).collect();
    for (index, value) in values.into_iter().enumerate() {
        columns[index % width].push(value)?;
    }
    Ok(columns)
}

/// A statement with an array for each of its placeholders.
pub(crate) fn query(sql: String, columns: Vec<Column>) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query::<Postgres>(AssertSqlSafe(sql));
    for column in columns {
        query = match column {
            Column::Int(values) => query.bind(values),
            Column::Real(values) => query.bind(values),
            Column::Text(values) => query.bind(values),
            Column::Bytes(values) => query.bind(values),
            Column::Vector(values) => query.bind(values),
        };
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns_and_a_value_of_another_kind_is_refused() {
        let rows = vec![Value::Int(1), Value::Text("a".into()), Value::Int(2), Value::OptText(None)];
        let columns = columns(2, rows).unwrap();
        let [Column::Int(numbers), Column::Text(texts)] = &columns[..] else { panic!("other columns") };
        assert_eq!((&numbers[..], &texts[..]), (&[1, 2][..], &[Some("a".to_owned()), None][..]));
        assert!(super::columns(1, vec![Value::Int(1), Value::Real(1.0)]).is_err());
    }
}
