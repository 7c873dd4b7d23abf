//! What is owed to a source: which of its entries are settled, in order.

use std::collections::VecDeque;

/// Entries in the order they were read, each settled (acknowledged, refused or dropped) in any order.
///
/// The *watermark* lies before the first entry that is not settled: a cursor may move up to there and no further,
/// however much after it is done.
#[derive(Debug)]
pub(crate) struct Ledger<M> {
    entries: VecDeque<Owed<M>>,
    /// Number of the entry at the front.
    first: u64,
}

#[derive(Debug)]
struct Owed<M> {
    settled: bool,
    mark: M,
}

impl<M> Ledger<M> {
    pub(crate) fn new() -> Self {
        Self { entries: VecDeque::new(), first: 0 }
    }

    /// Notes an entry; `mark` comes back once it and all before it are settled.
    pub(crate) fn owe(&mut self, mark: M) -> u64 {
        self.entries.push_back(Owed { settled: false, mark });
        self.first + self.entries.len() as u64 - 1
    }

    /// Settles one entry; settling it again changes nothing.
    pub(crate) fn settle(&mut self, number: u64) {
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.settled = true;
        }
    }

    /// The mark of the next entry below the watermark.
    pub(crate) fn advance(&mut self) -> Option<M> {
        if !self.entries.front()?.settled {
            return None;
        }
        self.first += 1;
        self.entries.pop_front().map(|entry| entry.mark)
    }

    /// Entries read that are not yet below the watermark.
    pub(crate) fn outstanding(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_unsettled_entry_holds_the_watermark() {
        let mut ledger = Ledger::new();
        let numbers: Vec<u64> = (0..3).map(|mark| ledger.owe(mark)).collect();
        ledger.settle(numbers[1]);
        ledger.settle(numbers[2]);
        assert_eq!(ledger.advance(), None);
        ledger.settle(numbers[0]);
        ledger.settle(numbers[0]);
        assert_eq!(std::iter::from_fn(|| ledger.advance()).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(ledger.outstanding(), 0);
    }

    proptest! {
        #[test]
        fn marks_come_back_in_order_and_never_past_an_unsettled_entry(
            order in Just((0_usize..40).collect::<Vec<_>>()).prop_shuffle(),
            ahead in 1_usize..40,
        ) {
            let mut ledger = Ledger::new();
            let (mut owed, mut passed) = (0, 0);
            let mut settled = [false; 40];
            for (step, &number) in order.iter().enumerate() {
                while owed < 40 && (owed < ahead + step || owed <= number) {
                    prop_assert_eq!(ledger.owe(owed), owed as u64);
                    owed += 1;
                }
                ledger.settle(number as u64);
                settled[number] = true;
                while let Some(mark) = ledger.advance() {
                    prop_assert_eq!(mark, passed);
                    passed += 1;
                }
                prop_assert_eq!(passed, settled.iter().position(|settled| !settled).unwrap_or(40));
            }
        }
    }
}
