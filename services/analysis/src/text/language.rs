//! Which language a text is in.

use super::{Document, Token};
use crate::lexicon::{Cue, Vocabulary};

/// Bytes of the beginning that decide.
const HEAD_BYTES: usize = 500;

/// Fewer Latin letters, a name or two, are of any language.
const ENOUGH_LETTERS: usize = 40;

/// ISO 639-1 code of the text's language, read from its beginning; none where it has hardly a word.
pub(crate) fn detect(document: &Document<'_>, vocabulary: &Vocabulary) -> Option<&'static str> {
    if is_plainly_english(&document.tokens, vocabulary) {
        return Some("en");
    }
    let text = document.text;
    let head = &text[..text.floor_char_boundary(HEAD_BYTES)];
    let letters = head.chars().filter(|c| c.is_alphabetic());
    let (mut all, mut latin) = (0, 0);
    for letter in letters.take(ENOUGH_LETTERS) {
        all += 1;
        latin += usize::from(letter < '\u{250}');
    }
    if all < 3 || all < ENOUGH_LETTERS && latin == all {
        return None;
    }
    use whichlang::Lang;
    Some(match whichlang::detect_language(head) {
        Lang::Ara => "ar",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Hin => "hi",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Rus => "ru",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
    })
}

/// Three in ten words are of the commonest English ones: no other language comes near that, and few articles need a closer look.
fn is_plainly_english(tokens: &[Token], vocabulary: &Vocabulary) -> bool {
    const WORDS: usize = 40;
    const COMMON_WORDS: usize = 12;
    let words = tokens.iter().filter(|token| token.is_word()).take(WORDS);
    words.filter(|token| vocabulary.has(token.word, Cue::FunctionWord)).count() >= COMMON_WORDS
}

#[cfg(test)]
mod tests {
    use crate::Analyzer;
    use crate::text::Document;

    fn detect(text: &str) -> Option<&'static str> {
        let vocabulary = &Analyzer::bundled().knowledge().vocabulary;
        super::detect(&Document::read(text, vocabulary), vocabulary)
    }

    #[test]
    fn the_language_is_told_from_the_beginning() {
        assert_eq!(detect("The leaders of Kosovo and Serbia will join talks in Brussels on Thursday"), Some("en"));
        assert_eq!(detect("Die Regierung hat am Donnerstag neue Verhandlungen angekündigt"), Some("de"));
        assert_eq!(detect("Президент заявил, что переговоры продолжатся"), Some("ru"));
        assert_eq!(detect(" 12 !"), None);
        assert_eq!(detect("Andrei Testovsky"), None);
        assert_eq!(detect(""), None);
    }
}
