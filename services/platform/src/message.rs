//! A consumed message, detached from the client that fetched it.

use std::sync::Arc;

use faultline_schemas::header;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

use crate::telemetry::TraceContext;

/// A message as it lay on its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Full topic name, prefix included.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
    /// Offset within the partition.
    pub offset: i64,
    /// Milliseconds since 1970, as the broker has it.
    pub timestamp_ms: Option<i64>,
    /// Key, untouched.
    pub key: Option<Vec<u8>>,
    /// Value, untouched; none for a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Headers in order, values untouched.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Message {
    /// Copies a fetched message; `topic` is passed in so that its name is shared, not copied.
    pub(crate) fn detach(fetched: &BorrowedMessage<'_>, topic: Arc<str>) -> Self {
        let headers = fetched.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect()
        });
        Self {
            topic,
            partition: fetched.partition(),
            offset: fetched.offset(),
            timestamp_ms: fetched.timestamp().to_millis(),
            key: fetched.key().map(<[u8]>::to_vec),
            payload: fetched.payload().map(<[u8]>::to_vec),
            headers,
        }
    }

    /// The last header of that name, where it is UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rev().find(|(key, _)| key == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }

    /// The trace it belongs to: a new one where it carries none.
    #[must_use]
    pub fn trace(&self) -> TraceContext {
        self.header(header::TRACEPARENT).and_then(TraceContext::parse).unwrap_or_else(TraceContext::new_root)
    }

    /// How often it has been processed, this time included: above 1 for a replayed dead letter.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.header(header::ATTEMPT).and_then(|value| value.parse().ok()).unwrap_or(0) + 1
    }

    /// When the article behind it was taken in, milliseconds since 1970.
    #[must_use]
    pub fn fetched_at_ms(&self) -> Option<i64> {
        let at: jiff::Timestamp = self.header(header::FETCHED_AT)?.parse().ok()?;
        Some(at.as_millisecond())
    }

    /// Bytes of memory it holds, near enough for bounding queues.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + v.as_ref().map_or(0, Vec::len) + 64).sum();
        (self.key.as_ref().map_or(0, Vec::len) + self.payload.as_ref().map_or(0, Vec::len) + headers + 160) as u64
    }
}
