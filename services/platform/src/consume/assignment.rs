//! Which partitions are ours, and what to do when that changes.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rdkafka::{
    ClientContext, Offset, Statistics, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
};
use tracing::{debug, info, warn};

use super::receipt::Partition;
use crate::{
    client,
    health::{Health, Latch},
    metrics::RoleMetrics,
};

pub(super) type Key = (Arc<str>, i32);

/// Callbacks of the consumer, all on the polling thread.
pub(super) struct Assignment {
    partitions: Mutex<HashMap<Key, Arc<Partition>>>,
    /// Assigned, and waiting to be told where to start.
    fresh: Mutex<Vec<Key>>,
    revoke_deadline: Duration,
    metrics: Arc<RoleMetrics>,
    health: Health,
    /// Dropped when the group first answers: the role is then ready.
    joined: Mutex<Option<Latch>>,
    broker_down: AtomicBool,
}

impl Assignment {
    pub(super) fn new(revoke_deadline: Duration, metrics: Arc<RoleMetrics>, health: Health) -> Self {
        let joined = Mutex::new(Some(health.latch("consumer group")));
        Self {
            partitions: Mutex::default(),
            fresh: Mutex::default(),
            revoke_deadline,
            metrics,
            health,
            joined,
            broker_down: AtomicBool::new(false),
        }
    }

    pub(super) fn partition(&self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        // A role has few partitions, and this avoids building a key for each message.
        self.partitions.lock().iter().find(|((t, n), _)| *n == number && **t == *topic).map(|(_, p)| Arc::clone(p))
    }

    pub(super) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.lock().values().map(Arc::clone).collect()
    }

    /// Partitions that have not been started yet.
    pub(super) fn fresh(&self) -> Vec<Key> {
        self.fresh.lock().clone()
    }

    /// Notes that the partitions flow from now on.
    pub(super) fn mark_started(&self, keys: &[Key]) {
        self.fresh.lock().retain(|key| !keys.contains(key));
    }

    /// Whether the partition waits to be told where to start: it must stay paused.
    pub(super) fn is_fresh(&self, topic: &str, number: i32) -> bool {
        self.fresh.lock().iter().any(|(t, n)| *n == number && **t == *topic)
    }

    /// Commits every watermark that has moved.
    pub(super) fn commit<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>, mode: CommitMode) {
        commit(consumer, &self.partitions(), mode);
    }

    fn assigned(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        self.joined.lock().take();
        if list.count() == 0 {
            return;
        }
        // Nothing is fetched until the loop has asked the outlet where to start.
        if let Err(error) = consumer.pause(list) {
            warn!(%error, "failed to pause newly assigned partitions");
        }
        let mut partitions = self.partitions.lock();
        let mut fresh = self.fresh.lock();
        for element in list.elements() {
            let key: Key = (Arc::from(element.topic()), element.partition());
            partitions.insert(key.clone(), Arc::new(Partition::new(Arc::clone(&key.0), key.1)));
            fresh.push(key);
        }
        info!(assigned = list.count(), total = partitions.len(), "partitions assigned");
    }

    fn revoked(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        if list.count() == 0 {
            return;
        }
        let lost = consumer.assignment_lost();
        let mut revoked = Vec::new();
        {
            let mut partitions = self.partitions.lock();
            for element in list.elements() {
                let key: Key = (Arc::from(element.topic()), element.partition());
                self.fresh.lock().retain(|k| *k != key);
                revoked.extend(partitions.remove(&key));
                if let Err(error) =
                    self.metrics.consumer_lag.remove_label_values(&[&*key.0, key.1.to_string().as_str()])
                {
                    debug!(%error, "no lag was exported for the partition");
                }
            }
        }
        for partition in &revoked {
            partition.drain();
        }
        let deadline = Instant::now() + self.revoke_deadline;
        let unfinished = if lost { 0 } else { revoked.iter().filter(|p| !p.wait_idle(deadline)).count() };
        if lost {
            warn!(revoked = revoked.len(), "partitions lost: another member has them already");
        } else {
            commit(consumer, &revoked, CommitMode::Sync);
            info!(revoked = revoked.len(), unfinished, "partitions revoked");
        }
    }

    fn export_lag(&self, statistics: &Statistics) {
        for (name, topic) in &statistics.topics {
            for (number, partition) in &topic.partitions {
                let Some(ours) = self.partition(name, *number) else { continue };
                let position = ours.next().or(Some(partition.committed_offset).filter(|o| *o >= 0));
                // Without a position or a high watermark the lag is unknown, and unknown is left out.
                let Some(position) = position.filter(|_| partition.hi_offset >= 0) else { continue };
                let gauge = self.metrics.consumer_lag.with_label_values(&[name.as_str(), &number.to_string()]);
                gauge.set((partition.hi_offset - position).max(0));
            }
        }
    }
}

/// Commits the watermarks of `partitions` that have moved.
fn commit<C: ConsumerContext>(consumer: &BaseConsumer<C>, partitions: &[Arc<Partition>], mode: CommitMode) {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        if let Some(next) = partition.uncommitted() {
            let added = list.add_partition_offset(partition.topic(), partition.number(), Offset::Offset(next));
            if added.is_ok() {
                partition.mark_committed(next);
            }
        }
    }
    if list.count() == 0 {
        return;
    }
    if let Err(error) = consumer.commit(&list, mode) {
        warn!(%error, "failed to commit offsets, they are committed with the next ones");
        for partition in partitions {
            partition.mark_uncommitted();
        }
    }
}

impl ClientContext for Assignment {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        if statistics.brokers.values().any(|broker| broker.state == "UP")
            && self.broker_down.swap(false, Ordering::Relaxed)
        {
            info!("kafka answers again");
            self.health.set_degraded("kafka", None);
        }
        self.export_lag(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            if !self.broker_down.swap(true, Ordering::Relaxed) {
                warn!(reason, "kafka does not answer, waiting for it");
                self.health.set_degraded("kafka", Some("no broker answers".to_owned()));
            }
        } else {
            debug!(%error, reason, "kafka client error");
        }
    }
}

impl ConsumerContext for Assignment {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.revoked(consumer, list);
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.assigned(consumer, list),
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => warn!(%error, "rebalance failed, the group tries again"),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            warn!(%error, "failed to commit offsets, they are committed with the next ones");
            for partition in self.partitions() {
                partition.mark_uncommitted();
            }
        }
    }
}
