//! Where sentences end.

use super::document::Sentence;
use super::{Gap, Shape, Token, TokenKind};
use crate::lexicon::{Cue, Vocabulary};

/// A longer run without an end is cut: what reads whole sentences stays linear on any input.
const MAX_SENTENCE_TOKENS: usize = 400;

/// How far after a quotation its reporting word may stand, in tokens.
const ATTRIBUTION_REACH: usize = 6;

/// Splits tokens into sentences and headings: at full stops that end no abbreviation, and at paragraphs.
pub(crate) fn split(text: &str, tokens: &[Token], vocabulary: &Vocabulary) -> Vec<Sentence> {
    let mut sentences = Vec::with_capacity(tokens.len() / 20 + 1);
    let hard_wrapped = is_hard_wrapped(tokens);
    let mut first = 0;
    let mut starts_paragraph = true;
    for at in 0..tokens.len() {
        let next = at + 1;
        let break_before_next = tokens.get(next).is_none_or(|token| line_break(token.gap, hard_wrapped));
        let is_end = break_before_next
            || next - first >= MAX_SENTENCE_TOKENS
            || ends_sentence(text, tokens, first, at, vocabulary);
        if is_end {
            sentences.push(Sentence { first, end: next, starts_paragraph, is_boilerplate: false });
            first = next;
            starts_paragraph = break_before_next;
        }
    }
    sentences
}

fn line_break(gap: Gap, hard_wrapped: bool) -> bool {
    gap == Gap::Paragraph || gap == Gap::Line && !hard_wrapped
}

/// Lines broken at a fixed width: most single line breaks stand within sentences, before a small letter.
fn is_hard_wrapped(tokens: &[Token]) -> bool {
    let (mut lines, mut within) = (0u32, 0u32);
    for token in tokens.iter().filter(|t| t.gap == Gap::Line) {
        lines += 1;
        within += u32::from(token.is_word() && !token.is_capitalised());
    }
    lines >= 2 && within * 2 > lines
}

/// Whether the sentence from `first` ends with token `at`.
fn ends_sentence(text: &str, tokens: &[Token], first: usize, at: usize, vocabulary: &Vocabulary) -> bool {
    let Some(next) = tokens.get(at + 1) else { return true };
    if next.gap == Gap::None {
        return ends_without_space(tokens, at, next);
    }
    // The stop itself, under closing quotes and brackets.
    let mut stop = at;
    while stop > first && is_closing(tokens[stop].kind) {
        stop -= 1;
    }
    let token = &tokens[stop];
    let opens_sentence = next.is_capitalised()
        || matches!(
            next.kind,
            TokenKind::Number | TokenKind::Mark('“' | '"' | '‘' | '\'' | '(' | '[' | '—' | '•' | '@' | '#')
        );
    match token.kind {
        TokenKind::Mark('!' | '?') => opens_sentence && !(stop < at && is_attribution(tokens, at + 1, vocabulary)),
        TokenKind::Mark('…') => next.is_capitalised(),
        TokenKind::Mark('。' | '！' | '？' | '।' | '؟') => true,
        TokenKind::Mark('.') => opens_sentence && !(stop == at && is_abbreviation(tokens, first, stop, vocabulary)),
        // "in the U.S. The army": the dot belongs to the acronym, and ends the sentence only before a usual beginning.
        TokenKind::Word if token.end - token.start > 2 && stop == at => {
            ends_with_dot(text, token) && next.is_capitalised() && vocabulary.has(next.word, Cue::Starter)
        }
        _ => false,
    }
}

/// `“Why?” Senator Vitter demanded`: a question or cry in quotation marks does not end the sentence that reports it.
fn is_attribution(tokens: &[Token], first: usize, vocabulary: &Vocabulary) -> bool {
    let ahead = tokens[first..].iter().take(ATTRIBUTION_REACH).take_while(|t| t.is_word() && t.gap != Gap::Paragraph);
    ahead.skip(1).any(|t| t.shape == Shape::Lower && vocabulary.has(t.word, Cue::Speech))
}

/// A full stop that a scraper glued to the next sentence: `yesterday.The`, or stops of scripts without spaces.
fn ends_without_space(tokens: &[Token], at: usize, next: &Token) -> bool {
    match tokens[at].kind {
        TokenKind::Mark('。' | '！' | '？') => !is_closing(next.kind),
        TokenKind::Mark('.' | '!' | '?') => {
            let before = at.checked_sub(1).map(|i| &tokens[i]);
            next.is_capitalised() && before.is_some_and(|t| t.is_word() && !t.is_capitalised() && t.end - t.start > 1)
        }
        _ => false,
    }
}

fn is_closing(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Mark('”' | '"' | '’' | '\'' | ')' | ']'))
}

/// `U.S.`: an acronym keeps its last dot.
fn ends_with_dot(text: &str, token: &Token) -> bool {
    text.as_bytes().get(token.end as usize - 1) == Some(&b'.')
}

fn is_abbreviation(tokens: &[Token], first: usize, stop: usize, vocabulary: &Vocabulary) -> bool {
    let Some(before) = stop.checked_sub(1).filter(|i| *i >= first).map(|i| &tokens[i]) else { return false };
    if !before.is_word() || tokens[stop].gap != Gap::None {
        return false;
    }
    let Some(next) = tokens.get(stop + 1) else { return false };
    // "No. 5", while "No. The army left" are two sentences.
    if vocabulary.has(before.word, Cue::Numbering) {
        return next.kind == TokenKind::Number;
    }
    if vocabulary.has(before.word, Cue::Honorific) {
        return true;
    }
    let is_initial = before.char_end - before.char_start == 1 && before.is_capitalised();
    // "of Acme Inc. The army": what may end a sentence ends it before a usual beginning.
    (is_initial || vocabulary.has(before.word, Cue::Abbreviation)) && !vocabulary.has(next.word, Cue::Starter)
}

#[cfg(test)]
mod tests {
    use crate::Analyzer;
    use crate::text::Document;

    fn sentences(text: &str) -> Vec<&str> {
        let vocabulary = &Analyzer::bundled().knowledge().vocabulary;
        let document = Document::read(text, vocabulary);
        document.sentences.iter().map(|s| document.slice(s.first, s.end)).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let cases: [(&str, &[&str]); 19] = [
            ("One is here. Two is there.", &["One is here.", "Two is there."]),
            ("Mr. Smith met Gen. J. Doe. They spoke.", &["Mr. Smith met Gen. J. Doe.", "They spoke."]),
            ("“We will act.” He left.", &["“We will act.”", "He left."]),
            ("A heading\n\nThe text goes on.", &["A heading", "The text goes on."]),
            ("He left the U.S. The army stayed.", &["He left the U.S.", "The army stayed."]),
            ("The U.S. Army stayed.", &["The U.S. Army stayed."]),
            ("It rose 3.5 percent. Then it fell.", &["It rose 3.5 percent.", "Then it fell."]),
            ("It ended yesterday.The army left.", &["It ended yesterday.", "The army left."]),
            ("“Why?” Senator Vitter demanded. He left.", &["“Why?” Senator Vitter demanded.", "He left."]),
            ("“Why?” Smith left.", &["“Why?”", "Smith left."]),
            ("He works for Acme Inc. The firm said so.", &["He works for Acme Inc.", "The firm said so."]),
            ("Acme Inc. Chairman Doe came.", &["Acme Inc. Chairman Doe came."]),
            ("It is No. 5 of ten. No. The army left.", &["It is No. 5 of ten.", "No.", "The army left."]),
            ("He met Dr. The of Hanoi.", &["He met Dr. The of Hanoi."]),
            (
                "LAGOS, Nigeria (AP) — Troops moved. They stayed.",
                &["LAGOS, Nigeria (AP) — Troops moved.", "They stayed."],
            ),
            ("By Ann Smith\n\nTroops moved.", &["By Ann Smith", "Troops moved."]),
            ("Three things:\n- One is here\n- Two is there", &["Three things:", "- One is here", "- Two is there"]),
            (
                "It met on Jan. 5 in St. Louis, Mo., at 5 p.m. Monday.",
                &["It met on Jan. 5 in St. Louis, Mo., at 5 p.m. Monday."],
            ),
            ("a line that\nis wrapped at\nsome width\nby hand.", &["a line that\nis wrapped at\nsome width\nby hand."]),
        ];
        for (text, expected) in cases {
            assert_eq!(sentences(text), expected, "{text}");
        }
    }
}
