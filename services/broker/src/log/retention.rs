//! Taking away what a topic's settings no longer ask for.

use std::collections::HashSet;

use bytes::Bytes;
use libsql::{Connection, params};
use tansu_sans_io::record::deflated::Batch;
use tansu_sans_io::record::inflated;
use tansu_storage::Result;

use super::{Log, Partition};

/// What a topic keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Age in milliseconds from which records go.
    pub(crate) retention_ms: Option<i64>,
    /// Whether only the last record of each key stays.
    pub(crate) compact: bool,
}

/// Contiguous from the front, and never the last.
const FIRST_TO_KEEP: &str = "
    SELECT min(base_offset) FROM batch WHERE partition = ?1 AND (
        max_timestamp >= ?2 OR base_offset = (SELECT max(base_offset) FROM batch WHERE partition = ?1))";

/// What becomes of a batch that is compacted.
enum Fate {
    Gone,
    Smaller(Vec<u8>),
}

impl Log {
    /// Applies the policy to all partitions of a topic; `now` is in milliseconds since 1970.
    pub(crate) async fn clean(&self, topic: &str, policy: Policy, now: i64) -> Result<()> {
        let mut number = 0;
        while let Some(partition) = self.partition_of(topic, number) {
            if let Some(retention_ms) = policy.retention_ms {
                self.drop_older(&partition, now - retention_ms).await?;
            }
            if policy.compact {
                self.compact(&partition).await?;
            }
            number += 1;
        }
        Ok(())
    }

    async fn drop_older(&self, partition: &Partition, cutoff: i64) -> Result<()> {
        let writer = self.writer.lock().await;
        let mut rows = writer.query(FIRST_TO_KEEP, params![partition.id, cutoff]).await?;
        let first: Option<i64> = match rows.next().await? {
            Some(row) => row.get(0)?,
            None => None,
        };
        let Some(first) = first.filter(|first| *first > partition.span().start) else { return Ok(()) };
        let gone = "DELETE FROM batch WHERE partition = ?1 AND base_offset < ?2";
        writer.execute(gone, params![partition.id, first]).await?;
        partition.starts_at(first);
        Ok(())
    }

    /// Keeps the last record of each key, and records without a key. The last batch stays whole.
    async fn compact(&self, partition: &Partition) -> Result<()> {
        let end = partition.span().next;
        if end == partition.compacted_to() {
            return Ok(());
        }
        let writer = self.writer.lock().await;
        let fates = fates(&writer, partition.id).await?;
        let transaction = writer.transaction().await?;
        for (id, fate) in fates {
            match fate {
                Fate::Gone => transaction.execute("DELETE FROM batch WHERE id = ?1", [id]).await?,
                Fate::Smaller(content) => {
                    transaction.execute("UPDATE batch SET content = ?2 WHERE id = ?1", params![id, content]).await?
                }
            };
        }
        transaction.commit().await?;
        partition.set_compacted_to(end);
        Ok(())
    }
}

async fn fates(connection: &Connection, partition: i64) -> Result<Vec<(i64, Fate)>> {
    let newest_first = "SELECT id, content FROM batch WHERE partition = ?1 ORDER BY base_offset DESC";
    let mut rows = connection.query(newest_first, [partition]).await?;
    let mut seen: HashSet<Bytes> = HashSet::new();
    let mut fates = Vec::new();
    let mut is_last = true;
    while let Some(row) = rows.next().await? {
        let mut batch = inflated::Batch::try_from(Batch::try_from(Bytes::from(row.get::<Vec<u8>>(1)?))?)?;
        let before = batch.records.len();
        batch.records.reverse();
        batch.records.retain(|record| record.key().is_none_or(|key| seen.insert(key)));
        batch.records.reverse();
        if batch.records.len() < before && !is_last {
            let fate = match batch.records.is_empty() {
                true => Fate::Gone,
                false => Fate::Smaller(Vec::from(Bytes::from(Batch::try_from(batch)?))),
            };
            fates.push((row.get(0)?, fate));
        }
        is_last = false;
    }
    Ok(fates)
}
