//! Proof that a message is owed, and the books it is entered in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::watermark::Watermark;
use crate::metrics::RoleMetrics;

/// Messages and bytes that are somewhere between the poll and their settlement.
pub(super) struct InFlight {
    messages: AtomicU64,
    bytes: AtomicU64,
    metrics: Arc<RoleMetrics>,
}

impl InFlight {
    pub(super) fn new(metrics: Arc<RoleMetrics>) -> Self {
        Self { messages: AtomicU64::new(0), bytes: AtomicU64::new(0), metrics }
    }

    fn add(&self, bytes: u64) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.metrics.queue_depth.inc();
        self.metrics.queue_bytes.add(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn remove(&self, bytes: u64) {
        self.messages.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.metrics.queue_depth.dec();
        self.metrics.queue_bytes.sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The books of one assigned partition, from its assignment to its revocation.
pub(super) struct Partition {
    topic: Arc<str>,
    number: i32,
    books: Mutex<Books>,
    changed: Condvar,
    /// No new work is begun for it: it is being revoked, or the role shuts down.
    draining: AtomicBool,
    /// A receipt was dropped unsettled while it should not have been.
    abandoned: AtomicBool,
}

#[derive(Default)]
struct Books {
    watermark: Watermark,
    /// Receipts alive.
    outstanding: usize,
    committed: Option<i64>,
}

impl Partition {
    pub(super) fn new(topic: Arc<str>, number: i32) -> Self {
        Self {
            topic,
            number,
            books: Mutex::new(Books::default()),
            changed: Condvar::new(),
            draining: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Enters a message; none where it was entered before.
    pub(super) fn take(
        self: &Arc<Self>,
        offset: i64,
        bytes: u64,
        fetched_at_ms: Option<i64>,
        in_flight: &Arc<InFlight>,
    ) -> Option<Receipt> {
        let mut books = self.books.lock();
        if !books.watermark.take(offset) {
            return None;
        }
        books.outstanding += 1;
        in_flight.add(bytes);
        Some(Receipt {
            partition: Arc::clone(self),
            in_flight: Arc::clone(in_flight),
            offset,
            bytes,
            fetched_at_ms,
            settled: false,
        })
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn shared_topic(&self) -> Arc<str> {
        Arc::clone(&self.topic)
    }

    pub(super) fn number(&self) -> i32 {
        self.number
    }

    pub(super) fn next(&self) -> Option<i64> {
        self.books.lock().watermark.next()
    }

    /// The watermark, where it has moved since it was last committed.
    pub(super) fn uncommitted(&self) -> Option<i64> {
        let books = self.books.lock();
        books.watermark.next().filter(|next| books.committed != Some(*next))
    }

    pub(super) fn mark_committed(&self, next: i64) {
        self.books.lock().committed = Some(next);
    }

    /// A commit failed: the watermark is committed again next time.
    pub(super) fn mark_uncommitted(&self) {
        self.books.lock().committed = None;
    }

    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Waits until no receipt is alive; false when the deadline came first.
    pub(super) fn wait_idle(&self, deadline: Instant) -> bool {
        let mut books = self.books.lock();
        while books.outstanding > 0 {
            if self.changed.wait_until(&mut books, deadline).timed_out() {
                return books.outstanding == 0;
            }
        }
        true
    }
}

/// Proof that a message is owed: held until it is stored, published or in the dead letters, then settled.
///
/// A receipt that is dropped unsettled holds the watermark of its partition, and stops the loop with an error unless
/// the partition is being given up: no message is skipped in silence.
pub struct Receipt {
    partition: Arc<Partition>,
    in_flight: Arc<InFlight>,
    offset: i64,
    bytes: u64,
    fetched_at_ms: Option<i64>,
    settled: bool,
}

impl Receipt {
    /// Lets the watermark pass the message.
    pub fn settle(mut self) {
        self.settled = true;
        if let Some(fetched_at_ms) = self.fetched_at_ms {
            let latency = jiff::Timestamp::now().as_millisecond() - fetched_at_ms;
            let latency = Duration::from_millis(u64::try_from(latency).unwrap_or(0));
            self.in_flight.metrics.end_to_end_latency.observe(latency.as_secs_f64());
        }
    }

    /// Full topic name.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.partition.topic()
    }

    /// Partition number.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.partition.number
    }

    /// Offset of the message owed.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Whether its partition is being given up, so that work not yet begun need not be.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.partition.draining.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}@{}", self.partition.topic, self.partition.number, self.offset)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.in_flight.remove(self.bytes);
        let mut books = self.partition.books.lock();
        books.outstanding -= 1;
        if self.settled {
            books.watermark.settle(self.offset);
        } else if !self.partition.draining.load(Ordering::Acquire) {
            self.partition.abandoned.store(true, Ordering::Release);
        }
        drop(books);
        self.partition.changed.notify_all();
    }
}
