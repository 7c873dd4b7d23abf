//! The window of revisions taken most recently.

use std::collections::{HashSet, VecDeque};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Remembers the latest revisions of one source, to drop exact repeats.
///
/// A revision is *pending* from when it is taken until its article is acknowledged. Only acknowledged ones are kept
/// across restarts: one that was taken but lost in a crash must be taken again.
#[derive(Debug)]
pub(crate) struct Seen {
    settled: VecDeque<u64>,
    all: HashSet<u64>,
    capacity: usize,
}

impl Seen {
    /// Holds up to `capacity` acknowledged revisions, starting with those that [`Seen::encode`] wrote.
    pub(crate) fn new(capacity: usize, encoded: &str) -> Self {
        let mut seen = Self { settled: VecDeque::new(), all: HashSet::new(), capacity };
        let bytes = STANDARD.decode(encoded).unwrap_or_else(|error| {
            tracing::warn!(%error, "failed to read the remembered revisions, starting without");
            Vec::new()
        });
        let (hashes, _) = bytes.as_chunks::<8>();
        for hash in hashes.iter().map(|eight| u64::from_le_bytes(*eight)) {
            seen.learn(hash);
        }
        seen
    }

    /// True where this revision is new; from now on it is not.
    pub(crate) fn take(&mut self, hash: u64) -> bool {
        self.all.insert(hash)
    }

    /// Whether this revision was taken.
    pub(crate) fn knows(&self, hash: u64) -> bool {
        self.all.contains(&hash)
    }

    /// Remembers a revision whose article is acknowledged already.
    pub(crate) fn learn(&mut self, hash: u64) {
        if self.take(hash) {
            self.settle(hash);
        }
    }

    /// Holds at least so many from now on.
    pub(crate) fn grow(&mut self, capacity: usize) {
        self.capacity = self.capacity.max(capacity);
    }

    /// Its article is acknowledged, or will never be: it now counts against the capacity, the oldest go first.
    pub(crate) fn settle(&mut self, hash: u64) {
        self.settled.push_back(hash);
        while self.settled.len() > self.capacity {
            if let Some(oldest) = self.settled.pop_front() {
                self.all.remove(&oldest);
            }
        }
    }

    /// The acknowledged revisions, oldest first, eight bytes each, base64.
    pub(crate) fn encode(&self) -> String {
        let bytes: Vec<u8> = self.settled.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        STANDARD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_within_the_window_is_known_and_one_outside_is_not() {
        let mut seen = Seen::new(2, "");
        for hash in [1, 2, 3] {
            assert!(seen.take(hash));
            assert!(!seen.take(hash), "pending counts as seen");
            seen.settle(hash);
        }
        assert!(!seen.take(3));
        assert!(!seen.take(2));
        assert!(seen.take(1), "the oldest was forgotten");
    }

    #[test]
    fn only_what_was_acknowledged_survives_a_restart() {
        let mut seen = Seen::new(10, "");
        assert!(seen.take(7) && seen.take(8));
        seen.settle(7);
        let mut restarted = Seen::new(10, &seen.encode());
        assert!(!restarted.take(7));
        assert!(restarted.take(8));
    }

    #[test]
    fn a_damaged_memory_is_no_obstacle() {
        assert!(Seen::new(10, "not base64!").take(1));
        assert!(Seen::new(10, "AAA=").take(1));
    }
}
