//! Numbers of words that are known by their hash alone.

use super::LOOK_UPS;

/// Numbers other than 0 by key, in one flat table at most half full. Keys are parts of hashes: they need no more mixing.
#[derive(Debug, Clone)]
pub(crate) struct KeyTable {
    /// Key and number; 0 where a slot is empty.
    slots: Vec<(u32, u32)>,
}

impl KeyTable {
    /// From keys and numbers; of equal keys the first counts.
    pub(crate) fn new(pairs: impl ExactSizeIterator<Item = (u32, u32)>) -> Self {
        let size = (pairs.len() * 2).next_power_of_two();
        let mut table = Self { slots: vec![(0, 0); size.max(2)] };
        for (key, number) in pairs {
            let slot = table.slot(key);
            if table.slots[slot].1 == 0 {
                table.slots[slot] = (key, number);
            }
        }
        table
    }

    /// Number of each key, 0 where it is not known, into `found` (cleared first). Several are looked up side by side, so that their
    /// waits for memory overlap.
    pub(crate) fn numbers(&self, keys: impl ExactSizeIterator<Item = u32>, found: &mut Vec<u32>) {
        found.clear();
        found.extend(keys);
        for group in found.chunks_mut(LOOK_UPS) {
            let mut slots = [(0, 0); LOOK_UPS];
            for (slot, key) in slots.iter_mut().zip(group.iter()) {
                *slot = self.slots[self.home(*key)];
            }
            for (key, (known, number)) in group.iter_mut().zip(slots) {
                *key = if number == 0 || known == *key { number } else { self.slots[self.slot(*key)].1 };
            }
        }
    }

    fn home(&self, key: u32) -> usize {
        key as usize & (self.slots.len() - 1)
    }

    /// The slot of the key, or the empty one where it would stand.
    fn slot(&self, key: u32) -> usize {
        let mut slot = self.home(key);
        while self.slots[slot].1 != 0 && self.slots[slot].0 != key {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_meet_in_a_slot_keep_their_numbers() {
        let table = KeyTable::new([(3, 30), (11, 110), (19, 190), (3, 5)].into_iter());
        let mut found = vec![7];
        table.numbers([19, 3, 11, 27, 0].into_iter(), &mut found);
        assert_eq!(found, [190, 30, 110, 0, 0]);
    }
}
