//! The way through a document's sentences.

use super::Statement;
use super::marks::{Quoted, quotations};
use super::subject::{Report, Subject, Verb};
use crate::actors::{Found, may_be};
use crate::lexicon::Cue;
use crate::reading::Reading;
use crate::text::{Gap, Sentence, Token, TokenKind};
use faultline_schemas::MentionLabel;

/// A quotation of fewer words, without a reporting word of its own, is a phrase picked out, not a statement.
const MIN_QUOTED_WORDS: usize = 4;
/// How far back a pronoun looks for whom it stands for, in sentences.
const PRONOUN_REACH: usize = 6;
/// How much of a sentence is looked at for that, in tokens: more would make endless sentences take quadratic time.
const SENTENCE_REACH: usize = 200;

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
            let source = Some(self.with_antecedent(sentence, words));
            self.push(Statement { content, cue: Some(verb.at), source, speaker });
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

    /// Keeps a statement. A quotation at the end of the sentence before it is no longer unclaimed.
    fn push(&mut self, statement: Statement) {
        self.found.pop_if(|last| last.cue.is_none() && last.content == statement.content);
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
        if let Some(actor) = self.named_after(sentence, words).or_else(|| self.actor_within(words.0, words.1)) {
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

    /// "President X, who said": the name that "who" stands for is part of the source.
    fn with_antecedent(&self, sentence: Sentence, words: (usize, usize)) -> (usize, usize) {
        const LONGEST_NAME: usize = 8;
        let is_relative = words.1 - words.0 == 1 && matches!(self.word(words.0), "who" | "which");
        let comma = words.0.checked_sub(1).filter(|at| is_relative && self.tokens()[*at].is_mark(','));
        let Some(comma) = comma else { return words };
        let named = self.reading.cast.within(sentence.first.max(comma.saturating_sub(LONGEST_NAME)), comma).last();
        named.filter(|found| found.actor.is_some() && found.end == comma).map_or(words, |found| (found.first, words.1))
    }

    /// `said the Vatican spokesman, the Rev. Federico Lombardi`: the name of who is only described.
    fn named_after(&self, sentence: Sentence, words: (usize, usize)) -> Option<usize> {
        const REACH: usize = 5;
        let is_described =
            self.reading.cast.within(words.0, words.1).iter().all(|f| f.coreference || f.label != MentionLabel::Person);
        let comma = words.1;
        if !is_described || comma + 1 >= sentence.end || !self.tokens()[comma].is_mark(',') {
            return None;
        }
        let next = self.reading.cast.within(comma + 1, sentence.end.min(comma + REACH)).first()?;
        let is_title =
            |at: usize| self.tokens()[at].is_capitalised() || self.word(at) == "the" || self.tokens()[at].is_mark('.');
        let is_name = next.label == MentionLabel::Person && !next.coreference && (comma + 1..next.first).all(is_title);
        let ends = next.end >= sentence.end || matches!(self.tokens()[next.end].kind, TokenKind::Mark(',' | '.'));
        let describes_person = self.reading.cast.within(words.0, words.1).iter().any(|f| f.coreference);
        (is_name && ends && describes_person).then_some(next.actor).flatten()
    }

    /// Whom "he" or "she" stands for: who spoke last, or the subject of the nearest sentence that names a person.
    fn person_before(&self, at: usize) -> Option<usize> {
        let as_woman = matches!(self.word(at), "she" | "She");
        // A quotation of many sentences before "he said" brings nobody else in.
        let close = at.checked_sub(1).filter(|close| self.is_closing_mark(*close));
        let quoted = close.and_then(|close| self.quoted_at(close.checked_sub(1)?));
        let number = self.reading.document.sentence_of(quoted.map_or(at, |quoted| quoted.first));
        if let Some((words, Some(actor))) = self.last {
            let is_near = number.saturating_sub(self.reading.document.sentence_of(words.0)) <= PRONOUN_REACH;
            let named = self.reading.cast.within(words.0, words.1).iter().find(|f| f.actor == Some(actor));
            // A speaker who is a pronoun was found fit before.
            let fits = named.is_none_or(|f| !self.is_crowd(f) && self.may_be(f, as_woman));
            if is_near && self.is_person(actor) && fits {
                return Some(actor);
            }
        }
        let sentences = &self.reading.document.sentences;
        let nearest = |named_only: bool| {
            (number.saturating_sub(PRONOUN_REACH)..=number).rev().find_map(|number| {
                let Sentence { first, end, .. } = sentences[number];
                self.topic(first, end.min(at), as_woman, named_only)
            })
        };
        nearest(true).or_else(|| nearest(false))
    }

    /// The person whom tokens `first..end` of one sentence are about; none where a pronoun comes before any name.
    fn topic(&self, first: usize, end: usize, as_woman: bool, named_only: bool) -> Option<usize> {
        let first = first.max(end.saturating_sub(SENTENCE_REACH));
        let persons = self.reading.cast.within(first, end).iter();
        let fits = |f: &&Found| {
            let described_only = f.coreference && f.actor.is_none_or(|a| self.reading.cast.actors[a].country.is_none());
            f.label == MentionLabel::Person
                && f.actor.is_some_and(|actor| self.is_person(actor))
                && !(named_only && described_only)
                && !self.is_crowd(f)
                && !self.is_in_quotes(f.first)
                && self.may_be(f, as_woman)
        };
        let named = persons.filter(|f| f.end <= end).find(fits)?;
        let pronouns: [&str; 4] = if as_woman { ["she", "She", "her", "Her"] } else { ["he", "He", "his", "His"] };
        let is_other = (first..named.first).any(|at| pronouns.contains(&self.word(at)));
        (!is_other).then_some(named.actor).flatten()
    }

    fn may_be(&self, found: &Found, as_woman: bool) -> bool {
        may_be(self.reading.knowledge, &self.reading.document, &self.reading.cast, found, as_woman)
    }

    /// "lawmakers", "the officials".
    fn is_crowd(&self, found: &Found) -> bool {
        found.coreference && self.word(found.end - 1).ends_with('s')
    }

    fn is_person(&self, actor: usize) -> bool {
        self.reading.cast.actors[actor].kind == faultline_schemas::ActorType::Person
    }

    /// The actor named within tokens `first..end`: a person before all others.
    pub(super) fn actor_within(&self, first: usize, end: usize) -> Option<usize> {
        let named = self.reading.cast.within(first, end);
        let is_person = |f: &&Found| f.label == MentionLabel::Person && f.actor.is_some();
        let person = named.iter().find(|f| is_person(f) && !f.coreference).or_else(|| named.iter().find(is_person));
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

    /// The quotation that ends right before the token's sentence with a question or a shout: `“Who?” she said.`
    pub(super) fn asked_before(&self, sentence: Sentence) -> Option<(usize, usize)> {
        let close = sentence.first.checked_sub(1).filter(|at| self.is_closing_mark(*at))?;
        let asks = close.checked_sub(1).is_some_and(|at| matches!(self.tokens()[at].kind, TokenKind::Mark('?' | '!')));
        let goes_on = self.tokens()[sentence.first].gap == Gap::Space;
        let quoted = self.quoted_at(close.checked_sub(1)?)?;
        (asks && goes_on).then_some((quoted.first, quoted.end))
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
