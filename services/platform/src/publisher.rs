//! Publishing to topics.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Mutex;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext},
};

use tracing::{debug, warn};

use crate::{client, settings::KafkaSettings};

/// Called once for every record: when all in-sync replicas have it, or when it is given up.
pub type OnAck = Box<dyn FnOnce(Result<(), PublishError>) + Send>;

/// One message to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Full topic name, prefix included.
    pub topic: String,
    /// Decides the partition; order is kept for each key.
    pub key: Vec<u8>,
    /// Value; none writes a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
}

/// Why a record was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Larger than client, topic or broker allow.
    #[error(
        "failed to publish {bytes} bytes to {topic}: larger than kafka.message_max_bytes or the topic's \
         max.message.bytes allow"
    )]
    TooLarge {
        /// Topic name.
        topic: String,
        /// Size of key and value.
        bytes: usize,
    },
    /// Refused, or given up on while shutting down.
    #[error("failed to publish to {topic}: {code}")]
    Refused {
        /// Topic name.
        topic: String,
        /// What librdkafka calls it.
        code: String,
    },
}

/// Publishes records, in order for each key, each acknowledged by all in-sync replicas.
///
/// While the broker is away records wait in a bounded queue, and [`Publisher::send`] blocks once that is full: nothing
/// is dropped.
#[derive(Clone)]
pub struct Publisher {
    polled: Arc<Polled>,
}

/// How long the polling thread waits for acknowledgements at a time. rdkafka spins through the last millisecond of such
/// a wait, so it waits this way only while there is something to wait for.
const BUSY_POLL: Duration = Duration::from_millis(100);
/// With nothing to wait for, errors are told with this delay.
const IDLE_POLL: Duration = Duration::from_secs(1);

impl Publisher {
    /// Connects in the background; a broker that is away is no error.
    ///
    /// # Errors
    /// When the settings are refused by librdkafka.
    pub fn new(kafka: &KafkaSettings) -> anyhow::Result<Self> {
        let producer = client::producer_config(kafka)?.create_with_context(Acknowledger)?;
        Ok(Self { polled: Arc::new(Polled::start(producer)?) })
    }

    /// Queues a record, and sleeps while the queue is full: call it from a thread that may block.
    ///
    /// # Errors
    /// [`PublishError`] for a record that can never be sent; `on_ack` is then not called.
    pub fn send(&self, record: Record, on_ack: OnAck) -> Result<(), PublishError> {
        let headers =
            record.headers.iter().fold(OwnedHeaders::new_with_capacity(record.headers.len()), |all, (k, v)| {
                all.insert(Header { key: k, value: Some(v.as_str()) })
            });
        let opaque = Box::new(Mutex::new(Some(on_ack)));
        let mut attempt = BaseRecord::with_opaque_to(&record.topic, opaque).key(&record.key).headers(headers);
        attempt.payload = record.payload.as_ref();
        loop {
            match self.polled.shared.producer.send(attempt) {
                Ok(()) => {
                    self.polled.thread.thread().unpark();
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    // Back-pressure: the polling thread of the producer frees places as acknowledgements come in.
                    std::thread::sleep(Duration::from_millis(2));
                    attempt = returned;
                }
                Err((error, _)) => {
                    let bytes = record.key.len() + record.payload.as_ref().map_or(0, Vec::len);
                    return Err(publish_error(&record.topic, bytes, &error));
                }
            }
        }
    }

    /// Waits until everything queued is acknowledged or given up; false when the time ran out first.
    #[must_use]
    pub fn flush(&self, deadline: Duration) -> bool {
        self.polled.shared.producer.flush(deadline).is_ok()
    }
}

/// A producer and the thread that takes in its acknowledgements. The thread ends when this is dropped.
struct Polled {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    producer: BaseProducer<Acknowledger>,
    is_dropped: AtomicBool,
}

impl Polled {
    fn start(producer: BaseProducer<Acknowledger>) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared { producer, is_dropped: AtomicBool::new(false) });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("acknowledgements".into()).spawn(move || of_thread.poll())?;
        Ok(Self { shared, thread })
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.shared.is_dropped.store(true, Ordering::Release);
        self.thread.thread().unpark();
    }
}

impl Shared {
    fn poll(&self) {
        while !self.is_dropped.load(Ordering::Acquire) {
            if self.producer.in_flight_count() > 0 {
                self.producer.poll(BUSY_POLL);
            } else {
                self.producer.poll(Duration::ZERO);
                // A record sent since then has unparked this thread already.
                thread::park_timeout(IDLE_POLL);
            }
        }
    }
}

struct Acknowledger;

impl ClientContext for Acknowledger {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            warn!(reason, "kafka does not answer, records wait for it");
        } else {
            debug!(%error, reason, "kafka client error");
        }
    }
}

impl ProducerContext for Acknowledger {
    type DeliveryOpaque = Box<Mutex<Option<OnAck>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: Self::DeliveryOpaque) {
        let Some(on_ack) = opaque.lock().take() else { return };
        on_ack(match result {
            Ok(_) => Ok(()),
            Err((error, message)) => {
                use rdkafka::Message as _;
                Err(publish_error(message.topic(), message.key_len() + message.payload_len(), error))
            }
        });
    }
}

fn publish_error(topic: &str, bytes: usize, error: &KafkaError) -> PublishError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
            PublishError::TooLarge { topic: topic.to_owned(), bytes }
        }
        Some(code) => PublishError::Refused { topic: topic.to_owned(), code: code.to_string() },
        None => PublishError::Refused { topic: topic.to_owned(), code: error.to_string() },
    }
}
