//! What is owed on one partition, and below which offset nothing is.

use std::collections::VecDeque;

/// Offsets taken from a partition in order and settled in any order.
///
/// The watermark is the offset below which every message taken is settled: the only offset that may ever be committed.
/// Offsets have gaps (transaction markers, compaction), so it follows the offsets taken, not the numbers.
#[derive(Debug, Default)]
pub(super) struct Watermark {
    /// Taken and not yet below the watermark, oldest first.
    owed: VecDeque<Owed>,
    /// One past the newest settled message below which nothing is owed.
    next: Option<i64>,
}

#[derive(Debug)]
struct Owed {
    offset: i64,
    settled: bool,
}

impl Watermark {
    /// Notes that the message at `offset` was taken. An offset at or below one taken before is not owed twice: the
    /// caller is told by `false` to drop it.
    pub(super) fn take(&mut self, offset: i64) -> bool {
        let newest = self.owed.back().map(|owed| owed.offset).or(self.next.map(|next| next - 1));
        if newest.is_some_and(|newest| offset <= newest) {
            return false;
        }
        self.owed.push_back(Owed { offset, settled: false });
        true
    }

    /// Notes that the message at `offset` is stored, published or in the dead letters.
    pub(super) fn settle(&mut self, offset: i64) {
        if let Ok(index) = self.owed.binary_search_by_key(&offset, |owed| owed.offset) {
            self.owed[index].settled = true;
        }
        while self.owed.front().is_some_and(|owed| owed.settled) {
            self.next = self.owed.pop_front().map(|owed| owed.offset + 1);
        }
    }

    /// The offset to commit: the next one to be read after a restart. None until a first message is settled.
    pub(super) fn next(&self) -> Option<i64> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_watermark_never_passes_an_unsettled_message_and_lags_behind_no_settled_run(
            gaps in prop::collection::vec(1_i64..4, 1..60),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        ) {
            let offsets: Vec<i64> = gaps.iter().scan(10, |at, gap| { *at += gap; Some(*at) }).collect();
            let mut watermark = Watermark::default();
            for &offset in &offsets {
                prop_assert!(watermark.take(offset));
            }
            let mut settled = BTreeSet::new();
            for index in order {
                let offset = *index.get(&offsets);
                watermark.settle(offset);
                settled.insert(offset);
                let expected = offsets.iter().take_while(|o| settled.contains(o)).last().map(|o| o + 1);
                prop_assert_eq!(watermark.next(), expected);
            }
        }
    }

    #[test]
    fn a_message_seen_before_is_not_owed_twice() {
        let mut watermark = Watermark::default();
        assert!(watermark.take(5));
        assert!(!watermark.take(5));
        watermark.settle(5);
        assert!(!watermark.take(5));
        assert!(watermark.take(6));
    }
}
