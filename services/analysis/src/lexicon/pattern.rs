//! The pattern language of `tension.tsv`.

use crate::text::{normalise, scan_words};

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    /// One of these; a hyphenated word is several tokens.
    Choice(Vec<Vec<PatternWord>>),
    /// Up to this many words of any kind.
    Gap(usize),
}

/// A word of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternWord {
    /// As written, without the star.
    pub(crate) text: String,
    /// Whether any ending may follow.
    pub(crate) prefix: bool,
}

/// Stems shorter than this match too much.
const MIN_PREFIX_BYTES: usize = 3;

/// Words that one `_` stands for.
pub(super) const GAP_WORDS: usize = 2;
/// How many `_` may stand together.
pub(super) const MOST_GAPS: usize = 3;

/// Reads a pattern: words apart by spaces, `a/b` for either, a final `*` for any ending, `_` for up to two words, `_ _` for up
/// to four. A word with capitals matches only capitals.
///
/// # Errors
/// Says in words what is wrong with the pattern.
pub(crate) fn parse_pattern(pattern: &str) -> Result<Vec<Element>, String> {
    let mut elements = Vec::new();
    for part in pattern.split_whitespace() {
        if part == "_" {
            match elements.last_mut() {
                Some(Element::Gap(words)) => *words += GAP_WORDS,
                _ => elements.push(Element::Gap(GAP_WORDS)),
            }
            continue;
        }
        let choices = part.split('/').map(pattern_words).collect::<Result<Vec<_>, _>>()?;
        elements.push(Element::Choice(choices));
    }
    match (elements.first(), elements.last()) {
        (Some(Element::Choice(_)), Some(Element::Choice(_))) => {}
        (None, _) => return Err("the pattern is empty".into()),
        _ => return Err("a pattern cannot begin or end with a gap".into()),
    }
    if pattern.split_whitespace().filter(|part| *part == "_").count() > MOST_GAPS {
        return Err("the pattern has more than three gaps".into());
    }
    Ok(elements)
}

/// The tokens of one choice; a star stays with the last of them.
fn pattern_words(choice: &str) -> Result<Vec<PatternWord>, String> {
    let (stem, star) = choice.strip_suffix('*').map_or((choice, ""), |stem| (stem, "*"));
    let mut words = scan_words(stem);
    match words.last_mut() {
        Some(last) => last.push_str(star),
        None => return Err(format!("{choice:?} holds no word")),
    }
    words.iter().map(|word| pattern_word(word)).collect()
}

fn pattern_word(word: &str) -> Result<PatternWord, String> {
    let (text, prefix) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
    let mut normal = String::new();
    normalise(text, &mut normal);
    if prefix && normal.len() < MIN_PREFIX_BYTES {
        return Err(format!("{word:?} is too short a stem: it needs {MIN_PREFIX_BYTES} letters before the star"));
    }
    if text.is_empty() || text.contains('*') {
        return Err(format!("{word:?} is not a word: a star may only stand at its end"));
    }
    Ok(PatternWord { text: text.to_owned(), prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_reads_into_its_steps() {
        let elements = parse_pattern("clash* _ between/among police").unwrap();
        assert_eq!(elements.len(), 4);
        assert_eq!(elements[1], Element::Gap(2));
        let Element::Choice(choices) = &parse_pattern("cease-fire/truce*").unwrap()[0] else { panic!("a choice") };
        assert_eq!(choices.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    }

    #[test]
    fn a_bad_pattern_says_what_is_wrong() {
        for (pattern, expected) in [
            ("", "empty"),
            ("_ war", "gap"),
            ("war _", "gap"),
            ("ab*", "too short"),
            ("a*b", "star"),
            ("one _ _ _ _ two", "three gaps"),
            ("truce/", "no word"),
        ] {
            let error = parse_pattern(pattern).unwrap_err();
            assert!(error.contains(expected), "{pattern}: {error}");
        }
    }
}
