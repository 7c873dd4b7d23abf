//! The way through a document's sentences.

use super::Statement;
use super::marks::{Quoted, quotations};
use super::subject::{Report, Subject, Verb};
use crate::actors::Found;
use crate::lexicon::Cue;
use crate::reading::Reading;
use crate::text::{Sentence, Token, TokenKind};
use faultline_schemas::MentionLabel;

/// A quotation of fewer words, without a reporting word of its own, is a phrase picked out, not a statement.
const MIN_QUOTED_WORDS: usize = 4;
/// How far back a pronoun looks for whom it stands for, in sentences.
const PRONOUN_REACH: usize = 6;

pub(super) struct Finder<'r, 'a> {
    pub(super) reading: &'r Reading<'a>,
    quoted: Vec<Quoted>,
    found: Vec<Statement>,
    /// Who spoke last: the words that named them, and the actor.
    last: Option<((usize, usize), Option<usize>)>,
    /// First token of the paragraph that is read, or of what comes after a signature within it.
    pub(super) paragraph: usize,
}

impl<'r, 'a> Finder<'r, 'a> {
    pub(super) fn new(reading: &'r Reading<'a>) -> Self {
        Self { reading, quoted: quotations(&reading.document), found: Vec::new(), last: None, paragraph: 0 }
    }

    pub(super) fn run(mut self) -> Vec<Statement> {
        let mut next_quoted = 0;
        for number in 0..self.reading.document.sentences.len() {
            let sentence = self.reading.document.sentences[number];
            if sentence.starts_paragraph {
                self.paragraph = sentence.first;
            }
            self.read_sentence(sentence);
            // Quotations that end here and that nobody claimed.
            while let Some(quoted) = self.quoted.get(next_quoted).copied().filter(|q| q.end <= sentence.end) {
                next_quoted += 1;
                self.unclaimed(quoted);
            }
        }
        self.found.sort_by_key(|s| s.content);
        self.found
    }

    fn read_sentence(&mut self, sentence: Sentence) {
        if let Some(labelled) = self.label(sentence) {
            self.push(labelled);
        }
        let verbs = self.verbs(sentence);
        let mut start = sentence.first;
        let mut subject: Option<(usize, usize)> = None;
        let mut told: Option<(usize, usize)> = None;
        let limits = limits(&verbs);
        for (verb, limit) in verbs.iter().zip(limits) {
            let words = match verb.subject {
                Subject::Before(words) | Subject::After(words) => Some(words),
                Subject::Shared => subject.or_else(|| self.first_name(sentence, verb.at)),
            };
            let Some(words) = words else { continue };
            // What is thought within what somebody says is part of it.
            if verb.report != Report::Speech && told.is_some_and(|(first, end)| first <= verb.at && verb.at < end) {
                continue;
            }
            let Some(content) = self.content(sentence, verb, start, limit) else { continue };
            told = told.filter(|(_, end)| *end >= content.1).or(Some(content));
            subject = Some(words);
            if content.1 <= verb.at {
                start = verb.at + 1;
            }
            let speaker = self.speaker(sentence, words);
            self.push(Statement { content, cue: Some(verb.at), source: Some(words), speaker });
        }
        for at in sentence.first..sentence.end {
            if let Some(statement) = self.according_to(sentence, at) {
                self.push(statement);
            } else if let Some(statement) = self.signed_tweet(at) {
                self.push(statement);
                self.paragraph = at;
            }
        }
    }

    fn verbs(&self, sentence: Sentence) -> Vec<Verb> {
        let candidates = (sentence.first..sentence.end).filter(|at| !self.is_in_quotes(*at));
        candidates.filter_map(|at| self.verb(sentence, at)).collect()
    }

    /// Keeps a statement, unless it repeats the one before.
    fn push(&mut self, statement: Statement) {
        if let Some(words) = statement.source {
            self.last = Some((words, statement.speaker));
        }
        self.found.push(statement);
    }

    /// A quotation without a reporting word: it goes on with the statement before it, or is the last speaker's.
    fn unclaimed(&mut self, quoted: Quoted) {
        let overlaps = |s: &Statement| s.content.0 < quoted.end && quoted.first < s.content.1;
        let recent = self.found.len().saturating_sub(8);
        if self.found[recent..].iter().any(overlaps) {
            return;
        }
        if let Some(signed) = self.signature(quoted) {
            self.push(signed);
            return;
        }
        let words = self.tokens()[quoted.first..quoted.end].iter().filter(|t| t.is_word()).count();
        let open = quoted.first.saturating_sub(1);
        let starts_sentence = self.sentence(open).first == open;
        if words < MIN_QUOTED_WORDS && !(starts_sentence && words > 0) {
            return;
        }
        let goes_on = starts_sentence || open > 0 && self.tokens()[open - 1].is_mark(',');
        if let Some(last) = self.found.last_mut()
            && goes_on
            && (quoted.continues || last.content.0 >= self.paragraph)
            && last.content.1 < quoted.first
        {
            last.content.1 = quoted.end;
            return;
        }
        if words < MIN_QUOTED_WORDS {
            return;
        }
        let (source, speaker) = self.last.map_or((None, None), |(words, speaker)| (Some(words), speaker));
        self.found.push(Statement { content: (quoted.first, quoted.end), cue: None, source, speaker });
    }

    /// The first name of the sentence before token `before`.
    fn first_name(&self, sentence: Sentence, before: usize) -> Option<(usize, usize)> {
        let named = self
            .reading
            .cast
            .within(sentence.first, before)
            .iter()
            .find(|f| f.actor.is_some() && !self.is_in_quotes(f.first));
        if let Some(found) = named {
            return Some((found.first, found.end));
        }
        (sentence.first..before).find(|at| self.has(*at, Cue::SubjectPronoun)).map(|at| (at, at + 1))
    }

    /// The actor that a subject's words stand for.
    fn speaker(&self, sentence: Sentence, words: (usize, usize)) -> Option<usize> {
        if let Some(actor) = self.actor_within(words.0, words.1) {
            return Some(actor);
        }
        if words.1 - words.0 != 1 {
            return None;
        }
        match self.word(words.0) {
            "who" | "which" => {
                let earlier = self.reading.cast.within(sentence.first, words.0);
                earlier.iter().rev().find(|f| f.actor.is_some()).and_then(|f| f.actor)
            }
            "he" | "she" | "He" | "She" => self.person_before(words.0),
            _ => None,
        }
    }

    /// Whom "he" or "she" stands for: who spoke last, or the person named last.
    fn person_before(&self, at: usize) -> Option<usize> {
        if let Some((words, Some(actor))) = self.last {
            let is_near =
                self.reading.document.sentence_of(at) - self.reading.document.sentence_of(words.0) <= PRONOUN_REACH;
            if is_near && self.is_person(actor) {
                return Some(actor);
            }
        }
        let number = self.reading.document.sentence_of(at);
        let from = self.reading.document.sentences[number.saturating_sub(PRONOUN_REACH)].first;
        let earlier = self.reading.cast.within(from, at);
        earlier.iter().rev().find(|f| f.label == MentionLabel::Person && f.actor.is_some()).and_then(|f| f.actor)
    }

    fn is_person(&self, actor: usize) -> bool {
        self.reading.cast.actors[actor].kind == faultline_schemas::ActorType::Person
    }

    /// The actor named within tokens `first..end`: a person before all others.
    pub(super) fn actor_within(&self, first: usize, end: usize) -> Option<usize> {
        let named = self.reading.cast.within(first, end);
        let person = named.iter().find(|f| f.label == MentionLabel::Person && f.actor.is_some());
        person.or_else(|| named.iter().find(|f: &&Found| f.actor.is_some())).and_then(|f| f.actor)
    }

    pub(super) fn tokens(&self) -> &'r [Token] {
        &self.reading.document.tokens
    }

    pub(super) fn word(&self, at: usize) -> &'a str {
        self.reading.document.slice(at, at + 1)
    }

    pub(super) fn has(&self, at: usize, cue: Cue) -> bool {
        self.tokens().get(at).is_some_and(|t| self.reading.knowledge.vocabulary.has(t.word, cue))
    }

    fn sentence(&self, at: usize) -> Sentence {
        let document = &self.reading.document;
        document.sentences[document.sentence_of(at)]
    }

    /// The quotation that holds the token.
    pub(super) fn quoted_at(&self, at: usize) -> Option<Quoted> {
        let next = self.quoted.partition_point(|q| q.end <= at);
        self.quoted.get(next).copied().filter(|q| q.first <= at)
    }

    pub(super) fn is_in_quotes(&self, at: usize) -> bool {
        self.quoted_at(at).is_some()
    }

    /// Whether the token is the mark that closes a quotation.
    pub(super) fn is_closing_mark(&self, at: usize) -> bool {
        let next = self.quoted.partition_point(|q| q.end < at);
        matches!(self.tokens()[at].kind, TokenKind::Mark(_)) && self.quoted.get(next).is_some_and(|q| q.end == at)
    }

    pub(super) fn paragraph_end(&self, sentence: Sentence) -> usize {
        let sentences = &self.reading.document.sentences;
        let from = self.reading.document.sentence_of(sentence.first) + 1;
        let next = sentences[from..].iter().find(|s| s.starts_paragraph);
        next.map_or(self.tokens().len(), |s| s.first)
    }
}

/// For each verb, where the next verb with the same subject begins: `he said … and added …`.
fn limits(verbs: &[Verb]) -> Vec<usize> {
    let mut next_shared = usize::MAX;
    let mut limits: Vec<usize> = Vec::with_capacity(verbs.len());
    for verb in verbs.iter().rev() {
        limits.push(next_shared);
        if verb.subject == Subject::Shared {
            next_shared = verb.group_first;
        }
    }
    limits.reverse();
    limits
}
