//! UTF-16 into UTF-8, as a reader.

use std::io::{self, BufRead, Read};

/// Reads UTF-16 (after its byte order mark) as UTF-8. A surrogate without its partner becomes U+FFFD, as does an odd
/// last byte.
pub(crate) struct Utf16Reader<R> {
    inner: R,
    big_endian: bool,
    /// A first half whose second half has not been read yet.
    high: Option<u16>,
    encoded: Vec<u8>,
    taken: usize,
}

/// Code units decoded at a time.
const UNITS: usize = 16 * 1024;

impl<R: BufRead> Utf16Reader<R> {
    pub(crate) fn new(inner: R, big_endian: bool) -> Self {
        Self { inner, big_endian, high: None, encoded: Vec::new(), taken: 0 }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.encoded.clear();
        self.taken = 0;
        let mut bytes = Vec::with_capacity(UNITS * 2);
        self.inner.by_ref().take(UNITS as u64 * 2).read_to_end(&mut bytes)?;
        let (pairs, odd) = bytes.as_chunks::<2>();
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        units.extend(
            pairs.iter().map(|&pair| if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }),
        );
        if bytes.len() == UNITS * 2 && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
            self.high = units.pop();
        }
        let odd_byte = (!odd.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        let decoded = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        for character in decoded.chain(odd_byte) {
            self.encoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.encoded.len() {
            self.refill()?;
        }
        let available = &self.encoded[self.taken..];
        let length = available.len().min(into.len());
        into[..length].copy_from_slice(&available[..length]);
        self.taken += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], big_endian: bool) -> String {
        let mut text = String::new();
        Utf16Reader::new(bytes, big_endian).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn both_byte_orders_read_the_same() {
        let text = "Kosovë 😀 ".repeat(9_000);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&little, false), text);
        assert_eq!(decode(&big, true), text);
    }

    #[test]
    fn a_pair_split_between_two_reads_stays_one_character() {
        let text = format!("{}😀", "x".repeat(UNITS - 1));
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&little, false), text);
    }

    #[test]
    fn broken_units_are_replaced() {
        assert_eq!(decode(&[0x00, 0xD8, b'a', 0, b'b'], false), "\u{fffd}a\u{fffd}");
    }
}
