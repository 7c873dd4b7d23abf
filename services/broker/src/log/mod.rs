//! The log: topics, and what producers sent to them, kept as the batches that they sent.
//!
//! A batch is stored whole, compressed as it came, in one row of the database, and handed out the same way, so
//! that appending and reading cost as much as the batch is long, whatever else is in the log. A batch is acknowledged
//! once it is on the disk.
//!
//! **Invariants.** Offsets of a partition grow without gaps as batches come in; only age, compaction and the wish of a
//! client take records away. The last batch of a partition stays for ever, so that its end is never forgotten. A batch
//! that an idempotent producer sends again within its last five is there once.

mod batch;
mod partition;
mod producers;
mod retention;
#[cfg(test)]
mod tests;
mod topic;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use sqlx::Row as _;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

pub(crate) use self::batch::Batch;
use self::partition::Appending;
pub(crate) use self::partition::{Partition, Span};
pub(crate) use self::topic::{Policy, SETTINGS, Topic, is_name, refusal};
use crate::database::{Change, Database};
use crate::error::{Error, Result};

const TOPICS: &str = "SELECT id, name FROM topic ORDER BY name";
const CONFIGS: &str = "SELECT name, value FROM config WHERE topic = ?1";
const PARTITIONS: &str = "SELECT id FROM partition WHERE topic = ?1 ORDER BY number";
const LAST_PARTITION: &str = "SELECT coalesce(max(id), 0) FROM partition";
const SET: &str = "
    INSERT INTO config (topic, name, value) VALUES (?1, ?2, ?3) ON CONFLICT (topic, name) DO UPDATE SET value = ?3";
const UNSET: &str = "DELETE FROM config WHERE topic = ?1 AND name = ?2";
/// From the batch that holds the offset on, as many as a read may ask for.
const SIZES: &str = "
    SELECT base_offset, size FROM batch
    WHERE partition = ?1 AND next_offset > ?2 AND base_offset >=
        coalesce((SELECT max(base_offset) FROM batch WHERE partition = ?1 AND base_offset <= ?2), 0)
        AND next_offset <= ?3
    ORDER BY base_offset LIMIT 1000";
const CONTENTS: &str = "
    SELECT content FROM batch WHERE partition = ?1 AND base_offset BETWEEN ?2 AND ?3 ORDER BY base_offset";
const ONE_SINCE: &str = "
    SELECT content FROM batch WHERE partition = ?1 AND max_timestamp >= ?2 AND base_offset >= ?3 AND next_offset <= ?4
    ORDER BY base_offset LIMIT 1";

/// Topics in memory.
#[derive(Debug, Default)]
struct Known {
    topics: BTreeMap<String, Arc<Topic>>,
    names: HashMap<Uuid, String>,
}

/// All partitions of all topics.
#[derive(Debug)]
pub(crate) struct Log {
    database: Arc<Database>,
    known: RwLock<Known>,
    /// Held while topics are made, changed or deleted; the number of the last partition that was made.
    changing: Mutex<i64>,
    /// Changes with each append.
    appended: watch::Sender<()>,
}

impl Log {
    /// Learns what is in the database.
    pub(crate) async fn open(database: Arc<Database>) -> Result<Self> {
        let mut known = Known::default();
        let (topics, last) = {
            let mut reader = database.reader().await;
            let topics = sqlx::query(TOPICS).fetch_all(&mut *reader).await?;
            (topics, sqlx::query(LAST_PARTITION).fetch_one(&mut *reader).await?.try_get(0)?)
        };
        for row in topics {
            let (id, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let topic = load_topic(&database, &id, name).await?;
            known.names.insert(topic.id, topic.name.clone());
            known.topics.insert(topic.name.clone(), Arc::new(topic));
        }
        Ok(Self { database, known: RwLock::new(known), changing: Mutex::new(last), appended: watch::Sender::new(()) })
    }

    /// All topics, by name.
    pub(crate) fn topics(&self) -> Vec<Arc<Topic>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).topics.values().map(Arc::clone).collect()
    }

    /// A topic, by name.
    pub(crate) fn topic(&self, name: &str) -> Result<Arc<Topic>, ResponseError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.topics.get(name).map(Arc::clone).ok_or(ResponseError::UnknownTopicOrPartition)
    }

    /// A topic, by id.
    pub(crate) fn topic_of_id(&self, id: Uuid) -> Result<Arc<Topic>, ResponseError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let topic = known.names.get(&id).and_then(|name| known.topics.get(name));
        topic.map(Arc::clone).ok_or(ResponseError::UnknownTopicId)
    }

    /// A partition of a known topic.
    pub(crate) fn partition(&self, topic: &str, number: i32) -> Result<Arc<Partition>, ResponseError> {
        self.topic(topic)?.partition(number)
    }

    /// Makes a topic, whose name and settings are in order.
    pub(crate) async fn create_topic(
        &self,
        name: &str,
        partitions: usize,
        settings: BTreeMap<String, String>,
    ) -> Result<Uuid> {
        let mut last = self.changing.lock().await;
        if self.topic(name).is_ok() {
            return Err(ResponseError::TopicAlreadyExists.into());
        }
        let id = Uuid::new_v4();
        let mut topic = Topic { id, name: name.to_owned(), settings, partitions: Vec::new() };
        let mut changes: Vec<Change> = Vec::new();
        changes.push(
            sqlx::query("INSERT INTO topic (id, name) VALUES (?1, ?2)").bind(id.to_string()).bind(name.to_owned()),
        );
        for (name, value) in &topic.settings {
            changes.push(sqlx::query(SET).bind(id.to_string()).bind(name.clone()).bind(value.clone()));
        }
        for number in 0..partitions {
            *last += 1;
            let insert = sqlx::query("INSERT INTO partition (id, topic, number) VALUES (?1, ?2, ?3)");
            changes.push(insert.bind(*last).bind(id.to_string()).bind(i64::try_from(number).unwrap_or(i64::MAX)));
            topic.partitions.push(Arc::new(Partition::new(*last)));
        }
        self.database.write(changes).done().await?;
        self.put(topic);
        Ok(id)
    }

    /// Deletes a topic with all that is in it.
    pub(crate) async fn delete_topic(&self, topic: &Topic) -> Result<()> {
        let _changing = self.changing.lock().await;
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let name = known.names.remove(&topic.id).ok_or(ResponseError::UnknownTopicOrPartition)?;
            known.topics.remove(&name);
        }
        topic.partitions.iter().for_each(|partition| partition.close());
        // Whoever waits for records of it is to hear that it is gone.
        self.appended.send_replace(());
        self.database
            .write(vec![sqlx::query("DELETE FROM topic WHERE id = ?1").bind(topic.id.to_string())])
            .done()
            .await
    }

    /// Sets settings of a topic, and unsets those without a value.
    pub(crate) async fn set(&self, name: &str, settings: &[(String, Option<String>)]) -> Result<()> {
        let _changing = self.changing.lock().await;
        let mut topic = Topic::clone(&*self.topic(name)?);
        let mut changes: Vec<Change> = Vec::new();
        for (setting, value) in settings {
            let id = topic.id.to_string();
            match value {
                Some(value) => {
                    changes.push(sqlx::query(SET).bind(id).bind(setting.clone()).bind(value.clone()));
                    topic.settings.insert(setting.clone(), value.clone());
                }
                None => {
                    changes.push(sqlx::query(UNSET).bind(id).bind(setting.clone()));
                    topic.settings.remove(setting);
                }
            }
        }
        self.database.write(changes).done().await?;
        self.put(topic);
        Ok(())
    }

    fn put(&self, topic: Topic) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.names.insert(topic.id, topic.name.clone());
        known.topics.insert(topic.name.clone(), Arc::new(topic));
    }

    /// Tells of each append, to any partition.
    pub(crate) fn appended(&self) -> watch::Receiver<()> {
        self.appended.subscribe()
    }

    /// Appends a batch and returns the offset of its first record, once that is on the disk. The batch has its place, after
    /// those appended before, as soon as this was called.
    ///
    /// # Errors
    /// `Refused` where the batch comes out of order or its topic is gone.
    pub(crate) fn append(
        &self,
        partition: Arc<Partition>,
        batch: Batch,
    ) -> Result<impl Future<Output = Result<i64>> + use<'_>> {
        let Appending { base_offset, next_offset, writing } = partition.append(batch, &self.database)?;
        Ok(async move {
            writing.done().await?;
            partition.written_to(next_offset);
            self.appended.send_replace(());
            Ok(base_offset)
        })
    }

    /// Batches from the one that holds `offset` on: at least one where there is any, and no more than fit into
    /// `max_bytes` otherwise.
    pub(crate) async fn read(&self, partition: &Partition, offset: i64, max_bytes: usize) -> Result<Bytes> {
        let end = partition.span().next;
        if offset >= end {
            return Ok(Bytes::new());
        }
        let mut reader = self.database.reader().await;
        let sizes = sqlx::query(SIZES).bind(partition.id).bind(offset).bind(end).fetch_all(&mut *reader).await?;
        let mut chosen: Option<(i64, i64)> = None;
        let mut bytes = 0;
        for row in sizes {
            let (base_offset, size): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            bytes += usize::try_from(size).unwrap_or(usize::MAX);
            chosen = match chosen {
                Some(_) if bytes > max_bytes => break,
                Some((first, _)) => Some((first, base_offset)),
                None => Some((base_offset, base_offset)),
            };
        }
        let Some((first, last)) = chosen else { return Ok(Bytes::new()) };
        let rows = sqlx::query(CONTENTS).bind(partition.id).bind(first).bind(last).fetch_all(&mut *reader).await?;
        let mut contents = BytesMut::with_capacity(bytes);
        for row in rows {
            contents.extend_from_slice(row.try_get(0)?);
        }
        Ok(contents.freeze())
    }

    /// Offset and time, in milliseconds since 1970, of the first record that is not older than `timestamp`.
    pub(crate) async fn first_since(&self, partition: &Partition, timestamp: i64) -> Result<Option<(i64, i64)>> {
        let Span { start, next } = partition.span();
        let mut from = 0;
        let mut reader = self.database.reader().await;
        loop {
            let query = sqlx::query(ONE_SINCE).bind(partition.id).bind(timestamp).bind(from).bind(next);
            let Some(row) = query.fetch_optional(&mut *reader).await? else { return Ok(None) };
            let batch = Batch::stored(row.try_get(0)?).map_err(Error::Unreadable)?;
            let records = batch.records().map_err(Error::Unreadable)?;
            let found = records.iter().find(|record| record.timestamp >= timestamp && record.offset >= start);
            if let Some(record) = found {
                return Ok(Some((record.offset, record.timestamp)));
            }
            // Compaction has taken that record.
            from = batch.header.next_offset();
        }
    }

    /// Takes away the records before an offset, for all if it is -1, and returns where the partition starts then.
    pub(crate) async fn delete_before(&self, partition: &Partition, offset: i64) -> Result<i64> {
        let Span { next, .. } = partition.span();
        let start = if offset == -1 { next } else { offset };
        if !(0..=next).contains(&start) {
            return Err(ResponseError::OffsetOutOfRange.into());
        }
        if let Some(writing) = partition.start_at(start, &self.database) {
            writing.done().await?;
        }
        Ok(partition.span().start)
    }
}

async fn load_topic(database: &Database, id: &str, name: String) -> Result<Topic> {
    let (settings, partitions) = {
        let mut reader = database.reader().await;
        let settings = sqlx::query(CONFIGS).bind(id.to_owned()).fetch_all(&mut *reader).await?;
        (settings, sqlx::query(PARTITIONS).bind(id.to_owned()).fetch_all(&mut *reader).await?)
    };
    let uuid = Uuid::parse_str(id).map_err(|error| Error::Unreadable(error.into()))?;
    let mut topic = Topic { id: uuid, name, settings: BTreeMap::new(), partitions: Vec::new() };
    for row in settings {
        topic.settings.insert(row.try_get(0)?, row.try_get(1)?);
    }
    for row in partitions {
        topic.partitions.push(Arc::new(Partition::load(database, row.try_get(0)?).await?));
    }
    Ok(topic)
}
