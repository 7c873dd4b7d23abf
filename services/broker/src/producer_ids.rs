//! Ids of idempotent producers, none given out twice.

use std::sync::Arc;

use sqlx::Row as _;
use tokio::sync::Mutex;

use crate::database::Database;
use crate::error::Result;

/// The next id, in memory and on the disk.
#[derive(Debug)]
pub(crate) struct ProducerIds {
    database: Arc<Database>,
    next: Mutex<i64>,
}

impl ProducerIds {
    pub(crate) async fn open(database: Arc<Database>) -> Result<Self> {
        let stored = sqlx::query("SELECT next_id FROM producer").fetch_optional(&mut *database.reader().await).await?;
        let next = match stored {
            Some(row) => row.try_get(0)?,
            None => {
                database.write(vec![sqlx::query("INSERT INTO producer (next_id) VALUES (1)")]).done().await?;
                1
            }
        };
        Ok(Self { database, next: Mutex::new(next) })
    }

    /// Gives one out.
    pub(crate) async fn take(&self) -> Result<i64> {
        let mut next = self.next.lock().await;
        let id = *next;
        self.database.write(vec![sqlx::query("UPDATE producer SET next_id = ?1").bind(id + 1)]).done().await?;
        *next += 1;
        Ok(id)
    }
}
