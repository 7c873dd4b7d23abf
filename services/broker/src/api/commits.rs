//! How far consumer groups have read.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::broker::Broker;
use crate::offsets::Committed;

/// From this version on a request may be about several groups.
const SEVERAL: i16 = 8;

impl Broker {
    pub(super) async fn commit_offsets(&self, request: OffsetCommitRequest) -> OffsetCommitResponse {
        let generation = request.generation_id_or_member_epoch;
        let refusal = match generation {
            // A client that is no member, such as a tool.
            ..0 => None,
            _ => self.groups.refusal(&request.group_id, &request.member_id, generation),
        };
        let mut places = Vec::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for asked in topic.partitions {
                let found = match refusal {
                    Some(code) => Err(code),
                    None => self.log.partition(&topic.name, asked.partition_index),
                };
                let code = found.as_ref().err().map_or(0, ResponseError::code);
                if let Ok(partition) = found {
                    let metadata = asked.committed_metadata.as_deref().unwrap_or_default().to_owned();
                    let committed = Committed { offset: asked.committed_offset, metadata };
                    places.push(((topic.name.to_string(), asked.partition_index), partition.id, committed));
                }
                let answer = OffsetCommitResponsePartition::default().with_partition_index(asked.partition_index);
                partitions.push(answer.with_error_code(code));
            }
            topics.push(OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions));
        }
        if !places.is_empty() {
            let outcome = self.offsets.commit(&request.group_id, places).done().await;
            if let Err(error) = outcome {
                let code = self.told(&error).code();
                topics.iter_mut().flat_map(|topic| &mut topic.partitions).for_each(|p| p.error_code = code);
            }
        }
        OffsetCommitResponse::default().with_topics(topics)
    }

    pub(super) fn fetch_offsets(&self, request: OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
        if version >= SEVERAL {
            let groups = request.groups.into_iter().map(|group| {
                let topics = self.committed(&group.group_id, group.topics);
                OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_topics(topics)
            });
            return OffsetFetchResponse::default().with_groups(groups.collect());
        }
        let as_one_of_several = |topic: OffsetFetchRequestTopic| {
            OffsetFetchRequestTopics::default().with_name(topic.name).with_partition_indexes(topic.partition_indexes)
        };
        let topics = request.topics.map(|topics| topics.into_iter().map(as_one_of_several).collect());
        let topics = self.committed(&request.group_id, topics).into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|partition| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_committed_offset(partition.committed_offset)
                    .with_metadata(partition.metadata)
            });
            OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
        });
        OffsetFetchResponse::default().with_topics(topics.collect())
    }

    /// What a group has committed for these topics, or for all; -1 where there is nothing.
    fn committed(&self, group: &str, asked: Option<Vec<OffsetFetchRequestTopics>>) -> Vec<OffsetFetchResponseTopics> {
        let committed = self.offsets.of(group);
        let mut wanted: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        match asked {
            Some(topics) => {
                wanted.extend(topics.into_iter().map(|topic| (topic.name.to_string(), topic.partition_indexes)));
            }
            None => committed.keys().for_each(|(name, number)| wanted.entry(name.clone()).or_default().push(*number)),
        }
        let described = wanted.into_iter().map(|(name, numbers)| {
            let partitions = numbers.into_iter().map(|number| {
                let found = committed.get(&(name.clone(), number));
                OffsetFetchResponsePartitions::default()
                    .with_partition_index(number)
                    .with_committed_offset(found.map_or(-1, |found| found.offset))
                    .with_metadata(Some(StrBytes::from_string(
                        found.map_or_else(String::new, |found| found.metadata.clone()),
                    )))
            });
            let partitions = partitions.collect();
            OffsetFetchResponseTopics::default()
                .with_name(TopicName(StrBytes::from_string(name)))
                .with_partitions(partitions)
        });
        described.collect()
    }
}
