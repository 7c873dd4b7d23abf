//! The broker as a client of the Kafka protocol meets it, over the wire.
#![allow(clippy::unwrap_used)]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf as _, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, DeleteGroupsRequest, DescribeConfigsRequest,
    DescribeGroupsRequest, FetchRequest, GroupId, InitProducerIdRequest, JoinGroupRequest, ListGroupsRequest,
    MetadataRequest, OffsetCommitRequest, OffsetFetchRequest, ProduceRequest, RequestHeader, ResponseHeader,
    SyncGroupRequest, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable as _, HeaderVersion as _, Request, StrBytes};
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use uuid::Uuid;

const BROKER: &str = env!("CARGO_BIN_EXE_faultline-broker");
const TOPIC: &str = "articles";
const GROUP: &str = "enricher";

/// A broker and a connection to it; the broker is killed when dropped.
struct Client {
    broker: Child,
    address: SocketAddr,
    stream: TcpStream,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.broker.kill().ok();
        self.broker.wait().ok();
    }
}

impl Client {
    fn start(data: &Path) -> Self {
        let mut command = Command::new(BROKER);
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data).stderr(Stdio::null());
        Self::start_by(&mut command)
    }

    fn start_by(command: &mut Command) -> Self {
        let mut broker = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(broker.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix(r#"{"listening":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
        let address = address.unwrap_or_else(|| panic!("not a ready line: {line:?}")).parse().unwrap();
        Self { broker, address, stream: connect(address) }
    }

    fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<()> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(7)
            .with_client_id(Some("test".into()));
        let mut bytes = BytesMut::new();
        header.encode(&mut bytes, R::header_version(version)).unwrap();
        request.encode(&mut bytes, version).unwrap();
        self.stream.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes())?;
        self.stream.write_all(&bytes)
    }

    /// An answer of the kind, in the version.
    fn receive<R: Decodable>(&mut self, header_version: i16, version: i16) -> io::Result<R> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut bytes)?;
        let mut bytes = Bytes::from(bytes);
        assert_eq!(ResponseHeader::decode(&mut bytes, header_version).unwrap().correlation_id, 7);
        let answer = R::decode(&mut bytes, version).unwrap();
        assert!(!bytes.has_remaining(), "the answer goes on");
        Ok(answer)
    }

    fn try_ask<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        self.send(version, request)?;
        self.receive(R::Response::header_version(version), version)
    }

    fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.try_ask(version, request).unwrap()
    }

    /// Makes the topic and returns its id.
    fn create(&mut self, settings: &[(&'static str, &'static str)]) -> Uuid {
        let settings = settings.iter().map(|(name, value)| {
            CreatableTopicConfig::default().with_name((*name).into()).with_value(Some((*value).into()))
        });
        let topic = CreatableTopic::default()
            .with_name(TopicName(TOPIC.into()))
            .with_num_partitions(1)
            .with_replication_factor(1)
            .with_configs(settings.collect());
        let answer = self.ask(7, &CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(1_000));
        assert_eq!(answer.topics[0].error_code, 0, "{:?}", answer.topics[0].error_message);
        answer.topics[0].topic_id
    }

    /// Error code and base offset.
    fn produce(&mut self, version: i16, records: Bytes) -> (i16, i64) {
        let answer = self.ask(version, &produce(1, records));
        let partition = &answer.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    /// Error code, and values from the offset on; waits for one at least.
    fn fetch(&mut self, version: i16, topic_id: Uuid, offset: i64) -> (i16, Vec<String>) {
        let partition =
            FetchPartition::default().with_partition(0).with_fetch_offset(offset).with_partition_max_bytes(1 << 20);
        let mut topic = FetchTopic::default().with_partitions(vec![partition]);
        match version {
            13.. => topic.topic_id = topic_id,
            _ => topic.topic = TopicName(TOPIC.into()),
        }
        let request = FetchRequest::default()
            .with_max_wait_ms(10_000)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_topics(vec![topic]);
        let answer = self.ask(version, &request);
        let partition = &answer.responses[0].partitions[0];
        let records = RecordBatchDecoder::decode_all(&mut partition.records.clone().unwrap_or_default()).unwrap();
        let records = records.into_iter().flat_map(|set| set.records).filter(|record| record.offset >= offset);
        let value = |record: Record| String::from_utf8(record.value.unwrap().to_vec()).unwrap();
        (partition.error_code, records.map(value).collect())
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn produce(acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(0).with_records(Some(records));
    let topic = TopicProduceData::default().with_name(TopicName(TOPIC.into())).with_partition_data(vec![partition]);
    ProduceRequest::default().with_acks(acks).with_timeout_ms(1_000).with_topic_data(vec![topic])
}

/// A batch of an idempotent producer; of nobody in particular with id -1.
fn batch(producer_id: i64, base_sequence: i32, compression: Compression, values: &[&str]) -> Bytes {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let record = |(offset, value): (i64, &&str)| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id,
        producer_epoch: if producer_id < 0 { -1 } else { 0 },
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: base_sequence.wrapping_add(i32::try_from(offset).unwrap()),
        timestamp: now,
        key: None,
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let records: Vec<Record> = (0..).zip(values).map(record).collect();
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &RecordEncodeOptions { version: 2, compression }).unwrap();
    bytes.freeze()
}

fn plain(value: &str) -> Bytes {
    batch(-1, -1, Compression::None, &[value])
}

#[test]
fn records_come_back_in_every_version_and_compression() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    let id = client.create(&[]);
    let mut sent = Vec::new();
    for (version, codec) in (3..=12).zip(
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
            .into_iter()
            .cycle(),
    ) {
        let values = [format!("{version} one"), format!("{version} two")];
        let offset = i64::try_from(sent.len()).unwrap();
        let batch = batch(-1, -1, codec, &[&values[0], &values[1]]);
        assert_eq!(client.produce(version, batch), (0, offset), "produced with version {version}");
        sent.extend(values);
    }
    for version in 4..=16 {
        assert_eq!(client.fetch(version, id, 3), (0, sent[3..].to_vec()), "fetched with version {version}");
    }
}

#[test]
fn what_is_acknowledged_is_there_after_kill_and_a_batch_sent_again_is_there_once() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    let id = client.create(&[]);
    let producer =
        client.ask(4, &InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(1_000));
    assert_eq!((producer.error_code, producer.producer_epoch), (0, 0));
    let of_producer = |sequence, value| batch(producer.producer_id.0, sequence, Compression::Zstd, &[value]);
    assert_eq!(client.produce(9, of_producer(0, "one")), (0, 0));
    assert_eq!(client.produce(9, of_producer(1, "two")), (0, 1));
    drop(client);

    let mut client = Client::start(data.path());
    assert_eq!(client.produce(9, of_producer(1, "two")), (0, 1));
    let skips = client.produce(9, of_producer(3, "four"));
    assert_eq!(skips.0, ResponseError::OutOfOrderSequenceNumber.code());
    assert_eq!(client.produce(9, of_producer(2, "three")), (0, 2));
    assert_eq!(client.fetch(12, id, 0), (0, ["one", "two", "three"].map(str::to_owned).into()));
    let other =
        client.ask(4, &InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(1_000));
    assert_ne!(other.producer_id, producer.producer_id, "ids are not given out twice");
}

#[test]
fn a_disk_that_takes_no_more_ends_it_and_what_it_acknowledged_stays() {
    let data = tempfile::tempdir().unwrap();
    // A limit on the size of files stands for the disk, with the signal that comes with it ignored.
    let limited = r#"trap "" XFSZ; ulimit -f 16384; exec "$0" --listen 127.0.0.1:0 --data "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", limited, BROKER]).arg(data.path()).stderr(Stdio::piped());
    let mut client = Client::start_by(&mut command);
    let id = client.create(&[]);
    let large = "x".repeat(500_000);
    let mut acknowledged = 0;
    // The last is refused, or the broker ends before it says so.
    while let Ok(answer) = client.try_ask(9, &produce(1, plain(&large)))
        && answer.responses[0].partition_responses[0].error_code == 0
    {
        acknowledged += 1;
        assert!(acknowledged < 1_000, "it took more than the limit lets it");
    }
    assert!(acknowledged > 0);
    assert_eq!(client.broker.wait().unwrap().code(), Some(1));
    let mut stderr = String::new();
    client.broker.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: the disk") && last.contains(": "), "{stderr}");
    drop(client);

    let mut client = Client::start(data.path());
    assert_eq!(client.fetch(12, id, acknowledged - 1), (0, vec![large]));
}

#[test]
fn a_broken_batch_a_large_one_and_a_transaction_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    client.create(&[("max.message.bytes", "1000")]);
    let mut broken = BytesMut::from(&plain("one")[..]);
    let last = broken.len() - 1;
    broken[last] = !broken[last];
    assert_eq!(client.produce(9, broken.freeze()).0, ResponseError::CorruptMessage.code());
    assert_eq!(client.produce(9, plain(&"x".repeat(1_000))).0, ResponseError::MessageTooLarge.code());
    let transaction = produce(-1, plain("one")).with_transactional_id(Some(TransactionalId("t".into())));
    let answer = client.ask(9, &transaction);
    let code = answer.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::InvalidTxnState.code());
    let producer = InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId("t".into())));
    assert_ne!(client.ask(4, &producer).error_code, 0);
    assert_eq!(client.produce(9, plain("one")), (0, 0), "nothing of the others is there");
}

#[test]
fn records_without_acknowledgement_are_not_answered() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    let id = client.create(&[]);
    client.send(9, &produce(0, plain("one"))).unwrap();
    assert_eq!(client.produce(9, plain("two")), (0, 1));
    assert_eq!(client.fetch(12, id, 0).1, ["one", "two"]);
}

#[test]
fn a_fetch_waits_for_what_comes_and_an_offset_outside_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let mut reader = Client::start(data.path());
    let id = reader.create(&[]);
    let address = reader.address;
    let late = std::thread::spawn(move || {
        let mut writer = connect(address);
        // The reader is likely to wait by now; if it does not, it finds the record.
        std::thread::sleep(Duration::from_millis(100));
        let mut bytes = BytesMut::new();
        let header = RequestHeader::default()
            .with_request_api_key(0)
            .with_request_api_version(9)
            .with_client_id(Some("w".into()));
        header.encode(&mut bytes, 2).unwrap();
        produce(1, plain("late")).encode(&mut bytes, 9).unwrap();
        writer.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
        writer.write_all(&bytes).unwrap();
        writer.read_exact(&mut [0; 4]).unwrap();
    });
    assert_eq!(reader.fetch(16, id, 0), (0, vec!["late".to_owned()]));
    late.join().unwrap();
    assert_eq!(reader.fetch(16, id, 5).0, ResponseError::OffsetOutOfRange.code());
    assert_eq!(reader.fetch(16, Uuid::new_v4(), 0).0, ResponseError::UnknownTopicId.code());
}

#[test]
fn versions_that_are_served_are_told_and_others_refused() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    for version in 0..=4 {
        let request = match version {
            3.. => ApiVersionsRequest::default()
                .with_client_software_name("t".into())
                .with_client_software_version("1".into()),
            _ => ApiVersionsRequest::default(),
        };
        let answer = client.ask(version, &request);
        let produce = answer.api_keys.iter().find(|api| api.api_key == 0).unwrap();
        assert_eq!((produce.min_version, produce.max_version), (3, 12), "asked with version {version}");
    }
    // Version 99 of the same, of which nothing but the head can be read.
    let request = [0, 0, 0, 13, 0, 18, 0, 99, 0, 0, 0, 7, 0, 1, b't', 0, 0];
    client.stream.write_all(&request).unwrap();
    let refusal: ApiVersionsResponse = client.receive(0, 0).unwrap();
    assert_eq!(refusal.error_code, ResponseError::UnsupportedVersion.code());
    assert!(refusal.api_keys.iter().any(|api| api.api_key == 18 && api.max_version == 4));
}

#[test]
fn what_is_no_request_ends_its_connection_and_no_other() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        // A request of a kind that is not served, one of a version that is not, and one cut off in its header.
        &[0, 0, 0, 10, 0, 99, 0, 0, 0, 0, 0, 7, 0, 0],
        &[0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 7, 0, 0],
        &[0, 0, 0, 2, 0, 3],
    ] {
        let mut stranger = connect(client.address);
        stranger.write_all(nonsense).unwrap();
        let mut rest = Vec::new();
        // Closed with something unread it is reset, which is an end as well.
        stranger.read_to_end(&mut rest).ok();
        assert_eq!(rest, [], "{nonsense:?}");
    }
    client.create(&[]);
}

#[test]
fn topics_are_described_with_what_they_were_given() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    let id = client.create(&[("retention.ms", "1000")]);
    for version in 0..=13 {
        let mut topic = MetadataRequestTopic::default().with_name(Some(TopicName(TOPIC.into())));
        if version >= 12 {
            topic = MetadataRequestTopic::default().with_topic_id(id).with_name(None);
        }
        let unknown = MetadataRequestTopic::default().with_name(Some(TopicName("unknown".into())));
        let answer = client.ask(version, &MetadataRequest::default().with_topics(Some(vec![topic, unknown])));
        assert_eq!(answer.brokers[0].port, i32::from(client.address.port()));
        let codes: Vec<_> = answer.topics.iter().map(|topic| (topic.error_code, topic.partitions.len())).collect();
        assert_eq!(codes, [(0, 1), (ResponseError::UnknownTopicOrPartition.code(), 0)], "version {version}");
        assert_eq!(answer.topics[0].name, Some(TopicName(TOPIC.into())));
    }
    let resource = DescribeConfigsResource::default().with_resource_type(2).with_resource_name(TOPIC.into());
    let answer =
        client.ask(4, &DescribeConfigsRequest::default().with_resources(vec![resource.with_configuration_keys(None)]));
    let value =
        |name: &str| answer.results[0].configs.iter().find(|config| &*config.name == name).unwrap().value.clone();
    assert_eq!(value("retention.ms"), Some("1000".into()));
    assert_eq!(value("cleanup.policy"), Some("delete".into()), "the default");

    let odd = CreatableTopicConfig::default().with_name("segment.bytes".into()).with_value(Some("1".into()));
    let topic =
        CreatableTopic::default().with_name(TopicName("odd".into())).with_num_partitions(1).with_replication_factor(1);
    let request = CreateTopicsRequest::default().with_topics(vec![topic.with_configs(vec![odd])]);
    let refused = &client.ask(7, &request).topics[0];
    assert_eq!(refused.error_code, ResponseError::InvalidConfig.code());
    assert!(refused.error_message.as_ref().unwrap().contains("segment.bytes"));
}

#[test]
fn a_group_reads_commits_is_described_and_deleted() {
    let data = tempfile::tempdir().unwrap();
    let mut client = Client::start(data.path());
    client.create(&[]);
    let group = || GroupId(GROUP.into());
    let protocol = JoinGroupRequestProtocol::default().with_name("range".into()).with_metadata("topics".into());
    let join = JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(6_000)
        .with_rebalance_timeout_ms(6_000)
        .with_protocol_type("consumer".into())
        .with_protocols(vec![protocol]);
    let first = client.ask(5, &join);
    assert_eq!(first.error_code, ResponseError::MemberIdRequired.code());
    let member = first.member_id;
    let joined = client.ask(5, &join.with_member_id(member.clone()));
    assert_eq!((joined.error_code, &joined.leader, joined.members.len()), (0, &member, 1));
    let assignment = SyncGroupRequestAssignment::default().with_member_id(member.clone()).with_assignment("all".into());
    let sync = SyncGroupRequest::default().with_group_id(group()).with_member_id(member.clone());
    let synced = client.ask(3, &sync.with_generation_id(joined.generation_id).with_assignments(vec![assignment]));
    assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"all"[..]));

    let commit = |generation| {
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(5);
        let partition = partition.with_committed_metadata(Some(StrBytes::from("here")));
        let topic =
            OffsetCommitRequestTopic::default().with_name(TopicName(TOPIC.into())).with_partitions(vec![partition]);
        OffsetCommitRequest::default()
            .with_group_id(group())
            .with_member_id(member.clone())
            .with_generation_id_or_member_epoch(generation)
            .with_topics(vec![topic])
    };
    let behind = client.ask(8, &commit(joined.generation_id - 1));
    assert_eq!(behind.topics[0].partitions[0].error_code, ResponseError::IllegalGeneration.code());
    let committed = client.ask(8, &commit(joined.generation_id));
    assert_eq!(committed.topics[0].partitions[0].error_code, 0);

    let described = &client.ask(5, &DescribeGroupsRequest::default().with_groups(vec![group()])).groups[0];
    assert_eq!((&*described.group_state, &*described.protocol_data), ("Stable", "range"));
    assert_eq!(described.members[0].member_id, member);
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group()]);
    assert_eq!(client.ask(2, &delete).results[0].error_code, ResponseError::NonEmptyGroup.code());
    drop(client);

    let mut client = Client::start(data.path());
    let listed = client.ask(5, &ListGroupsRequest::default());
    assert_eq!(listed.groups.iter().map(|g| (&*g.group_id.0, &*g.group_state)).collect::<Vec<_>>(), [(GROUP, "Empty")]);
    let topic =
        OffsetFetchRequestTopic::default().with_name(TopicName(TOPIC.into())).with_partition_indexes(vec![0, 1]);
    let fetch = OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![topic]));
    let fetched = client.ask(7, &fetch);
    let offsets: Vec<_> = fetched.topics[0].partitions.iter().map(|p| p.committed_offset).collect();
    assert_eq!(offsets, [5, -1]);
    assert_eq!(fetched.topics[0].partitions[0].metadata, Some("here".into()));
    assert_eq!(client.ask(2, &delete).results[0].error_code, 0);
    assert_eq!(client.ask(2, &delete).results[0].error_code, ResponseError::GroupIdNotFound.code());
}
