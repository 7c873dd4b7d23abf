//! Records: taking them in, finding them by time, taking them away.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest,
    ListOffsetsResponse, ProduceRequest, ProduceResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::broker::Broker;
use crate::error::Result;
use crate::log::{Batch, Topic};

/// Times that stand for an end of the partition.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

impl Broker {
    pub(super) async fn produce(&self, request: ProduceRequest) -> ProduceResponse {
        let is_transactional = request.transactional_id.is_some();
        // All are on their way to the disk before the first is waited for.
        let mut topics = Vec::with_capacity(request.topic_data.len());
        for data in request.topic_data {
            let topic = self.log.topic(&data.name);
            let mut partitions = Vec::with_capacity(data.partition_data.len());
            for partition in data.partition_data {
                let index = partition.index;
                let appending = match &topic {
                    Ok(_) if is_transactional => Err(ResponseError::InvalidTxnState.into()),
                    Ok(topic) => self.append(topic, partition),
                    Err(code) => Err((*code).into()),
                };
                partitions.push((index, appending));
            }
            topics.push((data.name, partitions));
        }

        let mut responses = Vec::with_capacity(topics.len());
        for (name, partitions) in topics {
            let mut answers = Vec::with_capacity(partitions.len());
            for (index, appending) in partitions {
                let outcome = match appending {
                    Ok(appending) => appending.await,
                    Err(error) => Err(error),
                };
                let start = self.log.partition(&name, index).map_or(-1, |partition| partition.span().start);
                answers.push(
                    PartitionProduceResponse::default()
                        .with_index(index)
                        .with_error_code(self.code(&outcome))
                        .with_error_message(outcome.as_ref().err().map(text))
                        .with_base_offset(outcome.unwrap_or(-1))
                        .with_log_append_time_ms(-1)
                        .with_log_start_offset(start),
                );
            }
            responses.push(TopicProduceResponse::default().with_name(name).with_partition_responses(answers));
        }
        ProduceResponse::default().with_responses(responses)
    }

    fn append<'b>(
        &'b self,
        topic: &Topic,
        data: PartitionProduceData,
    ) -> Result<impl Future<Output = Result<i64>> + use<'b>> {
        let partition = topic.partition(data.index)?;
        let batch = Batch::sent(data.records.unwrap_or_default())?;
        if batch.len() > topic.max_bytes() {
            return Err(ResponseError::MessageTooLarge.into());
        }
        self.log.append(partition, batch)
    }

    pub(super) async fn init_producer(&self, request: InitProducerIdRequest) -> InitProducerIdResponse {
        let taken = match request.transactional_id {
            None => self.producer_ids.take().await,
            // Transactions are not served.
            Some(_) => Err(ResponseError::TransactionalIdAuthorizationFailed.into()),
        };
        InitProducerIdResponse::default()
            .with_error_code(self.code(&taken))
            .with_producer_epoch(if taken.is_ok() { 0 } else { -1 })
            .with_producer_id(taken.unwrap_or(-1).into())
    }

    pub(super) async fn list_offsets(&self, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in topic.partitions {
                let found = self.list_offset(&topic.name, partition.partition_index, partition.timestamp).await;
                let code = self.code(&found);
                let (offset, timestamp) = found.unwrap_or((-1, -1));
                partitions.push(
                    ListOffsetsPartitionResponse::default()
                        .with_partition_index(partition.partition_index)
                        .with_error_code(code)
                        .with_offset(offset)
                        .with_timestamp(timestamp),
                );
            }
            topics.push(ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions));
        }
        ListOffsetsResponse::default().with_topics(topics)
    }

    async fn list_offset(&self, topic: &str, number: i32, time: i64) -> Result<(i64, i64)> {
        let partition = self.log.partition(topic, number)?;
        let span = partition.span();
        match time {
            LATEST => Ok((span.next, -1)),
            EARLIEST => Ok((span.start, -1)),
            0.. => Ok(self.log.first_since(&partition, time).await?.unwrap_or((-1, -1))),
            _ => Err(ResponseError::InvalidRequest.into()),
        }
    }

    pub(super) async fn delete_records(&self, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in topic.partitions {
                let start = match self.log.partition(&topic.name, partition.partition_index) {
                    Ok(known) => self.log.delete_before(&known, partition.offset).await,
                    Err(code) => Err(code.into()),
                };
                partitions.push(
                    DeleteRecordsPartitionResult::default()
                        .with_partition_index(partition.partition_index)
                        .with_error_code(self.code(&start))
                        .with_low_watermark(start.unwrap_or(-1)),
                );
            }
            topics.push(DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions));
        }
        DeleteRecordsResponse::default().with_topics(topics)
    }
}

fn text(error: &crate::error::Error) -> StrBytes {
    StrBytes::from_string(error.to_string())
}
