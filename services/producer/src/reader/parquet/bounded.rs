//! The pages of a column, none of them larger than the limit, packed or unpacked.
//!
//! The `parquet` crate unpacks as much as a page holds, or as its header says. Here the header is looked at before that,
//! and pages that say nothing binding are unpacked into nothing first.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    sync::atomic::{AtomicBool, Ordering},
};

use brotli_decompressor::Decompressor;
use flate2::read::MultiGzDecoder;
use parquet::{
    basic::Compression,
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};

/// Pages have about 1 MB, as most programs write them, and up to 100 MB as some do.
pub(super) const LARGEST: u64 = 128 * 1024 * 1024;
/// Type of a page whose beginning is not compressed with the rest of it.
const DATA_PAGE_V2: u64 = 3;

/// A file as it is read for one column.
pub(super) struct Bounded {
    file: File,
    compression: Compression,
    is_v2: AtomicBool,
}

impl Bounded {
    pub(super) fn new(file: File, compression: Compression) -> Self {
        Self { file, compression, is_v2: AtomicBool::new(false) }
    }
}

impl Length for Bounded {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

impl ChunkReader for Bounded {
    type T = BufReader<File>;

    /// For the header of a page.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut reader = self.file.get_read(start)?;
        let head = reader.fill_buf()?;
        let [kind, unpacked, packed] =
            sizes(head).ok_or_else(|| ParquetError::General(format!("no page starts at byte {start}")))?;
        if unpacked.max(packed) > LARGEST {
            return Err(too_large(start));
        }
        self.is_v2.store(kind == DATA_PAGE_V2, Ordering::Relaxed);
        Ok(reader)
    }

    /// For what comes after the header.
    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes> {
        if length as u64 > LARGEST {
            return Err(too_large(start));
        }
        let page = self.file.get_bytes(start, length)?;
        let unpacked = match self.compression {
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) | Compression::LZ4_RAW => {
                return Ok(page);
            }
            _ if self.is_v2.load(Ordering::Relaxed) => None,
            Compression::GZIP(_) => Some(length_of(MultiGzDecoder::new(&page[..]))?),
            Compression::BROTLI(_) => Some(length_of(Decompressor::new(&page[..], 64 * 1024))?),
            _ => None,
        };
        match unpacked {
            Some(length) if length <= LARGEST => Ok(page),
            Some(_) => Err(too_large(start)),
            None => Err(ParquetError::General(format!(
                "pages compressed as {} cannot be read within bounds: write it with zstd",
                self.compression
            ))),
        }
    }
}

fn length_of(decoder: impl Read) -> io::Result<u64> {
    io::copy(&mut decoder.take(LARGEST + 1), &mut io::sink())
}

fn too_large(start: u64) -> ParquetError {
    ParquetError::General(format!("the page at byte {start} has more than {LARGEST} bytes"))
}

/// The first three fields of a page's header in Thrift's compact protocol: its type, its size unpacked, and packed.
fn sizes(mut head: &[u8]) -> Option<[u64; 3]> {
    // One more than the last field's number, and the type of a 32-bit integer.
    const NEXT_I32: u8 = 0x15;
    let mut fields = [0; 3];
    for field in &mut fields {
        head = head.strip_prefix(&[NEXT_I32])?;
        let length = head.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
        let zigzag = head[..length].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
        // Negative numbers are odd, and no sizes.
        *field = (zigzag % 2 == 0).then_some(zigzag / 2)?;
        head = &head[length..];
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_of_a_page_are_told_from_its_header() {
        for (head, expected) in [
            (&[0x15, 0x00, 0x15, 0x04, 0x15, 0x06][..], Some([0, 2, 3])),
            (&[0x15, 0x06, 0x15, 0x80, 0x80, 0x80, 0x80, 0x02, 0x15, 0xac, 0x02, 0x2c], Some([3, 1 << 28, 150])),
            (&[0x15, 0x00, 0x15, 0x03, 0x15, 0x06], None),
            (&[0x15, 0x00, 0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x15, 0x00], None),
            (&[0x15, 0x00, 0x15], None),
            (b"PAR1", None),
            (&[], None),
        ] {
            assert_eq!(sizes(head), expected, "{head:x?}");
        }
    }
}
