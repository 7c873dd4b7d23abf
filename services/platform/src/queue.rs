//! A topic as a queue: messages taken one after the other by the members of a group, each of which says when it is done with what.
//!
//! For work that takes long and comes seldom, such as telling somebody; whatever comes in numbers goes through [`crate::consume`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use parking_lot::Mutex;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult},
};
use tracing::{debug, warn};

use crate::{Message, client, settings::Common};

/// How long the broker may take to say what is committed.
const PATIENCE: Duration = Duration::from_secs(10);

/// One member's end of the queue.
pub struct Queue {
    consumer: BaseConsumer<Member>,
    topic: Arc<str>,
}

/// What a member of the queue is told.
#[derive(Debug)]
pub enum Taken {
    /// A message.
    Message(Box<Message>),
    /// Partitions that are another member's now: what was taken of them and not committed is taken by that one again.
    Lost(Vec<i32>),
}

impl Queue {
    /// Joins the group `PREFIX.group` for `topic`, full name. A group that has never committed begins with the first message.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn join(common: &Common, topic: &str, group: &str) -> anyhow::Result<Self> {
        let mut config = client::consumer_config(common, group)?;
        config.remove("statistics.interval.ms");
        let consumer: BaseConsumer<Member> =
            config.create_with_context(Member::default()).context("failed to create a kafka consumer")?;
        consumer.subscribe(&[topic]).with_context(|| format!("failed to subscribe to {topic}"))?;
        Ok(Self { consumer, topic: Arc::from(topic) })
    }

    /// What comes next; none when nothing came within `wait`. To be called again within `max.poll.interval.ms` (5 minutes), whatever
    /// else there is to do: see [`Queue::keep`].
    pub fn take(&self, wait: Duration) -> Option<Taken> {
        let fetched = self.consumer.poll(wait);
        if let Some(lost) = self.lost() {
            // What was fetched of what is still ours would be missed.
            if let Some(Ok(message)) = &fetched {
                self.consumer.context().early.lock().push(Message::detach(message, Arc::clone(&self.topic)));
            }
            return Some(lost);
        }
        let early = self.consumer.context().early.lock().pop();
        if let Some(message) = early {
            return Some(Taken::Message(Box::new(message)));
        }
        match fetched? {
            Ok(message) => Some(Taken::Message(Box::new(Message::detach(&message, Arc::clone(&self.topic))))),
            Err(error) => {
                debug!(%error, topic = &*self.topic, "failed to fetch, trying again");
                None
            }
        }
    }

    /// Stays a member for `wait` without taking anything. Says which partitions were lost meanwhile.
    pub fn keep(&self, wait: Duration) -> Option<Taken> {
        let assigned = self.consumer.assignment().unwrap_or_default();
        if let Err(error) = self.consumer.pause(&assigned) {
            debug!(%error, "failed to pause");
        }
        let fetched = self.consumer.poll(wait);
        if let Some(Ok(message)) = &fetched {
            self.consumer.context().early.lock().push(Message::detach(message, Arc::clone(&self.topic)));
        }
        let assigned = self.consumer.assignment().unwrap_or_default();
        if let Err(error) = self.consumer.resume(&assigned) {
            debug!(%error, "failed to go on");
        }
        self.lost()
    }

    fn lost(&self) -> Option<Taken> {
        let lost = std::mem::take(&mut *self.consumer.context().lost.lock());
        if lost.is_empty() {
            return None;
        }
        self.consumer.context().early.lock().retain(|message| !lost.contains(&message.partition));
        Some(Taken::Lost(lost))
    }

    /// Says that everything below these offsets is done.
    pub fn commit(&self, next: &BTreeMap<i32, i64>) {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in next {
            if let Err(error) = list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset)) {
                debug!(%error, "an offset that cannot be set");
            }
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Sync)
        {
            warn!(%error, topic = &*self.topic, "failed to commit, what is done may be done again");
        }
    }

    /// Whether this member has the first partition: for what one of them is to do.
    ///
    /// # Errors
    /// When the client does not know.
    pub fn is_first(&self) -> anyhow::Result<bool> {
        Ok(self.consumer.assignment()?.elements().iter().any(|element| element.partition() == 0))
    }

    /// Whether the group has committed anything, ever, in the partitions that are this member's.
    ///
    /// # Errors
    /// When the broker does not say.
    pub fn has_committed(&self) -> anyhow::Result<bool> {
        let assigned = self.consumer.assignment()?;
        let committed =
            self.consumer.committed_offsets(assigned, PATIENCE).context("failed to ask what is committed")?;
        Ok(committed.elements().iter().any(|element| matches!(element.offset(), Offset::Offset(_))))
    }
}

#[derive(Default)]
struct Member {
    lost: Mutex<Vec<i32>>,
    /// Fetched while nothing was to be taken.
    early: Mutex<Vec<Message>>,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "kafka client error");
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.lost.lock().extend(list.elements().iter().map(|element| element.partition()));
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            debug!(%error, "failed to commit");
        }
    }
}
