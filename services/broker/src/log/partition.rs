//! One partition: what is kept in memory of it, and how its batches are written.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_protocol::ResponseError;
use sqlx::Row as _;

use super::batch::{Batch, Header};
use super::producers::Producers;
use crate::database::{Database, Writing};
use crate::error::{Error, Result};

const INSERT: &str = "
    INSERT INTO batch
        (partition, base_offset, next_offset, max_timestamp, producer, epoch, base_sequence, size, content)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const START_AND_NEXT: &str = "
    SELECT start_offset, coalesce(
        (SELECT next_offset FROM batch WHERE partition = ?1 ORDER BY base_offset DESC LIMIT 1), start_offset)
    FROM partition WHERE id = ?1";
/// As far back as a batch may be that a producer sends again after a restart of the broker.
const LATEST: &str = "
    SELECT base_offset, next_offset, producer, epoch, base_sequence FROM batch
    WHERE partition = ?1 ORDER BY base_offset DESC LIMIT 10000";

/// Offsets in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Of the first record that is still there.
    pub(crate) start: i64,
    /// Of the record that comes next.
    pub(crate) next: i64,
}

/// One partition: its bounds, and who wrote what last.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Of its row.
    pub(crate) id: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What is on the disk.
    span: Span,
    /// Offset of the next batch that comes: others may be on their way to the disk.
    tail: i64,
    producers: Producers,
    /// Where the last compaction ended.
    compacted_to: i64,
    /// Its topic is deleted.
    is_gone: bool,
}

/// A batch that has its place and is on its way to the disk.
pub(super) struct Appending {
    pub(super) base_offset: i64,
    pub(super) next_offset: i64,
    pub(super) writing: Writing,
}

impl Partition {
    /// An empty one.
    pub(super) fn new(id: i64) -> Self {
        let state = State {
            span: Span { start: 0, next: 0 },
            tail: 0,
            producers: Producers::default(),
            compacted_to: 0,
            is_gone: false,
        };
        Self { id, state: Mutex::new(state) }
    }

    /// Reads it from the index, without the contents of its batches.
    pub(super) async fn load(database: &Database, id: i64) -> Result<Self> {
        let mut reader = database.reader().await;
        let bounds = sqlx::query(START_AND_NEXT).bind(id).fetch_one(&mut *reader).await?;
        let partition = Self::new(id);
        {
            let rows = sqlx::query(LATEST).bind(id).fetch_all(&mut *reader).await?;
            let mut state = partition.state();
            state.span = Span { start: bounds.try_get(0)?, next: bounds.try_get(1)? };
            state.tail = state.span.next;
            for row in rows.into_iter().rev() {
                let (base_offset, next_offset): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                let (producer, epoch, base_sequence) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
                let header = Header::indexed(base_offset, next_offset, producer, epoch, base_sequence);
                state.producers.wrote(&header);
            }
        }
        Ok(partition)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its offsets now.
    pub(crate) fn span(&self) -> Span {
        self.state().span
    }

    /// Gives a batch its place and sends it to the disk; one that has come before keeps the place that it has.
    pub(super) fn append(&self, mut batch: Batch, database: &Database) -> Result<Appending> {
        // Places are given, and sent to the disk, in the same order.
        let mut state = self.state();
        if state.is_gone {
            return Err(Error::Refused(ResponseError::UnknownTopicOrPartition));
        }
        if let Some(base_offset) = state.producers.earlier(&batch.header)? {
            // It may be on its way still: what is acknowledged must be on the disk.
            return Ok(Appending { base_offset, next_offset: base_offset, writing: database.write(Vec::new()) });
        }
        batch.place_at(state.tail);
        let header = batch.header;
        let insert = sqlx::query(INSERT)
            .bind(self.id)
            .bind(header.base_offset)
            .bind(header.next_offset())
            .bind(header.max_timestamp)
            .bind(header.producer_id)
            .bind(header.producer_epoch)
            .bind(header.base_sequence)
            .bind(i64::try_from(batch.len()).unwrap_or(i64::MAX))
            .bind(batch.into_bytes());
        let writing = database.write(vec![insert]);
        state.producers.wrote(&header);
        state.tail = header.next_offset();
        Ok(Appending { base_offset: header.base_offset, next_offset: header.next_offset(), writing })
    }

    /// Notes that all before an offset is on the disk.
    pub(super) fn written_to(&self, next_offset: i64) {
        let mut state = self.state();
        state.span.next = state.span.next.max(next_offset);
    }

    /// Takes no more batches.
    pub(super) fn close(&self) {
        self.state().is_gone = true;
    }

    /// Moves its start forward and asks that what lies before be deleted; nothing where it starts there already.
    pub(super) fn start_at(&self, start: i64, database: &Database) -> Option<Writing> {
        // The last batch stays, so that the end is known after a restart.
        const DELETE: &str = "
            DELETE FROM batch WHERE partition = ?1 AND next_offset <= ?2
                AND base_offset < (SELECT max(base_offset) FROM batch WHERE partition = ?1)";
        const START: &str = "UPDATE partition SET start_offset = ?2 WHERE id = ?1";
        let mut state = self.state();
        if start <= state.span.start {
            return None;
        }
        state.span.start = start;
        state.producers.forget_before(start);
        let of_both = [START, DELETE].map(|sql| sqlx::query(sql).bind(self.id).bind(start));
        Some(database.write(of_both.into()))
    }

    pub(super) fn compacted_to(&self) -> i64 {
        self.state().compacted_to
    }

    pub(super) fn set_compacted_to(&self, offset: i64) {
        self.state().compacted_to = offset;
    }
}
