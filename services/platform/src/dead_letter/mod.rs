//! What could not be processed: the untouched bytes, and why.

mod browse;
mod provenance;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use faultline_schemas::{DeadLetter, Stage, header, topic};
use parking_lot::Mutex;
use tracing::{debug, warn};

pub use self::browse::{Browser, Replayed, StoredLetter};
use crate::{Message, OnAck, PublishError, Publisher, Record, RoleContext, metrics::RoleMetrics};

/// Why a message cannot be processed, now or ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Stable name for counting, from a bounded set: `not_json`.
    pub reason: &'static str,
    /// What failed, where, and what to do about it.
    pub error: String,
}

impl Rejected {
    /// A rejection with a countable reason and an explanation for people.
    #[must_use]
    pub fn new(reason: &'static str, error: impl Into<String>) -> Self {
        Self { reason, error: error.into() }
    }
}

/// Where bytes came from that never reached a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// File or source.
    pub origin: &'a str,
    /// Line number from 1, or -1.
    pub line: i64,
    /// Key to keep repeats of one article together; may be empty.
    pub key: &'a [u8],
}

/// Publishes dead letters of one role.
#[derive(Clone)]
pub struct DeadLetters {
    publisher: Publisher,
    topic: String,
    stage: Stage,
    metrics: Arc<RoleMetrics>,
    /// Bytes of the original that fit into a message, headers allowed for.
    largest: usize,
    /// What the log was told, by reason.
    told: Arc<Mutex<HashMap<String, Told>>>,
}

/// When the log was last told of a reason, and how many more letters it has had since.
struct Told {
    at: Instant,
    untold: u64,
}

/// Room for headers in a message.
const HEADER_ROOM: usize = 64 * 1024;
/// Explanations longer than this are cut, so that headers stay within bounds.
const LONGEST_ERROR: usize = 4 * 1024;
/// The log is told of a reason once in this time; more would bury everything else where a whole archive is refused.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl DeadLetters {
    /// Dead letters of `stage`, published through `publisher`.
    #[must_use]
    pub fn new(ctx: &RoleContext, publisher: Publisher, stage: Stage) -> Self {
        Self {
            publisher,
            topic: ctx.common.topics.name(&topic::DEAD_LETTERS),
            stage,
            metrics: Arc::clone(&ctx.metrics),
            largest: (ctx.common.kafka.message_max_bytes as usize).saturating_sub(HEADER_ROOM),
            told: Arc::default(),
        }
    }

    /// Publishes a consumed message as a dead letter, with its own headers and its provenance.
    ///
    /// # Errors
    /// When it cannot be sent at all; `on_ack` is then not called.
    pub fn reject_message(&self, message: &Message, rejected: &Rejected, on_ack: OnAck) -> Result<(), PublishError> {
        let payload = message.payload.as_deref().unwrap_or_default();
        let letter = DeadLetter {
            topic: message.topic.to_string(),
            partition: message.partition,
            offset: message.offset,
            attempt: message.attempt(),
            ..self.letter(rejected, payload.len())
        };
        let headers = provenance::carried_headers(message);
        self.publish(&letter, headers, message.key.clone().unwrap_or_default(), payload, on_ack)
    }

    /// Publishes bytes that never reached a topic, such as a line of a file.
    ///
    /// # Errors
    /// When they cannot be sent at all; `on_ack` is then not called.
    pub fn reject_bytes(
        &self,
        origin: Origin<'_>,
        bytes: &[u8],
        rejected: &Rejected,
        on_ack: OnAck,
    ) -> Result<(), PublishError> {
        let letter =
            DeadLetter { origin: origin.origin.to_owned(), offset: origin.line, ..self.letter(rejected, bytes.len()) };
        self.publish(&letter, Vec::new(), origin.key.to_vec(), bytes, on_ack)
    }

    /// Logs the first letter of a reason, then one at a time with the number of those since.
    fn tell(&self, letter: &DeadLetter) {
        let (reason, error, topic, origin) = (&letter.reason, &letter.error, &letter.topic, &letter.origin);
        let (partition, offset) = (letter.partition, letter.offset);
        let Some(since_last) = self.untold(reason) else {
            debug!(reason, error, topic, partition, offset, origin, "message rejected");
            return;
        };
        warn!(
            reason,
            error, topic, partition, offset, origin, since_last, "message rejected, it goes to the dead letters"
        );
    }

    /// Letters of this reason since the log was last told of it; none where that was only just now.
    fn untold(&self, reason: &str) -> Option<u64> {
        let mut told = self.told.lock();
        let Some(last) = told.get_mut(reason) else {
            told.insert(reason.to_owned(), Told { at: Instant::now(), untold: 0 });
            return Some(0);
        };
        if last.at.elapsed() < TELL_EVERY {
            last.untold += 1;
            return None;
        }
        let untold = std::mem::take(&mut last.untold);
        last.at = Instant::now();
        Some(untold)
    }

    fn letter(&self, rejected: &Rejected, bytes: usize) -> DeadLetter {
        DeadLetter {
            stage: self.stage,
            reason: rejected.reason.to_owned(),
            error: shortened(&rejected.error).to_owned(),
            topic: String::new(),
            partition: -1,
            offset: -1,
            origin: String::new(),
            attempt: 1,
            at: jiff::Timestamp::now().to_string(),
            original_bytes: bytes as u64,
        }
    }

    fn publish(
        &self,
        letter: &DeadLetter,
        mut headers: Vec<(String, String)>,
        key: Vec<u8>,
        bytes: &[u8],
        on_ack: OnAck,
    ) -> Result<(), PublishError> {
        self.tell(letter);
        self.metrics.dead_letters.with_label_values(&[letter.reason.as_str()]).inc();
        headers.push((header::SCHEMA.to_owned(), topic::DEAD_LETTERS.schema.to_owned()));
        headers.extend(provenance::to_headers(letter));
        let payload = Some(bytes[..bytes.len().min(self.largest)].to_vec());
        self.publisher.send(Record { topic: self.topic.clone(), key, payload, headers }, on_ack)
    }
}

fn shortened(error: &str) -> &str {
    let mut end = error.len().min(LONGEST_ERROR);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    &error[..end]
}
