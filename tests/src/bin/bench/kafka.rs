//! Topics filled, counted and copied with a plain Kafka client.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_platform::{Publisher, Record, Stop, settings::Common, topics};
use rdkafka::{
    ClientConfig, ClientContext, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer},
};

const PARTITIONS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);
/// A copy that brings no message for so long has failed.
const STALLED: Duration = Duration::from_secs(20);

/// Settings of an installation of its own on these brokers, with its topics created.
pub(crate) fn fresh_topics(brokers: &str) -> anyhow::Result<Common> {
    let mut common = faultline_tests::topics::common(brokers);
    common.topics.prefix = format!("bench{:08x}", rand::random::<u32>());
    common.topics.partitions = PARTITIONS;
    common.kafka.group_prefix.clone_from(&common.topics.prefix);
    topics::ensure(&common, &Stop::new())?;
    Ok(common)
}

/// Publishes all records with the product's own settings, and waits until they are acknowledged. Returns their number
/// and the bytes of their keys and values.
pub(crate) fn publish(
    common: &Common,
    records: impl Iterator<Item = anyhow::Result<Record>>,
) -> anyhow::Result<(u64, u64)> {
    let publisher = Publisher::new(&common.kafka)?;
    let failed = Arc::new(AtomicU64::new(0));
    let (mut count, mut bytes) = (0, 0);
    for record in records {
        let record = record?;
        count += 1;
        bytes += (record.key.len() + record.payload.as_ref().map_or(0, Vec::len)) as u64;
        let failed = Arc::clone(&failed);
        let on_ack = move |result: Result<(), _>| {
            failed.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
        };
        publisher.send(record, Box::new(on_ack))?;
    }
    anyhow::ensure!(
        publisher.flush(Duration::from_secs(60)),
        "the broker did not acknowledge the articles in a minute"
    );
    anyhow::ensure!(failed.load(Ordering::Relaxed) == 0, "the broker refused some of the articles");
    Ok((count, bytes))
}

/// Counts the messages of a topic.
pub(crate) struct Counter {
    consumer: BaseConsumer,
    topic: String,
}

impl Counter {
    pub(crate) fn new(common: &Common, topic: &str) -> anyhow::Result<Self> {
        Ok(Self { consumer: client(common).create()?, topic: topic.to_owned() })
    }

    /// Messages on the topic now.
    pub(crate) fn count(&self) -> anyhow::Result<u64> {
        (0..PARTITIONS.cast_signed()).try_fold(0, |sum, partition| {
            let (low, high) = self.consumer.fetch_watermarks(&self.topic, partition, PATIENCE)?;
            Ok(sum + (high - low).unsigned_abs())
        })
    }
}

/// What both sides of the copy and the counter are made from: the values that the product sets where they bear on speed.
fn client(common: &Common) -> ClientConfig {
    let largest = common.kafka.message_max_bytes.to_string();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &common.kafka.brokers).set("message.max.bytes", &largest);
    config.set("group.id", "bench").set("enable.auto.commit", "false");
    config
}

/// Consumes `count` messages of `from` and produces them to `to`, as plainly as librdkafka allows: one thread polls and
/// produces, another is called back. Returns the time from the first message to the last acknowledgement.
pub(crate) fn copy(common: &Common, from: &str, to: &str, count: u64) -> anyhow::Result<Duration> {
    let mut reading = client(common);
    reading
        .set("fetch.wait.max.ms", "20")
        .set("fetch.queue.backoff.ms", "20")
        .set("queued.max.messages.kbytes", "65536");
    reading.set("fetch.message.max.bytes", common.kafka.message_max_bytes.to_string());
    let consumer: BaseConsumer = reading.create()?;
    let mut writing = client(common);
    writing.remove("group.id").remove("enable.auto.commit");
    writing.set("compression.type", "zstd").set("enable.idempotence", "true").set("message.timeout.ms", "0");
    writing.set("queue.buffering.max.kbytes", "65536").set("linger.ms", "5").set("batch.size", "1000000");
    let acknowledged = Arc::new(AtomicU64::new(0));
    let producer: ThreadedProducer<Acknowledged> =
        writing.create_with_context(Acknowledged { count: Arc::clone(&acknowledged) })?;

    let mut partitions = TopicPartitionList::new();
    for partition in 0..PARTITIONS.cast_signed() {
        partitions.add_partition_offset(from, partition, Offset::Beginning)?;
    }
    consumer.assign(&partitions)?;
    let mut begun = None;
    for _ in 0..count {
        let message = consumer.poll(STALLED).context("the copy was given no message in time")??;
        begun.get_or_insert_with(Instant::now);
        let mut record = BaseRecord::to(to).key(message.key().unwrap_or_default());
        record.payload = message.payload();
        record.headers = message.headers().map(rdkafka::message::BorrowedHeaders::detach);
        while let Err((error, returned)) = producer.send(record) {
            let KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) = error else { return Err(error.into()) };
            std::thread::sleep(Duration::from_millis(2));
            record = returned;
        }
    }
    producer.flush(Duration::from_secs(60))?;
    anyhow::ensure!(acknowledged.load(Ordering::Relaxed) == count, "the broker refused some of the copies");
    Ok(begun.context("there was nothing to copy")?.elapsed())
}

struct Acknowledged {
    count: Arc<AtomicU64>,
}

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.count.fetch_add(u64::from(result.is_ok()), Ordering::Relaxed);
    }
}
