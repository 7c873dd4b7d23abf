//! Sharing work out by the partitions of a topic without reading it.
//!
//! A member of the group learns which partitions are its share, and notes for each how far its work has come, in the metadata of the
//! group's committed offsets: whoever has the partition next goes on from there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context as _;
use parking_lot::Mutex;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult},
};
use tracing::{debug, info, warn};

use crate::{Stop, client, health::Latch, settings::Common};

/// How long the broker may take to answer what was noted.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether to stop.
const POLL: Duration = Duration::from_millis(200);

/// A member of a group that shares the partitions of a topic out. Left when dropped.
pub struct Membership {
    consumer: Arc<BaseConsumer<Shares>>,
    topic: String,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Membership {
    /// Joins the group `PREFIX.group` for `topic`, full name. `joined` is dropped when the group first answers.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn join(common: &Common, topic: &str, group: &str, joined: Latch) -> anyhow::Result<Self> {
        let context = Shares { owned: Mutex::default(), joined: Mutex::new(Some(joined)) };
        let mut config = client::consumer_config(common, group)?;
        config.remove("statistics.interval.ms");
        let consumer: BaseConsumer<Shares> =
            config.create_with_context(context).context("failed to create a kafka consumer")?;
        consumer.subscribe(&[topic]).with_context(|| format!("failed to subscribe to {topic}"))?;
        let (consumer, stop) = (Arc::new(consumer), Stop::new());
        let (polled, until) = (Arc::clone(&consumer), stop.clone());
        let thread = thread::Builder::new().name("membership".into()).spawn(move || {
            while !until.requested() {
                // Nothing is fetched: all that comes are errors, and the callbacks of the group.
                if let Some(Err(error)) = polled.poll(POLL) {
                    debug!(%error, "the group complains, it is tried again");
                }
            }
        })?;
        Ok(Self { consumer, topic: topic.to_owned(), stop, thread: Some(thread) })
    }

    /// The partitions that are this member's share now.
    #[must_use]
    pub fn share(&self) -> BTreeSet<i32> {
        self.consumer.context().owned.lock().clone()
    }

    /// What was last noted for partitions, by whichever member.
    ///
    /// # Errors
    /// When the broker does not say.
    pub fn noted(&self, partitions: &BTreeSet<i32>) -> anyhow::Result<BTreeMap<i32, String>> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(&self.topic, *partition);
        }
        let committed =
            self.consumer.committed_offsets(asked, PATIENCE).context("failed to ask how far work has come")?;
        let known = committed.elements();
        let known = known.iter().filter(|element| matches!(element.offset(), Offset::Offset(_)));
        Ok(known.map(|element| (element.partition(), element.metadata().to_owned())).collect())
    }

    /// Notes how far the work of partitions has come. Notes for partitions that are no longer in the share are refused by the broker,
    /// which is logged: another member has them.
    pub fn note(&self, notes: &BTreeMap<i32, String>) {
        let mut list = TopicPartitionList::new();
        for (partition, note) in notes {
            let mut element = list.add_partition(&self.topic, *partition);
            element.set_metadata(note);
            if let Err(error) = element.set_offset(Offset::Offset(0)) {
                debug!(%error, "an offset that cannot be set");
            }
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Sync)
        {
            warn!(%error, "failed to note how far work has come, it is noted with what comes next");
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the thread of the group panicked");
        }
    }
}

struct Shares {
    owned: Mutex<BTreeSet<i32>>,
    joined: Mutex<Option<Latch>>,
}

impl ClientContext for Shares {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "kafka client error");
    }
}

impl ConsumerContext for Shares {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            let mut owned = self.owned.lock();
            owned.retain(|partition| list.elements().iter().all(|element| element.partition() != *partition));
            info!(revoked = list.count(), total = owned.len(), "share of the work given up");
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                self.joined.lock().take();
                if let Err(error) = consumer.pause(list) {
                    warn!(%error, "failed to pause partitions of which nothing is read");
                }
                let mut owned = self.owned.lock();
                owned.extend(list.elements().iter().map(|element| element.partition()));
                info!(assigned = list.count(), total = owned.len(), "share of the work taken");
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => warn!(%error, "rebalance failed, the group tries again"),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            debug!(%error, "a note was refused");
        }
    }
}
