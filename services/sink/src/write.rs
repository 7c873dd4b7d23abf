//! Writing a batch: rows, roll-ups and offsets in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::db::{Dialect, Insert, Value, Write};
use crate::plan::{Existing, Plan, Replaced};
use crate::repeats::{self, Touched};
use crate::rollup::{Changes, contributions};
use crate::rows::{Prepared, read_document};
use crate::{Store, StoreError};
use crate::{stories, tables};

/// Where a message stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Topic.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// The partition is known to have been made anew since its offset was stored: that offset means nothing any more.
    pub restarted: bool,
}

/// A message to store.
#[derive(Debug)]
pub struct Item {
    /// Where it stood.
    pub position: Position,
    /// Its rows.
    pub rows: Prepared,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Articles whose rows are new or replaced.
    pub articles: usize,
    /// Revisions written.
    pub revisions: usize,
    /// Messages below the stored offset, and so stored before.
    pub skipped: usize,
}

const OFFSETS: Insert = Insert {
    table: "offsets",
    columns: &["consumer_group", "topic", "partition", "next_offset"],
    // A member that has lost the partition without knowing must not turn the offset back.
    conflict: "ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset \
               WHERE excluded.next_offset > offsets.next_offset",
    row_by_row: false,
};

const ROLLUPS: Insert = Insert {
    table: "rollups",
    columns: &["kind", "key", "hour", "articles", "events", "escalating", "calming", "goldstein", "sentiment"],
    conflict: "ON CONFLICT (kind, key, hour) DO UPDATE SET articles = rollups.articles + excluded.articles, \
               events = rollups.events + excluded.events, escalating = rollups.escalating + excluded.escalating, \
               calming = rollups.calming + excluded.calming, goldstein = rollups.goldstein + excluded.goldstein, \
               sentiment = rollups.sentiment + excluded.sentiment",
    row_by_row: false,
};

/// A partition of a topic.
type Partition = (String, i64);

impl Store {
    /// Stores `batch`, in order, and the offsets after it for `group`, all or nothing. Messages below the offset
    /// that is stored already are skipped.
    ///
    /// # Errors
    /// [`StoreError`]; its [`fault`](StoreError::fault) tells whether another try can help. After a lost connection
    /// the batch may or may not be stored: writing it again is right either way.
    pub async fn write(&self, group: &str, batch: &[Item]) -> Result<Written, StoreError> {
        let mut tx = self.db.begin().await.map_err(self.failed("begin a transaction"))?;
        let written = self.write_in(&mut tx, group, batch).await?;
        tx.commit().await.map_err(self.failed("commit articles"))?;
        Ok(written)
    }

    async fn write_in(&self, tx: &mut Write, group: &str, batch: &[Item]) -> Result<Written, StoreError> {
        let failed = |error| self.failed("write articles")(error);
        let stored = lock_offsets(tx, group, batch).await.map_err(failed)?;
        let fresh: Vec<&Item> = batch
            .iter()
            .filter(|item| {
                let next = stored.get(&partition(&item.position)).copied().unwrap_or(0);
                item.position.offset >= next
            })
            .collect();
        let rows: Vec<&Prepared> = fresh.iter().map(|item| &item.rows).collect();
        let existing = load_existing(tx, &rows).await.map_err(failed)?;
        let unknown: FxHashSet<&str> =
            rows.iter().map(|rows| rows.id.as_str()).filter(|&id| !existing.contains_key(id)).collect();
        let keys = unused_keys(tx, unknown.len()).await.map_err(failed)?;
        let plan = Plan::new(&rows, &existing, keys.into_iter());
        let changes = self.rollup_changes(tx, &plan).await?;
        let touched = self.touched(tx, &plan).await.map_err(failed)?;
        tables::replace(tx, &plan).await.map_err(failed)?;
        repeats::replace_prints(tx, &touched).await.map_err(failed)?;
        apply_rollups(tx, changes).await.map_err(failed)?;
        store_offsets(tx, group, fresh.iter().map(|item| &item.position)).await.map_err(failed)?;
        if !touched.is_empty() || plan.articles.iter().any(|article| article.before.is_some()) {
            repeats::lock(tx).await.map_err(failed)?;
            repeats::relink(tx, &touched, &[], self.repeat_window).await.map_err(failed)?;
            stories::tell(tx, &plan, &touched).await.map_err(failed)?;
        }
        let skipped = batch.len() - fresh.len();
        Ok(Written { articles: plan.articles.len(), revisions: plan.revisions.len(), skipped })
    }

    async fn touched(&self, tx: &mut Write, plan: &Plan<'_>) -> Result<Vec<Touched>, sqlx::Error> {
        if self.repeat_window == 0 { Ok(Vec::new()) } else { repeats::touched(tx, plan).await }
    }

    /// Moves `group`'s offsets past messages that were settled in another way.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn advance(&self, group: &str, positions: &[Position]) -> Result<(), StoreError> {
        let failed = |error| self.failed("store offsets")(error);
        let mut tx = self.db.begin().await.map_err(failed)?;
        forget_made_anew(&mut tx, group, positions.iter()).await.map_err(failed)?;
        store_offsets(&mut tx, group, positions.iter()).await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    /// The next offset that `group` needs of each partition that it has stored anything of.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn offsets(&self, group: &str) -> Result<FxHashMap<(String, i32), i64>, StoreError> {
        let failed = |error| self.failed("read offsets")(error);
        let statement = "SELECT topic, partition, next_offset FROM offsets WHERE consumer_group = ?";
        let rows = self.db.fetch(statement, vec![group.into()]).await.map_err(failed)?;
        rows.iter()
            .map(|row| Ok(((row.text(0)?, i32::try_from(row.int(1)?).unwrap_or(-1)), row.int(2)?)))
            .collect::<Result<_, _>>()
            .map_err(failed)
    }

    /// What the planned revisions add to the roll-ups, less what those before them added.
    async fn rollup_changes(&self, tx: &mut Write, plan: &Plan<'_>) -> Result<Changes, StoreError> {
        let mut changes = Changes::default();
        let mut replaced: FxHashMap<i64, &Replaced<'_>> = FxHashMap::default();
        for article in &plan.articles {
            changes.add(&article.rows.contributions);
            if article.before.is_some() {
                replaced.insert(article.key, article);
            }
        }
        let statement = "SELECT r.article_key, r.document FROM articles a \
                         JOIN revisions r ON r.article_key = a.key AND r.revision = a.revision WHERE a.key IN ({in})";
        let failed = |error| self.failed("read what a revision replaces")(error);
        let keys = replaced.keys().map(|&key| Value::Int(key)).collect();
        let mut seen = FxHashSet::default();
        for row in tx.fetch_in(statement, keys).await.map_err(failed)? {
            let key = row.int(0).map_err(failed)?;
            let Some(article) = replaced.get(&key).filter(|_| seen.insert(key)) else { continue };
            let Some((_, at)) = &article.before else { continue };
            let document = read_document(&article.rows.id, &row.bytes(1).map_err(failed)?)?;
            changes.take_back(&contributions(&document, *at));
        }
        Ok(changes)
    }
}

fn partition(position: &Position) -> Partition {
    (position.topic.to_string(), i64::from(position.partition))
}

/// Forgets the offsets of partitions made anew, which say nothing about what those hold now.
async fn forget_made_anew(
    tx: &mut Write,
    group: &str,
    positions: impl Iterator<Item = &Position>,
) -> Result<(), sqlx::Error> {
    for position in positions.filter(|position| position.restarted) {
        let (topic, number) = partition(position);
        let statement = "DELETE FROM offsets WHERE consumer_group = ? AND topic = ? AND partition = ?";
        tx.execute(statement, vec![group.into(), topic.into(), number.into()]).await?;
    }
    Ok(())
}

/// The stored offsets of the batch's partitions, locked until the transaction ends.
async fn lock_offsets(tx: &mut Write, group: &str, batch: &[Item]) -> Result<FxHashMap<Partition, i64>, sqlx::Error> {
    forget_made_anew(tx, group, batch.iter().map(|item| &item.position)).await?;
    let partitions: BTreeSet<Partition> = batch.iter().map(|item| partition(&item.position)).collect();
    let mut stored = FxHashMap::default();
    let mut values = vec![Value::from(group)];
    values.extend(partitions.into_iter().flat_map(|(topic, number)| [Value::from(topic), Value::Int(number)]));
    if values.len() == 1 {
        return Ok(stored);
    }
    let any = vec!["(topic = ? AND partition = ?)"; values.len() / 2].join(" OR ");
    // In a fixed order, as writers lock them.
    let statement = format!(
        "SELECT topic, partition, next_offset FROM offsets WHERE consumer_group = ? AND ({any}) \
         ORDER BY topic, partition{}",
        tx.dialect().for_update()
    );
    for row in tx.fetch(&statement, values).await? {
        stored.insert((row.text(0)?, row.int(1)?), row.int(2)?);
    }
    Ok(stored)
}

async fn store_offsets(
    tx: &mut Write,
    group: &str,
    positions: impl Iterator<Item = &Position>,
) -> Result<(), sqlx::Error> {
    let mut next: BTreeMap<Partition, i64> = BTreeMap::new();
    for position in positions {
        let next = next.entry(partition(position)).or_default();
        *next = position.offset.saturating_add(1).max(*next);
    }
    let values = next
        .into_iter()
        .flat_map(|((topic, number), offset)| [Value::from(group), topic.into(), number.into(), offset.into()])
        .collect();
    tx.insert(&OFFSETS, values).await
}

/// What the store has of the batch's articles, locked until the transaction ends.
async fn load_existing(tx: &mut Write, batch: &[&Prepared]) -> Result<FxHashMap<String, Existing>, sqlx::Error> {
    let mut ids: Vec<&String> = batch.iter().map(|rows| &rows.id).collect();
    ids.sort();
    ids.dedup();
    let statement = format!(
        "SELECT key, id, revision, fetched_at, at, taken_in FROM articles WHERE id IN ({{in}}) ORDER BY id{}",
        tx.dialect().for_update()
    );
    let mut existing: FxHashMap<String, Existing> = FxHashMap::default();
    let mut id_of_key: FxHashMap<i64, String> = FxHashMap::default();
    for row in tx.fetch_in(&statement, ids.into_iter().map(Value::from).collect()).await? {
        let (key, id) = (row.int(0)?, row.text(1)?);
        id_of_key.insert(key, id.clone());
        let (current, fetched_at, at, taken_in) = (row.text(2)?, row.int(3)?, row.int(4)?, row.int(5)?);
        let revisions = FxHashMap::default();
        existing.insert(id, Existing { key, current, fetched_at, at, taken_in, revisions });
    }
    let statement = "SELECT article_key, revision, analyzer FROM revisions WHERE article_key IN ({in})";
    for row in tx.fetch_in(statement, id_of_key.keys().map(|&key| Value::Int(key)).collect()).await? {
        if let Some(article) = id_of_key.get(&row.int(0)?).and_then(|id| existing.get_mut(id)) {
            article.revisions.insert(row.text(1)?, row.text(2)?);
        }
    }
    Ok(existing)
}

async fn unused_keys(tx: &mut Write, count: usize) -> Result<Vec<i64>, sqlx::Error> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = count as i64;
    match tx.dialect() {
        Dialect::Sqlite => {
            let rows = tx.fetch("SELECT coalesce(max(key), 0) FROM articles", Vec::new()).await?;
            let last = rows.first().map_or(Ok(0), |row| row.int(0))?;
            Ok((last + 1..=last + count).collect())
        }
        Dialect::Postgres => {
            let statement = "SELECT nextval('article_keys') FROM generate_series(1, ?)";
            tx.fetch(statement, vec![count.into()]).await?.iter().map(|row| row.int(0)).collect()
        }
    }
}

async fn apply_rollups(tx: &mut Write, changes: Changes) -> Result<(), sqlx::Error> {
    let mut values = Vec::new();
    let mut lessened = Vec::new();
    for ((kind, key, hour), sums) in changes.into_rows() {
        if sums.articles < 0 {
            lessened.push([Value::from(kind.as_str()), (&key).into(), hour.into()]);
        }
        values.extend([Value::from(kind.as_str()), key.into(), hour.into()]);
        let sums = [sums.articles, sums.events, sums.escalating, sums.calming, sums.goldstein, sums.sentiment];
        values.extend(sums.map(Value::Int));
    }
    tx.insert(&ROLLUPS, values).await?;
    for bucket in lessened {
        let statement = "DELETE FROM rollups WHERE kind = ? AND key = ? AND hour = ? AND articles = 0";
        tx.execute(statement, bucket.to_vec()).await?;
    }
    Ok(())
}
