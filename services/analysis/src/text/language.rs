//! Which language a text is in.

/// Bytes of the beginning that decide.
const HEAD_BYTES: usize = 500;

/// Fewer Latin letters, a name or two, are of any language.
const ENOUGH_LETTERS: usize = 40;

/// ISO 639-1 code of the text's language, read from its beginning; none where it has hardly a word.
pub(crate) fn detect(text: &str) -> Option<&'static str> {
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

#[cfg(test)]
mod tests {
    use super::detect;

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
