//! The log: what producers sent, kept as the batches that they sent.
//!
//! A batch is stored whole, compressed as it came, in one row of an SQLite database, and handed out the same way, so
//! that appending and reading cost as much as the batch is long, whatever else is in the log. A batch is acknowledged
//! once it is committed: it then outlives `kill -9`, and, as with every database in WAL mode that does not sync each
//! commit, a power cut may take the last of it.
//!
//! **Invariants.** Offsets of a partition grow without gaps as batches come in; only age and compaction take records away.
//! The last batch of a partition stays for ever, so that its end is never forgotten.

mod partition;
mod retention;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use libsql::{Connection, params};
use tansu_sans_io::ErrorCode;
use tansu_sans_io::record::deflated::Batch;
use tansu_sans_io::record::inflated;
use tansu_storage::{Error, Result};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

pub(crate) use self::partition::{Partition, Span};
pub(crate) use self::retention::Policy;

/// The index holds every column but the content, so that nothing reads contents that it does not hand out.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS partition (
        id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, UNIQUE (topic, number)
    );
    CREATE TABLE IF NOT EXISTS batch (
        id INTEGER PRIMARY KEY,
        partition INTEGER NOT NULL REFERENCES partition (id) ON DELETE CASCADE,
        base_offset INTEGER NOT NULL,
        next_offset INTEGER NOT NULL,
        max_timestamp INTEGER NOT NULL,
        producer INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        next_sequence INTEGER NOT NULL,
        content BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS batch_place
        ON batch (partition, base_offset, next_offset, max_timestamp, producer, epoch, next_sequence);
";
const INSERT: &str = "
    INSERT INTO batch (partition, base_offset, next_offset, max_timestamp, producer, epoch, next_sequence, content)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/// From the batch that holds the offset on.
const READ: &str = "
    SELECT content FROM batch
    WHERE partition = ?1 AND next_offset > ?2 AND base_offset >=
        coalesce((SELECT max(base_offset) FROM batch WHERE partition = ?1 AND base_offset <= ?2), 0)
    ORDER BY base_offset";
const FIRST_SINCE: &str = "
    SELECT content FROM batch WHERE partition = ?1 AND max_timestamp >= ?2 ORDER BY base_offset LIMIT 1";

/// A topic, as the log needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// Numbers from 0 up to, not including, this.
    pub(crate) partitions: i32,
}

/// Topics and partitions in memory.
#[derive(Debug, Default)]
struct Known {
    names: HashMap<Uuid, String>,
    partitions: HashMap<String, Vec<Arc<Partition>>>,
}

/// All partitions of all topics.
pub(crate) struct Log {
    /// Its lock puts appends in order.
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    known: RwLock<Known>,
    /// Changes with each append.
    appended: watch::Sender<()>,
}

impl Log {
    /// Opens the log, or makes it; no topic is known yet.
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        let database = libsql::Builder::new_local(path).build().await?;
        let connect = async || -> Result<Connection> {
            let connection = database.connect()?;
            connection.busy_timeout(Duration::from_secs(10))?;
            connection
                .execute_batch(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
                     PRAGMA journal_size_limit = 67108864;",
                )
                .await?;
            Ok(connection)
        };
        let writer = connect().await?;
        writer.execute_batch(TABLES).await?;
        let reader = connect().await?;
        Ok(Self {
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            known: RwLock::default(),
            appended: watch::Sender::new(()),
        })
    }

    /// Makes these the topics of the log: the content of others is gone after it.
    pub(crate) async fn know(&self, topics: &[Topic]) -> Result<()> {
        let writer = self.writer.lock().await;
        let mut known = Known::default();
        let mut rows = writer.query("SELECT id, topic, number FROM partition", ()).await?;
        let mut stored: HashMap<(String, i32), i64> = HashMap::new();
        while let Some(row) = rows.next().await? {
            stored.insert((row.get(1)?, row.get(2)?), row.get(0)?);
        }
        for topic in topics {
            let mut partitions = Vec::new();
            for number in 0..topic.partitions {
                let id = match stored.remove(&(topic.id.to_string(), number)) {
                    Some(id) => id,
                    None => {
                        let place = params![topic.id.to_string(), number];
                        writer.execute("INSERT INTO partition (topic, number) VALUES (?1, ?2)", place).await?;
                        writer.last_insert_rowid()
                    }
                };
                partitions.push(match self.partition_of(&topic.name, number).filter(|known| known.id == id) {
                    Some(partition) => partition,
                    None => Arc::new(Partition::load(&writer, id).await?),
                });
            }
            known.names.insert(topic.id, topic.name.clone());
            known.partitions.insert(topic.name.clone(), partitions);
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        for id in stored.into_values() {
            writer.execute("DELETE FROM partition WHERE id = ?1", [id]).await?;
        }
        Ok(())
    }

    fn partition_of(&self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.partitions.get(topic)?.get(usize::try_from(number).ok()?).map(Arc::clone)
    }

    /// A partition of a known topic.
    pub(crate) fn partition(&self, topic: &str, number: i32) -> Result<Arc<Partition>> {
        self.partition_of(topic, number).ok_or(Error::Api(ErrorCode::UnknownTopicOrPartition))
    }

    /// The name of a known topic.
    pub(crate) fn topic_name(&self, id: Uuid) -> Option<String> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).names.get(&id).cloned()
    }

    /// Names of the known topics.
    pub(crate) fn topic_names(&self) -> Vec<String> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).partitions.keys().cloned().collect()
    }

    /// Tells of each append, to any partition.
    pub(crate) fn appended(&self) -> watch::Receiver<()> {
        self.appended.subscribe()
    }

    /// Appends a batch and returns the offset of its first record.
    ///
    /// # Errors
    /// `Api` with the protocol's code where the batch makes no sense, comes twice or out of order; anything else is
    /// trouble with the disk.
    pub(crate) async fn append(&self, partition: &Partition, mut batch: Batch) -> Result<i64> {
        let writer = self.writer.lock().await;
        let next_sequence = partition.next_sequence(&batch)?;
        if batch.last_offset_delta < 0 || i64::from(batch.record_count) > i64::from(batch.last_offset_delta) + 1 {
            return Err(Error::Api(ErrorCode::InvalidRecord));
        }
        let base_offset = partition.span().next;
        let next_offset = base_offset + i64::from(batch.last_offset_delta) + 1;
        batch.base_offset = base_offset;
        let (producer, epoch, max_timestamp) = (batch.producer_id, batch.producer_epoch, batch.max_timestamp);
        let content = Vec::from(Bytes::from(batch));
        let row = params![
            partition.id,
            base_offset,
            next_offset,
            max_timestamp,
            producer,
            i32::from(epoch),
            next_sequence,
            content
        ];
        writer.execute(INSERT, row).await?;
        partition.appended(next_offset, producer, epoch, next_sequence);
        self.appended.send_replace(());
        Ok(base_offset)
    }

    /// Batches from the one that holds `offset` on: at least one where there is any, and no more than fit into
    /// `max_bytes` otherwise.
    pub(crate) async fn read(&self, partition: &Partition, offset: i64, max_bytes: usize) -> Result<Vec<Batch>> {
        let mut batches = Vec::new();
        let mut bytes = 0;
        if offset >= partition.span().next {
            return Ok(batches);
        }
        let reader = self.reader.lock().await;
        let mut rows = reader.query(READ, params![partition.id, offset]).await?;
        while let Some(row) = rows.next().await? {
            let content: Vec<u8> = row.get(0)?;
            bytes += content.len();
            if bytes > max_bytes && !batches.is_empty() {
                break;
            }
            batches.push(Batch::try_from(Bytes::from(content))?);
        }
        Ok(batches)
    }

    /// Offset and time, in milliseconds since 1970, of the first record that is not older than `timestamp`.
    pub(crate) async fn first_since(&self, partition: &Partition, timestamp: i64) -> Result<Option<(i64, i64)>> {
        let reader = self.reader.lock().await;
        let mut rows = reader.query(FIRST_SINCE, params![partition.id, timestamp]).await?;
        let Some(row) = rows.next().await? else { return Ok(None) };
        let batch = inflated::Batch::try_from(Batch::try_from(Bytes::from(row.get::<Vec<u8>>(0)?))?)?;
        let places = batch.records.iter().map(|record| {
            (batch.base_offset + i64::from(record.offset_delta), batch.base_timestamp + record.timestamp_delta)
        });
        Ok(places.into_iter().find(|(_, time)| *time >= timestamp))
    }
}
