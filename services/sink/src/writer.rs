//! Writing whatever happens: waiting for a database that is away, and setting aside the rows that no database takes.

use std::ops::Range;
use std::time::{Duration, Instant};

use faultline_platform::Stop;

use crate::error::Fault;
use crate::write::{Item, Position, Written};
use crate::{Store, StoreError};

/// First and longest pause between two tries.
const PAUSE: Range<Duration> = Duration::from_millis(100)..Duration::from_secs(5);

/// A message whose rows the database refuses.
#[derive(Debug)]
pub struct Poison {
    /// Which message of the batch.
    pub index: usize,
    /// What the database says.
    pub error: String,
}

/// Told what is wrong with the database, and then that it is well again (`None`).
pub type Report = Box<dyn Fn(Option<String>) + Send>;

/// Writes batches into a store until they are in it.
pub struct Writer {
    store: Store,
    group: String,
    stop: Stop,
    report: Report,
    /// Since when the database has been in trouble.
    trouble: Option<Instant>,
}

impl Writer {
    /// A writer for consumer group `group`. It gives up waiting when `stop` is requested.
    #[must_use]
    pub fn new(store: Store, group: &str, stop: Stop, report: Report) -> Self {
        Self { store, group: group.to_owned(), stop, report, trouble: None }
    }

    /// The store it writes into.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Writes `batch`. While the database is away, locked or full it tries again, ever less often. When the database
    /// refuses the rows themselves, the batch is halved until the guilty message is alone: `poison` then settles that
    /// one in another way before what follows it is written.
    ///
    /// # Errors
    /// When stop was requested while the database was in trouble, or `poison` fails. What is not written then has no
    /// offset stored and will be read again.
    pub async fn write(
        &mut self,
        batch: &[Item],
        mut poison: impl AsyncFnMut(Poison) -> anyhow::Result<()>,
    ) -> anyhow::Result<Written> {
        let mut total = Written::default();
        // A stack of ranges still to write, the first on top.
        let mut ranges = Vec::new();
        ranges.push(0..batch.len());
        while let Some(range) = ranges.pop() {
            if range.is_empty() {
                continue;
            }
            let part = &batch[range.clone()];
            match self.persist(async |store, group| store.write(group, part).await).await? {
                Ok(written) => {
                    total.articles += written.articles;
                    total.revisions += written.revisions;
                    total.skipped += written.skipped;
                }
                Err(error) if part.len() == 1 => {
                    poison(Poison { index: range.start, error: error.to_string() }).await?;
                    self.advance(std::slice::from_ref(&part[0].position)).await?;
                }
                Err(_) => {
                    let middle = range.start + part.len() / 2;
                    ranges.push(middle..range.end);
                    ranges.push(range.start..middle);
                }
            }
        }
        Ok(total)
    }

    /// Moves the stored offsets past messages that were settled in another way.
    ///
    /// # Errors
    /// When stop was requested while the database was in trouble, or it refuses the offsets.
    pub async fn advance(&mut self, positions: &[Position]) -> anyhow::Result<()> {
        Ok(self.persist(async |store, group| store.advance(group, positions).await).await??)
    }

    /// Tries `action` until it works or fails through the fault of the rows.
    async fn persist<T>(
        &mut self,
        action: impl AsyncFn(&Store, &str) -> Result<T, StoreError>,
    ) -> anyhow::Result<Result<T, StoreError>> {
        let mut pause = PAUSE.start;
        loop {
            let error = match action(&self.store, &self.group).await {
                Err(error) if error.fault() != Fault::Rows => error,
                outcome => {
                    self.recovered();
                    return Ok(outcome);
                }
            };
            self.in_trouble(&error);
            if self.stop.requested() {
                let error = anyhow::Error::new(error);
                return Err(
                    error.context("stopped while the database was in trouble: what is not stored will be read again")
                );
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.wait() => {}
            }
            pause = (pause * 2).min(PAUSE.end);
        }
    }

    /// Says so once, however many tries follow.
    fn in_trouble(&mut self, error: &StoreError) {
        if self.trouble.is_none() {
            tracing::warn!(%error, location = self.store.location(), "database in trouble, trying again until it works");
            self.trouble = Some(Instant::now());
        }
        (self.report)(Some(error.to_string()));
    }

    fn recovered(&mut self) {
        if let Some(since) = self.trouble.take() {
            let seconds = since.elapsed().as_secs_f64();
            tracing::info!(seconds, location = self.store.location(), "database works again, nothing was lost");
            (self.report)(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::db::Database;
    use crate::rows::tests::document;
    use crate::{Prepared, SinkSettings};

    fn items(store: &Store, range: Range<i64>) -> Vec<Item> {
        let item = |offset: i64| {
            let mut document = document(&format!("a{offset}"), "r");
            // Hardly compressible, so that the file grows.
            document.text = (0..600).map(|n| format!("{:x} ", (offset * 7919 + n) * 104_729)).collect();
            let document = serde_json::to_vec(&document).unwrap();
            let rows = Prepared::new(&document, store.dialect(), 0).unwrap();
            Item { position: Position { topic: "t".into(), partition: 0, offset, restarted: false }, rows }
        };
        range.map(item).collect()
    }

    /// Lets the file grow by `pages` and no more, as a full disk would.
    async fn limit(store: &Store, pages: &str) {
        let Database::Sqlite { writer, .. } = &store.db else { panic!("not sqlite") };
        // After an error the store goes on with a connection of its own making, for which the limit has to hold too.
        let options = writer.connect_options().as_ref().clone();
        writer.set_connect_options(options.pragma("max_page_count", pages.to_owned()));
        let statement = format!("PRAGMA max_page_count = {pages}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(writer).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_disk_is_waited_for_and_nothing_is_lost_or_doubled() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&SinkSettings::default(), folder.path()).await.unwrap();
        let reports = Arc::new(Mutex::new(Vec::new()));
        let report = Arc::clone(&reports);
        let report = Box::new(move |trouble| report.lock().unwrap().push(trouble));
        let mut writer = Writer::new(store.clone(), "g", Stop::new(), report);
        let refuse = async |poison: Poison| panic!("{poison:?}");
        writer.write(&items(&store, 0..5), refuse).await.unwrap();
        limit(&store, "1").await;
        let freed = tokio::spawn({
            let store = store.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(700)).await;
                limit(&store, "1000000").await;
            }
        });
        let written = writer.write(&items(&store, 5..200), refuse).await.unwrap();
        freed.await.unwrap();
        assert_eq!((written.articles, store.stats().await.unwrap().articles), (195, 200));
        let reports = reports.lock().unwrap();
        assert!(reports[0].as_ref().is_some_and(|why| why.contains("full")), "{reports:?}");
        assert_eq!(reports.last(), Some(&None));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn stop_ends_the_waiting_and_says_what_becomes_of_the_batch() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&SinkSettings::default(), folder.path()).await.unwrap();
        limit(&store, "1").await;
        let stop = Stop::new();
        let mut writer = Writer::new(store.clone(), "g", stop.clone(), Box::new(|_| {}));
        let stopping = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(150)).await;
            stop.request();
        });
        let refuse = async |poison: Poison| panic!("{poison:?}");
        let error = writer.write(&items(&store, 0..200), refuse).await.unwrap_err();
        stopping.await.unwrap();
        assert!(format!("{error:#}").contains("read again"), "{error:#}");
        assert_eq!(store.offsets("g").await.unwrap().len(), 0);
    }
}
