//! Waiting until what was taken in is stored.
//!
//! Nothing is lost on the way, so what is not stored yet is on its way or in the dead letters. As long as something moves
//! it is waited for, however much lies before it.

use std::collections::HashSet;
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
/// How long the store may show nothing new before Kafka is asked what moves, and what was rejected.
const LOOK: Duration = Duration::from_secs(3);
const KAFKA_DEADLINE: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(500);
/// Articles looked for at a time.
const CHUNK: usize = 2_000;

/// Id and revision.
type Identity = (String, String);

/// What came of waiting.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Neither stored nor in the dead letters.
    pub(super) missing: Vec<Identity>,
    /// In the dead letters.
    pub(super) rejected: usize,
    pub(super) took: Duration,
    pub(super) interrupted: bool,
}

/// Waits until every one of `taken`, which was published after `started`, is stored or in the dead letters, until
/// nothing has moved for [`PATIENCE`], or until stopping is asked for.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn until_stored(
    taken: &[Identity],
    settings: &Settings,
    started: Timestamp,
    stop: &Stop,
) -> anyhow::Result<Stored> {
    let began = Instant::now();
    let mut waiting = Waiting { common: settings.common.clone(), started, lag: None, moved: began };
    let mut stored = Stored::default();
    let done = async {
        let Some(store) = waiting.open(settings).await? else {
            stored.missing = taken.to_vec();
            return Ok(());
        };
        for chunk in taken.chunks(CHUNK) {
            let (missing, rejected) = waiting.chunk(&store, chunk).await?;
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
    /// Messages that each group had not settled of each topic, when it was last asked.
    lag: Option<Vec<(String, String, i64)>>,
    /// When something last moved.
    moved: Instant,
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
            if missing.len() < before {
                self.moved = Instant::now();
            }
            if missing.is_empty() {
                return Ok((missing, rejected));
            }
            let dead = self.ask_kafka().await?;
            let before = missing.len();
            missing.retain(|(id, _)| !dead.contains(id.as_bytes()));
            rejected += before - missing.len();
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
