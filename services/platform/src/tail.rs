//! Reading a whole topic, from its first message to its present end, outside any consumer group.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaError,
    message::Message as _,
};

use crate::{Message, Stop, client, settings::Common};

/// How long finding the partitions of a topic that is followed may take, and how often it is looked whether to stop.
const FOLLOW_DEADLINE: Duration = Duration::from_secs(30);
const FOLLOW_POLL: Duration = Duration::from_millis(500);

/// Hands every message that is on the topic now to `each`, in order for each partition.
///
/// # Errors
/// When the topic is unknown or its end is not reached within `deadline`.
pub fn read_all(common: &Common, topic: &str, deadline: Duration, mut each: impl FnMut(Message)) -> anyhow::Result<()> {
    let until = Instant::now() + deadline;
    let consumer: BaseConsumer<Quiet> =
        client::reader_config(common)?.create_with_context(Quiet).context("failed to create a kafka consumer")?;
    let mut ends = ends(&consumer, topic, deadline)?;
    let mut assignment = TopicPartitionList::new();
    for &(partition, low, _) in &ends {
        assignment.add_partition_offset(topic, partition, Offset::Offset(low))?;
    }
    consumer.assign(&assignment).with_context(|| format!("failed to read {topic}"))?;
    let name: Arc<str> = Arc::from(topic);
    ends.retain(|(_, low, high)| low < high);
    while !ends.is_empty() {
        anyhow::ensure!(Instant::now() < until, "failed to read {topic} to its end within {deadline:?}, try again");
        match consumer.poll(Duration::from_millis(50)) {
            Some(Ok(fetched)) => {
                let (partition, offset) = (fetched.partition(), fetched.offset());
                let Some((_, _, end)) = ends.iter().find(|(number, ..)| *number == partition) else { continue };
                // A topic that is written to all the time never says that this is its end.
                let (is_before, is_last) = (offset < *end, offset + 1 >= *end);
                if is_before {
                    each(Message::detach(&fetched, Arc::clone(&name)));
                }
                if is_last {
                    ends.retain(|(number, ..)| *number != partition);
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => ends.retain(|(number, ..)| *number != partition),
            Some(Err(error)) => tracing::debug!(%error, topic, "failed to fetch, trying again"),
            None => {}
        }
    }
    Ok(())
}

/// How many partitions a topic has.
///
/// # Errors
/// When the topic is unknown, or the settings are refused.
pub fn partitions(common: &Common, topic: &str) -> anyhow::Result<i32> {
    let consumer: BaseConsumer<Quiet> =
        client::reader_config(common)?.create_with_context(Quiet).context("failed to create a kafka consumer")?;
    Ok(i32::try_from(ends(&consumer, topic, FOLLOW_DEADLINE)?.len())?)
}

/// Hands every message that is on the topic, and every one that comes, to `each`, in order for each partition, until
/// `stop` is requested. Costs next to nothing while nothing comes.
///
/// # Errors
/// When the topic is unknown, or the settings are refused.
pub fn follow(common: &Common, topic: &str, stop: &Stop, mut each: impl FnMut(Message)) -> anyhow::Result<()> {
    let mut config = client::reader_config(common)?;
    // A broker answers as soon as there is something.
    config.set("fetch.wait.max.ms", "5000").set("enable.partition.eof", "false");
    let consumer: BaseConsumer<Quiet> =
        config.create_with_context(Quiet).context("failed to create a kafka consumer")?;
    let mut assignment = TopicPartitionList::new();
    for (partition, low, _) in ends(&consumer, topic, FOLLOW_DEADLINE)? {
        assignment.add_partition_offset(topic, partition, Offset::Offset(low))?;
    }
    consumer.assign(&assignment).with_context(|| format!("failed to read {topic}"))?;
    let name: Arc<str> = Arc::from(topic);
    while !stop.requested() {
        match consumer.poll(FOLLOW_POLL) {
            Some(Ok(fetched)) => each(Message::detach(&fetched, Arc::clone(&name))),
            Some(Err(error)) => tracing::debug!(%error, topic, "failed to fetch, trying again"),
            None => {}
        }
    }
    Ok(())
}

/// Leaves what librdkafka logs to the errors that are returned.
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client error");
    }
}

impl ConsumerContext for Quiet {}

/// Number, first and next offset of each partition.
pub(crate) fn ends(
    consumer: &BaseConsumer<Quiet>,
    topic: &str,
    deadline: Duration,
) -> anyhow::Result<Vec<(i32, i64, i64)>> {
    let metadata = consumer
        .fetch_metadata(Some(topic), deadline)
        .with_context(|| format!("kafka does not say what partitions {topic} has, check kafka.brokers"))?;
    let known = metadata.topics().iter().find(|t| t.name() == topic && t.error().is_none());
    let known =
        known.with_context(|| format!("topic {topic} does not exist, create it with: faultline topics create"))?;
    let ends = known.partitions().iter().map(|partition| {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), deadline)?;
        Ok((partition.id(), low, high))
    });
    ends.collect()
}
