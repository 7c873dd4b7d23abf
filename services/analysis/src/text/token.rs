//! The tokenizer: words, numbers, marks, each with byte and code-point offsets.

use super::hash_word;
use crate::lexicon::{Vocabulary, WordId};

/// A word, number or mark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// First byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
    /// First code point.
    pub(crate) char_start: u32,
    /// One past the last code point.
    pub(crate) char_end: u32,
    /// Number of the normal form in the vocabulary, or [`Vocabulary::UNKNOWN`].
    pub(crate) word: WordId,
    /// What it is.
    pub(crate) kind: TokenKind,
    /// How it is capitalised.
    pub(crate) shape: Shape,
    /// What stands before it.
    pub(crate) gap: Gap,
}

impl Token {
    pub(crate) fn is_word(&self) -> bool {
        self.kind == TokenKind::Word
    }

    /// A word that starts with a capital letter.
    pub(crate) fn is_capitalised(&self) -> bool {
        self.kind == TokenKind::Word && self.shape != Shape::Lower
    }

    pub(crate) fn is_mark(&self, mark: char) -> bool {
        self.kind == TokenKind::Mark(mark)
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Starts with a letter.
    Word,
    /// Starts with a digit.
    Number,
    /// The `'s` after a word.
    Possessive,
    /// A hyphen or en dash between two words without spaces.
    Hyphen,
    /// Anything else, with curly quotes made straight apart from their direction: `“`, `”`, `"`, `'`, `.`…
    Mark(char),
}

/// How a word is capitalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Starts with a small letter, or has no case.
    Lower,
    /// Starts with a capital.
    Upper,
    /// Two or more letters, all capitals.
    AllUpper,
}

/// The white space before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// None.
    None,
    /// Within a line.
    Space,
    /// One line break.
    Line,
    /// A blank line, or the start of the text.
    Paragraph,
}

/// Tokens whose words are looked up together, while they are still near the processor.
const BLOCK: usize = 512;

/// Splits `text` into tokens and looks each up in `vocabulary`, with the hash of each token's normal form, which is the same
/// in every version. Linear in the length of the text.
pub(crate) fn tokenize(text: &str, vocabulary: &Vocabulary) -> (Vec<Token>, Vec<u64>) {
    let expected = text.len() / 5 + 8;
    let (mut tokens, mut hashes) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
    let mut buffer = String::new();
    let mut looked_up = 0;
    scan(text, |piece| {
        let slice = text.get(piece.start..piece.end).unwrap_or_default();
        let (hash, shape) = hash_word(slice, &mut buffer);
        tokens.push(Token {
            start: piece.start as u32,
            end: piece.end as u32,
            char_start: piece.char_start,
            char_end: piece.char_end,
            word: Vocabulary::UNKNOWN,
            kind: piece.kind,
            shape,
            gap: piece.gap,
        });
        hashes.push(hash);
        if tokens.len() - looked_up == BLOCK {
            vocabulary.look_up(&mut tokens[looked_up..], &hashes[looked_up..]);
            looked_up = tokens.len();
        }
    });
    vocabulary.look_up(&mut tokens[looked_up..], &hashes[looked_up..]);
    (tokens, hashes)
}

/// The tokens of `text` as they are written.
pub(crate) fn scan_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    scan(text, |piece| words.push(text.get(piece.start..piece.end).unwrap_or_default().to_owned()));
    words
}

/// A token before it is looked up.
struct Piece {
    start: usize,
    end: usize,
    char_start: u32,
    char_end: u32,
    kind: TokenKind,
    gap: Gap,
}

/// Calls `each` with every token of `text` in order.
fn scan(text: &str, mut each: impl FnMut(Piece)) {
    let mut cursor = Cursor { text, byte: 0, chars: 0 };
    let mut gap = Gap::Paragraph;
    let mut previous: Option<(usize, TokenKind)> = None;
    while let Some(c) = cursor.peek() {
        if is_blank(c) {
            gap = widen(gap, c);
            cursor.advance(c);
            continue;
        }
        let (start, char_start) = (cursor.byte, cursor.chars);
        let glued_to = previous.filter(|(end, _)| *end == start).map(|(_, kind)| kind);
        let kind = take(&mut cursor, c, glued_to);
        each(Piece { start, end: cursor.byte, char_start, char_end: cursor.chars, kind, gap });
        previous = Some((cursor.byte, kind));
        gap = Gap::None;
    }
}

fn widen(gap: Gap, c: char) -> Gap {
    match (c, gap) {
        ('\n' | '\u{2028}' | '\u{b}' | '\u{c}' | '\u{85}', Gap::None | Gap::Space) => Gap::Line,
        ('\n' | '\u{2029}', _) => Gap::Paragraph,
        ('\r', gap) => gap,
        (_, gap) => gap.max(Gap::Space),
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || !c.is_ascii_graphic() && (c.is_whitespace() || c.is_control() || is_invisible(c))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

struct Cursor<'a> {
    text: &'a str,
    byte: usize,
    chars: u32,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.after(0)
    }

    /// The character `bytes` after the next one's first byte.
    fn after(&self, bytes: usize) -> Option<char> {
        let at = self.byte + bytes;
        match self.text.as_bytes().get(at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.text.get(at..).and_then(|rest| rest.chars().next()),
            None => None,
        }
    }

    fn advance(&mut self, c: char) {
        self.byte += c.len_utf8();
        self.chars += 1;
    }

    /// Goes over ASCII letters, digits and underscores, and gives the number of them and the last.
    fn skip_plain(&mut self) -> Option<(u32, char)> {
        let rest = self.text.as_bytes().get(self.byte..).unwrap_or_default();
        let plain = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let last = plain.checked_sub(1).map(|last| char::from(rest[last]))?;
        self.byte += plain;
        self.chars += plain as u32;
        Some((plain as u32, last))
    }
}

/// Takes one token that starts with `first`.
fn take(cursor: &mut Cursor<'_>, first: char, glued_to: Option<TokenKind>) -> TokenKind {
    if first.is_alphanumeric() {
        let kind = if first.is_numeric() { TokenKind::Number } else { TokenKind::Word };
        if is_ideograph(first) {
            cursor.advance(first);
        } else {
            take_word(cursor);
        }
        return kind;
    }
    let after_word = matches!(glued_to, Some(TokenKind::Word | TokenKind::Number));
    let next = cursor.after(first.len_utf8());
    cursor.advance(first);
    // Typewriters' double marks: ''so'', ``so''.
    if matches!(first, '\'' | '’' | '‘' | '`') && next == Some(first) {
        cursor.advance(first);
        return TokenKind::Mark(match first {
            '`' | '‘' => '“',
            '’' => '”',
            _ => '"',
        });
    }
    if is_apostrophe(first) && after_word {
        if let Some(s @ ('s' | 'S')) = next
            && !cursor.after(1).is_some_and(char::is_alphanumeric)
        {
            cursor.advance(s);
            return TokenKind::Possessive;
        }
        return TokenKind::Mark(if first == '’' { '’' } else { '\'' });
    }
    if matches!(first, '-' | '‐' | '‑' | '–') && after_word && next.is_some_and(char::is_alphanumeric) {
        return TokenKind::Hyphen;
    }
    TokenKind::Mark(match first {
        '„' | '‟' | '«' => '“',
        '»' => '”',
        '‐' | '‑' => '-',
        '―' => '—',
        other => other,
    })
}

/// Goes over a word: letters, digits, underscores, inner apostrophes, dots of acronyms and domains, separators of numbers.
fn take_word(cursor: &mut Cursor<'_>) {
    let mut previous = ' ';
    let mut dotted_letters = false;
    // Letters since the start or the last dot: an acronym has one between its dots.
    let mut segment = 0u32;
    loop {
        if let Some((letters, last)) = cursor.skip_plain() {
            segment += letters;
            previous = last;
        }
        let Some(c) = cursor.peek() else { return };
        if !c.is_ascii() && (c.is_alphanumeric() && !is_ideograph(c) || is_combining(c)) {
            segment += 1;
            previous = c;
            cursor.advance(c);
            continue;
        }
        if !matches!(c, '.' | ',') && !is_apostrophe(c) {
            return;
        }
        let next = cursor.after(c.len_utf8());
        let next_is_word = next.is_some_and(|n| n.is_alphanumeric() && !is_ideograph(n));
        let inside = match c {
            '.' if next_is_word => {
                let next = next.unwrap_or(' ');
                let digits = previous.is_ascii_digit() && next.is_ascii_digit();
                let acronym = segment == 1 && previous.is_alphabetic() && next.is_alphabetic();
                let domain = previous.is_lowercase() && next.is_lowercase();
                dotted_letters |= acronym;
                digits || acronym || domain
            }
            '.' => {
                if dotted_letters && segment == 1 {
                    cursor.advance(c);
                }
                false
            }
            ',' => previous.is_ascii_digit() && next.is_some_and(|n| n.is_ascii_digit()),
            _ => {
                let possessive = matches!(next, Some('s' | 'S'))
                    && !cursor.after(c.len_utf8() + 1).is_some_and(char::is_alphanumeric);
                next_is_word && !possessive
            }
        };
        if !inside {
            return;
        }
        if c == '.' {
            segment = 0;
        }
        previous = c;
        cursor.advance(c);
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | 'ʻ')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Scripts written without spaces, where each character stands for itself here.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        let mut all = Vec::new();
        scan(text, |piece| all.push(&text[piece.start..piece.end]));
        all
    }

    #[test]
    fn words_split_where_a_reader_splits_them() {
        let cases: [(&str, &[&str]); 13] = [
            ("''No,'' he", &["''", "No", ",", "''", "he"]),
            ("Serbia’s President", &["Serbia", "’s", "President"]),
            ("It's the U.S. Army.", &["It", "'s", "the", "U.S.", "Army", "."]),
            ("EU-mediated talks", &["EU", "-", "mediated", "talks"]),
            ("Belgrade–Pristina", &["Belgrade", "–", "Pristina"]),
            ("3,700-strong, 1.8 million", &["3,700", "-", "strong", ",", "1.8", "million"]),
            ("don’t O'Brien", &["don’t", "O'Brien"]),
            ("pic.twitter.com/J", &["pic.twitter.com", "/", "J"]),
            ("yesterday.The end", &["yesterday", ".", "The", "end"]),
            ("the ministers' talks", &["the", "ministers", "'", "talks"]),
            ("“No,” he", &["“", "No", ",", "”", "he"]),
            ("@NATO_KFOR #Serbia's", &["@", "NATO_KFOR", "#", "Serbia", "'s"]),
            ("中国abc", &["中", "国", "abc"]),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }
}
