//! Words as both stores index them.
//!
//! Neither SQLite's `porter` tokenizer nor PostgreSQL's `english` configuration is used: they disagree on stems, stop
//! words and accents. Text is folded and stemmed here, once, and both stores index the outcome, so that a search
//! finds the same articles in either. The rules:
//!
//! - a word is a run of letters and digits; a Chinese or Japanese character is a word of its own;
//! - case and accents do not matter (`Vučić` is `vucic`), nor does a possessive `'s`;
//! - words are stemmed by Snowball's English algorithm (Porter2), whatever the language: on both sides alike;
//! - there are no stop words, so that phrases are found as they stand;
//! - of one article the first 16,383 words are indexed: as many positions as a `tsvector` can hold.

use std::cell::RefCell;

use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::columns::TsVector;
use crate::db::Dialect;

/// The highest position that PostgreSQL keeps.
const POSITIONS: usize = 16_383;
/// Positions of one word in one article that PostgreSQL keeps.
const POSITIONS_OF_A_WORD: usize = 255;
/// Bytes of a word that count.
const WORD_BYTES: usize = 48;
/// Stems remembered by each thread.
const REMEMBERED: usize = 50_000;
/// What stands between two names, so that no phrase reaches from one into the next.
const GAP: usize = 2;

/// A word in a text: its stem and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) stem: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    spans(text)
        .map(|(start, end)| Word { stem: stem(&text[start..end]), start, end })
        // A lone combining mark leaves nothing.
        .filter(|word| !word.stem.is_empty())
}

/// The stems of a text, in order.
pub(crate) fn stems(text: &str) -> Vec<String> {
    words(text).map(|word| word.stem).collect()
}

/// Byte ranges of words.
fn spans(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word_char)?;
        let first = text[start..].chars().next()?;
        let length = if stands_alone(first) {
            first.len_utf8()
        } else {
            text[start..].find(|c| !is_word_char(c) || stands_alone(c)).unwrap_or(text.len() - start)
        };
        let end = start + length;
        at = end + possessive(&text[end..]);
        Some((start, end))
    })
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

/// Scripts written without spaces, a character at a time.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Length of a possessive ending at the start of `rest`.
fn possessive(rest: &str) -> usize {
    ["'s", "\u{2019}s", "'S", "\u{2019}S"]
        .into_iter()
        .find(|ending| rest.strip_prefix(ending).is_some_and(|after| !after.starts_with(is_word_char)))
        .map_or(0, str::len)
}

/// Folds case and accents.
fn fold(word: &str) -> String {
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

thread_local! {
    static STEMS: RefCell<(Stemmer, FxHashMap<String, String>)> =
        RefCell::new((Stemmer::create(Algorithm::English), FxHashMap::default()));
}

fn stem(word: &str) -> String {
    STEMS.with_borrow_mut(|(stemmer, known)| {
        if let Some(stem) = known.get(word) {
            return stem.clone();
        }
        let mut stem = stemmer.stem(&fold(word)).into_owned();
        if stem.len() > WORD_BYTES {
            stem.truncate(stem.floor_char_boundary(WORD_BYTES));
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(word.to_owned(), stem.clone());
        stem
    })
}

/// What the full-text index of an article is made of, in the form that the store takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Indexed {
    /// Stems separated by spaces.
    Sqlite { title: String, body: String, names: String },
    /// Words of the title have weight A.
    Postgres { words: TsVector, names: TsVector },
}

/// Never a stem: stands between names in SQLite, where positions cannot be skipped.
const SEPARATOR: &str = "x0x";

impl Indexed {
    pub(crate) fn new<'a>(dialect: Dialect, title: &str, body: &str, names: impl Iterator<Item = &'a str>) -> Self {
        let title: Vec<String> = words(title).take(POSITIONS / 2).map(|word| word.stem).collect();
        let left = POSITIONS - title.len() - GAP;
        let body = words(body).take(left).map(|word| word.stem);
        match dialect {
            Dialect::Sqlite => {
                let names: Vec<String> = names.map(|name| stems(name).join(" ")).collect();
                Self::Sqlite {
                    title: title.join(" "),
                    body: joined(body),
                    names: names.join(&format!(" {SEPARATOR} ")),
                }
            }
            Dialect::Postgres => {
                let mut words = Vector::default();
                title.into_iter().for_each(|stem| words.push(stem, WEIGHT_A));
                words.position += GAP;
                body.for_each(|stem| words.push(stem, WEIGHT_D));
                let mut named = Vector::default();
                for name in names {
                    stems(name).into_iter().for_each(|stem| named.push(stem, WEIGHT_D));
                    named.position += GAP;
                }
                Self::Postgres { words: words.binary(), names: named.binary() }
            }
        }
    }
}

fn joined(stems: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for stem in stems {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&stem);
    }
    text
}

/// The upper two bits of a position in a `tsvector`.
const WEIGHT_A: u16 = 3 << 14;
const WEIGHT_D: u16 = 0;

/// A `tsvector` in the making.
#[derive(Default)]
struct Vector {
    places: FxHashMap<String, Vec<u16>>,
    position: usize,
}

impl Vector {
    fn push(&mut self, stem: String, weight: u16) {
        self.position += 1;
        if stem.is_empty() {
            return;
        }
        let Some(position) = u16::try_from(self.position).ok().filter(|_| self.position <= POSITIONS) else { return };
        let places = self.places.entry(stem).or_default();
        if places.len() < POSITIONS_OF_A_WORD {
            places.push(weight | position);
        }
    }

    /// As PostgreSQL's `tsvectorrecv` reads it: lexemes in order save it the sorting.
    fn binary(self) -> TsVector {
        let mut lexemes: Vec<(String, Vec<u16>)> = self.places.into_iter().collect();
        lexemes.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut bytes = Vec::with_capacity(4 + lexemes.len() * 16);
        // At most as many as there are positions.
        bytes.extend_from_slice(&(lexemes.len() as u32).to_be_bytes());
        for (stem, places) in &lexemes {
            bytes.extend_from_slice(stem.as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(&(places.len() as u16).to_be_bytes());
            places.iter().for_each(|place| bytes.extend_from_slice(&place.to_be_bytes()));
        }
        TsVector(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_folded_and_stemmed() {
        let table = [
            ("Vučić met Kurti's envoys", "vucic met kurti envoy"),
            ("Đoković, the SOLDIERS’ threats; 27.5%", "dokov the soldier threat 27 5"),
            ("don't", "don t"),
            ("北京 said", "北 京 said"),
            ("\u{0}\u{7}…", ""),
        ];
        for (text, expected) in table {
            assert_eq!(stems(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn both_stores_index_the_same_words() {
        let Indexed::Sqlite { title, body, names } =
            Indexed::new(Dialect::Sqlite, "Talks fail", "Talks failed again", ["Albin Kurti", "NATO"].into_iter())
        else {
            panic!("not sqlite")
        };
        assert_eq!((&*title, &*body, &*names), ("talk fail", "talk fail again", "albin kurti x0x nato"));
        let Indexed::Postgres { words, .. } =
            Indexed::new(Dialect::Postgres, "Talks fail", "Talks failed again", std::iter::empty())
        else {
            panic!("not postgres")
        };
        let expected: &[&[u8]] =
            &[b"\0\0\0\x03again\0\0\x01\0\x07", b"fail\0\0\x02\xc0\x02\0\x06", b"talk\0\0\x02\xc0\x01\0\x05"];
        assert_eq!(words.0, expected.concat());
    }

    proptest! {
        #[test]
        fn spans_hold_words_and_stems_hold_only_letters_and_digits(text in "\\PC{0,60}") {
            let mut last = 0;
            for word in words(&text) {
                prop_assert!(word.start >= last && word.end > word.start);
                prop_assert!(word.stem.chars().all(char::is_alphanumeric), "{:?}", word.stem);
                prop_assert!(word.stem.len() <= WORD_BYTES);
                last = word.end;
            }
        }
    }
}
