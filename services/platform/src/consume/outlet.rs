//! The thread that hands processed messages to the role, in the order polled.

use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use faultline_schemas::Stage;
use tracing::warn;

use super::{Outlet, assignment::Key, breaker::Breaker, pool::Outcome, receipt::Receipt};
use crate::{Message, PublishError, Rejected, RoleContext, dead_letter::DeadLetters};

type Done<T> = Vec<(Receipt, Outcome<T>)>;
/// What became of a dead letter.
type Published = Result<(), PublishError>;

/// How often a wait looks whether stop was requested.
const LOOK_FOR_STOP: Duration = Duration::from_millis(100);

/// A place in the line before the outlet.
pub(super) enum Place<T> {
    /// Will hold what came of a chunk of messages.
    Chunk(Receiver<Done<T>>),
    /// A question: where do these partitions start? Asked in line, so that what came before is stored first.
    StartOf(Vec<Key>),
}

/// Answer to [`Place::StartOf`]: next offsets where the outlet keeps its own, or why it does not know.
pub(super) struct Start {
    pub(super) partitions: Vec<Key>,
    pub(super) offsets: anyhow::Result<Option<std::collections::HashMap<(String, i32), i64>>>,
}

pub(super) struct OutletThread<T, O> {
    pub(super) ctx: RoleContext,
    pub(super) stage: Stage,
    pub(super) outlet: O,
    pub(super) dead_letters: DeadLetters,
    pub(super) breaker: Breaker,
    pub(super) line: Receiver<Place<T>>,
    pub(super) starts: Sender<Start>,
}

impl<T: Send + 'static, O: Outlet<T>> OutletThread<T, O> {
    /// Runs until the line is closed and empty.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        let largest = self.ctx.common.consume.batch_messages.max(1) as usize;
        let mut next_place = self.line.recv().ok();
        while let Some(place) = next_place.take() {
            match place {
                Place::StartOf(partitions) => self.answer(partitions),
                Place::Chunk(done) => {
                    // A chunk that no thread filled in was dropped with its receipts while shutting down.
                    let mut batch = done.recv().unwrap_or_default();
                    next_place = self.gather(&mut batch, largest);
                    self.hand_over(batch)?;
                }
            }
            if next_place.is_none() {
                next_place = self.line.recv().ok();
            }
        }
        Ok(())
    }

    /// Adds whatever is ready, so that batches grow with the load and nothing waits for a batch to fill. Returns the
    /// place in line that was not ready.
    fn gather(&self, batch: &mut Done<T>, largest: usize) -> Option<Place<T>> {
        while batch.len() < largest {
            match self.line.try_recv().ok()? {
                Place::Chunk(done) => match done.try_recv() {
                    Ok(more) => batch.extend(more),
                    Err(TryRecvError::Empty) => return Some(Place::Chunk(done)),
                    Err(TryRecvError::Disconnected) => {}
                },
                question @ Place::StartOf(_) => return Some(question),
            }
        }
        None
    }

    fn answer(&self, partitions: Vec<Key>) {
        let keys: Vec<(String, i32)> = partitions.iter().map(|(t, n)| (t.to_string(), *n)).collect();
        let offsets = self.outlet.stored_offsets(&keys);
        if self.starts.send(Start { partitions, offsets }).is_err() {
            warn!("the consume loop ended before its partitions were started");
        }
    }

    /// Delivers what was processed, and publishes as dead letters what was rejected. Both are done when this returns.
    fn hand_over(&mut self, done: Done<T>) -> anyhow::Result<()> {
        let mut accepted = Vec::with_capacity(done.len());
        let mut rejected = Vec::new();
        let mut tripped = None;
        let (on_ack, acknowledged) = unbounded();
        for (receipt, outcome) in done.into_iter().filter(|(receipt, _)| !receipt.is_draining()) {
            match outcome {
                Outcome::Processed(output) => {
                    self.breaker.observe(false);
                    accepted.push((receipt, output));
                }
                Outcome::Rejected(message, reason) => {
                    if self.breaker.observe(true) {
                        tripped = Some(self.tripped(&reason));
                        break;
                    }
                    self.reject(&message, &reason, on_ack.clone())?;
                    rejected.push(receipt);
                }
            }
        }
        self.deliver(accepted)?;
        if !rejected.is_empty() && self.wait_published(rejected.len(), &acknowledged)? {
            self.outlet.rejected(&rejected)?;
            rejected.into_iter().for_each(Receipt::settle);
        }
        tripped.map_or(Ok(()), |why| Err(anyhow::anyhow!(why)))
    }

    fn deliver(&mut self, accepted: Vec<(Receipt, T)>) -> anyhow::Result<()> {
        if accepted.is_empty() {
            return Ok(());
        }
        let seconds = self.ctx.metrics.stage_seconds.with_label_values(&["deliver"]);
        let _timer = seconds.start_timer();
        self.outlet.deliver(accepted)
    }

    fn reject(&self, message: &Message, rejected: &Rejected, on_ack: Sender<Published>) -> anyhow::Result<()> {
        self.ctx.metrics.messages_failed.inc();
        // Nobody waits any more when the role is being torn down.
        let on_ack = Box::new(move |result| drop(on_ack.send(result)));
        Ok(self.dead_letters.reject_message(message, rejected, on_ack)?)
    }

    /// Waits for the acknowledgement of so many dead letters; false when stop was requested first.
    fn wait_published(&self, mut letters: usize, acknowledged: &Receiver<Published>) -> anyhow::Result<bool> {
        while letters > 0 {
            match acknowledged.recv_timeout(LOOK_FOR_STOP) {
                Ok(result) => {
                    result.context("failed to publish a dead letter, its message is kept")?;
                    letters -= 1;
                }
                Err(_) if self.ctx.stop.requested() => return Ok(false),
                Err(_) => {}
            }
        }
        Ok(true)
    }

    fn tripped(&self, last: &Rejected) -> String {
        let settings = &self.ctx.common.dead_letters;
        format!(
            "stopped by the circuit breaker: at least {:.0}% of the last {} messages of the {} could not be processed, the \
             last because of {}: {}; nothing more is skipped: mend the cause and start again, or raise \
             dead_letters.breaker_ratio",
            settings.breaker_ratio * 100.0,
            settings.breaker_window,
            self.stage.as_str(),
            last.reason,
            last.error
        )
    }
}
