//! Words as both stores index them.
//!
//! Neither SQLite's `porter` tokenizer nor PostgreSQL's `english` configuration is used: they disagree on stems, stop
//! words and accents. Text is folded and stemmed here, once ([`faultline_analysis::words`]), and both stores index the
//! outcome, so that a search finds the same articles in either. Of one article the first 16,383 words are indexed: as
//! many positions as a `tsvector` can hold.

use faultline_analysis::story::Counts;
use faultline_analysis::words::each_stem;
use rustc_hash::FxHashMap;

use crate::columns::TsVector;
use crate::db::Dialect;

/// The highest position that PostgreSQL keeps.
const POSITIONS: usize = 16_383;
/// Positions of one word in one article that PostgreSQL keeps.
const POSITIONS_OF_A_WORD: usize = 255;
/// What stands between two names, so that no phrase reaches from one into the next.
const GAP: usize = 2;

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
}
