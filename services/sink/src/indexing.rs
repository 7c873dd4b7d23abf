//! Moving new words into PostgreSQL's full-text index, beside the writing.
//!
//! An article has some 400 different words, and each has its own place in the index: half a millisecond of work, the
//! largest part of storing it. PostgreSQL keeps new words in a list at first (searches look there too) and lets the
//! writer that fills the list up do that work for all of it, which stops everything for a while. Done here, often and on
//! another connection, the writer never waits for it. Should it fail, the writer does it after all, and so does
//! autovacuum.

use std::time::Duration;

use faultline_platform::Stop;

use crate::db::Dialect;
use crate::{Store, StoreError};

/// How often.
const EVERY: Duration = Duration::from_millis(500);

impl Store {
    /// Indexes new words as long as `stop` is not requested. SQLite indexes in the transaction that writes.
    pub(crate) async fn keep_indexed(&self, stop: &Stop) {
        if self.dialect() == Dialect::Sqlite {
            return;
        }
        let mut failing = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.wait() => return,
            }
            let outcome = self.index_new_words().await;
            if let (Err(error), false) = (&outcome, failing) {
                tracing::debug!(%error, "new words are left to the writer to index");
            }
            failing = outcome.is_err();
        }
    }

    async fn index_new_words(&self) -> Result<(), StoreError> {
        for index in ["article_text_words", "article_text_names"] {
            let statement = format!("SELECT gin_clean_pending_list('{index}')");
            self.db.fetch(&statement, Vec::new()).await.map_err(self.failed("index new words"))?;
        }
        Ok(())
    }
}
