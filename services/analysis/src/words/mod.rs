//! Words as they are indexed, looked for and counted, the same for stores, stories and alerts.
//!
//! - a word is a run of letters and digits; a Chinese or Japanese character is a word of its own;
//! - case and accents do not matter (`Vučić` is `vucic`), nor does a possessive `'s`;
//! - words are stemmed by Snowball's English algorithm (Porter2), whatever the language: on both sides alike;
//! - there are no stop words, so that phrases are found as they stand.

mod stems;

use unicode_normalization::char::is_combining_mark;

pub use stems::{fold, with_stem};

/// A word in a text: its stem and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its stem.
    pub stem: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The words of a text, in order.
pub fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
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
pub fn each_stem(text: &str, most: usize, mut take: impl FnMut(&str)) -> usize {
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
pub fn spans(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
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

    proptest! {
        #[test]
        fn spans_hold_words_and_stems_hold_only_letters_and_digits(text in "\\PC{0,60}") {
            let mut last = 0;
            for word in words(&text) {
                prop_assert!(word.start >= last && word.end > word.start);
                prop_assert!(word.stem.chars().all(char::is_alphanumeric), "{:?}", word.stem);
                prop_assert!(word.stem.len() <= stems::WORD_BYTES);
                last = word.end;
            }
        }
    }
}
