//! Waiting until what was taken in is stored.
//!
//! Nothing is lost on the way, so what is not stored yet is on its way or in the dead letters. As long as something moves
//! it is waited for, however much lies before it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use faultline_platform::dead_letter::Browser;
use faultline_platform::settings::Common;
use faultline_platform::{Stop, topics};
use faultline_sink::{Store, StoreError};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use crate::settings::Settings;

/// How long nothing may move before it is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long the store may show nothing new of what is waited for before it is asked whether others are stored.
const LOOK: Duration = Duration::from_secs(2);
/// How long before Kafka is asked, which costs it more: what was rejected, and whether the enricher moves.
const ASK_KAFKA: Duration = Duration::from_secs(10);
const KAFKA_DEADLINE: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(500);
/// Articles looked for at a time.
const CHUNK: usize = 500;

/// Id and revision.
type Identity = (String, String);

/// What came of waiting.
#[derive(Debug, Default)]
pub(in crate::commands) struct Stored {
    /// Neither stored nor in the dead letters.
    pub(super) missing: Vec<Identity>,
    /// In the dead letters.
    pub(super) rejected: usize,
    pub(super) took: Duration,
    pub(super) interrupted: bool,
}

/// Waits until every one of `taken`, which was published after `started`, is stored or in the dead letters, until
/// nothing has moved for [`PATIENCE`], or until stopping is asked for. Tells now and then how many are settled.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn until_stored(
    taken: &[Identity],
    settings: &Settings,
    started: Timestamp,
    stop: &Stop,
    on_progress: impl Fn(usize),
) -> anyhow::Result<Stored> {
    let began = Instant::now();
    let common = settings.common.clone();
    let mut waiting = Waiting { common, started, offsets: HashMap::new(), lag: None, moved: began, asked: began };
    let mut stored = Stored::default();
    let done = async {
        let Some(store) = waiting.open(settings).await? else {
            stored.missing = taken.to_vec();
            return Ok(());
        };
        let mut settled = 0;
        for chunk in taken.chunks(CHUNK) {
            on_progress(settled);
            let (missing, rejected) = waiting.chunk(&store, chunk).await?;
            settled += chunk.len() - missing.len();
            stored.rejected += rejected;
            stored.missing.extend(missing);
        }
        store.close().await;
        anyhow::Ok(())
    };
    let outcome = tokio::select! {
        outcome = done => Some(outcome),
        () = stop.wait() => None,
    };
    match outcome {
        Some(outcome) => outcome?,
        None => stored.interrupted = true,
    }
    stored.took = began.elapsed();
    Ok(stored)
}

struct Waiting {
    common: Common,
    started: Timestamp,
    /// What the sink has stored of each partition, when it was last asked.
    offsets: HashMap<(String, i32), i64>,
    /// Messages that each group had not settled of each topic, when it was last asked.
    lag: Option<Vec<(String, String, i64)>>,
    /// When something last moved.
    moved: Instant,
    /// When something that is waited for was stored, or Kafka was asked why not.
    asked: Instant,
}

impl Waiting {
    /// The store, once the sink has made it; none where it does not.
    async fn open(&self, settings: &Settings) -> Result<Option<Store>, StoreError> {
        loop {
            match Store::open_existing(&settings.sink, &settings.common.data_dir).await {
                Ok(store) => return Ok(Some(store)),
                Err(StoreError::Missing { .. }) if self.is_patient() => tokio::time::sleep(RETRY).await,
                Err(StoreError::Missing { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    fn is_patient(&self) -> bool {
        self.moved.elapsed() < PATIENCE
    }

    /// What is missing of `chunk` in the end, and how much of it was rejected.
    async fn chunk(&mut self, store: &Store, chunk: &[Identity]) -> anyhow::Result<(Vec<Identity>, usize)> {
        let mut missing = chunk.to_vec();
        let mut rejected = 0;
        loop {
            let before = missing.len();
            missing = store.wait_stored(&missing, LOOK).await?;
            let offsets: HashMap<_, _> = store.offsets(faultline_sink::GROUP).await?.into_iter().collect();
            if missing.len() < before {
                (self.moved, self.asked) = (Instant::now(), Instant::now());
            }
            if offsets != self.offsets {
                self.moved = Instant::now();
                self.offsets = offsets;
            }
            if !missing.is_empty() && self.asked.elapsed() >= ASK_KAFKA {
                let dead = self.ask_kafka().await?;
                self.asked = Instant::now();
                let before = missing.len();
                missing.retain(|(id, _)| !dead.contains(id.as_bytes()));
                rejected += before - missing.len();
            }
            if missing.is_empty() || !self.is_patient() {
                return Ok((missing, rejected));
            }
        }
    }

    /// Notes whether the lag moved, and gives the keys of what was rejected since the start.
    async fn ask_kafka(&mut self) -> anyhow::Result<HashSet<Vec<u8>>> {
        let (common, since) = (self.common.clone(), self.started);
        let (lag, dead) = spawn_blocking(move || (lag(&common), rejected_since(common, since)))
            .await
            .context("asking kafka panicked, this is a bug: please report it")?;
        match (lag, &self.lag) {
            (Ok(lag), Some(known)) if lag == *known => {}
            (Ok(lag), _) => {
                self.lag = Some(lag);
                self.moved = Instant::now();
            }
            // Away for now: that is no movement, and the store is asked again.
            (Err(error), _) => tracing::debug!(%error, "kafka does not say how far the roles are"),
        }
        match dead {
            Ok(dead) => Ok(dead),
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "kafka does not say what was rejected");
                Ok(HashSet::new())
            }
        }
    }
}

fn lag(common: &Common) -> Result<Vec<(String, String, i64)>, topics::TopicError> {
    let described = topics::describe(common)?;
    let of_topic = |topic: topics::TopicDescription| {
        topic.lag.into_iter().map(move |(group, lag)| (topic.topic.clone(), group, lag))
    };
    Ok(described.into_iter().flat_map(of_topic).collect())
}

fn rejected_since(common: Common, since: Timestamp) -> anyhow::Result<HashSet<Vec<u8>>> {
    let letters = Browser::new(Arc::new(common)).list(KAFKA_DEADLINE)?;
    let is_ours = |at: &str| at.parse::<Timestamp>().is_ok_and(|at| at >= since);
    Ok(letters
        .into_iter()
        .filter(|stored| is_ours(&stored.letter.at))
        .filter_map(|stored| stored.message.key)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;

    use faultline_analysis::Analyzer;
    use faultline_schemas::Article;
    use faultline_sink::{Item, Position, Prepared};

    use super::*;

    /// A data folder whose database holds the article `a` in revision `r`.
    async fn stored(settings: &Settings) {
        let article =
            Article { id: "a".into(), revision: "r".into(), text: "Talks resumed.".into(), ..Default::default() };
        let document = serde_json::to_vec(&Analyzer::bundled().enrich(&article)).unwrap();
        let store = Store::open(&settings.sink, &settings.common.data_dir).await.unwrap();
        let rows = Prepared::new(&document, store.dialect(), 0).unwrap();
        let position = Position { topic: "faultline.enriched".into(), partition: 0, offset: 0, restarted: false };
        store.write(faultline_sink::GROUP, &[Item { position, rows }]).await.unwrap();
        store.close().await;
    }

    fn identity(id: &str, revision: &str) -> Identity {
        (id.to_owned(), revision.to_owned())
    }

    #[tokio::test]
    async fn what_is_stored_is_not_waited_for_and_stopping_ends_waiting_for_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.move_to(folder.path());
        stored(&settings).await;
        let (stop, told) = (Stop::new(), Mutex::new(Vec::new()));
        let on_progress = |settled| told.lock().unwrap().push(settled);
        let taken = vec![identity("a", "r"); CHUNK + 1];
        let done = until_stored(&taken, &settings, Timestamp::now(), &stop, on_progress).await.unwrap();
        assert_eq!((done.missing, done.rejected, done.interrupted), (vec![], 0, false));
        assert_eq!(*told.lock().unwrap(), [0, CHUNK]);

        stop.request();
        for other in [identity("a", "r2"), identity("b", "r")] {
            let waited = until_stored(&[other], &settings, Timestamp::now(), &stop, |_| ()).await.unwrap();
            assert!(waited.interrupted);
        }
    }
}
