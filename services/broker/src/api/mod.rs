//! What the broker is asked for, one file for each kind of thing that requests are about.

mod commits;
mod fetch;
mod groups;
mod records;
mod settings;
mod topics;

use std::net::IpAddr;

use anyhow::{Context as _, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, DeleteGroupsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest, FetchRequest,
    FindCoordinatorRequest, HeartbeatRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest,
    LeaveGroupRequest, ListGroupsRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest,
    ProduceRequest, RequestHeader, ResponseHeader, SyncGroupRequest,
};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, HeaderVersion as _, Request, StrBytes};

use crate::broker::Broker;

/// What is answered, in which versions: those that kafka-protocol knows, but for what comes with transactions, tiers,
/// share groups, and ids of topics in commits.
const SERVED: [(ApiKey, i16, i16); 22] = [
    (ApiKey::Produce, 3, 12),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::ListOffsets, 1, 6),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 4),
    // From 4 on a client without an id is given one before it joins.
    (ApiKey::JoinGroup, 4, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::DescribeCluster, 0, 1),
];

/// Before each answer.
const LENGTH: usize = 4;

/// A request, its header off.
struct Call {
    key: ApiKey,
    version: i16,
    header: RequestHeader,
    body: Bytes,
}

/// Who asks.
#[derive(Debug, Clone)]
struct Caller {
    client_id: StrBytes,
    host: StrBytes,
}

/// Answers a request, which comes without its length, with an answer, which has its; nothing where the client wants none.
///
/// # Errors
/// What came is no request that is served, so that nobody knows what an answer would look like.
pub(crate) async fn answer(broker: &Broker, mut request: Bytes, from: IpAddr) -> anyhow::Result<Option<Bytes>> {
    let start = request.get(..4).context("a request shorter than its header")?;
    let (key, version) = (i16::from_be_bytes([start[0], start[1]]), i16::from_be_bytes([start[2], start[3]]));
    let served = SERVED.iter().find(|(served, ..)| *served as i16 == key);
    let Some((key, first, last)) = served.copied() else { bail!("a request of a kind that is not served, {key}") };
    let header = RequestHeader::decode(&mut request, key.request_header_version(version)).context("a broken header")?;
    let call = Call { key, version, header, body: request };
    if (first..=last).contains(&version) {
        return call.answer(broker, from).await;
    }
    if key != ApiKey::ApiVersions {
        bail!("a request of a version that is not served, {key:?} {version}");
    }
    // Readable in version 0, whatever the client asked in.
    let refusal = versions().with_error_code(ResponseError::UnsupportedVersion.code());
    call.encode::<ApiVersionsRequest>(0, &refusal).map(Some)
}

impl Call {
    async fn answer(self, broker: &Broker, from: IpAddr) -> anyhow::Result<Option<Bytes>> {
        let version = self.version;
        let caller = Caller {
            client_id: self.header.client_id.clone().unwrap_or_default(),
            host: StrBytes::from_string(format!("/{from}")),
        };
        let response = match self.key {
            ApiKey::ApiVersions => self.reply(async |_: ApiVersionsRequest| versions()).await,
            ApiKey::CreateTopics => self.reply(async |r: CreateTopicsRequest| broker.create_topics(r).await).await,
            ApiKey::DeleteGroups => self.reply(async |r: DeleteGroupsRequest| broker.delete_groups(r).await).await,
            ApiKey::DeleteRecords => self.reply(async |r: DeleteRecordsRequest| broker.delete_records(r).await).await,
            ApiKey::DeleteTopics => self.reply(async |r: DeleteTopicsRequest| broker.delete_topics(r).await).await,
            ApiKey::DescribeCluster => self.reply(async |_: DescribeClusterRequest| broker.describe_cluster()).await,
            ApiKey::DescribeConfigs => self.reply(async |r: DescribeConfigsRequest| broker.describe_configs(r)).await,
            ApiKey::DescribeGroups => self.reply(async |r: DescribeGroupsRequest| broker.describe_groups(r)).await,
            ApiKey::Fetch => self.reply(async |r: FetchRequest| broker.fetch(r, version).await).await,
            ApiKey::FindCoordinator => {
                self.reply(async |r: FindCoordinatorRequest| broker.find_coordinator(r, version)).await
            }
            ApiKey::Heartbeat => self.reply(async |r: HeartbeatRequest| broker.heartbeat(r)).await,
            ApiKey::IncrementalAlterConfigs => {
                self.reply(async |r: IncrementalAlterConfigsRequest| broker.alter_configs(r).await).await
            }
            ApiKey::InitProducerId => self.reply(async |r: InitProducerIdRequest| broker.init_producer(r).await).await,
            ApiKey::JoinGroup => self.reply(async |r: JoinGroupRequest| broker.join_group(r, &caller).await).await,
            ApiKey::LeaveGroup => self.reply(async |r: LeaveGroupRequest| broker.leave_group(r, version)).await,
            ApiKey::ListGroups => self.reply(async |r: ListGroupsRequest| broker.list_groups(r)).await,
            ApiKey::ListOffsets => self.reply(async |r: ListOffsetsRequest| broker.list_offsets(r).await).await,
            ApiKey::Metadata => self.reply(async |r: MetadataRequest| broker.metadata(r, version)).await,
            ApiKey::OffsetCommit => self.reply(async |r: OffsetCommitRequest| broker.commit_offsets(r).await).await,
            ApiKey::OffsetFetch => self.reply(async |r: OffsetFetchRequest| broker.fetch_offsets(r, version)).await,
            ApiKey::Produce => return self.produce(broker).await,
            ApiKey::SyncGroup => self.reply(async |r: SyncGroupRequest| broker.sync_group(r).await).await,
            key => bail!("{key:?} is said to be served, and is not"),
        };
        response.map(Some)
    }

    async fn reply<R: Request>(self, act: impl AsyncFnOnce(R) -> R::Response) -> anyhow::Result<Bytes> {
        let request = self.decode()?;
        let response = act(request).await;
        self.encode::<R>(self.version, &response)
    }

    /// The only request that a client may want no answer to.
    async fn produce(self, broker: &Broker) -> anyhow::Result<Option<Bytes>> {
        let request: ProduceRequest = self.decode()?;
        let wants_answer = request.acks != 0;
        let response = broker.produce(request).await;
        if wants_answer { self.encode::<ProduceRequest>(self.version, &response).map(Some) } else { Ok(None) }
    }

    fn decode<R: Request>(&self) -> anyhow::Result<R> {
        R::decode(&mut self.body.clone(), self.version).with_context(|| format!("a broken request, {:?}", self.key))
    }

    fn encode<R: Request>(&self, version: i16, response: &R::Response) -> anyhow::Result<Bytes> {
        let mut bytes = BytesMut::zeroed(LENGTH);
        let header = ResponseHeader::default().with_correlation_id(self.header.correlation_id);
        let encoded = header
            .encode(&mut bytes, R::Response::header_version(version))
            .and_then(|()| response.encode(&mut bytes, version));
        encoded.with_context(|| format!("an answer that cannot be said in this version, {:?} {version}", self.key))?;
        let length = u32::try_from(bytes.len() - LENGTH).context("an answer of more than 4 GiB")?;
        (&mut bytes[..LENGTH]).put_u32(length);
        Ok(bytes.freeze())
    }
}

fn versions() -> ApiVersionsResponse {
    let served = SERVED.map(|(key, first, last)| {
        ApiVersion::default().with_api_key(key as i16).with_min_version(first).with_max_version(last)
    });
    ApiVersionsResponse::default().with_api_keys(served.into())
}
