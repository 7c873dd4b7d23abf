//! Fetches: answered at once where there is something, otherwise as soon as there is.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use tokio::time::{Instant, timeout_at};

use crate::broker::Broker;
use crate::error::Result;
use crate::log::{Partition, Span};

/// From this version on topics are named by their ids.
const BY_ID: i16 = 13;

/// What was read.
struct Answer {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    /// Holds an error, which the client is to hear of at once.
    is_urgent: bool,
}

impl Broker {
    pub(super) async fn fetch(&self, request: FetchRequest, version: i16) -> FetchResponse {
        let deadline = Instant::now() + Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let enough = usize::try_from(request.min_bytes).unwrap_or(0);
        let mut appended = self.log.appended();
        loop {
            appended.borrow_and_update();
            let expired = Instant::now() >= deadline;
            if expired || self.is_something_there(&request, version) {
                let answer = self.read(&request, version).await;
                if expired || answer.is_urgent || answer.bytes >= enough {
                    return FetchResponse::default().with_responses(answer.topics);
                }
            }
            // At the deadline the answer is what there is; the sender lives as long as the log.
            timeout_at(deadline, appended.changed()).await.ok();
        }
    }

    fn is_something_there(&self, request: &FetchRequest, version: i16) -> bool {
        request.topics.iter().any(|topic| {
            topic.partitions.iter().any(|wanted| match self.place(topic, wanted, version) {
                // An offset outside is an error, which is something too.
                Ok((_, span)) => wanted.fetch_offset != span.next,
                Err(_) => true,
            })
        })
    }

    async fn read(&self, request: &FetchRequest, version: i16) -> Answer {
        let max_bytes = usize::try_from(request.max_bytes).unwrap_or(0);
        let mut answer = Answer { topics: Vec::with_capacity(request.topics.len()), bytes: 0, is_urgent: false };
        for topic in &request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for wanted in &topic.partitions {
                let data = self.read_place(topic, wanted, version, max_bytes, &mut answer).await;
                partitions.push(data.unwrap_or_else(|error| {
                    answer.is_urgent = true;
                    let nowhere = Span { start: -1, next: -1 };
                    partition_data(wanted.partition, nowhere).with_error_code(self.told(&error).code())
                }));
            }
            answer.topics.push(
                FetchableTopicResponse::default()
                    .with_topic(topic.topic.clone())
                    .with_topic_id(topic.topic_id)
                    .with_partitions(partitions),
            );
        }
        answer
    }

    async fn read_place(
        &self,
        topic: &FetchTopic,
        wanted: &FetchPartition,
        version: i16,
        max_bytes: usize,
        answer: &mut Answer,
    ) -> Result<PartitionData> {
        let (partition, span) = self.place(topic, wanted, version)?;
        let data = partition_data(wanted.partition, span);
        // One batch is handed out whatever its size, so that none can block its partition.
        if answer.bytes > 0 && answer.bytes >= max_bytes {
            return Ok(data);
        }
        let room = usize::try_from(wanted.partition_max_bytes).unwrap_or(0);
        let room = room.min(max_bytes.saturating_sub(answer.bytes));
        let records = self.log.read(&partition, wanted.fetch_offset, room).await?;
        answer.bytes += records.len();
        Ok(data.with_records(Some(records)))
    }

    /// A partition with its bounds, or why it cannot be read from there.
    fn place(
        &self,
        topic: &FetchTopic,
        wanted: &FetchPartition,
        version: i16,
    ) -> Result<(Arc<Partition>, Span), ResponseError> {
        let known =
            if version >= BY_ID { self.log.topic_of_id(topic.topic_id)? } else { self.log.topic(&topic.topic)? };
        let partition = known.partition(wanted.partition)?;
        let span = partition.span();
        if (span.start..=span.next).contains(&wanted.fetch_offset) {
            Ok((partition, span))
        } else {
            Err(ResponseError::OffsetOutOfRange)
        }
    }
}

fn partition_data(number: i32, span: Span) -> PartitionData {
    PartitionData::default()
        .with_partition_index(number)
        .with_high_watermark(span.next)
        .with_last_stable_offset(span.next)
        .with_log_start_offset(span.start)
}
