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

use rustc_hash::FxHashMap;
use unicode_normalization::char::is_combining_mark;

use crate::columns::TsVector;
use crate::db::Dialect;
use crate::stems::with_stem;
use crate::stories::Counts;

/// The highest position that PostgreSQL keeps.
const POSITIONS: usize = 16_383;
/// Positions of one word in one article that PostgreSQL keeps.
const POSITIONS_OF_A_WORD: usize = 255;
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
        .map(|(start, end)| Word { stem: with_stem(&text[start..end], str::to_owned), start, end })
        // A lone combining mark leaves nothing.
        .filter(|word| !word.stem.is_empty())
}

/// The words of a text as both stores index them, in order: folded and stemmed.
#[must_use]
pub fn stems(text: &str) -> Vec<String> {
    words(text).map(|word| word.stem).collect()
}

/// Hands over the first `most` stems of a text, in order. Returns how many they were.
fn each_stem(text: &str, most: usize, mut take: impl FnMut(&str)) -> usize {
    let mut count = 0;
    for (start, end) in spans(text) {
        if count == most {
            break;
        }
        with_stem(&text[start..end], |stem| {
            if !stem.is_empty() {
                take(stem);
                count += 1;
            }
        });
    }
    count
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
/// Words of a title that are indexed.
const MOST_OF_A_TITLE: usize = POSITIONS / 2;

impl Indexed {
    /// Also counts the stems, as they come by.
    pub(crate) fn new<'a>(
        dialect: Dialect,
        title: &str,
        body: &str,
        names: impl Iterator<Item = &'a str>,
        counts: &mut Counts,
    ) -> Self {
        match dialect {
            Dialect::Sqlite => {
                let (mut title_stems, mut body_stems) = (String::new(), String::with_capacity(body.len()));
                let taken = each_stem(title, MOST_OF_A_TITLE, |stem| {
                    append(&mut title_stems, stem);
                    counts.add_title(stem);
                });
                each_stem(body, POSITIONS - taken - GAP, |stem| {
                    append(&mut body_stems, stem);
                    counts.add_body(stem);
                });
                Self::Sqlite { title: title_stems, body: body_stems, names: separated(names) }
            }
            Dialect::Postgres => {
                let mut words = Vector::default();
                let taken = each_stem(title, MOST_OF_A_TITLE, |stem| {
                    words.push(stem, WEIGHT_A);
                    counts.add_title(stem);
                });
                words.position += GAP;
                each_stem(body, POSITIONS - taken - GAP, |stem| {
                    words.push(stem, WEIGHT_D);
                    counts.add_body(stem);
                });
                let mut named = Vector::default();
                for name in names {
                    each_stem(name, POSITIONS, |stem| named.push(stem, WEIGHT_D));
                    named.position += GAP;
                }
                Self::Postgres { words: words.binary(), names: named.binary() }
            }
        }
    }
}

/// The stems of names, with what no phrase reaches over between them.
fn separated<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut stems = String::new();
    for (index, name) in names.enumerate() {
        if index > 0 {
            append(&mut stems, SEPARATOR);
        }
        each_stem(name, POSITIONS, |stem| append(&mut stems, stem));
    }
    stems
}

fn append(text: &mut String, stem: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(stem);
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
    fn push(&mut self, stem: &str, weight: u16) {
        self.position += 1;
        let Some(position) = u16::try_from(self.position).ok().filter(|_| self.position <= POSITIONS) else { return };
        match self.places.get_mut(stem) {
            Some(places) if places.len() < POSITIONS_OF_A_WORD => places.push(weight | position),
            Some(_) => {}
            None => _ = self.places.insert(stem.to_owned(), vec![weight | position]),
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
        let Indexed::Sqlite { title, body, names } = Indexed::new(
            Dialect::Sqlite,
            "Talks fail",
            "Talks failed again",
            ["Albin Kurti", "NATO"].into_iter(),
            &mut Counts::default(),
        ) else {
            panic!("not sqlite")
        };
        assert_eq!((&*title, &*body, &*names), ("talk fail", "talk fail again", "albin kurti x0x nato"));
        let Indexed::Postgres { words, .. } = Indexed::new(
            Dialect::Postgres,
            "Talks fail",
            "Talks failed again",
            std::iter::empty(),
            &mut Counts::default(),
        ) else {
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
                prop_assert!(word.stem.len() <= crate::stems::WORD_BYTES);
                last = word.end;
            }
        }
    }
}
