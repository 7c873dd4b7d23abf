//! Reading all partitions of a topic as one stream, in the order in which messages were published.
//!
//! Outside any consumer group, from wherever it is asked to. A message is handed out once every other partition has shown its next
//! one or its end, so that what was read at different speeds comes in one order; while it is read live this is waited for only briefly.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::Message as _,
};
use tracing::debug;

use crate::{
    Message, client,
    settings::Common,
    tail::{Quiet, ends},
};

/// How long the broker may take to say what a topic holds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages of a partition that wait for those of others; it is paused beyond.
const MOST_WAITING: usize = 256;
/// A message this young, in milliseconds, is live.
const LIVE_MS: i64 = 10_000;
/// How long a live message waits for what other partitions may hold.
const LIVE_WAIT: Duration = Duration::from_millis(50);

/// All partitions of a topic.
pub struct Merged {
    consumer: BaseConsumer<Quiet>,
    topic: Arc<str>,
    partitions: BTreeMap<i32, Partition>,
}

#[derive(Default)]
struct Partition {
    waiting: VecDeque<(Message, Instant)>,
    is_at_end: bool,
    is_paused: bool,
}

impl Merged {
    /// Asks for the partitions of `topic`, full name; nothing is read before [`Merged::start`].
    ///
    /// # Errors
    /// When the topic is unknown, or the settings are refused.
    pub fn open(common: &Common, topic: &str) -> anyhow::Result<Self> {
        let consumer: BaseConsumer<Quiet> =
            client::reader_config(common)?.create_with_context(Quiet).context("failed to create a kafka consumer")?;
        let known = ends(&consumer, topic, PATIENCE)?;
        let partitions = known.into_iter().map(|(number, ..)| (number, Partition::default())).collect();
        Ok(Self { consumer, topic: Arc::from(topic), partitions })
    }

    /// The first offset of each partition that was published at `since`, in milliseconds since 1970, or later; its end where there is none.
    ///
    /// # Errors
    /// When the broker does not say.
    pub fn offsets_since(&self, since: i64) -> anyhow::Result<BTreeMap<i32, i64>> {
        let known = ends(&self.consumer, &self.topic, PATIENCE)?;
        let mut asked = TopicPartitionList::new();
        for (number, ..) in &known {
            asked.add_partition_offset(&self.topic, *number, Offset::Offset(since.max(0)))?;
        }
        let found = self.consumer.offsets_for_times(asked, PATIENCE);
        let found = found.with_context(|| format!("kafka does not say what of {} is how old", self.topic))?;
        let first = |number: i32| match found.find_partition(&self.topic, number).map(|element| element.offset()) {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        };
        Ok(known.iter().map(|(number, low, high)| (*number, first(*number).unwrap_or(*high).max(*low))).collect())
    }

    /// Reads from these offsets; a partition that is not named is read from its first message.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn start(&mut self, offsets: &BTreeMap<i32, i64>) -> anyhow::Result<()> {
        let mut assignment = TopicPartitionList::new();
        for (number, partition) in &mut self.partitions {
            let from = offsets.get(number).map_or(Offset::Beginning, |offset| Offset::Offset(*offset));
            assignment.add_partition_offset(&self.topic, *number, from)?;
            *partition = Partition::default();
        }
        self.consumer.unassign().ok();
        self.consumer.assign(&assignment).with_context(|| format!("failed to read {}", self.topic))
    }

    /// Whether everything that is on the topic has been handed out.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.partitions.values().all(|partition| partition.is_at_end && partition.waiting.is_empty())
    }

    /// The message that was published first of those not handed out yet; none when nothing came within `wait`.
    pub fn next(&mut self, wait: Duration) -> Option<Message> {
        let until = Instant::now() + wait;
        loop {
            if let Some(message) = self.pop() {
                return Some(message);
            }
            let now = Instant::now();
            if now >= until {
                return None;
            }
            let is_waiting = self.partitions.values().any(|partition| !partition.waiting.is_empty());
            let patience = if is_waiting { (until - now).min(LIVE_WAIT / 5) } else { until - now };
            self.poll(patience);
        }
    }

    fn poll(&mut self, patience: Duration) {
        match self.consumer.poll(patience) {
            Some(Ok(fetched)) => {
                let number = fetched.partition();
                let message = Message::detach(&fetched, Arc::clone(&self.topic));
                drop(fetched);
                let Some(partition) = self.partitions.get_mut(&number) else { return };
                partition.is_at_end = false;
                partition.waiting.push_back((message, Instant::now()));
                if partition.waiting.len() >= MOST_WAITING {
                    partition.is_paused = true;
                    self.pause(number, true);
                }
            }
            Some(Err(KafkaError::PartitionEOF(number))) => {
                if let Some(partition) = self.partitions.get_mut(&number) {
                    partition.is_at_end = true;
                }
            }
            Some(Err(error)) => debug!(%error, topic = &*self.topic, "failed to fetch, trying again"),
            None => {}
        }
    }

    fn pop(&mut self) -> Option<Message> {
        let is_complete =
            self.partitions.values().all(|partition| partition.is_at_end || !partition.waiting.is_empty());
        let heads =
            self.partitions.iter().filter_map(|(number, partition)| Some((*number, partition.waiting.front()?)));
        let (number, (first, since)) =
            heads.min_by_key(|(number, (message, _))| (message.timestamp_ms.unwrap_or(0), *number))?;
        let age = jiff::Timestamp::now().as_millisecond() - first.timestamp_ms.unwrap_or(0);
        if !is_complete && (age > LIVE_MS || since.elapsed() < LIVE_WAIT) {
            return None;
        }
        let partition = self.partitions.get_mut(&number)?;
        let (message, _) = partition.waiting.pop_front()?;
        if partition.is_paused && partition.waiting.len() < MOST_WAITING / 2 {
            partition.is_paused = false;
            self.pause(number, false);
        }
        Some(message)
    }

    fn pause(&self, number: i32, is_paused: bool) {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, number);
        let done = if is_paused { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
        if let Err(error) = done {
            debug!(%error, number, "failed to pause or resume a partition");
        }
    }
}
