//! Where a document names places and people that have no part in its story: datelines and credits.

use std::ops::Range;

use super::names::Name;
use super::scene::Tag;
use crate::knowledge::Knowledge;
use crate::text::{Document, Gap, Sentence, Shape, Token, TokenKind};

/// Tokens a dateline may have before its dash.
const MAX_DATELINE_TOKENS: usize = 16;
/// Tokens on either side of the stroke in `Ann Smith/Reuters`.
const MAX_CREDIT_TOKENS: usize = 4;

/// Token ranges, in text order.
#[derive(Debug, Default)]
pub(super) struct Margins {
    /// `SOFIA (Reuters) –`: where the report was written.
    datelines: Vec<Range<usize>>,
    /// Who wrote or took what: the brackets of a dateline, `REUTERS/Ann Smith`.
    credits: Vec<Range<usize>>,
}

impl Margins {
    pub(super) fn find(document: &Document<'_>, knowledge: &Knowledge, names: &[Name], tags: &[Tag]) -> Self {
        let mut margins = Self::default();
        for sentence in document.sentences.iter().filter(|sentence| sentence.starts_paragraph) {
            margins.add_dateline(document, *sentence);
        }
        for (at, token) in document.tokens.iter().enumerate() {
            if token.is_mark('/') && token.gap == Gap::None {
                margins.add_stroke(document, knowledge, names, tags, at);
            }
        }
        margins.credits.sort_by_key(|credit| credit.start);
        margins
    }

    pub(super) fn in_dateline(&self, at: usize) -> bool {
        holds(&self.datelines, at)
    }

    pub(super) fn credits(&self) -> &[Range<usize>] {
        &self.credits
    }

    /// `LAGOS, Nigeria (AP) —`, `MOSCOW, May 5 –`, `Sofia (Reuters) -`: a city in capitals, or an agency in brackets.
    fn add_dateline(&mut self, document: &Document<'_>, sentence: Sentence) {
        let tokens = &document.tokens;
        let end = sentence.end.min(sentence.first + MAX_DATELINE_TOKENS);
        let mut is_certain = tokens[sentence.first].shape == Shape::AllUpper;
        let mut brackets: Option<Range<usize>> = None;
        let mut at = sentence.first;
        while at < end {
            match tokens[at].kind {
                TokenKind::Word if tokens[at].is_capitalised() || brackets.is_some() => {}
                TokenKind::Number | TokenKind::Possessive | TokenKind::Mark(',' | '.' | '/' | '|')
                    if at > sentence.first => {}
                TokenKind::Hyphen if at > sentence.first => {}
                TokenKind::Mark('(') if at > sentence.first && brackets.is_none() => {
                    let Some(close) = (at..end).find(|close| tokens[*close].is_mark(')')) else { return };
                    brackets = Some(at..close + 1);
                    is_certain = true;
                    at = close;
                }
                TokenKind::Mark('—' | '–' | '-') if at > sentence.first && is_certain => {
                    let place_end = brackets.as_ref().map_or(at, |brackets| brackets.start);
                    self.datelines.push(sentence.first..place_end);
                    self.credits.extend(brackets);
                    return;
                }
                _ => return,
            }
            at += 1;
        }
    }

    /// `REUTERS/Ann Smith`, `Ann Smith/Getty Images`: names on both sides of a stroke, one of them an agency's.
    fn add_stroke(
        &mut self,
        document: &Document<'_>,
        knowledge: &Knowledge,
        names: &[Name],
        tags: &[Tag],
        stroke: usize,
    ) {
        let tokens = &document.tokens;
        let is_part = |at: &usize| {
            let token: &Token = &tokens[*at];
            token.is_capitalised() || token.kind == TokenKind::Hyphen
        };
        let left = (stroke.saturating_sub(MAX_CREDIT_TOKENS)..stroke).rev().take_while(is_part).count();
        let right_end = tokens.len().min(stroke + 1 + MAX_CREDIT_TOKENS);
        let right = (stroke + 1..right_end)
            .take_while(|at| is_part(at) && (*at == stroke + 1 || tokens[*at].gap < Gap::Line))
            .count();
        if left == 0 || right == 0 {
            return;
        }
        let credit = stroke - left..stroke + 1 + right;
        let is_agency = |at: usize| match tags[at] {
            Tag::Name(position) => names[position as usize].organisation.is_some_and(|organisation| {
                knowledge.organisations[organisation as usize].sectors.iter().any(|sector| sector == "MED")
            }),
            _ => false,
        };
        if credit.clone().any(is_agency) {
            self.credits.push(credit);
        }
    }
}

fn holds(ranges: &[Range<usize>], at: usize) -> bool {
    let next = ranges.partition_point(|range| range.end <= at);
    ranges.get(next).is_some_and(|range| range.contains(&at))
}
