//! Lines of bounded length, with their place in the input.

use std::io::{self, BufRead};

/// One line, its line break included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The first bytes of the line, up to the limit.
    pub(crate) bytes: Vec<u8>,
    /// Length of the whole line.
    pub(crate) length: u64,
    /// Offset of its first byte.
    pub(crate) start: u64,
    /// Its number, from 1.
    pub(crate) number: u64,
    /// False for a last line that the input ended before its line break.
    pub(crate) complete: bool,
}

/// Reads lines without ever holding more of one than the limit: the rest of a longer line is counted and dropped.
pub(crate) struct LineReader<R> {
    inner: R,
    limit: usize,
    offset: u64,
    lines: u64,
}

impl<R: BufRead> LineReader<R> {
    /// `inner` stands at `offset`, after `lines` lines.
    pub(crate) fn new(inner: R, limit: usize, offset: u64, lines: u64) -> Self {
        Self { inner, limit, offset, lines }
    }

    /// Takes bytes that are no lines, of which it keeps the first `keep`; how many there were.
    pub(crate) fn read_bytes(&mut self, length: u64, keep: usize, into: &mut Vec<u8>) -> io::Result<u64> {
        let (mut taken, mut room) = (0, keep);
        while taken < length {
            let available = match self.inner.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            let used = available.len().min(usize::try_from(length - taken).unwrap_or(usize::MAX));
            let kept = used.min(room);
            into.extend_from_slice(&available[..kept]);
            room -= kept;
            self.inner.consume(used);
            taken += used as u64;
            self.offset += used as u64;
        }
        Ok(taken)
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line; none at the end of the input.
    pub(crate) fn read_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Line { start: self.offset, ..Line::default() };
        while !line.complete {
            let available = match self.inner.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            let line_break = memchr::memchr(b'\n', available);
            let used = line_break.map_or(available.len(), |at| at + 1);
            let room = self.limit.saturating_sub(line.bytes.len());
            line.bytes.extend_from_slice(&available[..used.min(room)]);
            line.length += used as u64;
            line.complete = line_break.is_some();
            self.inner.consume(used);
        }
        if line.length == 0 {
            return Ok(None);
        }
        self.offset += line.length;
        self.lines += 1;
        line.number = self.lines;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn read_all(bytes: &[u8], buffer: usize, limit: usize) -> Vec<Line> {
        let mut reader = LineReader::new(BufReader::with_capacity(buffer, bytes), limit, 0, 0);
        std::iter::from_fn(|| reader.read_line().unwrap()).collect()
    }

    #[test]
    fn a_line_longer_than_the_limit_is_cut_but_counted_whole() {
        let lines = read_all(b"abcdefgh\nij\nk", 3, 4);
        let seen: Vec<_> =
            lines.iter().map(|l| (l.bytes.as_slice(), l.length, l.start, l.number, l.complete)).collect();
        assert_eq!(
            seen,
            [
                (b"abcd".as_slice(), 9, 0, 1, true),
                (b"ij\n".as_slice(), 3, 9, 2, true),
                (b"k".as_slice(), 1, 12, 3, false)
            ]
        );
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_standard_library(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            buffer in 1_usize..40,
        ) {
            let lines = read_all(&bytes, buffer, usize::MAX);
            let expected: Vec<Vec<u8>> = BufRead::split(bytes.as_slice(), b'\n').map(|line| line.unwrap()).collect();
            let without_break: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| line.bytes.strip_suffix(b"\n").unwrap_or(&line.bytes).to_vec())
                .collect();
            prop_assert_eq!(without_break, expected);
            prop_assert_eq!(lines.iter().flat_map(|line| line.bytes.clone()).collect::<Vec<_>>(), bytes);
        }

        #[test]
        fn reading_may_resume_after_any_line(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..120),
            after in 0_usize..10,
            limit in 1_usize..20,
        ) {
            let all = read_all(&bytes, 16, limit);
            let after = after.min(all.len());
            let (offset, lines) = all[..after].last().map_or((0, 0), |l| (l.start + l.length, l.number));
            let rest = &bytes[usize::try_from(offset).unwrap()..];
            let mut reader = LineReader::new(rest, limit, offset, lines);
            let resumed: Vec<Line> = std::iter::from_fn(|| reader.read_line().unwrap()).collect();
            prop_assert_eq!(resumed.as_slice(), &all[after..]);
        }
    }
}
