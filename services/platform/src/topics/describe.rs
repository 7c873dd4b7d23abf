//! Topics as a person wants to see them: partitions, offsets, lag.

use std::collections::BTreeMap;

use faultline_schemas::topic;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};
use serde::Serialize;

use super::{
    Mismatch, TopicError,
    admin::{Admin, Complaints, PATIENCE, uncreatable},
};
use crate::{client, settings::Common};

/// Consumer groups whose lag is described, without their prefix: one for each consuming role.
const GROUPS: [&str; 3] = ["enricher", "sink", "alerter"];

/// A topic as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicDescription {
    /// Full topic name.
    pub topic: String,
    /// What it holds, in words.
    pub about: &'static str,
    /// Its partitions, by number; empty where the topic is missing.
    pub partitions: Vec<PartitionDescription>,
    /// What is not as the settings say.
    pub mismatches: Vec<Mismatch>,
    /// Messages that each consumer group, full name, has not settled; groups that never committed here are left out.
    pub lag: BTreeMap<String, i64>,
}

/// A partition as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionDescription {
    /// Partition number.
    pub partition: i32,
    /// Oldest offset still there.
    pub low: i64,
    /// Offset of the next message.
    pub high: i64,
    /// Copies that are in step.
    pub in_sync: usize,
    /// Copies in all.
    pub replicas: usize,
}

/// Every topic with its partitions, mismatches, and the lag of each consumer group.
///
/// # Errors
/// [`TopicError`] when the broker cannot be asked.
pub fn describe(common: &Common) -> Result<Vec<TopicDescription>, TopicError> {
    let admin = Admin::new(common)?;
    let metadata = admin.metadata()?;
    let mismatches = admin.mismatches(&metadata, &topic::ALL.each_ref())?;
    let mut descriptions = Vec::with_capacity(topic::ALL.len());
    for topic in &topic::ALL {
        let name = common.topics.name(topic);
        descriptions.push(TopicDescription {
            mismatches: mismatches.iter().filter(|m| m.topic == name).cloned().collect(),
            topic: name,
            about: topic.about,
            partitions: admin.partitions(&metadata, topic)?,
            lag: BTreeMap::new(),
        });
    }
    for group in GROUPS {
        add_lag(common, group, &mut descriptions)?;
    }
    Ok(descriptions)
}

/// Adds what `group` has not settled of each topic that it ever committed on.
fn add_lag(common: &Common, group: &str, descriptions: &mut [TopicDescription]) -> Result<(), TopicError> {
    let consumer: BaseConsumer<Complaints> =
        client::consumer_config(common, group)?.create_with_context(Complaints::default()).map_err(uncreatable)?;
    let mut asked = TopicPartitionList::new();
    for description in descriptions.iter() {
        for partition in &description.partitions {
            asked.add_partition(&description.topic, partition.partition);
        }
    }
    if asked.count() == 0 {
        return Ok(());
    }
    let committed = consumer
        .committed_offsets(asked, PATIENCE)
        .map_err(|source| TopicError::Kafka { what: "ask for committed offsets", source })?
        .to_topic_map();
    for description in descriptions {
        let offset = |p: &PartitionDescription| committed.get(&(description.topic.clone(), p.partition)).copied();
        if let Some(lag) = lag(&description.partitions, offset) {
            description.lag.insert(client::group_id(common, group), lag);
        }
    }
    Ok(())
}

/// Messages between what is committed and the end; none where nothing is committed.
fn lag(
    partitions: &[PartitionDescription],
    committed: impl Fn(&PartitionDescription) -> Option<Offset>,
) -> Option<i64> {
    let (any, total) = unsettled(partitions, committed);
    any.then_some(total)
}

/// Whether anything is committed, and the messages between that and the end. A partition without a commit, or with one
/// older than what is kept, counts from its oldest message.
pub(super) fn unsettled(
    partitions: &[PartitionDescription],
    committed: impl Fn(&PartitionDescription) -> Option<Offset>,
) -> (bool, i64) {
    let mut any = false;
    let mut total = 0;
    for partition in partitions {
        let next = match committed(partition) {
            Some(Offset::Offset(next)) => {
                any = true;
                next.max(partition.low)
            }
            _ => partition.low,
        };
        total += (partition.high - next).max(0);
    }
    (any, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_counts_from_the_commit_or_the_oldest_message_and_is_unknown_without_any_commit() {
        let partition = |partition, low, high| PartitionDescription { partition, low, high, in_sync: 1, replicas: 1 };
        let partitions = [partition(0, 0, 10), partition(1, 5, 20), partition(2, 5, 9)];
        let committed = |p: &PartitionDescription| match p.partition {
            0 => Some(Offset::Offset(7)),
            1 => Some(Offset::Offset(2)),
            _ => Some(Offset::Invalid),
        };
        assert_eq!(lag(&partitions, committed), Some(3 + 15 + 4));
        assert_eq!(lag(&partitions, |_| Some(Offset::Invalid)), None);
        assert_eq!(lag(&partitions, |_| None), None);
    }
}
