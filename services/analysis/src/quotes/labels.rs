//! Sources named without a verb: `according to X`, `X: …`, and the signature under a tweet.

use super::Statement;
use super::finder::Finder;
use super::marks::Quoted;
use crate::text::{Gap, Sentence, Shape, TokenKind};

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
        let named =
            self.reading.cast.within(sentence.first, colon).iter().find(|f| f.end == colon && f.actor.is_some());
        let speaker = named.and_then(|f| f.actor);
        let shouted = self.tokens()[colon - 1].shape == Shape::AllUpper;
        if speaker.is_none() && !shouted {
            return None;
        }
        let end = if shouted { self.paragraph_end(sentence) } else { sentence.end };
        Some(Statement { content: (colon + 1, end), cue: None, source: Some((sentence.first, colon)), speaker })
    }

    /// The paragraph before `— Jens Stoltenberg (@jensstoltenberg) August 17, 2022`.
    pub(super) fn signed_tweet(&self, dash: usize) -> Option<Statement> {
        let name = self.signature_name(dash)?;
        let limit = self.tokens().len().min(name.0 + SIGNATURE_TOKENS);
        let open = (name.0..limit).find(|at| self.tokens()[*at].is_mark('('))?;
        let has_handle = self.tokens().get(open + 1).is_some_and(|t| t.is_mark('@'));
        let first = self.paragraph;
        (has_handle && first < dash && name.0 < open).then(|| Statement {
            content: (first, dash),
            cue: None,
            source: Some((name.0, open)),
            speaker: self.actor_within(name.0, open),
        })
    }

    /// A quotation signed with a dash: `“…” — Martha Aguilar`.
    pub(super) fn signature(&self, quoted: Quoted) -> Option<Statement> {
        let name = self.signature_name(quoted.end + 1)?;
        Some(Statement {
            content: (quoted.first, quoted.end),
            cue: None,
            source: Some(name),
            speaker: self.actor_within(name.0, name.1),
        })
    }

    /// The name after a dash, up to a mark or the end of the line.
    fn signature_name(&self, dash: usize) -> Option<(usize, usize)> {
        let token = self.tokens().get(dash)?;
        let is_dash = matches!(token.kind, TokenKind::Mark('—' | '–')) || token.is_mark('-') && token.gap != Gap::None;
        let first = dash + 1;
        let is_name = self.tokens().get(first).is_some_and(|t| t.is_capitalised() && t.gap < Gap::Line);
        if !is_dash || !is_name {
            return None;
        }
        let limit = self.tokens().len().min(first + SIGNATURE_TOKENS);
        let is_end = |at: &usize| {
            self.tokens()[*at].gap >= Gap::Line
                || matches!(self.tokens()[*at].kind, TokenKind::Mark(',' | '(' | '“' | '"'))
        };
        Some((first, (first + 1..limit).find(is_end).unwrap_or(limit)))
    }
}
