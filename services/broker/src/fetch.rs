//! Answers fetches: at once where there is something, otherwise as soon as there is.

use std::time::Duration;

use rama::{Context, Service};
use tansu_sans_io::fetch_request::FetchTopic;
use tansu_sans_io::fetch_response::{FetchableTopicResponse, PartitionData};
use tansu_sans_io::record::deflated::Frame;
use tansu_sans_io::{ApiKey, ErrorCode, FetchRequest, FetchResponse};
use tansu_storage::{Error, Result};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::log::{Log, Span};
use crate::storage::Store;

/// The fetch of the Kafka protocol, on the [`Log`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct FetchService;

impl ApiKey for FetchService {
    const KEY: i16 = FetchRequest::KEY;
}

impl Service<Store, FetchRequest> for FetchService {
    type Response = FetchResponse;
    type Error = Error;

    async fn serve(&self, ctx: Context<Store>, request: FetchRequest) -> Result<FetchResponse> {
        let log = ctx.state().log();
        let wanted = Wanted::new(log, &request)?;
        let deadline = Instant::now() + Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let enough = usize::try_from(request.min_bytes).unwrap_or(0);
        let mut appended = log.appended();
        loop {
            appended.borrow_and_update();
            let expired = Instant::now() >= deadline;
            if expired || wanted.is_something_there(log) {
                let answer = wanted.read(log).await?;
                if expired || answer.is_urgent || answer.bytes >= enough {
                    return Ok(answer.response());
                }
            }
            // At the deadline the answer is what there is; the sender lives as long as the log.
            timeout_at(deadline, appended.changed()).await.ok();
        }
    }
}

/// A partition to read.
struct Place {
    number: i32,
    offset: i64,
    max_bytes: usize,
}

/// A topic to read, named as the request does: by name, by id from version 13 on.
struct TopicPlaces {
    name: Option<String>,
    requested_name: Option<String>,
    requested_id: Option<[u8; 16]>,
    places: Vec<Place>,
}

struct Wanted {
    topics: Vec<TopicPlaces>,
    max_bytes: usize,
}

/// What was read.
struct Answer {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    /// Holds an error, which the client is to hear of at once.
    is_urgent: bool,
}

impl Wanted {
    fn new(log: &Log, request: &FetchRequest) -> Result<Self> {
        let max_bytes = request.max_bytes.map_or(Ok(usize::MAX), usize::try_from)?;
        let topics =
            request.topics.iter().flatten().map(|topic| TopicPlaces::new(log, topic)).collect::<Result<_>>()?;
        Ok(Self { topics, max_bytes })
    }

    fn is_something_there(&self, log: &Log) -> bool {
        self.topics.iter().any(|topic| {
            topic.places.iter().any(|place| match topic.span(log, place) {
                // An offset outside is an error, which is something too.
                Ok(span) => place.offset != span.next,
                Err(_) => true,
            })
        })
    }

    async fn read(&self, log: &Log) -> Result<Answer> {
        let mut answer = Answer { topics: Vec::with_capacity(self.topics.len()), bytes: 0, is_urgent: false };
        for topic in &self.topics {
            let mut partitions = Vec::with_capacity(topic.places.len());
            for place in &topic.places {
                partitions.push(self.read_place(log, topic, place, &mut answer).await?);
            }
            answer.topics.push(
                FetchableTopicResponse::default()
                    .topic(topic.requested_name.clone())
                    .topic_id(topic.requested_id)
                    .partitions(Some(partitions)),
            );
        }
        Ok(answer)
    }

    async fn read_place(
        &self,
        log: &Log,
        topic: &TopicPlaces,
        place: &Place,
        answer: &mut Answer,
    ) -> Result<PartitionData> {
        let span = match topic.span(log, place) {
            Ok(span) => span,
            Err(Error::Api(code)) => {
                answer.is_urgent = true;
                return Ok(partition_data(place.number, code, Span { start: -1, next: -1 }));
            }
            Err(error) => return Err(error),
        };
        let data = partition_data(place.number, ErrorCode::None, span);
        // One batch is handed out whatever its size, so that none can block its partition.
        if answer.bytes > 0 && answer.bytes >= self.max_bytes {
            return Ok(data);
        }
        let Some(name) = &topic.name else { return Ok(data) };
        let room = place.max_bytes.min(self.max_bytes.saturating_sub(answer.bytes));
        let batches = log.read(&*log.partition(name, place.number)?, place.offset, room).await?;
        answer.bytes += batches.iter().map(|batch| batch.record_data.len()).sum::<usize>();
        Ok(data.records((!batches.is_empty()).then_some(Frame { batches })))
    }
}

impl TopicPlaces {
    fn new(log: &Log, topic: &FetchTopic) -> Result<Self> {
        let by_id = || log.topic_name(Uuid::from_bytes(topic.topic_id?));
        let mut places = Vec::new();
        for partition in topic.partitions.iter().flatten() {
            let max_bytes = usize::try_from(partition.partition_max_bytes)?;
            places.push(Place { number: partition.partition, offset: partition.fetch_offset, max_bytes });
        }
        Ok(Self {
            name: topic.topic.clone().or_else(by_id),
            requested_name: topic.topic.clone(),
            requested_id: topic.topic_id,
            places,
        })
    }

    /// The bounds of the place's partition, or why it cannot be read.
    fn span(&self, log: &Log, place: &Place) -> Result<Span> {
        let name = self.name.as_deref().ok_or(Error::Api(ErrorCode::UnknownTopicId))?;
        let span = log.partition(name, place.number)?.span();
        if (span.start..=span.next).contains(&place.offset) {
            Ok(span)
        } else {
            Err(Error::Api(ErrorCode::OffsetOutOfRange))
        }
    }
}

impl Answer {
    fn response(self) -> FetchResponse {
        FetchResponse::default()
            .throttle_time_ms(Some(0))
            .error_code(Some(ErrorCode::None.into()))
            .session_id(Some(0))
            .node_endpoints(Some([].into()))
            .responses(Some(self.topics))
    }
}

fn partition_data(number: i32, code: ErrorCode, span: Span) -> PartitionData {
    PartitionData::default()
        .partition_index(number)
        .error_code(code.into())
        .high_watermark(span.next)
        .last_stable_offset(Some(span.next))
        .log_start_offset(Some(span.start))
        .diverging_epoch(None)
        .current_leader(None)
        .snapshot_id(None)
        .aborted_transactions(Some([].into()))
        .preferred_read_replica(Some(-1))
        .records(None)
}
