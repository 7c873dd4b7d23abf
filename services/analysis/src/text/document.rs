//! A text with its tokens and sentences.

use std::ops::Range;

use faultline_schemas::Span;

use super::sentence::split;
use super::teaser::remove_teasers;
use super::{Token, tokenize};
use crate::lexicon::Vocabulary;

/// Beyond this many bytes a text is kept but not read: tags then cover its beginning only.
const MAX_READ_BYTES: usize = 64 << 20;

/// A text, its tokens and its sentences.
pub(crate) struct Document<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
    /// Hash of the normal form of each token, the same in every version. Apart from the tokens: few passes need it, and all
    /// would read it.
    pub(crate) hashes: Vec<u64>,
    pub(crate) sentences: Vec<Sentence>,
    /// Tokens that follow words which were read over.
    gaps: Vec<usize>,
}

/// A half-open range of tokens that make a sentence or heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// First token.
    pub(crate) first: usize,
    /// One past the last token.
    pub(crate) end: usize,
    /// Whether it starts a paragraph.
    pub(crate) starts_paragraph: bool,
    /// Whether it is no part of the story: a caption, a link, a call to subscribe.
    pub(crate) is_boilerplate: bool,
}

impl<'a> Document<'a> {
    pub(crate) fn read(text: &'a str, vocabulary: &Vocabulary) -> Self {
        let text = if text.len() <= MAX_READ_BYTES { text } else { &text[..text.floor_char_boundary(MAX_READ_BYTES)] };
        let (mut tokens, mut hashes) = tokenize(text, vocabulary);
        let gaps = remove_teasers(text, &mut tokens, &mut hashes);
        let sentences = split(text, &tokens, vocabulary);
        Self { text, tokens, hashes, sentences, gaps }
    }

    /// The words of tokens `first..end`.
    pub(crate) fn slice(&self, first: usize, end: usize) -> &'a str {
        match self.ends(first, end) {
            (Some(a), Some(b)) => self.text.get(a.start as usize..b.end as usize).unwrap_or_default(),
            _ => "",
        }
    }

    /// The first and last of tokens `first..end`; of what may be a name, the last before words that were read over.
    fn ends(&self, first: usize, end: usize) -> (Option<&Token>, Option<&Token>) {
        const LONGEST_NAME: usize = 8;
        let may_be_name = !self.gaps.is_empty() && end <= first + LONGEST_NAME;
        let gap = self.gaps.get(self.gaps.partition_point(|gap| *gap <= first)).filter(|_| may_be_name);
        let end = gap.map_or(end, |gap| end.min(*gap));
        (self.tokens.get(first), end.checked_sub(1).and_then(|last| self.tokens.get(last)))
    }

    /// The code points of tokens `first..end`.
    pub(crate) fn span(&self, first: usize, end: usize) -> Span {
        match self.ends(first, end) {
            (Some(a), Some(b)) => Span { start: a.char_start, end: b.char_end.max(a.char_start) },
            _ => Span::default(),
        }
    }

    /// Where in the text each sentence stands, in bytes.
    pub(crate) fn sentence_bytes(&self) -> Vec<Range<usize>> {
        let bytes = |s: &Sentence| self.tokens[s.first].start as usize..self.tokens[s.end - 1].end as usize;
        self.sentences.iter().map(bytes).collect()
    }

    /// Number of the sentence that holds the token.
    pub(crate) fn sentence_of(&self, token: usize) -> usize {
        self.sentences.partition_point(|s| s.end <= token).min(self.sentences.len().saturating_sub(1))
    }

    /// The first token that ends after the code point.
    pub(crate) fn token_at(&self, code_point: u32) -> usize {
        self.tokens.partition_point(|t| t.char_end <= code_point)
    }

    /// Words and numbers.
    pub(crate) fn word_count(&self) -> u32 {
        use super::TokenKind::{Number, Word};
        self.tokens.iter().filter(|t| matches!(t.kind, Word | Number)).count() as u32
    }
}
