//! The log, without the protocol around it.
#![allow(clippy::unwrap_used)]

use bytes::BufMut as _;
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};

use super::*;
use crate::trouble::Trouble;

const TOPIC: &str = "articles";
const OF_NOBODY: (i64, i16, i32) = (-1, -1, -1);
const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// A log in a folder of its own, with one topic of one partition.
struct Opened {
    folder: tempfile::TempDir,
    log: Log,
}

impl Opened {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = open(&folder).await;
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        log.create_topic(TOPIC, 1, settings.collect()).await.unwrap();
        Self { folder, log }
    }

    /// What is there after the process was killed.
    async fn again(self) -> Self {
        drop(self.log);
        let log = open(&self.folder).await;
        Self { folder: self.folder, log }
    }

    fn partition(&self) -> Arc<Partition> {
        self.log.partition(TOPIC, 0).unwrap()
    }

    async fn append(&self, batch: Bytes) -> Result<i64> {
        self.log.append(self.partition(), Batch::sent(batch)?)?.await
    }

    /// Offsets and values from `offset` on.
    async fn read(&self, offset: i64, max_bytes: usize) -> Vec<(i64, String)> {
        values(self.log.read(&self.partition(), offset, max_bytes).await.unwrap())
    }
}

async fn open(folder: &tempfile::TempDir) -> Log {
    let database = Database::open(&folder.path().join("broker.db"), Trouble::new()).await.unwrap();
    Log::open(Arc::new(database)).await.unwrap()
}

/// Offsets and values, read as a client does.
fn values(mut batches: Bytes) -> Vec<(i64, String)> {
    let decoded = kafka_protocol::records::RecordBatchDecoder::decode_all(&mut batches).unwrap();
    let records = decoded.into_iter().flat_map(|set| set.records);
    records.map(|record| (record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap())).collect()
}

/// A batch as a producer sends it: records with key and value at the time given.
fn sent(
    (producer_id, producer_epoch, base_sequence): (i64, i16, i32),
    compression: Compression,
    timestamp: i64,
    records: &[(&str, &str)],
) -> Bytes {
    let record = |(offset, (key, value)): (i64, &(&str, &str))| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id,
        producer_epoch,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: base_sequence.wrapping_add(i32::try_from(offset).unwrap()),
        timestamp,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let records: Vec<Record> = (0..).zip(records).map(record).collect();
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &RecordEncodeOptions { version: 2, compression }).unwrap();
    bytes.freeze()
}

fn batch_at(timestamp: i64, records: &[(&str, &str)]) -> Bytes {
    sent(OF_NOBODY, Compression::Zstd, timestamp, records)
}

fn batch(records: &[(&str, &str)]) -> Bytes {
    batch_at(0, records)
}

/// One record of an idempotent producer.
fn sent_by(producer_id: i64, epoch: i16, base_sequence: i32) -> Bytes {
    sent((producer_id, epoch, base_sequence), Compression::None, 0, &[("k", "v")])
}

fn found(records: &[(i64, &str)]) -> Vec<(i64, String)> {
    records.iter().map(|(offset, value)| (*offset, (*value).to_owned())).collect()
}

fn is_refused<T>(outcome: &Result<T>, code: ResponseError) -> bool {
    matches!(outcome, Err(Error::Refused(found)) if *found == code)
}

#[tokio::test]
async fn what_was_appended_is_read_from_any_offset_and_after_a_restart() {
    let log = Opened::new(&[]).await;
    assert_eq!(log.append(batch(&[("a", "1"), ("b", "2")])).await.unwrap(), 0);
    assert_eq!(log.append(batch(&[("c", "3")])).await.unwrap(), 2);
    let log = log.again().await;
    assert_eq!(log.append(batch(&[("d", "4")])).await.unwrap(), 3);
    assert_eq!(log.read(0, usize::MAX).await, found(&[(0, "1"), (1, "2"), (2, "3"), (3, "4")]));
    assert_eq!(log.read(1, usize::MAX).await.first(), found(&[(0, "1")]).first(), "the whole batch: clients skip");
    assert_eq!(log.read(2, usize::MAX).await, found(&[(2, "3"), (3, "4")]));
    assert_eq!(log.read(4, usize::MAX).await, found(&[]));
}

#[tokio::test]
async fn a_batch_comes_out_as_it_went_in_however_it_is_compressed() {
    let log = Opened::new(&[]).await;
    log.append(batch(&[("z", "0")])).await.unwrap();
    for (place, codec) in (1..).zip(CODECS) {
        let bytes = sent(OF_NOBODY, codec, 1_000, &[("a", "1")]);
        assert_eq!(log.append(bytes.clone()).await.unwrap(), place);
        let read = log.log.read(&log.partition(), place, usize::MAX).await.unwrap();
        assert_eq!(read[17..], bytes[17..], "all from the checksum on");
        assert_eq!(values(read), found(&[(place, "1")]));
    }
}

#[tokio::test]
async fn what_is_no_whole_batch_is_refused_and_leaves_nothing() {
    let log = Opened::new(&[]).await;
    let good = batch(&[("a", "1"), ("b", "2")]);
    let changed = |at: usize, to: u8| {
        let mut bytes = BytesMut::from(&good[..]);
        bytes[at] = to;
        bytes.freeze()
    };
    let last = good.len() - 1;
    let mut two = BytesMut::from(&good[..]);
    two.put(&good[..]);
    for (what, bytes, code) in [
        ("a byte that changed", changed(last, !good[last]), ResponseError::CorruptMessage),
        ("a checksum that changed", changed(17, !good[17]), ResponseError::CorruptMessage),
        ("a cut off end", good.slice(..last), ResponseError::CorruptMessage),
        ("a cut off header", good.slice(..40), ResponseError::CorruptMessage),
        ("nothing", Bytes::new(), ResponseError::CorruptMessage),
        ("an older format", changed(16, 1), ResponseError::UnsupportedForMessageFormat),
        ("two batches", two.freeze(), ResponseError::InvalidRecord),
    ] {
        let outcome = log.append(bytes).await;
        assert!(is_refused(&outcome, code), "{what}: {outcome:?}");
    }
    assert_eq!(log.partition().span(), Span { start: 0, next: 0 });
}

#[tokio::test]
async fn a_read_ends_at_its_limit_but_hands_out_a_batch_of_any_size() {
    let log = Opened::new(&[]).await;
    let large = "x".repeat(6 << 20);
    log.append(sent(OF_NOBODY, Compression::None, 0, &[("a", &large)])).await.unwrap();
    log.append(batch(&[("b", "2")])).await.unwrap();
    assert_eq!(log.read(0, 100).await, found(&[(0, &large)]));
    assert_eq!(log.read(1, 100).await, found(&[(1, "2")]));
}

#[tokio::test]
async fn a_batch_that_comes_again_is_there_once_also_after_a_restart() {
    let mut log = Opened::new(&[]).await;
    for sequence in 0..7 {
        log.append(sent_by(7, 0, sequence)).await.unwrap();
    }
    for _ in 0..2 {
        for sequence in 2..7 {
            assert_eq!(log.append(sent_by(7, 0, sequence)).await.unwrap(), i64::from(sequence));
        }
        assert_eq!(log.partition().span().next, 7);
        log = log.again().await;
    }
    let too_long_ago = log.append(sent_by(7, 0, 1)).await;
    assert!(is_refused(&too_long_ago, ResponseError::DuplicateSequenceNumber), "{too_long_ago:?}");
}

#[tokio::test]
async fn a_batch_out_of_order_is_refused_also_after_a_restart() {
    let log = Opened::new(&[]).await;
    log.append(sent_by(7, 0, 0)).await.unwrap();
    log.append(sent_by(7, 0, 1)).await.unwrap();
    log.append(sent_by(8, 0, 0)).await.unwrap();
    let log = log.again().await;
    let skips = log.append(sent_by(7, 0, 3)).await;
    assert!(is_refused(&skips, ResponseError::OutOfOrderSequenceNumber), "{skips:?}");
    let does_not_start_anew = log.append(sent_by(7, 1, 5)).await;
    assert!(is_refused(&does_not_start_anew, ResponseError::OutOfOrderSequenceNumber), "{does_not_start_anew:?}");
    assert_eq!(log.append(sent_by(7, 0, 2)).await.unwrap(), 3);
    assert_eq!(log.append(sent_by(7, 1, 0)).await.unwrap(), 4);
    let fenced = log.append(sent_by(7, 0, 3)).await;
    assert!(is_refused(&fenced, ResponseError::InvalidProducerEpoch), "{fenced:?}");
}

#[tokio::test]
async fn sequence_numbers_go_on_from_zero_after_the_largest() {
    let log = Opened::new(&[]).await;
    let around = sent((7, 0, i32::MAX), Compression::None, 0, &[("a", "1"), ("b", "2")]);
    log.append(around.clone()).await.unwrap();
    assert_eq!(log.append(around).await.unwrap(), 0, "it has come before");
    assert_eq!(log.append(sent_by(7, 0, 1)).await.unwrap(), 2);
}

#[tokio::test]
async fn batches_sent_at_once_have_their_places_in_the_order_of_the_calls() {
    let log = Opened::new(&[]).await;
    let appending: Vec<_> = ["1", "2", "3"]
        .map(|value| log.log.append(log.partition(), Batch::sent(batch(&[("k", value)])).unwrap()).unwrap())
        .into_iter()
        .collect();
    for (place, appending) in (0..).zip(appending).collect::<Vec<_>>().into_iter().rev() {
        assert_eq!(appending.await.unwrap(), place);
    }
    assert_eq!(log.read(0, usize::MAX).await, found(&[(0, "1"), (1, "2"), (2, "3")]));
}

#[tokio::test]
async fn old_records_go_but_offsets_go_on() {
    let log = Opened::new(&[("retention.ms", "1000")]).await;
    for time in [1_000, 2_000, 3_000] {
        log.append(batch_at(time, &[("k", "v"), ("l", "w")])).await.unwrap();
    }
    log.log.clean(3_500).await.unwrap();
    assert_eq!(log.partition().span(), Span { start: 4, next: 6 });
    log.log.clean(1_000_000).await.unwrap();
    let log = log.again().await;
    assert_eq!(log.partition().span(), Span { start: 4, next: 6 });
    assert_eq!(log.append(batch(&[("k", "v")])).await.unwrap(), 6);
}

#[tokio::test]
async fn settings_say_what_is_kept_and_can_be_changed() {
    let log = Opened::new(&[]).await;
    log.append(batch_at(1_000, &[("k", "1")])).await.unwrap();
    log.append(batch_at(1_000, &[("k", "2")])).await.unwrap();
    log.log.clean(1_000 + 7 * 24 * 60 * 60 * 1_000).await.unwrap();
    assert_eq!(log.partition().span().start, 0, "a week by default");
    log.log.set(TOPIC, &[("retention.ms".to_owned(), Some("-1".to_owned()))]).await.unwrap();
    let log = log.again().await;
    log.log.clean(i64::MAX).await.unwrap();
    assert_eq!(log.partition().span().start, 0, "for ever");
    log.log.set(TOPIC, &[("retention.ms".to_owned(), None)]).await.unwrap();
    log.log.clean(i64::MAX).await.unwrap();
    assert_eq!(log.partition().span().start, 1, "a week again");
}

#[tokio::test]
async fn records_are_deleted_up_to_an_offset_also_after_a_restart() {
    let log = Opened::new(&[]).await;
    log.append(batch(&[("a", "1"), ("b", "2")])).await.unwrap();
    log.append(batch(&[("c", "3")])).await.unwrap();
    assert_eq!(log.log.delete_before(&log.partition(), 1).await.unwrap(), 1, "in the middle of a batch");
    let beyond = log.log.delete_before(&log.partition(), 4).await;
    assert!(is_refused(&beyond, ResponseError::OffsetOutOfRange), "{beyond:?}");
    assert_eq!(log.log.delete_before(&log.partition(), -1).await.unwrap(), 3, "all of them");
    let log = log.again().await;
    assert_eq!(log.partition().span(), Span { start: 3, next: 3 });
    assert_eq!(log.append(batch(&[("d", "4")])).await.unwrap(), 3);
    assert_eq!(log.read(3, usize::MAX).await, found(&[(3, "4")]));
}

#[tokio::test]
async fn compaction_keeps_the_last_record_of_each_key_at_its_offset() {
    for codec in CODECS {
        let log = Opened::new(&[("cleanup.policy", "compact")]).await;
        let batch = |records: &[(&str, &str)]| sent(OF_NOBODY, codec, 0, records);
        log.append(batch(&[("a", "1"), ("b", "2")])).await.unwrap();
        log.append(batch(&[("a", "3")])).await.unwrap();
        log.append(batch(&[("c", "4"), ("a", "5")])).await.unwrap();
        log.append(batch(&[("c", "6")])).await.unwrap();
        log.log.clean(0).await.unwrap();
        let kept = found(&[(1, "2"), (4, "5"), (5, "6")]);
        assert_eq!(log.read(0, usize::MAX).await, kept, "{codec:?}");
        assert_eq!(log.read(2, usize::MAX).await, kept[1..], "an offset whose batch is gone");
        let log = log.again().await;
        log.log.clean(0).await.unwrap();
        assert_eq!(log.read(0, usize::MAX).await, kept, "{codec:?}");
        assert_eq!(log.partition().span().next, 6);
    }
}

#[tokio::test]
async fn a_time_is_found_in_the_middle_of_a_batch() {
    let log = Opened::new(&[]).await;
    log.append(batch_at(1_000, &[("a", "1")])).await.unwrap();
    log.append(batch_at(2_000, &[("b", "2")])).await.unwrap();
    for (time, place) in [(0, Some((0, 1_000))), (1_500, Some((1, 2_000))), (2_500, None)] {
        assert_eq!(log.log.first_since(&log.partition(), time).await.unwrap(), place);
    }
}

#[tokio::test]
async fn a_topic_that_is_made_again_is_empty() {
    let log = Opened::new(&[]).await;
    log.append(batch(&[("a", "1")])).await.unwrap();
    let (former, topic) = (log.partition(), log.log.topic(TOPIC).unwrap());
    let twice = log.log.create_topic(TOPIC, 1, BTreeMap::new()).await;
    assert!(is_refused(&twice, ResponseError::TopicAlreadyExists), "{twice:?}");
    log.log.delete_topic(&topic).await.unwrap();
    assert!(log.log.topic_of_id(topic.id).is_err());
    let late = log.log.append(former, Batch::sent(batch(&[("a", "1")])).unwrap()).map(drop);
    assert!(is_refused(&late, ResponseError::UnknownTopicOrPartition), "{late:?}");
    log.log.create_topic(TOPIC, 1, BTreeMap::new()).await.unwrap();
    let log = log.again().await;
    assert_eq!(log.partition().span(), Span { start: 0, next: 0 });
    assert_eq!(log.read(0, usize::MAX).await, found(&[]));
}
