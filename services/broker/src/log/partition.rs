//! What is kept in memory of a partition.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libsql::Connection;
use tansu_sans_io::ErrorCode;
use tansu_sans_io::record::deflated::Batch;
use tansu_storage::{Error, Result};

/// Offsets in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Of the first record that is still there.
    pub(crate) start: i64,
    /// Of the record that comes next.
    pub(crate) next: i64,
}

/// The last that an idempotent producer wrote to a partition.
#[derive(Debug, Clone, Copy)]
struct Written {
    epoch: i16,
    next_sequence: i32,
}

/// One partition: its bounds, and who wrote what last.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Of its row.
    pub(super) id: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    span: Span,
    producers: HashMap<i64, Written>,
    /// Where the last compaction ended.
    compacted_to: i64,
}

impl Partition {
    /// Reads it from the index, without the contents of its batches.
    pub(super) async fn load(connection: &Connection, id: i64) -> Result<Self> {
        let span =
            "SELECT coalesce(min(base_offset), 0), coalesce(max(next_offset), 0) FROM batch WHERE partition = ?1";
        let mut rows = connection.query(span, [id]).await?;
        let row = rows.next().await?.ok_or(Error::Api(ErrorCode::KafkaStorageError))?;
        let span = Span { start: row.get(0)?, next: row.get(1)? };

        // SQLite takes the other columns from the row that holds the maximum.
        let last = "SELECT producer, epoch, next_sequence, max(base_offset) FROM batch
            WHERE partition = ?1 AND producer >= 0 GROUP BY producer";
        let mut rows = connection.query(last, [id]).await?;
        let mut producers = HashMap::new();
        while let Some(row) = rows.next().await? {
            let epoch = i16::try_from(row.get::<i32>(1)?)?;
            producers.insert(row.get(0)?, Written { epoch, next_sequence: row.get(2)? });
        }
        Ok(Self { id, state: Mutex::new(State { span, producers, compacted_to: 0 }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its offsets now.
    pub(crate) fn span(&self) -> Span {
        self.state().span
    }

    /// The sequence number that its producer must send after this batch, or why the batch is refused. A producer that
    /// is not known may start with any number: what it wrote before may have been too long ago.
    pub(super) fn next_sequence(&self, batch: &Batch) -> Result<i32> {
        if !batch.is_idempotent() {
            return Ok(-1);
        }
        let written = self.state().producers.get(&batch.producer_id).copied();
        let refusal = match written {
            Some(written) if batch.producer_epoch < written.epoch => Some(ErrorCode::InvalidProducerEpoch),
            Some(written) if batch.producer_epoch > written.epoch => {
                (batch.base_sequence != 0).then_some(ErrorCode::OutOfOrderSequenceNumber)
            }
            Some(written) if batch.base_sequence < written.next_sequence => Some(ErrorCode::DuplicateSequenceNumber),
            Some(written) if batch.base_sequence > written.next_sequence => Some(ErrorCode::OutOfOrderSequenceNumber),
            Some(_) | None => None,
        };
        match refusal {
            Some(code) => Err(Error::Api(code)),
            // After the largest number comes 0.
            None => Ok(batch.base_sequence.wrapping_add(batch.last_offset_delta).wrapping_add(1) & i32::MAX),
        }
    }

    pub(super) fn appended(&self, next_offset: i64, producer: i64, epoch: i16, next_sequence: i32) {
        let mut state = self.state();
        state.span.next = next_offset;
        if next_sequence >= 0 {
            state.producers.insert(producer, Written { epoch, next_sequence });
        }
    }

    pub(super) fn starts_at(&self, start: i64) {
        self.state().span.start = start;
    }

    pub(super) fn compacted_to(&self) -> i64 {
        self.state().compacted_to
    }

    pub(super) fn set_compacted_to(&self, offset: i64) {
        self.state().compacted_to = offset;
    }
}
