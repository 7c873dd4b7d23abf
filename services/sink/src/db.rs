//! One face for both databases: statements with `?` placeholders, values in, rows out.
//!
//! Everything above this module writes SQL that SQLite and PostgreSQL read alike; where they differ, the difference
//! is asked of [`Dialect`].

use std::fmt::Write as _;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Postgres, Row as _, Sqlite};

use crate::columns::{TsVector, columns, query};

/// Which database is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite with FTS5.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

impl Dialect {
    /// Added to a SELECT whose rows the same transaction is about to change. SQLite has one writer anyway.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// `statement` with placeholders as this database wants them. No statement of ours holds a literal `?`.
    fn numbered(self, statement: &str) -> String {
        if self == Self::Sqlite {
            return statement.to_owned();
        }
        let mut numbered = String::with_capacity(statement.len() + 64);
        let mut number = 0;
        for (index, piece) in statement.split('?').enumerate() {
            if index > 0 {
                number += 1;
                // Writing to a String cannot fail.
                let _written = write!(numbered, "${number}");
            }
            numbered.push_str(piece);
        }
        numbered
    }
}

/// A value bound to a placeholder.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(i64),
    Real(f64),
    OptReal(Option<f64>),
    Text(String),
    OptText(Option<String>),
    Bytes(Vec<u8>),
    /// For PostgreSQL only.
    Vector(TsVector),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::Real(f64::from(value))
    }
}
impl From<Option<f32>> for Value {
    fn from(value: Option<f32>) -> Self {
        Self::OptReal(value.map(f64::from))
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::OptText(value.clone())
    }
}
impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::OptText(value)
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

/// A row that came back.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! getter {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name(&self, column: usize) -> Result<$type, sqlx::Error> {
            match self {
                Self::Sqlite(row) => row.try_get_unchecked(column),
                Self::Postgres(row) => row.try_get(column),
            }
        }
    };
}

impl Row {
    getter!(int, i64);
    getter!(opt_int, Option<i64>);
    getter!(text, String);
    getter!(opt_text, Option<String>);
    getter!(real, f64);
    getter!(bytes, Vec<u8>);
}

/// The query with `values` bound to its placeholders.
macro_rules! bound {
    ($database:ty, $sql:expr, $values:expr) => {{
        let mut arguments = <<$database as sqlx::Database>::Arguments as Default>::default();
        arguments.reserve($values.len(), 0);
        for value in $values {
            let added = match value {
                Value::Int(value) => arguments.add(value),
                Value::Real(value) => arguments.add(value),
                Value::OptReal(value) => arguments.add(value),
                Value::Text(value) => arguments.add(value),
                Value::OptText(value) => arguments.add(value),
                Value::Bytes(value) | Value::Vector(TsVector(value)) => arguments.add(value),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        sqlx::query_with::<$database, _>(AssertSqlSafe($sql), arguments)
    }};
}

/// Connections to one database: one that writes, some that read.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

impl Database {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// Starts the transaction that writes. In SQLite it takes the write lock at once, so that what it reads stays
    /// true until it commits.
    pub(crate) async fn begin(&self) -> Result<Write, sqlx::Error> {
        let (mut write, begin) = match self {
            Self::Sqlite { writer, .. } => (Write::on(Connection::Sqlite(writer.acquire().await?)), "BEGIN IMMEDIATE"),
            Self::Postgres { writer, .. } => (Write::on(Connection::Postgres(writer.acquire().await?)), "BEGIN"),
        };
        write.execute(begin, Vec::new()).await?;
        Ok(write)
    }

    /// Reads outside the writing transaction.
    pub(crate) async fn fetch(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        let sql = self.dialect().numbered(statement);
        match self {
            Self::Sqlite { readers, .. } => {
                Ok(bound!(Sqlite, sql, values).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres { readers, .. } => {
                Ok(bound!(Postgres, sql, values).fetch_all(readers).await?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Gives up to `pages` unused pages of a SQLite file back to the file system. PostgreSQL sees to that itself.
    pub(crate) async fn shrink(&self, pages: u32) -> Result<(), sqlx::Error> {
        if let Self::Sqlite { writer, .. } = self {
            let statement = AssertSqlSafe(format!("PRAGMA incremental_vacuum({pages})"));
            sqlx::query(statement).fetch_all(writer).await?;
        }
        Ok(())
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// A transaction that writes. Unless it is committed its connection is closed, by which the database undoes it: after an error,
/// or when nobody waits for a statement any more, what state the connection is in is not certain. SQLite undoes a transaction
/// itself when the disk is full, and a statement that is broken off leaves answers behind that belong to no later question.
pub(crate) struct Write {
    connection: Connection,
    is_committed: bool,
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Drop for Write {
    fn drop(&mut self) {
        if self.is_committed {
            return;
        }
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.close_on_drop(),
            Connection::Postgres(connection) => connection.close_on_drop(),
        }
    }
}

impl Write {
    fn on(connection: Connection) -> Self {
        Self { connection, is_committed: false }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) async fn execute(&mut self, statement: &str, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        let sql = self.dialect().numbered(statement);
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                Ok(bound!(Sqlite, sql, values).execute(&mut **connection).await?.rows_affected())
            }
            Connection::Postgres(connection) => {
                Ok(bound!(Postgres, sql, values).execute(&mut **connection).await?.rows_affected())
            }
        }
    }

    pub(crate) async fn fetch(&mut self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        let sql = self.dialect().numbered(statement);
        match &mut self.connection {
            Connection::Sqlite(connection) => Ok(bound!(Sqlite, sql, values)
                .fetch_all(&mut **connection)
                .await?
                .into_iter()
                .map(Row::Sqlite)
                .collect()),
            Connection::Postgres(connection) => Ok(bound!(Postgres, sql, values)
                .fetch_all(&mut **connection)
                .await?
                .into_iter()
                .map(Row::Postgres)
                .collect()),
        }
    }

    /// `SELECT … WHERE … IN ({in})` for any number of values of one kind: in SQLite a few statements' worth at a time,
    /// in PostgreSQL as one array.
    pub(crate) async fn fetch_in(&mut self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        if let Connection::Postgres(connection) = &mut self.connection {
            let found = query(any_of(statement), columns(1, values)?).fetch_all(&mut **connection).await?;
            return Ok(found.into_iter().map(Row::Postgres).collect());
        }
        let mut rows = Vec::new();
        for (sql, chunk) in in_chunks(statement, values) {
            rows.append(&mut self.fetch(&sql, chunk).await?);
        }
        Ok(rows)
    }

    /// A statement with `IN ({in})`, run as [`Write::fetch_in`] does.
    pub(crate) async fn execute_in(&mut self, statement: &str, values: Vec<Value>) -> Result<(), sqlx::Error> {
        self.fetch_in(statement, values).await.map(drop)
    }

    /// Inserts rows, many to a statement; `values` holds their values one after the other. After an error the
    /// transaction may hold some of them: it is of no more use.
    pub(crate) async fn insert(&mut self, insert: &Insert, values: Vec<Value>) -> Result<(), sqlx::Error> {
        let width = insert.columns.len();
        debug_assert_eq!(values.len() % width, 0);
        if values.is_empty() {
            return Ok(());
        }
        if let Connection::Postgres(connection) = &mut self.connection {
            let columns = columns(width, values)?;
            let arrays: Vec<String> =
                (1..).zip(&columns).map(|(number, column)| format!("${number}::{}", column.sql_type())).collect();
            let (head, arrays) = (insert.head(), arrays.join(", "));
            let sql = format!("INSERT {head} SELECT * FROM unnest({arrays}) {}", insert.conflict);
            query(sql, columns).execute(&mut **connection).await?;
            return Ok(());
        }
        let row = format!("(?{})", ", ?".repeat(width - 1));
        let sizes = if insert.row_by_row { &[1] } else { &INSERT_SIZES[..] };
        let mut left = values.len() / width;
        let mut values = values.into_iter();
        while left > 0 {
            // Few sizes make few different statements, which stay prepared.
            let rows = sizes.iter().copied().find(|&size| size <= left).unwrap_or(1);
            let rest = format!(", {row}").repeat(rows - 1);
            // FAIL keeps SQLite from writing down how to undo each statement: the transaction is undone as a whole.
            let sql = format!("INSERT OR FAIL {} VALUES {row}{rest} {}", insert.head(), insert.conflict);
            self.execute(&sql, values.by_ref().take(rows * width).collect()).await?;
            left -= rows;
        }
        Ok(())
    }

    /// Deletes the rows whose two `columns` have the values of a pair; `values` holds the pairs one after the other.
    pub(crate) async fn delete_pairs(
        &mut self,
        table: &str,
        [first, second]: [&str; 2],
        values: Vec<Value>,
    ) -> Result<(), sqlx::Error> {
        if let (Connection::Postgres(connection), false) = (&mut self.connection, values.is_empty()) {
            let columns = columns(2, values)?;
            let arrays: Vec<String> =
                (1..).zip(&columns).map(|(number, column)| format!("${number}::{}", column.sql_type())).collect();
            let sql = format!(
                "DELETE FROM {table} USING unnest({}) AS gone (a, b) WHERE {first} = gone.a AND {second} = gone.b",
                arrays.join(", ")
            );
            query(sql, columns).execute(&mut **connection).await?;
            return Ok(());
        }
        let statement = format!("DELETE FROM {table} WHERE {first} = ? AND {second} = ?");
        let mut values = values.into_iter();
        while let (Some(a), Some(b)) = (values.next(), values.next()) {
            self.execute(&statement, vec![a, b]).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.execute("COMMIT", Vec::new()).await?;
        self.is_committed = true;
        Ok(())
    }
}

/// What an INSERT writes.
pub(crate) struct Insert {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// An `ON CONFLICT` clause, or nothing where no row of the same key can be there.
    pub(crate) conflict: &'static str,
    /// For SQLite's text index, which writes its words to the file ahead of every statement of more rows than one.
    pub(crate) row_by_row: bool,
}

impl Insert {
    fn head(&self) -> String {
        format!("INTO {} ({})", self.table, self.columns.join(", "))
    }
}

/// The statement with an array for its list.
fn any_of(statement: &str) -> String {
    statement.replace("IN ({in})", "= ANY($1)")
}

/// How many rows go into one INSERT in SQLite, largest first.
const INSERT_SIZES: [usize; 4] = [128, 32, 8, 1];

/// How many values go into one IN list in SQLite.
const IN_SIZES: [usize; 3] = [256, 32, 4];

/// Splits `values` into IN lists of few different lengths, the last filled up by repeating its last value.
pub(crate) fn in_chunks(statement: &str, values: Vec<Value>) -> Vec<(String, Vec<Value>)> {
    let mut chunks = Vec::new();
    let mut values = values.into_iter().peekable();
    let mut left = values.len();
    while left > 0 {
        let size = IN_SIZES.into_iter().find(|&size| size <= left).unwrap_or(IN_SIZES[2]);
        let mut chunk: Vec<Value> = values.by_ref().take(size).collect();
        left -= chunk.len();
        while let (true, Some(last)) = (chunk.len() < size, chunk.last().cloned()) {
            chunk.push(last);
        }
        let list = format!("?{}", ", ?".repeat(size - 1));
        chunks.push((statement.replace("{in}", &list), chunk));
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_for_postgres_only() {
        assert_eq!(Dialect::Postgres.numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(Dialect::Sqlite.numbered("a = ? AND b = ?"), "a = ? AND b = ?");
    }

    #[test]
    fn a_list_is_one_array_for_postgres() {
        assert_eq!(any_of("DELETE FROM t WHERE k IN ({in})"), "DELETE FROM t WHERE k = ANY($1)");
    }

    #[test]
    fn in_lists_hold_every_value_and_few_lengths() {
        let chunks = in_chunks("x IN ({in})", (0..295).map(Value::Int).collect());
        let lengths: Vec<usize> = chunks.iter().map(|(_, values)| values.len()).collect();
        assert_eq!(lengths, [256, 32, 4, 4]);
        assert_eq!(chunks[2].0, "x IN (?, ?, ?, ?)");
        let seen: std::collections::BTreeSet<i64> = chunks
            .into_iter()
            .flat_map(|(_, values)| values)
            .map(|value| if let Value::Int(value) = value { value } else { -1 })
            .collect();
        assert!(seen.into_iter().eq(0..295));
    }
}
