//! From entries to articles that Kafka has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use faultline_platform::{OnAck, PublishError};
use jiff::Timestamp;
use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    answer::{ItemResult, Problem, Results},
    body::Offered,
};
use crate::{
    identity,
    intake::{Intake, Taken},
    outlet::Outlet,
    refuse::Refusal,
    seen::Seen,
    settings::{ProducerSettings, SourceSettings},
};

/// When to try again after Kafka has not answered.
const KAFKA_PAUSE: Duration = Duration::from_secs(5);

/// Publishes what is handed in, and waits until Kafka has it.
pub(crate) struct Acceptor {
    shared: Arc<Shared>,
    within: Duration,
}

struct Shared {
    intake: Intake,
    outlet: Outlet,
    /// Revisions that Kafka has.
    seen: Arc<Mutex<Seen>>,
    /// Articles that Kafka has not acknowledged yet.
    waiting: Arc<AtomicUsize>,
}

/// What Kafka says of the entry with a number.
type Acknowledgement = (usize, Result<(), PublishError>);

impl Acceptor {
    pub(crate) fn new(settings: &ProducerSettings, outlet: Outlet) -> Self {
        let source = SourceSettings { id: "push".into(), ..SourceSettings::default() };
        Self {
            shared: Arc::new(Shared {
                intake: Intake::of_source(&source, settings.max_article_bytes),
                outlet,
                seen: Arc::new(Mutex::new(Seen::new(settings.remember as usize, ""))),
                waiting: Arc::default(),
            }),
            within: Duration::from_millis(settings.push.acknowledge_within_ms.into()),
        }
    }

    /// Articles that Kafka has not acknowledged yet.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Publishes the articles among `entries`, which `name` hands in, and returns once Kafka has acknowledged all of them.
    pub(crate) async fn accept(&self, name: Arc<str>, entries: Vec<Offered>) -> Result<Results, Problem> {
        let until = tokio::time::Instant::now() + self.within;
        let shared = Arc::clone(&self.shared);
        // It may block: the queue of the Kafka client may be full.
        let publishing = tokio::task::spawn_blocking(move || shared.publish(&name, entries));
        let in_time = tokio::time::timeout_at(until, publishing).await.map_err(|_| self.unanswered(0))?;
        let (mut results, expected, mut acknowledged) = in_time.map_err(|_| Problem::bug())?;
        for done in 0..expected {
            let received = tokio::time::timeout_at(until, acknowledged.recv()).await;
            let (number, outcome) = received.map_err(|_| self.unanswered(done))?.ok_or_else(Problem::bug)?;
            match outcome {
                Ok(()) => {}
                Err(error @ PublishError::TooLarge { .. }) => {
                    let refusal = Refusal::LargerThanTopic { line: number as u64 + 1, error: error.to_string() };
                    results[number] = ItemResult::refused(&refusal);
                }
                Err(error @ PublishError::Refused { .. }) => {
                    let detail = format!("{error}: send the same again, what was accepted of it is not doubled");
                    return Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "kafka refuses", detail, KAFKA_PAUSE));
                }
            }
        }
        Ok(Results::of(results))
    }

    fn unanswered(&self, done: usize) -> Problem {
        let detail = format!(
            "Kafka has acknowledged {done} articles of the request within {:?} and may yet take the rest: send the same again, \
             nothing is doubled",
            self.within
        );
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, "kafka does not answer", detail, KAFKA_PAUSE)
    }
}

impl Shared {
    /// Publishes what can be; the results hold good once as many acknowledgements as returned have come in.
    fn publish(
        &self,
        name: &str,
        entries: Vec<Offered>,
    ) -> (Vec<ItemResult>, usize, UnboundedReceiver<Acknowledgement>) {
        let (sender, receiver) = unbounded_channel();
        let feed = format!("push/{name}");
        let mut expected = 0;
        // A repeat within the request holds as well as the first: the answer waits for that one.
        let mut offered = FxHashSet::default();
        let results = entries.iter().enumerate().map(|(number, entry)| {
            self.outlet.metrics.messages_in.inc();
            match self.read(entry, number) {
                Err(result) => {
                    self.outlet.metrics.messages_failed.inc();
                    result
                }
                Ok(mut taken) => {
                    let hash = identity::seen_hash(&taken.article.id, &taken.article.revision);
                    if !offered.insert(hash) || self.seen.lock().knows(hash) {
                        return ItemResult::repeat(&taken);
                    }
                    taken.article.feed = Some(feed.clone());
                    taken.article.fetched_at = Some(Timestamp::now().to_string());
                    expected += 1;
                    self.send(number, &taken, hash, &sender);
                    ItemResult::accepted(&taken)
                }
            }
        });
        (results.collect(), expected, receiver)
    }

    fn read(&self, entry: &Offered, number: usize) -> Result<Taken, ItemResult> {
        match entry {
            Offered::Line(entry) => {
                self.intake.read(entry, Timestamp::now()).map_err(|refusal| ItemResult::refused(&refusal))
            }
            Offered::Value(value) => {
                let line = number as u64 + 1;
                // Its place is that of its result in the list, it is not on a line of its own.
                self.intake.read_value(value, line, Timestamp::now()).map_err(|refusal| {
                    match ItemResult::refused(&refusal) {
                        ItemResult::Refused { reason, problem } => {
                            let placeless =
                                problem.strip_prefix(&format!("line {line}: ")).unwrap_or(&problem).to_owned();
                            ItemResult::Refused { reason, problem: placeless }
                        }
                        other => other,
                    }
                })
            }
        }
    }

    fn send(&self, number: usize, taken: &Taken, hash: u64, sender: &UnboundedSender<Acknowledgement>) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let (seen, waiting, metrics) =
            (Arc::clone(&self.seen), Arc::clone(&self.waiting), Arc::clone(&self.outlet.metrics));
        let (started, answer) = (Instant::now(), sender.clone());
        let on_ack: OnAck = Box::new(move |outcome| {
            waiting.fetch_sub(1, Ordering::Relaxed);
            if outcome.is_ok() {
                seen.lock().learn(hash);
                metrics.messages_out.inc();
                metrics.end_to_end_latency.observe(started.elapsed().as_secs_f64());
            }
            // Nobody listens once the request has been answered.
            drop(answer.send((number, outcome)));
        });
        let now = taken.article.fetched_at.as_deref().unwrap_or_default();
        if let Err(error) = self.outlet.article(&taken.article, now, on_ack) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            drop(sender.send((number, Err(error))));
        }
    }
}
