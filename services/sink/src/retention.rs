//! Deleting what is too old.

use std::time::Duration;

use crate::db::Value;
use crate::{Store, StoreError};
use crate::{repeats, stories, tables};

/// Articles deleted in one transaction: short ones, so that the writing of new articles never waits long.
const BATCH: i64 = 500;
/// Pages given back to the file system at a time, in SQLite.
const VACUUM_PAGES: u32 = 2_000;
/// A rest between two batches.
const PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Deletes the articles, with all their revisions, whose last revision was stored before `cutoff` (milliseconds
    /// since 1970 in UTC), and says how many they were. Roll-ups stay: they are the memory of what is gone.
    ///
    /// # Errors
    /// [`StoreError::Database`]; what was deleted until then stays deleted.
    pub async fn delete_stored_before(&self, cutoff: i64) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let batch = self.delete_batch(cutoff).await?;
            deleted += batch;
            if batch < BATCH.unsigned_abs() {
                return Ok(deleted);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn delete_batch(&self, cutoff: i64) -> Result<u64, StoreError> {
        let failed = |error| self.failed("delete old articles")(error);
        let mut tx = self.db.begin().await.map_err(failed)?;
        // In the order in which writers lock articles.
        let statement = format!(
            "SELECT key FROM articles WHERE key IN (SELECT key FROM articles WHERE stored_at < ? ORDER BY stored_at \
             LIMIT ?) ORDER BY id{}",
            tx.dialect().for_update()
        );
        let rows = tx.fetch(&statement, vec![cutoff.into(), BATCH.into()]).await.map_err(failed)?;
        let gone: Vec<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>().map_err(failed)?;
        let keys: Vec<Value> = gone.iter().map(|&key| Value::Int(key)).collect();
        let more = [("revisions", "article_key"), ("articles", "key")];
        for (table, column) in tables::of_an_article(self.dialect()).into_iter().chain(more) {
            let statement = format!("DELETE FROM {table} WHERE {column} IN ({{in}})");
            tx.execute_in(&statement, keys.clone()).await.map_err(failed)?;
        }
        if !gone.is_empty() {
            repeats::forget(&mut tx, &keys).await.map_err(failed)?;
            stories::leave(&mut tx, &keys).await.map_err(failed)?;
            tx.execute_in("DELETE FROM repeats WHERE article_key IN ({in})", keys.clone()).await.map_err(failed)?;
            repeats::relink(&mut tx, &[], &gone, self.repeat_window).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)?;
        if !keys.is_empty() {
            self.db.shrink(VACUUM_PAGES).await.map_err(failed)?;
        }
        Ok(keys.len() as u64)
    }
}
