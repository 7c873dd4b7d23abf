//! Reading articles, counts and series back.

use std::time::Duration;

use faultline_schemas::Enriched;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::db::{Value, in_chunks};
use crate::rollup::{HOUR_MS, Point, RollupKind};
use crate::rows::{clean, decompress, read_document};
use crate::{Store, StoreError};

/// A revision of an article, as stored.
#[derive(Debug, Clone, Serialize)]
pub struct StoredRevision {
    /// Hash of title and text.
    pub revision: String,
    /// Whether it is the one that searches and roll-ups see.
    pub current: bool,
    /// When it was taken in, milliseconds since 1970 in UTC.
    pub fetched_at: i64,
    /// When it was written here, likewise.
    pub stored_at: i64,
    /// The document.
    pub document: Enriched,
}

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Articles.
    pub articles: u64,
    /// Revisions of them.
    pub revisions: u64,
    /// Events coded from current revisions.
    pub events: u64,
    /// Different actors in current revisions.
    pub actors: u64,
    /// Articles at each level, calm first.
    pub levels: [u64; 5],
    /// Time of the earliest and the latest article, milliseconds since 1970 in UTC.
    pub earliest: Option<i64>,
    /// See `earliest`.
    pub latest: Option<i64>,
}

impl Store {
    /// The current revision of an article.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub async fn article(&self, id: &str) -> Result<Option<StoredRevision>, StoreError> {
        Ok(self.revisions(id).await?.into_iter().find(|revision| revision.current))
    }

    /// All revisions of an article, in the order they were taken in.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub async fn revisions(&self, id: &str) -> Result<Vec<StoredRevision>, StoreError> {
        let failed = |error| self.failed("read an article")(error);
        let statement = "SELECT r.revision, a.revision, r.fetched_at, r.stored_at, r.document \
                         FROM articles a JOIN revisions r ON r.article_key = a.key WHERE a.id = ? \
                         ORDER BY r.fetched_at, r.stored_at, r.revision";
        let rows = self.db.fetch(statement, vec![clean(id).into()]).await.map_err(failed)?;
        let mut revisions = Vec::new();
        for row in rows {
            let revision = row.text(0).map_err(failed)?;
            revisions.push(StoredRevision {
                current: revision == row.text(1).map_err(failed)?,
                revision,
                fetched_at: row.int(2).map_err(failed)?,
                stored_at: row.int(3).map_err(failed)?,
                document: read_document(id, &row.bytes(4).map_err(failed)?)?,
            });
        }
        Ok(revisions)
    }

    /// Current documents exactly as they came, with their ids, in the order of ids: at most `limit`, those after
    /// `after`.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub async fn documents(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let failed = |error| self.failed("read documents")(error);
        let statement = "SELECT a.id, r.document FROM articles a \
                         JOIN revisions r ON r.article_key = a.key AND r.revision = a.revision \
                         WHERE a.id > ? ORDER BY a.id LIMIT ?";
        let values = vec![after.unwrap_or_default().into(), Value::Int(limit as i64)];
        let rows = self.db.fetch(statement, values).await.map_err(failed)?;
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.text(0).map_err(failed)?;
            let document = decompress(&id, &row.bytes(1).map_err(failed)?)?;
            documents.push((id, document));
        }
        Ok(documents)
    }

    /// Counts.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        let failed = |error| self.failed("count what is stored")(error);
        let statement = "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM revisions), \
                         (SELECT count(*) FROM article_events), (SELECT count(DISTINCT actor) FROM article_actors), \
                         (SELECT min(at) FROM articles), (SELECT max(at) FROM articles)";
        let rows = self.db.fetch(statement, Vec::new()).await.map_err(failed)?;
        let mut stats = Stats::default();
        for row in &rows {
            let count = |column| row.int(column).map(i64::unsigned_abs).map_err(failed);
            (stats.articles, stats.revisions, stats.events, stats.actors) =
                (count(0)?, count(1)?, count(2)?, count(3)?);
            (stats.earliest, stats.latest) = (row.opt_int(4).map_err(failed)?, row.opt_int(5).map_err(failed)?);
        }
        let statement = "SELECT level, count(*) FROM articles GROUP BY level";
        for row in self.db.fetch(statement, Vec::new()).await.map_err(failed)? {
            let level = row.int(0).map_err(failed)?;
            if let Some(place) = usize::try_from(level).ok().and_then(|level| stats.levels.get_mut(level)) {
                *place = row.int(1).map_err(failed)?.unsigned_abs();
            }
        }
        Ok(stats)
    }

    /// Sums of `kind` and `key` from `from` up to `to` (milliseconds since 1970 in UTC), in intervals of
    /// `bucket_hours` counted from 1970; intervals without articles are left out.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn series(
        &self,
        kind: RollupKind,
        key: &str,
        (from, to): (i64, i64),
        bucket_hours: u32,
    ) -> Result<Vec<Point>, StoreError> {
        let bucket = i64::from(bucket_hours.max(1)) * HOUR_MS;
        let statement = "SELECT hour - ((hour % ?) + ?) % ? AS bucket, CAST(sum(articles) AS BIGINT), \
                         CAST(sum(events) AS BIGINT), CAST(sum(escalating) AS BIGINT), CAST(sum(calming) AS BIGINT), \
                         CAST(sum(goldstein) AS BIGINT), CAST(sum(sentiment) AS BIGINT) \
                         FROM rollups WHERE kind = ? AND key = ? AND hour >= ? AND hour < ? GROUP BY 1 ORDER BY 1";
        let mut values = vec![Value::Int(bucket); 3];
        values.extend([kind.as_str().into(), key.into(), from.into(), to.into()]);
        let failed = |error| self.failed("read a series")(error);
        let rows = self.db.fetch(statement, values).await.map_err(failed)?;
        let point = |row: &crate::db::Row| -> Result<Point, sqlx::Error> {
            let whole = |column| row.int(column).map(|millionths| millionths as f64 / 1e6);
            Ok(Point {
                at: row.int(0)?,
                articles: row.int(1)?,
                events: row.int(2)?,
                escalating: whole(3)?,
                calming: whole(4)?,
                goldstein: whole(5)?,
                sentiment: whole(6)?,
            })
        };
        rows.iter().map(point).collect::<Result<_, _>>().map_err(failed)
    }

    /// Those of `articles` (id and revision; an empty revision stands for any) that are not stored.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn missing(&self, articles: &[(String, String)]) -> Result<Vec<(String, String)>, StoreError> {
        let failed = |error| self.failed("look for articles")(error);
        let statement = "SELECT a.id, r.revision FROM articles a JOIN revisions r ON r.article_key = a.key \
                         WHERE a.id IN ({in})";
        let mut stored: FxHashMap<String, Vec<String>> = FxHashMap::default();
        let ids = articles.iter().map(|(id, _)| clean(id).into()).collect();
        for (sql, values) in in_chunks(statement, ids) {
            for row in self.db.fetch(&sql, values).await.map_err(failed)? {
                stored.entry(row.text(0).map_err(failed)?).or_default().push(row.text(1).map_err(failed)?);
            }
        }
        let is_missing = |(id, revision): &&(String, String)| match stored.get(&clean(id)) {
            None => true,
            Some(revisions) => !revision.is_empty() && !revisions.contains(revision),
        };
        Ok(articles.iter().filter(is_missing).cloned().collect())
    }

    /// Waits until `articles` (as for [`Store::missing`]) are stored, or until none of those left has been stored
    /// for `patience`: what ended in the dead letters never will be. Says what is still missing.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn wait_stored(
        &self,
        articles: &[(String, String)],
        patience: Duration,
    ) -> Result<Vec<(String, String)>, StoreError> {
        const LOOK_EVERY: Duration = Duration::from_millis(100);
        let mut missing = articles.to_vec();
        let mut progress_at = tokio::time::Instant::now();
        loop {
            let left = self.missing(&missing).await?;
            if left.len() < missing.len() {
                progress_at = tokio::time::Instant::now();
            }
            missing = left;
            if missing.is_empty() || progress_at.elapsed() > patience {
                return Ok(missing);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
