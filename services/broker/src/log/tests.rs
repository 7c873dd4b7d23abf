//! The log, without the protocol around it.
#![allow(clippy::unwrap_used)]

use tansu_sans_io::record::Record;

use super::*;

const TOPIC: &str = "articles";

/// A log in a folder of its own, with one topic of one partition.
struct Opened {
    folder: tempfile::TempDir,
    topic: Topic,
    log: Log,
}

impl Opened {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let topic = Topic { id: Uuid::new_v4(), name: TOPIC.to_owned(), partitions: 1 };
        let log = open(&folder, &topic).await;
        Self { folder, topic, log }
    }

    /// What is there after the process was killed.
    async fn again(self) -> Self {
        drop(self.log);
        let log = open(&self.folder, &self.topic).await;
        Self { folder: self.folder, topic: self.topic, log }
    }

    fn partition(&self) -> Arc<Partition> {
        self.log.partition(TOPIC, 0).unwrap()
    }

    async fn append(&self, batch: Batch) -> Result<i64> {
        self.log.append(&self.partition(), batch).await
    }

    /// Offsets and values from `offset` on.
    async fn read(&self, offset: i64, max_bytes: usize) -> Vec<(i64, String)> {
        let mut found = Vec::new();
        for batch in self.log.read(&self.partition(), offset, max_bytes).await.unwrap() {
            let batch = inflated::Batch::try_from(batch).unwrap();
            for record in &batch.records {
                let value = String::from_utf8(record.value().unwrap().to_vec()).unwrap();
                found.push((batch.base_offset + i64::from(record.offset_delta), value));
            }
        }
        found
    }
}

async fn open(folder: &tempfile::TempDir, topic: &Topic) -> Log {
    let log = Log::open(&folder.path().join("records.db")).await.unwrap();
    log.know(std::slice::from_ref(topic)).await.unwrap();
    log
}

/// A batch of records with key and value, at the time given, of no producer.
fn batch_at(time: i64, records: &[(&str, &str)]) -> Batch {
    let mut builder = inflated::Batch::builder()
        .base_timestamp(time)
        .max_timestamp(time)
        .producer_id(-1)
        .base_sequence(-1)
        .last_offset_delta(i32::try_from(records.len()).unwrap() - 1);
    for (delta, (key, value)) in records.iter().enumerate() {
        let record = Record::builder()
            .offset_delta(i32::try_from(delta).unwrap())
            .key(Some(Bytes::copy_from_slice(key.as_bytes())))
            .value(Some(Bytes::copy_from_slice(value.as_bytes())));
        builder = builder.record(record);
    }
    builder.build().and_then(Batch::try_from).unwrap()
}

fn batch(records: &[(&str, &str)]) -> Batch {
    batch_at(0, records)
}

/// One record of an idempotent producer.
fn sent_by(producer_id: i64, producer_epoch: i16, base_sequence: i32) -> Batch {
    Batch { producer_id, producer_epoch, base_sequence, ..batch(&[("k", "v")]) }
}

fn found(records: &[(i64, &str)]) -> Vec<(i64, String)> {
    records.iter().map(|(offset, value)| (*offset, (*value).to_owned())).collect()
}

#[tokio::test]
async fn what_was_appended_is_read_from_any_offset_and_after_a_restart() {
    let log = Opened::new().await;
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
async fn a_read_ends_at_its_limit_but_hands_out_a_batch_of_any_size() {
    let log = Opened::new().await;
    let large = "x".repeat(6 << 20);
    log.append(batch(&[("a", &large)])).await.unwrap();
    log.append(batch(&[("b", "2")])).await.unwrap();
    assert_eq!(log.read(0, 100).await, found(&[(0, &large)]));
    assert_eq!(log.read(1, 100).await, found(&[(1, "2")]));
}

#[tokio::test]
async fn a_batch_that_comes_twice_or_out_of_order_is_refused_also_after_a_restart() {
    let log = Opened::new().await;
    log.append(sent_by(7, 0, 0)).await.unwrap();
    log.append(sent_by(7, 0, 1)).await.unwrap();
    log.append(sent_by(8, 0, 0)).await.unwrap();
    let log = log.again().await;
    for (epoch, sequence, code) in [
        (0, 1, ErrorCode::DuplicateSequenceNumber),
        (0, 3, ErrorCode::OutOfOrderSequenceNumber),
        (1, 5, ErrorCode::OutOfOrderSequenceNumber),
    ] {
        let refused = log.append(sent_by(7, epoch, sequence)).await;
        assert!(matches!(refused, Err(Error::Api(found)) if found == code), "{refused:?}");
    }
    assert_eq!(log.append(sent_by(7, 0, 2)).await.unwrap(), 3);
    assert_eq!(log.append(sent_by(7, 1, 0)).await.unwrap(), 4);
    let refused = log.append(sent_by(7, 0, 3)).await;
    assert!(matches!(refused, Err(Error::Api(ErrorCode::InvalidProducerEpoch))), "{refused:?}");
}

#[tokio::test]
async fn old_records_go_but_offsets_go_on() {
    let log = Opened::new().await;
    for time in [1_000, 2_000, 3_000] {
        log.append(batch_at(time, &[("k", "v"), ("l", "w")])).await.unwrap();
    }
    let policy = Policy { retention_ms: Some(1_000), compact: false };
    log.log.clean(TOPIC, policy, 3_500).await.unwrap();
    assert_eq!(log.partition().span(), Span { start: 4, next: 6 });
    log.log.clean(TOPIC, policy, 1_000_000).await.unwrap();
    let log = log.again().await;
    assert_eq!(log.partition().span(), Span { start: 4, next: 6 });
    assert_eq!(log.append(batch(&[("k", "v")])).await.unwrap(), 6);
}

#[tokio::test]
async fn compaction_keeps_the_last_record_of_each_key_at_its_offset() {
    let log = Opened::new().await;
    log.append(batch(&[("a", "1"), ("b", "2")])).await.unwrap();
    log.append(batch(&[("a", "3")])).await.unwrap();
    log.append(batch(&[("c", "4"), ("a", "5")])).await.unwrap();
    log.append(batch(&[("c", "6")])).await.unwrap();
    log.log.clean(TOPIC, Policy { retention_ms: None, compact: true }, 0).await.unwrap();
    assert_eq!(log.read(0, usize::MAX).await, found(&[(1, "2"), (4, "5"), (5, "6")]));
    assert_eq!(log.read(2, usize::MAX).await, found(&[(4, "5"), (5, "6")]), "an offset whose batch is gone");
}

#[tokio::test]
async fn a_time_is_found_in_the_middle_of_a_batch() {
    let log = Opened::new().await;
    log.append(batch_at(1_000, &[("a", "1")])).await.unwrap();
    log.append(batch_at(2_000, &[("b", "2")])).await.unwrap();
    for (time, place) in [(0, Some((0, 1_000))), (1_500, Some((1, 2_000))), (2_500, None)] {
        assert_eq!(log.log.first_since(&log.partition(), time).await.unwrap(), place);
    }
}

#[tokio::test]
async fn a_topic_that_is_made_again_is_empty() {
    let log = Opened::new().await;
    log.append(batch(&[("a", "1")])).await.unwrap();
    log.log.know(&[]).await.unwrap();
    assert!(log.log.partition(TOPIC, 0).is_err());
    log.log.know(&[Topic { id: Uuid::new_v4(), ..log.topic.clone() }]).await.unwrap();
    assert_eq!(log.partition().span(), Span { start: 0, next: 0 });
    assert_eq!(log.read(0, usize::MAX).await, found(&[]));
}
