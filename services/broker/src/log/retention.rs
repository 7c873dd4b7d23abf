//! Taking away what a topic's settings no longer ask for.

use std::collections::HashSet;

use bytes::Bytes;
use sqlx::Row as _;
use tracing::warn;

use super::{Log, Partition, Policy};
use crate::database::Change;
use crate::error::{Error, Result};
use crate::log::batch::Batch;

/// Contiguous from the front, and never the last.
const FIRST_TO_KEEP: &str = "
    SELECT base_offset FROM batch WHERE partition = ?1 AND (
        max_timestamp >= ?2 OR base_offset = (SELECT max(base_offset) FROM batch WHERE partition = ?1))
    ORDER BY base_offset LIMIT 1";
const ONE_BEFORE: &str = "
    SELECT id, content FROM batch WHERE partition = ?1 AND base_offset < ?2 ORDER BY base_offset DESC LIMIT 1";
const DELETE: &str = "DELETE FROM batch WHERE id = ?1";
const REPLACE: &str = "UPDATE batch SET size = ?2, content = ?3 WHERE id = ?1";

impl Log {
    /// Applies the topics' settings to all partitions; `now` is in milliseconds since 1970.
    pub(crate) async fn clean(&self, now: i64) -> Result<()> {
        for topic in self.topics() {
            let Policy { retention_ms, compact } = topic.policy();
            for partition in &topic.partitions {
                if let Some(retention_ms) = retention_ms {
                    self.drop_older(partition, now.saturating_sub(retention_ms)).await?;
                }
                if compact {
                    self.compact(partition).await?;
                }
            }
        }
        Ok(())
    }

    async fn drop_older(&self, partition: &Partition, cutoff: i64) -> Result<()> {
        let first: Option<i64> = {
            let mut reader = self.database.reader().await;
            let query = sqlx::query(FIRST_TO_KEEP).bind(partition.id).bind(cutoff);
            query.fetch_optional(&mut *reader).await?.map(|row| row.try_get(0)).transpose()?
        };
        match first.and_then(|first| partition.start_at(first, &self.database)) {
            Some(writing) => writing.done().await,
            None => Ok(()),
        }
    }

    /// Keeps the last record of each key, and records without a key. The last batch stays whole.
    async fn compact(&self, partition: &Partition) -> Result<()> {
        let end = partition.span().next;
        if end == partition.compacted_to() {
            return Ok(());
        }
        let mut seen: HashSet<Bytes> = HashSet::new();
        let mut changes = Vec::new();
        let mut before = end;
        while let Some((id, batch)) = self.batch_before(partition, before).await? {
            let is_last = before == end;
            before = batch.header.base_offset;
            match outdated(&batch, id, &mut seen) {
                Ok(change) => changes.extend(change.filter(|_| !is_last)),
                // What cannot be unpacked here is for its readers to judge.
                Err(error) => warn!(%error, offset = before, "left a batch as it is that cannot be compacted"),
            }
        }
        self.database.write(changes).done().await?;
        partition.set_compacted_to(end);
        Ok(())
    }

    /// One at a time, so that others read meanwhile.
    async fn batch_before(&self, partition: &Partition, offset: i64) -> Result<Option<(i64, Batch)>> {
        let mut reader = self.database.reader().await;
        let query = sqlx::query(ONE_BEFORE).bind(partition.id).bind(offset);
        let Some(row) = query.fetch_optional(&mut *reader).await? else { return Ok(None) };
        Ok(Some((row.try_get(0)?, Batch::stored(row.try_get(1)?).map_err(Error::Unreadable)?)))
    }
}

/// What is to be done to a batch, after which those with the keys in `seen` have come.
fn outdated(batch: &Batch, id: i64, seen: &mut HashSet<Bytes>) -> anyhow::Result<Option<Change>> {
    let mut records = batch.records()?;
    let before = records.len();
    records.reverse();
    records.retain(|record| record.key.as_ref().is_none_or(|key| seen.insert(Bytes::copy_from_slice(key))));
    records.reverse();
    if records.len() == before {
        return Ok(None);
    }
    if records.is_empty() {
        return Ok(Some(sqlx::query(DELETE).bind(id)));
    }
    let smaller = batch.with(&records)?;
    let size = i64::try_from(smaller.len())?;
    Ok(Some(sqlx::query(REPLACE).bind(id).bind(size).bind(smaller.into_bytes())))
}
