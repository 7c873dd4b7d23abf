//! What the broker cannot go on after: its database fails.
//!
//! Clients would retry against a broker on a full disk for ever, and its user would not learn why nothing moves. So the
//! broker ends, with a last line that says what to do.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::Error;

/// Hears of errors, and tells of the first that is fatal.
#[derive(Debug, Clone)]
pub(crate) struct Trouble(Arc<watch::Sender<Option<String>>>);

impl Trouble {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Notes an error.
    pub(crate) fn hear_of(&self, error: &Error) {
        let Error::Database(error) = error else { return };
        self.0.send_if_modified(|what| {
            let is_first = what.is_none();
            what.get_or_insert_with(|| advice(error));
            is_first
        });
    }

    /// What went wrong; waits for ever while nothing does.
    pub(crate) async fn fatal(&self) -> String {
        let mut receiver = self.0.subscribe();
        // The sender lives in `self`, so the channel cannot close while this waits.
        match receiver.wait_for(Option::is_some).await.map(|what| what.clone()) {
            Ok(Some(what)) => what,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

/// What to say of an error of SQLite, by its primary result code.
fn advice(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    let known = match code.map(|code| code & 0xff) {
        Some(8) => "the broker's log became read-only: check the file system and the folder's permissions",
        Some(10) => "the disk failed to read or write the broker's log: check the disk and the system's log",
        Some(11 | 26) => "the broker's log is damaged: restore it, or move the data folder away to start empty",
        Some(13) => "the disk is full: make room and start again; what was acknowledged is kept",
        _ => return format!("the broker's log failed: {error}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kafka_protocol::ResponseError;
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;

    /// The error of SQLite for a statement.
    async fn error_of(statements: &'static str) -> Error {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap_err().into()
    }

    #[tokio::test]
    async fn a_full_database_and_a_read_only_one_are_told_apart() {
        let full = "PRAGMA max_page_count = 2; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000));";
        let read_only = "PRAGMA query_only = 1; CREATE TABLE t (x);";
        for (statements, words) in [(full, "make room"), (read_only, "read-only")] {
            let trouble = Trouble::new();
            trouble.hear_of(&error_of(statements).await);
            assert!(trouble.fatal().await.contains(words));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_not_fatal_and_the_first_trouble_is_told() {
        let trouble = Trouble::new();
        trouble.hear_of(&Error::Refused(ResponseError::UnknownTopicOrPartition));
        trouble.hear_of(&Error::Stopped);
        assert_eq!(*trouble.0.borrow(), None);
        trouble.hear_of(&error_of("SELECT * FROM missing").await);
        trouble.hear_of(&error_of("PRAGMA query_only = 1; CREATE TABLE t (x);").await);
        assert!(trouble.fatal().await.contains("missing"));
    }
}
