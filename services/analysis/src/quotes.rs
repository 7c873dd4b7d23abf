//! Who said what: words in quotation marks with a reporting word near them, and "X said that …".

use faultline_schemas::{Quote, Sentiment};

use crate::actors::Found;
use crate::lexicon::Cue;
use crate::reading::Reading;
use crate::text::{Gap, Sentence, Shape, TokenKind};

/// A quotation of fewer words, without a reporting word of its own, is a phrase picked out, not a statement.
const MIN_QUOTED_WORDS: usize = 4;
/// How far from the quotation its reporting word may stand, in tokens.
const CUE_REACH: usize = 25;
/// How far from the reporting word its speaker may stand, in tokens.
const SOURCE_REACH: usize = 25;
/// A quotation that never closes ends here, in tokens.
const MAX_QUOTED_TOKENS: usize = 600;

/// A statement: token ranges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    /// What was said.
    pub(crate) content: (usize, usize),
    cue: Option<usize>,
    source: Option<(usize, usize)>,
    /// Position of the actor.
    pub(crate) speaker: Option<usize>,
}

impl Statement {
    /// The words that name the speaker.
    pub(crate) fn source_tokens(&self) -> Option<(usize, usize)> {
        self.source
    }
}

/// Every statement, in text order.
pub(crate) fn statements(reading: &Reading<'_>) -> Vec<Statement> {
    let mut finder = Finder { reading, quoted: quotations(reading), found: Vec::new(), last_speaker: None };
    finder.direct();
    finder.indirect();
    finder.found.sort_by_key(|s| s.content);
    finder.found
}

/// The statements as the contract has them.
pub(crate) fn quotes(reading: &Reading<'_>) -> Vec<Quote> {
    let document = &reading.document;
    let quote = |statement: &Statement| Quote {
        content: document.span(statement.content.0, statement.content.1),
        cue: statement.cue.map(|cue| document.span(cue, cue + 1)),
        source: statement.source.map(|(first, end)| document.span(first, end)),
        speaker: statement.speaker.map(|actor| reading.cast.actors[actor].id.clone()),
        sentiment: Sentiment::from_score(reading.tone_between(statement.content.0, statement.content.1)),
    };
    reading.statements.iter().map(quote).collect()
}

/// Token ranges between quotation marks, the marks left out.
fn quotations(reading: &Reading<'_>) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut open: Option<usize> = None;
    for (at, token) in reading.document.tokens.iter().enumerate() {
        let too_long = open.is_some_and(|first| at - first > MAX_QUOTED_TOKENS);
        if let Some(first) = open
            && (token.gap == Gap::Paragraph || too_long)
        {
            all.push((first, at));
            open = None;
        }
        match (token.kind, open) {
            (TokenKind::Mark('“'), _) | (TokenKind::Mark('"'), None) => open = Some(at + 1),
            (TokenKind::Mark('”' | '"'), Some(first)) => {
                all.push((first, at));
                open = None;
            }
            _ => {}
        }
    }
    all.retain(|(first, end)| first < end);
    all
}

struct Finder<'r, 'a> {
    reading: &'r Reading<'a>,
    quoted: Vec<(usize, usize)>,
    found: Vec<Statement>,
    last_speaker: Option<usize>,
}

impl Finder<'_, '_> {
    fn has(&self, at: usize, cue: Cue) -> bool {
        let token = self.reading.document.tokens.get(at);
        token.is_some_and(|t| self.reading.knowledge.vocabulary.has(t.word, cue))
    }

    fn is_reporting(&self, at: usize) -> bool {
        self.has(at, Cue::Reporting) && self.reading.document.tokens[at].shape == Shape::Lower
    }

    fn is_quoted(&self, at: usize) -> bool {
        let next = self.quoted.partition_point(|(_, end)| *end <= at);
        self.quoted.get(next).is_some_and(|(first, _)| *first <= at)
    }

    fn sentence(&self, at: usize) -> Sentence {
        let document = &self.reading.document;
        document.sentences[document.sentence_of(at)]
    }

    fn direct(&mut self) {
        for position in 0..self.quoted.len() {
            let (first, end) = self.quoted[position];
            let words = self.reading.document.tokens[first..end].iter().filter(|t| t.is_word()).count();
            if words < MIN_QUOTED_WORDS {
                continue;
            }
            let cue = self.cue_after(end).or_else(|| self.cue_before(first));
            let (source, speaker) = cue.map_or((None, self.last_speaker), |cue| self.source(cue, (first, end)));
            self.last_speaker = speaker.or(self.last_speaker);
            self.found.push(Statement { content: (first, end), cue, source, speaker });
        }
    }

    fn cue_after(&self, end: usize) -> Option<usize> {
        // `end` is the closing mark; a sentence that ends with it has its speaker elsewhere.
        let limit = self.sentence(end.min(self.reading.document.tokens.len() - 1)).end.min(end + CUE_REACH);
        (end..limit).find(|at| self.is_reporting(*at) && !self.is_quoted(*at))
    }

    fn cue_before(&self, first: usize) -> Option<usize> {
        let open = first.saturating_sub(1);
        let from = self.sentence(open).first.max(open.saturating_sub(CUE_REACH));
        (from..open).rev().find(|at| self.is_reporting(*at) && !self.is_quoted(*at))
    }

    /// Who speaks at the reporting word: the person named before it in the sentence, or right after it, or else whoever is
    /// named nearest; for a pronoun, whoever spoke last.
    fn source(&self, cue: usize, content: (usize, usize)) -> (Option<(usize, usize)>, Option<usize>) {
        let sentence = self.sentence(cue);
        let outside =
            |f: &&Found| f.actor.is_some() && (f.end <= content.0 || f.first >= content.1) && !self.is_quoted(f.first);
        let from =
            sentence.first.max(cue.saturating_sub(SOURCE_REACH)).max(if content.1 <= cue { content.1 } else { 0 });
        let to = sentence.end.min(cue + 6);
        let before: Vec<&Found> = self.reading.cast.within(from, cue).iter().filter(outside).collect();
        let after: Vec<&Found> = self.reading.cast.within(cue + 1, to).iter().filter(outside).collect();
        if let Some(pronoun) = cue.checked_sub(1).filter(|at| self.has(*at, Cue::Pronoun)) {
            return (Some((pronoun, cue)), self.last_speaker);
        }
        let person = |f: &&&Found| f.label == faultline_schemas::MentionLabel::Person;
        let right_after = || after.iter().find(|f| f.first <= cue + 3).copied();
        let chosen = before.iter().find(person).copied().or_else(|| before.last().copied()).or_else(right_after);
        match chosen {
            Some(found) => (Some((found.first, found.end)), found.actor),
            None => (None, None),
        }
    }

    /// "X said that …", "…, X said."
    fn indirect(&mut self) {
        let mut reported = Vec::new();
        for number in 0..self.reading.document.sentences.len() {
            let sentence = self.reading.document.sentences[number];
            let cue = (sentence.first + 1..sentence.end).find(|at| self.is_reporting(*at) && !self.is_quoted(*at));
            let Some(cue) = cue else { continue };
            let Some(content) = self.reported(sentence, cue) else { continue };
            let next = self.found.partition_point(|s| s.content.1 <= content.0);
            let is_known = self.found.get(next).is_some_and(|s| s.content.0 < content.1 && s.cue == Some(cue));
            let (source, speaker) = self.source(cue, content);
            if source.is_some() && !is_known {
                reported.push(Statement { content, cue: Some(cue), source, speaker });
            }
            self.last_speaker = speaker.or(self.last_speaker);
        }
        self.found.append(&mut reported);
    }

    fn reported(&self, sentence: Sentence, cue: usize) -> Option<(usize, usize)> {
        let tokens = &self.reading.document.tokens;
        let is_mark = |at: usize| tokens.get(at).is_some_and(|t| matches!(t.kind, TokenKind::Mark(_)));
        let mut last = sentence.end;
        while last > sentence.first && is_mark(last - 1) {
            last -= 1;
        }
        if cue + 1 >= last || tokens[cue + 1].is_mark(',') {
            // The statement came first: up to the comma before the speaker.
            let comma = (sentence.first..cue).rev().find(|at| tokens[*at].is_mark(','))?;
            return (comma > sentence.first + 2).then_some((sentence.first, comma));
        }
        let that = (cue + 1..last.min(cue + 12)).find(|at| self.reading.document.slice(*at, at + 1) == "that");
        let first = that.map_or(cue + 1, |at| at + 1);
        (last > first + 2).then_some((first, last))
    }
}
