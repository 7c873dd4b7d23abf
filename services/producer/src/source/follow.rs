//! Deciding where to go on in a file that may have grown or been replaced since.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    time::{Duration, SystemTime},
};

use faultline_schemas::FileCursor;

/// Bytes at the start of a file by which it is known again.
const HEAD: u64 = 1024;

/// A file as it is on disk now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDisk {
    pub(crate) size: u64,
    modified: Option<SystemTime>,
    head: Vec<u8>,
}

/// Why a file is read from where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Never read before.
    New,
    /// Goes on after the cursor.
    Resumed,
    /// It is another file under the same name.
    Replaced,
}

impl OnDisk {
    pub(crate) fn look(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut head = Vec::new();
        file.take(HEAD).read_to_end(&mut head)?;
        Ok(Self { size: metadata.len(), modified: metadata.modified().ok(), head })
    }

    /// True where nothing was written for so long. Clocks that disagree count as quiet.
    pub(crate) fn is_quiet(&self, settle: Duration) -> bool {
        self.modified.and_then(|at| at.elapsed().ok()).is_none_or(|age| age >= settle)
    }

    /// True where nothing was written since this look.
    pub(crate) fn is_unchanged(&self, path: &Path) -> bool {
        let now = std::fs::metadata(path);
        now.is_ok_and(|now| now.len() == self.size && now.modified().ok() == self.modified)
    }

    /// True where the cursor says that the file was read to its end, and it is still as it was then.
    pub(crate) fn is_done(&self, cursor: &FileCursor) -> bool {
        cursor.done && cursor.size == self.size && self.has_head_of(cursor)
    }

    /// Where to start, as a cursor without progress beyond it, and why there. Whether an encoded file ends before the
    /// cursor shows only when it is read.
    pub(crate) fn start(&self, known: Option<&FileCursor>) -> (FileCursor, Start) {
        let from = |offset, line, why| {
            let (head, head_length) = (hash(&self.head), u32::try_from(self.head.len()).unwrap_or_default());
            (FileCursor { offset, line, head, head_length, done: false, size: 0 }, why)
        };
        match known {
            None => from(0, 0, Start::New),
            Some(cursor) if !self.has_head_of(cursor) => from(0, 0, Start::Replaced),
            Some(cursor) => from(cursor.offset, cursor.line, Start::Resumed),
        }
    }

    fn has_head_of(&self, cursor: &FileCursor) -> bool {
        let head = usize::try_from(cursor.head_length).ok().and_then(|length| self.head.get(..length));
        head.is_some_and(|head| hash(head) == cursor.head)
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().as_str()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_disk(content: &str) -> OnDisk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        OnDisk::look(&path).unwrap()
    }

    #[test]
    fn a_file_that_grew_is_told_from_one_that_was_replaced() {
        let long = "x".repeat(2000);
        for (before, after, expected) in [
            ("one\n", "one\ntwo\n", Start::Resumed),
            ("one\n", "one\n", Start::Resumed),
            ("", "one\n", Start::Resumed),
            ("one\ntwo\n", "one\n", Start::Replaced),
            ("one\n", "two\n", Start::Replaced),
            (long.as_str(), &format!("{long}y"), Start::Resumed),
            ("one\n", "", Start::Replaced),
        ] {
            let (mut cursor, why) = on_disk(before).start(None);
            assert_eq!((cursor.offset, why), (0, Start::New));
            (cursor.offset, cursor.line) = (before.len() as u64, 1);
            let (resumed, why) = on_disk(after).start(Some(&cursor));
            assert_eq!(why, expected, "{before:?} became {after:?}");
            assert_eq!(resumed.offset, if why == Start::Resumed { cursor.offset } else { 0 });
        }
    }

    #[test]
    fn a_file_is_done_until_it_changes() {
        let (cursor, _) = on_disk("one\n").start(None);
        let done = FileCursor { done: true, size: 4, offset: 4, ..cursor.clone() };
        assert!(on_disk("one\n").is_done(&done));
        assert!(!on_disk("one\ntwo\n").is_done(&done));
        assert!(!on_disk("two\n").is_done(&done));
        assert!(!on_disk("one\n").is_done(&cursor));
    }
}
