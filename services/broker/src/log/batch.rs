//! A batch of records as it goes over the wire and into the log: Kafka's message format 2.
//!
//! A header of 61 bytes, then the records, compressed together. The checksum covers all from the attributes on, so that
//! offsets can be set without touching it. Layout: <https://kafka.apache.org/documentation/#recordbatch>.

use anyhow::{Context as _, bail};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::compression::{Compressor as _, Decompressor as _, Gzip, Lz4, Snappy, Zstd};

const LENGTH_AT: usize = 8;
const EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CHECKSUM_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const COUNT_AT: usize = 57;
const HEADER: usize = 61;

const MAGIC: u8 = 2;
/// What "length" leaves out: the offset, and itself.
const BEFORE_LENGTH: usize = 12;
/// Of the attributes: the codec, and what only transactions have.
const CODEC: i16 = 0b111;
const TRANSACTIONAL_OR_CONTROL: i16 = 0b11_0000;
/// This broker leads for ever, so that there are no epochs of leaders.
const NO_EPOCH: i32 = -1;

/// A whole batch, its header at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) header: Header,
    bytes: BytesMut,
}

/// What the log needs to know of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    attributes: i16,
    pub(crate) last_offset_delta: i32,
    base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    /// -1 where it is not idempotent.
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    record_count: i32,
}

/// One record, as it lies in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: i64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Bytes>,
    bytes: Bytes,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < HEADER {
            return None;
        }
        let (mut start, mut rest) = (bytes, &bytes[ATTRIBUTES_AT..]);
        Some(Self {
            base_offset: start.get_i64(),
            attributes: rest.get_i16(),
            last_offset_delta: rest.get_i32(),
            base_timestamp: rest.get_i64(),
            max_timestamp: rest.get_i64(),
            producer_id: rest.get_i64(),
            producer_epoch: rest.get_i16(),
            base_sequence: rest.get_i32(),
            record_count: rest.get_i32(),
        })
    }

    /// What the index says of a batch that an idempotent producer has written.
    pub(super) fn indexed(
        base_offset: i64,
        next_offset: i64,
        producer_id: i64,
        epoch: i16,
        base_sequence: i32,
    ) -> Self {
        let last_offset_delta = i32::try_from(next_offset - base_offset - 1).unwrap_or(i32::MAX);
        Self {
            base_offset,
            attributes: 0,
            last_offset_delta,
            base_timestamp: 0,
            max_timestamp: 0,
            producer_id,
            producer_epoch: epoch,
            base_sequence,
            record_count: 0,
        }
    }

    /// Of the record that comes after the batch.
    pub(crate) fn next_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta) + 1
    }

    /// Of its last record; after the largest number comes 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        self.producer_id >= 0
    }
}

impl Batch {
    /// Checks what a producer has sent as the records of a partition, which is one batch.
    pub(crate) fn sent(bytes: Bytes) -> Result<Self, ResponseError> {
        if bytes.len() > MAGIC_AT && bytes[MAGIC_AT] != MAGIC {
            return Err(ResponseError::UnsupportedForMessageFormat);
        }
        let header = Header::read(&bytes).ok_or(ResponseError::CorruptMessage)?;
        let length = usize::try_from((&bytes[LENGTH_AT..]).get_i32()).map_err(|_| ResponseError::CorruptMessage)?;
        if bytes.len() > BEFORE_LENGTH + length {
            return Err(ResponseError::InvalidRecord);
        }
        if bytes.len() < BEFORE_LENGTH + length || (&bytes[CHECKSUM_AT..]).get_u32() != checksum(&bytes) {
            return Err(ResponseError::CorruptMessage);
        }
        let is_countable = header.record_count >= 1 && header.last_offset_delta == header.record_count - 1;
        if !is_countable || header.attributes & TRANSACTIONAL_OR_CONTROL != 0 {
            return Err(ResponseError::InvalidRecord);
        }
        Ok(Self { header, bytes: BytesMut::from(bytes) })
    }

    /// What was checked before.
    pub(super) fn stored(bytes: Vec<u8>) -> anyhow::Result<Self> {
        let header = Header::read(&bytes).context("it is shorter than a header")?;
        Ok(Self { header, bytes: BytesMut::from(Bytes::from(bytes)) })
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into()
    }

    /// Gives it its place in a partition.
    pub(super) fn place_at(&mut self, base_offset: i64) {
        self.header.base_offset = base_offset;
        (&mut self.bytes[..LENGTH_AT]).put_i64(base_offset);
        (&mut self.bytes[EPOCH_AT..MAGIC_AT]).put_i32(NO_EPOCH);
    }

    /// Its records, unpacked.
    pub(crate) fn records(&self) -> anyhow::Result<Vec<Record>> {
        let mut packed = Bytes::copy_from_slice(&self.bytes[HEADER..]);
        let whole = |unpacked: &mut Bytes| Ok(unpacked.clone());
        let mut unpacked = match self.header.attributes & CODEC {
            0 => packed,
            1 => Gzip::decompress(&mut packed, whole)?,
            2 => Snappy::decompress(&mut packed, whole)?,
            3 => Lz4::decompress(&mut packed, whole)?,
            4 => Zstd::decompress(&mut packed, whole)?,
            codec => bail!("compressed in a way that is not known, {codec}"),
        };
        let mut records = Vec::new();
        while unpacked.has_remaining() {
            records.push(self.header.next_record(&mut unpacked).context("a record is cut off")?);
        }
        Ok(records)
    }

    /// The same batch, in the same place and of the same span, with only these of its records.
    pub(super) fn with(&self, records: &[Record]) -> anyhow::Result<Self> {
        let mut bytes = BytesMut::from(&self.bytes[..HEADER]);
        let all = |unpacked: &mut BytesMut| {
            records.iter().for_each(|record| unpacked.put_slice(&record.bytes));
            Ok(())
        };
        match self.header.attributes & CODEC {
            1 => Gzip::compress(&mut bytes, all)?,
            2 => Snappy::compress(&mut bytes, all)?,
            3 => Lz4::compress(&mut bytes, all)?,
            4 => Zstd::compress(&mut bytes, all)?,
            _ => all(&mut bytes)?,
        }
        let record_count = i32::try_from(records.len())?;
        let length = i32::try_from(bytes.len() - BEFORE_LENGTH)?;
        (&mut bytes[COUNT_AT..HEADER]).put_i32(record_count);
        (&mut bytes[LENGTH_AT..EPOCH_AT]).put_i32(length);
        let checksum = checksum(&bytes);
        (&mut bytes[CHECKSUM_AT..ATTRIBUTES_AT]).put_u32(checksum);
        Ok(Self { header: Header { record_count, ..self.header }, bytes })
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(&bytes[ATTRIBUTES_AT..])
}

impl Header {
    /// Takes the first record off what is unpacked; nothing where it is not whole.
    fn next_record(&self, unpacked: &mut Bytes) -> Option<Record> {
        let mut body = unpacked.clone();
        let length = usize::try_from(variable(&mut body)?).ok()?;
        let before = unpacked.len() - body.len();
        if body.len() < length {
            return None;
        }
        body.truncate(length);
        let bytes = unpacked.split_to(before + length);
        // Attributes, which say nothing yet.
        body.try_get_i8().ok()?;
        let timestamp = self.base_timestamp.checked_add(variable(&mut body)?)?;
        let offset = self.base_offset.checked_add(variable(&mut body)?)?;
        let key = match usize::try_from(variable(&mut body)?) {
            Ok(length) if length <= body.len() => Some(body.split_to(length)),
            Ok(_) => return None,
            Err(_) => None,
        };
        Some(Record { offset, timestamp, key, bytes })
    }
}

/// A whole number in seven bits per byte, the lowest first, its sign in the lowest bit.
fn variable(bytes: &mut Bytes) -> Option<i64> {
    let mut raw = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.try_get_u8().ok()?;
        raw |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((raw >> 1) as i64 ^ -((raw & 1) as i64));
        }
    }
    None
}
