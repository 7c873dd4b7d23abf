//! Stems of words, remembered: a text's words are few and come again and again.

use std::cell::RefCell;

use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Bytes of a word that count.
pub(super) const WORD_BYTES: usize = 48;
/// Stems of each kind remembered by each thread.
const REMEMBERED: usize = 50_000;

/// Bytes of a word kept in the table itself, padded with zeros, which no word holds.
type Short = [u8; 16];

struct Stems {
    stemmer: Stemmer,
    /// Nearly all: found and compared without going to another place in memory.
    short: FxHashMap<u128, (Short, u8)>,
    long: FxHashMap<String, String>,
}

thread_local! {
    static STEMS: RefCell<Stems> = RefCell::new(Stems {
        stemmer: Stemmer::create(Algorithm::English),
        short: FxHashMap::default(),
        long: FxHashMap::default(),
    });
}

/// Calls `use_stem` with the stem of a word in any case and with any accents; empty where none of its characters is a letter
/// or a digit.
pub fn with_stem<T>(word: &str, use_stem: impl FnOnce(&str) -> T) -> T {
    STEMS.with_borrow_mut(|stems| use_stem(stems.of(word)))
}

impl Stems {
    fn of(&mut self, word: &str) -> &str {
        match short(word) {
            Some(key) => self.of_short(word, u128::from_le_bytes(key)),
            None => self.of_long(word),
        }
    }

    fn of_short(&mut self, word: &str, key: u128) -> &str {
        if !self.short.contains_key(&key) {
            let stem = self.work_out(word);
            // Some letters grow when they are made small.
            let Some(bytes) = short(&stem) else { return self.of_long(word) };
            if self.short.len() >= REMEMBERED {
                self.short.clear();
            }
            self.short.insert(key, (bytes, stem.len() as u8));
        }
        let (bytes, length) = &self.short[&key];
        std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
    }

    fn of_long(&mut self, word: &str) -> &str {
        if !self.long.contains_key(word) {
            let stem = self.work_out(word);
            if self.long.len() >= REMEMBERED {
                self.long.clear();
            }
            self.long.insert(word.to_owned(), stem);
        }
        &self.long[word]
    }

    fn work_out(&self, word: &str) -> String {
        let mut stem = self.stemmer.stem(&fold(word)).into_owned();
        if stem.len() > WORD_BYTES {
            stem.truncate(stem.floor_char_boundary(WORD_BYTES));
        }
        stem
    }
}

fn short(word: &str) -> Option<Short> {
    let mut bytes = Short::default();
    bytes.get_mut(..word.len())?.copy_from_slice(word.as_bytes());
    Some(bytes)
}

/// Folds case and accents.
#[must_use]
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.nfd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
        match c {
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            c if c.is_alphanumeric() => folded.push(c),
            _ => {}
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_letter_that_grows_when_made_small_is_no_trouble() {
        // Two bytes each, and three in small.
        let word = "Ⱥ".repeat(8);
        assert_eq!(with_stem(&word, str::to_owned), "ⱥ".repeat(8));
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_was_worked_out(word in "[A-Za-zÀ-ž]{1,24}") {
            let worked_out = STEMS.with_borrow(|stems| stems.work_out(&word));
            for _ in 0..2 {
                prop_assert_eq!(with_stem(&word, str::to_owned), &*worked_out);
            }
        }
    }
}
