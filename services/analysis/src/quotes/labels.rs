//! Sources named without a verb: `according to X`, `X: …`, and the signature under a tweet.

use super::Statement;
use super::finder::Finder;
use crate::text::{Gap, Sentence, TokenKind};

/// A speaker's label is at most this many tokens: `Senator Smith: …`.
const LABEL_TOKENS: usize = 5;
/// A signature's name is at most this many tokens.
const SIGNATURE_TOKENS: usize = 8;

impl Finder<'_, '_> {
    /// `…, according to X.` and `According to X, …`.
    pub(super) fn according_to(&self, sentence: Sentence, at: usize) -> Option<Statement> {
        if !matches!(self.word(at), "according" | "According") || self.word(at + 1) != "to" {
            return None;
        }
        let first = at + 2;
        let limit = sentence.end.min(first + 20);
        let is_end = |i: &usize| {
            matches!(self.tokens()[*i].kind, TokenKind::Mark(',' | ';' | '—' | '”' | '"'))
                || *i + 1 == sentence.end && self.tokens()[*i].is_mark('.')
        };
        let end = (first..limit).find(is_end).unwrap_or(limit);
        if end <= first {
            return None;
        }
        let (content_first, content_end) = if at <= sentence.first + 1 {
            (end + 1, sentence.end)
        } else {
            let mut content_end = at;
            while content_end > sentence.first && self.tokens()[content_end - 1].is_mark(',') {
                content_end -= 1;
            }
            (sentence.first, content_end)
        };
        (content_end > content_first + 1).then(|| Statement {
            content: (content_first, content_end),
            cue: Some(at),
            source: Some((first, end)),
            speaker: self.actor_within(first, end),
        })
    }

    /// `CLINTON: …` at the start of a paragraph, `Clinton: Trump is unfit` in a heading.
    pub(super) fn label(&self, sentence: Sentence) -> Option<Statement> {
        if !sentence.starts_paragraph {
            return None;
        }
        let limit = sentence.end.min(sentence.first + LABEL_TOKENS + 1);
        let colon = (sentence.first + 1..limit).find(|at| self.tokens()[*at].is_mark(':'))?;
        let is_name =
            (sentence.first..colon).all(|at| self.tokens()[at].is_capitalised() || self.tokens()[at].is_mark('.'));
        if !is_name || colon + 3 > sentence.end {
            return None;
        }
        let speaker = self.actor_within(sentence.first, colon);
        let shouted = self.tokens()[colon - 1].shape == crate::text::Shape::AllUpper;
        if speaker.is_none() && !shouted {
            return None;
        }
        let end = if shouted { self.paragraph_end(sentence) } else { sentence.end };
        Some(Statement { content: (colon + 1, end), cue: None, source: Some((sentence.first, colon)), speaker })
    }

    /// `… — Jens Stoltenberg (@jensstoltenberg) August 17, 2022`, and a quotation signed `— Martha Aguilar`.
    pub(super) fn signature(&self, dash: usize) -> Option<Statement> {
        let is_dash = matches!(self.tokens()[dash].kind, TokenKind::Mark('—' | '–'))
            || self.tokens()[dash].is_mark('-') && self.tokens()[dash].gap != Gap::None;
        if !is_dash || !self.tokens().get(dash + 1).is_some_and(|t| t.is_capitalised() || t.is_mark('@')) {
            return None;
        }
        let limit = self.tokens().len().min(dash + 1 + SIGNATURE_TOKENS);
        let handle = (dash + 2..limit)
            .find(|at| self.tokens()[*at].is_mark('('))
            .filter(|open| self.tokens().get(open + 1).is_some_and(|t| t.is_mark('@')));
        let (first, end) = match handle {
            Some(open) => (self.paragraph_first(dash), open),
            None => {
                let quoted = self.quoted_ending_before(dash)?;
                let end = (dash + 1..limit).find(|at| {
                    self.tokens()[*at].gap >= Gap::Line
                        || matches!(self.tokens()[*at].kind, TokenKind::Mark('.' | ',' | '('))
                });
                (quoted.first, end.unwrap_or(limit))
            }
        };
        let content_end = if handle.is_some() { dash } else { self.quoted_ending_before(dash)?.end };
        (content_end > first).then(|| Statement {
            content: (first, content_end),
            cue: None,
            source: Some((dash + 1, end)),
            speaker: self.actor_within(dash + 1, end),
        })
    }
}
