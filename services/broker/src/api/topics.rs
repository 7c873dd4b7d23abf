//! Topics: which there are, making and deleting them; and the one broker that leads them all.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, DescribeClusterResponse,
    MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::broker::{Broker, CLUSTER, NODE};
use crate::error::Result;
use crate::log::{Topic, is_name, refusal};

/// As many as Kafka makes where a client does not say.
const PARTITIONS: i32 = 1;
/// More than a broker for one machine can have use for.
const MOST_PARTITIONS: i32 = 10_000;

/// Why a topic is not made, and how it is said.
struct Refusal(ResponseError, String);

impl Broker {
    pub(super) fn metadata(&self, request: MetadataRequest, version: i16) -> MetadataResponse {
        let topics = match request.topics {
            None => self.log.topics().iter().map(|topic| described(topic)).collect(),
            // In the first version none named stands for all.
            Some(named) if named.is_empty() && version == 0 => {
                self.log.topics().iter().map(|topic| described(topic)).collect()
            }
            Some(named) => named.into_iter().map(|topic| self.metadata_of(topic)).collect(),
        };
        let broker = MetadataResponseBroker::default().with_node_id(NODE).with_host(self.host()).with_port(self.port());
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_cluster_id(Some(CLUSTER))
            .with_controller_id(NODE)
            .with_topics(topics)
    }

    fn metadata_of(&self, asked: MetadataRequestTopic) -> MetadataResponseTopic {
        let found = match &asked.name {
            Some(name) if is_name(name) => self.log.topic(name),
            Some(_) => Err(ResponseError::InvalidTopicException),
            None => self.log.topic_of_id(asked.topic_id),
        };
        match found {
            Ok(topic) => described(&topic),
            Err(code) => MetadataResponseTopic::default()
                .with_error_code(code.code())
                .with_name(asked.name)
                .with_topic_id(asked.topic_id),
        }
    }

    pub(super) fn describe_cluster(&self) -> DescribeClusterResponse {
        let broker =
            DescribeClusterBroker::default().with_broker_id(NODE).with_host(self.host()).with_port(self.port());
        DescribeClusterResponse::default().with_cluster_id(CLUSTER).with_controller_id(NODE).with_brokers(vec![broker])
    }

    pub(super) async fn create_topics(&self, request: CreateTopicsRequest) -> CreateTopicsResponse {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            topics.push(self.create(topic, request.validate_only).await);
        }
        CreateTopicsResponse::default().with_topics(topics)
    }

    async fn create(&self, topic: CreatableTopic, validate_only: bool) -> CreatableTopicResult {
        let answer = CreatableTopicResult::default().with_name(topic.name.clone());
        let (partitions, settings) = match checked(&topic) {
            Ok(checked) => checked,
            Err(Refusal(code, message)) => {
                return answer
                    .with_error_code(code.code())
                    .with_error_message(Some(StrBytes::from_string(message)))
                    .with_configs(None);
            }
        };
        let created = match validate_only {
            true if self.log.topic(&topic.name).is_ok() => Err(ResponseError::TopicAlreadyExists.into()),
            true => Ok(Uuid::nil()),
            false => {
                let count = usize::try_from(partitions).unwrap_or(0);
                self.log.create_topic(&topic.name, count, settings).await
            }
        };
        let message = created.as_ref().err().map(|error| StrBytes::from_string(error.to_string()));
        answer
            .with_error_code(self.code(&created))
            .with_error_message(message)
            .with_topic_id(created.unwrap_or_default())
            .with_num_partitions(partitions)
            .with_replication_factor(1)
            .with_configs(None)
    }

    pub(super) async fn delete_topics(&self, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
        // Names alone before version 6, names or ids since.
        let by_name = |name: TopicName| DeleteTopicState::default().with_name(Some(name));
        let mut responses = Vec::new();
        for asked in request.topics.into_iter().chain(request.topic_names.into_iter().map(by_name)) {
            let deleted = self.delete(&asked).await;
            let message = deleted.as_ref().err().map(|error| StrBytes::from_string(error.to_string()));
            responses.push(
                DeletableTopicResult::default()
                    .with_name(asked.name)
                    .with_topic_id(asked.topic_id)
                    .with_error_code(self.code(&deleted))
                    .with_error_message(message),
            );
        }
        DeleteTopicsResponse::default().with_responses(responses)
    }

    async fn delete(&self, asked: &DeleteTopicState) -> Result<()> {
        let topic = match &asked.name {
            Some(name) => self.log.topic(name)?,
            None => self.log.topic_of_id(asked.topic_id)?,
        };
        self.log.delete_topic(&topic).await?;
        self.offsets.forget_topic(&topic.name);
        Ok(())
    }
}

/// How many partitions and which settings a new topic is to have.
fn checked(topic: &CreatableTopic) -> Result<(i32, BTreeMap<String, String>), Refusal> {
    if !is_name(&topic.name) {
        let message = "a topic's name is 1 to 249 letters, digits, dots, underscores and dashes";
        return Err(Refusal(ResponseError::InvalidTopicException, message.to_owned()));
    }
    let partitions = match (topic.num_partitions, topic.assignments.len()) {
        (-1, 0) => PARTITIONS,
        (-1, assigned) => i32::try_from(assigned).unwrap_or(i32::MAX),
        (count, _) => count,
    };
    if !(1..=MOST_PARTITIONS).contains(&partitions) {
        let message = format!("{partitions} partitions: must be 1 to {MOST_PARTITIONS}");
        return Err(Refusal(ResponseError::InvalidPartitions, message));
    }
    let is_elsewhere = topic.assignments.iter().any(|assignment| assignment.broker_ids != [NODE]);
    if !matches!(topic.replication_factor, -1 | 1) || is_elsewhere {
        let message = "there is one broker, so that there can be one replica";
        return Err(Refusal(ResponseError::InvalidReplicationFactor, message.to_owned()));
    }
    let mut settings = BTreeMap::new();
    for config in &topic.configs {
        let value = config.value.as_deref().unwrap_or_default();
        if let Some(message) = refusal(&config.name, value) {
            return Err(Refusal(ResponseError::InvalidConfig, message));
        }
        settings.insert(config.name.to_string(), value.to_owned());
    }
    Ok((partitions, settings))
}

fn described(topic: &Topic) -> MetadataResponseTopic {
    let partitions = (0..).zip(&topic.partitions).map(|(number, _)| {
        MetadataResponsePartition::default()
            .with_partition_index(number)
            .with_leader_id(NODE)
            .with_replica_nodes(vec![NODE])
            .with_isr_nodes(vec![NODE])
    });
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_topic_id(topic.id)
        .with_partitions(partitions.collect())
}
