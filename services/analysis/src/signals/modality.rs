//! Whether a told deed happened: negation, denial, possibility, threat, and the past.

use faultline_schemas::Modality;

use crate::knowledge::Knowledge;
use crate::lexicon::{Cue, Entry, Match};
use crate::text::{Document, Sentence, TokenKind};

/// How many tokens before a trigger a word of each class still bears on it.
const NEGATOR_REACH: usize = 4;
const DENIAL_REACH: usize = 6;
const HYPOTHETICAL_REACH: usize = 7;
const THREAT_REACH: usize = 6;
/// A year at least this long before the article's is past.
const PAST_YEARS: u32 = 2;

/// Cue words and phrases of a document, and its day.
pub(crate) struct Cues<'a> {
    document: &'a Document<'a>,
    knowledge: &'a Knowledge,
    /// Phrase cues by their last token.
    phrases: Vec<(usize, Cue)>,
    year: Option<u32>,
}

impl<'a> Cues<'a> {
    pub(crate) fn new(
        document: &'a Document<'a>,
        knowledge: &'a Knowledge,
        matches: &[Match],
        day: Option<u32>,
    ) -> Self {
        let mut phrases: Vec<(usize, Cue)> = matches
            .iter()
            .filter_map(|m| match m.entry {
                Entry::Cue(cue) => Some((m.end.saturating_sub(1), cue)),
                _ => None,
            })
            .collect();
        phrases.sort_unstable_by_key(|(at, _)| *at);
        Self { document, knowledge, phrases, year: day.map(|d| d / 10_000) }
    }

    /// Whether token `at` is, or ends, a cue of the class.
    pub(crate) fn is(&self, at: usize, cue: Cue) -> bool {
        if self.knowledge.vocabulary.has(self.document.tokens[at].word, cue) {
            return true;
        }
        let from = self.phrases.partition_point(|(last, _)| *last < at);
        self.phrases[from..].iter().take_while(|(last, _)| *last == at).any(|(_, found)| *found == cue)
    }

    /// Modality of a deed told by tokens `first..` of the sentence. A `threat` is told by its own words, which neither
    /// "may" nor "fears of" take back.
    pub(crate) fn modality(&self, sentence: Sentence, first: usize, is_threat: bool) -> Modality {
        let mut distance = 0;
        let mut found = Modality::Actual;
        for at in (sentence.first..first).rev() {
            let token = &self.document.tokens[at];
            match token.kind {
                TokenKind::Mark('"' | '“' | '”' | '\'' | '‘' | '’') => continue,
                TokenKind::Mark(_) => break,
                TokenKind::Hyphen | TokenKind::Possessive => continue,
                TokenKind::Word | TokenKind::Number => distance += 1,
            }
            if distance > HYPOTHETICAL_REACH {
                break;
            }
            if distance <= NEGATOR_REACH && self.is(at, Cue::Negator) {
                return Modality::Negated;
            }
            if is_threat {
                // "if they pose a threat"
                if distance <= HYPOTHETICAL_REACH && self.is(at, Cue::Condition) {
                    return Modality::Hypothetical;
                }
                continue;
            }
            if distance <= DENIAL_REACH && self.is(at, Cue::Denial) {
                return Modality::Negated;
            }
            if distance <= THREAT_REACH && self.is(at, Cue::Threat) {
                found = Modality::Threatened;
            } else if found == Modality::Actual && self.is(at, Cue::Hypothetical) {
                found = Modality::Hypothetical;
            }
            if self.knowledge.vocabulary.has(token.word, Cue::ClauseBreak) {
                break;
            }
        }
        if found == Modality::Actual && self.is_past(sentence, first) {
            return Modality::Past;
        }
        if is_threat { Modality::Threatened } else { found }
    }

    /// Whether the sentence speaks of years before the article's own time, from its beginning to the clause of token `first`:
    /// "the first request since the war ended in 1999" is new.
    fn is_past(&self, sentence: Sentence, first: usize) -> bool {
        let opens_clause = |at: &usize| self.knowledge.vocabulary.has(self.document.tokens[*at].word, Cue::ClauseBreak);
        let end = (first..sentence.end).find(opens_clause).unwrap_or(sentence.end);
        (sentence.first..end).any(|at| {
            let token = &self.document.tokens[at];
            match token.kind {
                TokenKind::Number => self.is_past_year(at),
                TokenKind::Word => self.is(at, Cue::Past) || self.is_last_month(at),
                _ => false,
            }
        })
    }

    /// "last August".
    fn is_last_month(&self, at: usize) -> bool {
        let is_month = self.knowledge.vocabulary.has(self.document.tokens[at].word, Cue::Month);
        is_month && at > 0 && self.document.slice(at - 1, at) == "last"
    }

    fn is_past_year(&self, at: usize) -> bool {
        let text = self.document.slice(at, at + 1);
        let digits = text.strip_suffix('s').unwrap_or(text);
        match (digits.parse::<u32>(), self.year) {
            (Ok(year), Some(now)) if digits.len() == 4 => (1000..=now.saturating_sub(PAST_YEARS)).contains(&year),
            _ => false,
        }
    }
}
