//! Who stands before and after a verb: noun phrases, verb groups and the bounds of clauses, made out from closed classes of
//! words. No parse: each question is answered by a walk of bounded length from the verb.

use crate::knowledge::Knowledge;
use crate::lexicon::{Cue, Part, WordForm};
use crate::text::{Document, Gap, Sentence, TokenKind};

/// A walk from a verb ends after this many tokens.
const REACH: usize = 40;
/// A parenthesis between commas is passed over up to this length, in tokens.
const PARENTHESIS_REACH: usize = 25;
/// Longest noun phrase, in tokens.
const PHRASE_REACH: usize = 16;
/// A preposition further from the verb belongs to something else.
const PREPOSITION_REACH: usize = 18;

/// A noun phrase: tokens `first..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) first: usize,
    pub(super) end: usize,
}

/// A verb with the words that carry its tense.
#[derive(Debug, Clone, Copy)]
pub(super) struct VerbGroup {
    pub(super) first: usize,
    pub(super) passive: bool,
    /// After "to".
    pub(super) infinitive: bool,
    /// A participle without an auxiliary of its own: "accusing", "backed by".
    pub(super) bare_participle: bool,
    /// "will", "shall", "would".
    pub(super) future: bool,
    /// "not", "never" among the auxiliaries.
    pub(super) negated: bool,
}

/// What a token is to the walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nominal,
    Determiner,
    Pronoun,
    Preposition,
    Auxiliary,
    Modal,
    Relative,
    Subordinator,
    Conjunction,
    Adverb,
    Verb,
    Comma,
    Quote,
    Open,
    Close,
    Stop,
}

/// One sentence, to ask about its parts.
#[derive(Clone, Copy)]
pub(super) struct Clause<'r> {
    pub(super) document: &'r Document<'r>,
    pub(super) knowledge: &'r Knowledge,
    pub(super) sentence: Sentence,
}

impl<'r> Clause<'r> {
    pub(super) fn word(&self, at: usize) -> &'r str {
        self.document.slice(at, at + 1)
    }

    fn is_word(&self, at: usize, word: crate::lexicon::WordId) -> bool {
        self.document.tokens.get(at).is_some_and(|t| t.word == word)
    }

    pub(super) fn is_to(&self, at: usize) -> bool {
        self.is_word(at, self.knowledge.deeds.words.to)
    }

    fn is_of(&self, at: usize) -> bool {
        self.is_word(at, self.knowledge.deeds.words.of)
    }

    pub(super) fn has_part(&self, at: usize, part: Part) -> bool {
        self.document.tokens.get(at).is_some_and(|t| self.knowledge.vocabulary.parts(t.word).has(part))
    }

    pub(super) fn kind(&self, at: usize) -> Kind {
        let token = &self.document.tokens[at];
        match token.kind {
            TokenKind::Number | TokenKind::Possessive | TokenKind::Hyphen => return Kind::Nominal,
            TokenKind::Mark(mark) => {
                return match mark {
                    '.' if at + 1 == self.sentence.end => Kind::Stop,
                    ',' => Kind::Comma,
                    '"' | '“' | '”' | '\'' | '‘' | '’' => Kind::Quote,
                    '(' | '[' => Kind::Open,
                    ')' | ']' => Kind::Close,
                    '$' | '€' | '£' | '%' | '#' | '@' | '.' | '&' => Kind::Nominal,
                    _ => Kind::Stop,
                };
            }
            TokenKind::Word => {}
        }
        if token.is_capitalised() && at > self.sentence.first {
            return Kind::Nominal;
        }
        let parts = self.knowledge.vocabulary.parts(token.word);
        for (part, kind) in [
            (Part::Auxiliary, Kind::Auxiliary),
            (Part::Modal, Kind::Modal),
            (Part::Conjunction, Kind::Conjunction),
            (Part::Relative, Kind::Relative),
            (Part::Subordinator, Kind::Subordinator),
            (Part::Preposition, Kind::Preposition),
            (Part::Determiner, Kind::Determiner),
            (Part::Pronoun, Kind::Pronoun),
            (Part::Adverb, Kind::Adverb),
        ] {
            if parts.has(part) {
                return kind;
            }
        }
        let looks_past = parts.has(Part::Verb) || token.end - token.start > 4 && self.word(at).ends_with("ed");
        if looks_past && !self.is_attributive(at) { Kind::Verb } else { Kind::Nominal }
    }

    /// "the detained men": a participle between an article and a noun.
    pub(super) fn is_attributive(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|b| *b >= self.sentence.first) else { return false };
        let token = &self.document.tokens[before];
        if matches!(token.kind, TokenKind::Possessive | TokenKind::Hyphen | TokenKind::Number) {
            return true;
        }
        // "renewed armed conflict"
        let is_participle = |word: &str| word.len() > 4 && word.ends_with("ed");
        if token.is_word()
            && !token.is_capitalised()
            && is_participle(self.word(before))
            && is_participle(self.word(at))
        {
            return true;
        }
        let parts = self.knowledge.vocabulary.parts(token.word);
        let opens = parts.has(Part::Determiner) || parts.has(Part::Preposition) && !parts.has(Part::Adverb);
        opens
            && self.document.tokens.get(at + 1).is_some_and(|t| t.is_word())
            && at + 1 < self.sentence.end
            && !self.has_part(at + 1, Part::Preposition)
    }

    fn is_nominal(&self, at: usize) -> bool {
        matches!(self.kind(at), Kind::Nominal | Kind::Determiner | Kind::Pronoun)
    }

    /// An adverb before or within a verb group: "also", "strongly".
    fn is_adverb(&self, at: usize) -> bool {
        let token = &self.document.tokens[at];
        if token.kind != TokenKind::Word {
            return false;
        }
        self.has_part(at, Part::Adverb)
            || !token.is_capitalised()
                && token.end - token.start > 5
                && self.word(at).ends_with("ly")
                && !self.has_part(at, Part::Base)
    }

    /// The group of the verb at `head`.
    pub(super) fn verb_group(&self, head: usize, form: WordForm) -> VerbGroup {
        let mut group = VerbGroup {
            first: head,
            passive: false,
            infinitive: false,
            bare_participle: false,
            future: false,
            negated: false,
        };
        let mut nearest = None;
        let mut at = head;
        while at > self.sentence.first && head - at < 8 {
            let before = at - 1;
            let word = self.document.tokens[before].word;
            group.negated |= self.knowledge.vocabulary.has(word, Cue::Negator);
            match self.kind(before) {
                Kind::Auxiliary | Kind::Modal => {
                    group.future |= matches!(self.word(before), "will" | "would" | "shall" | "won't" | "wouldn't");
                    nearest = nearest.or(Some(before));
                    group.first = before;
                }
                _ if self.is_to(before) && self.document.tokens[before].gap != Gap::Paragraph => {
                    group.infinitive = true;
                    group.first = before;
                    break;
                }
                _ if self.is_adverb(before) || self.kind(before) == Kind::Quote => {}
                _ => break,
            }
            at = before;
        }
        let participle = matches!(form, WordForm::PastOrParticiple | WordForm::Participle);
        let has_be = nearest.is_some_and(|aux| {
            !matches!(
                self.word(aux),
                "has" | "have" | "had" | "having" | "haven't" | "hasn't" | "hadn't" | "they've" | "we've"
            ) && !self.has_part(aux, Part::Modal)
        });
        let reduced =
            nearest.is_none() && !group.infinitive && (form == WordForm::Participle || self.is_reduced_relative(head));
        group.passive = participle && (has_be || reduced);
        group.bare_participle = nearest.is_none() && (form == WordForm::Gerund || group.passive);
        group
    }

    /// "sanctions imposed on", "a plan backed by": a participle that follows its noun.
    fn is_reduced_relative(&self, head: usize) -> bool {
        if self.is_word(head + 1, self.knowledge.deeds.words.by) {
            return true;
        }
        let Some(noun) = self.phrase_before(head).filter(|noun| !self.is_time(*noun)) else { return false };
        let Some(lead) = noun.first.checked_sub(1).filter(|lead| *lead >= self.sentence.first) else { return false };
        let has_object = head + 1 < self.sentence.end && self.is_nominal(head + 1);
        match self.kind(lead) {
            Kind::Verb => {
                !has_object && !self.knowledge.vocabulary.has(self.document.tokens[lead].word, Cue::Reporting)
            }
            Kind::Preposition => !has_object && self.has_part(head + 1, Part::Preposition),
            _ => false,
        }
    }

    /// The phrase that ends right before `end`.
    pub(super) fn phrase_before(&self, end: usize) -> Option<Phrase> {
        let floor = self.sentence.first.max(end.saturating_sub(PHRASE_REACH));
        let mut first = end;
        while first > floor {
            let before = first - 1;
            let joins = self.is_of(before) && before > floor && self.is_nominal(before - 1) && first < end;
            if !joins && !self.is_nominal(before) {
                break;
            }
            first = before;
            let opens = matches!(self.kind(first), Kind::Determiner | Kind::Pronoun);
            if opens && !(first > floor && (self.is_of(first - 1) || self.kind(first - 1) == Kind::Determiner)) {
                break;
            }
        }
        (first < end).then_some(Phrase { first, end })
    }

    /// The phrase that begins at `first`.
    pub(super) fn phrase_at(&self, first: usize) -> Option<Phrase> {
        let ceiling = self.sentence.end.min(first + PHRASE_REACH);
        let mut end = first;
        while end < ceiling {
            let joins = self.is_of(end)
                && end > first
                && end + 1 < ceiling
                && self.is_nominal(end + 1)
                // "accused by Israel of hiding …"
                && !self.word(end + 1).ends_with("ing");
            let kind = self.kind(end);
            let opens_another = matches!(kind, Kind::Determiner | Kind::Pronoun)
                && end > first
                && !self.is_of(end - 1)
                && self.kind(end - 1) != Kind::Determiner;
            if !joins && (opens_another || !self.is_nominal(end)) {
                break;
            }
            end += 1;
            if kind == Kind::Pronoun {
                break;
            }
        }
        (end > first).then_some(Phrase { first, end })
    }

    /// "last week", "Monday": when, not who.
    pub(super) fn is_time(&self, phrase: Phrase) -> bool {
        let mut has_time = false;
        let all = (phrase.first..phrase.end).all(|at| {
            let is_time = self.has_part(at, Part::Time);
            has_time |= is_time;
            is_time
                || matches!(self.document.tokens[at].kind, TokenKind::Number | TokenKind::Hyphen)
                || self.kind(at) == Kind::Determiner
        });
        let is_number = self.document.tokens[phrase.first].kind == TokenKind::Number && phrase.end == phrase.first + 1;
        all && (has_time || is_number)
    }

    /// The phrase that acts, for a verb group that begins at `group_first`. `skip_verb`: the verb shares the subject of another
    /// verb before it ("met Y and condemned Z", "moved to seize").
    pub(super) fn subject(&self, group_first: usize, mut skip_verb: bool) -> Option<Phrase> {
        if let Some(phrase) = self.controller(group_first) {
            return Some(phrase);
        }
        let floor = self.sentence.first.max(group_first.saturating_sub(REACH));
        let mut at = group_first;
        let mut fallback = None;
        while at > floor {
            let before = at - 1;
            at = match self.kind(before) {
                Kind::Nominal | Kind::Determiner | Kind::Pronoun => {
                    let Some(phrase) = self.phrase_before(at) else { return fallback };
                    let led = phrase.first > floor && self.kind(phrase.first - 1) == Kind::Preposition;
                    if self.is_time(phrase) || led {
                        fallback = fallback.or(Some(phrase).filter(|p| !self.is_time(*p)));
                        phrase.first - usize::from(led)
                    } else if skip_verb {
                        fallback = Some(phrase);
                        phrase.first
                    } else {
                        return Some(phrase);
                    }
                }
                Kind::Comma => self.open_of_parenthesis(before, floor).unwrap_or(before),
                Kind::Close => (floor..before).rev().find(|o| self.kind(*o) == Kind::Open).unwrap_or(before),
                Kind::Relative => match self.antecedent(before, floor) {
                    Some(phrase) => return Some(phrase),
                    None => return fallback,
                },
                Kind::Conjunction => {
                    skip_verb = true;
                    before
                }
                Kind::Verb | Kind::Auxiliary | Kind::Modal => {
                    skip_verb = false;
                    self.verb_group(before, WordForm::Past).first
                }
                Kind::Subordinator if fallback.is_some() || !skip_verb => return fallback,
                Kind::Preposition | Kind::Adverb | Kind::Quote | Kind::Open | Kind::Subordinator => before,
                Kind::Stop => return fallback,
            };
        }
        fallback
    }

    /// The verb whose object the noun at `noun` is, if that was there before: "heed U.S. *calls*".
    pub(super) fn answering_verb(&self, noun: usize) -> Option<usize> {
        // A verb after "to" looks like a noun.
        let object = self.phrase_before(noun).map_or(noun, |phrase| phrase.first);
        let floor = self.sentence.first.max(object.saturating_sub(1));
        (floor..noun).rev().find(|at| self.has_part(*at, Part::Response))
    }

    /// Who is brought to do what the infinitive at `to` tells: "prompting Turkey to recall".
    fn controller(&self, to: usize) -> Option<Phrase> {
        self.controlling_verb(to).map(|verb| Phrase { first: verb + 1, end: to })
    }

    /// The verb that brings somebody to do what the infinitive at `to` tells.
    pub(super) fn controlling_verb(&self, to: usize) -> Option<usize> {
        if !self.is_to(to) || to <= self.sentence.first + 1 {
            return None;
        }
        let phrase = self.phrase_before(to)?;
        let floor = self.sentence.first.max(phrase.first.saturating_sub(1));
        (floor..to - 1).rev().find(|at| self.has_part(*at, Part::Control))
    }

    /// The subject of a participle that opens the sentence: the first phrase after a comma that a verb follows.
    pub(super) fn subject_ahead(&self, end: usize) -> Option<Phrase> {
        let limit = self.sentence.end.min(end + REACH);
        let commas =
            (end..limit).filter(|at| self.kind(*at) == Kind::Comma && at + 1 < limit && self.is_nominal(at + 1));
        commas.filter_map(|comma| self.phrase_at(comma + 1)).find(|phrase| {
            phrase.end < limit && matches!(self.kind(phrase.end), Kind::Verb | Kind::Auxiliary | Kind::Modal)
        })
    }

    /// Whom "who", "which" or "that" stands for. "who" passes over a place: "Serbs living in the north, who …".
    fn antecedent(&self, relative: usize, floor: usize) -> Option<Phrase> {
        let mut end = relative;
        if end > floor && matches!(self.kind(end - 1), Kind::Comma | Kind::Stop) {
            end -= 1;
        }
        let nearest = (end > floor && self.is_nominal(end - 1)).then(|| self.phrase_before(end)).flatten()?;
        let Some(lead) = nearest.first.checked_sub(1).filter(|lead| *lead > floor) else { return Some(nearest) };
        let passes = self.word(relative) == "who" && self.kind(lead) == Kind::Preposition && self.is_nominal(lead - 1);
        if passes { self.phrase_before(lead) } else { Some(nearest) }
    }

    /// For a comma that closes a parenthesis, the comma that opens it.
    fn open_of_parenthesis(&self, close: usize, floor: usize) -> Option<usize> {
        let from = floor.max(close.saturating_sub(PARENTHESIS_REACH));
        let open = (from..close).rev().find(|at| self.kind(*at) == Kind::Comma)?;
        let before_is_phrase = open > floor && self.is_nominal(open - 1);
        (close - open > 1 && before_is_phrase).then_some(open)
    }

    /// The phrase right after the verb, adverbs and quotation marks passed over.
    pub(super) fn object(&self, end: usize) -> Option<Phrase> {
        let mut at = end;
        while at < self.sentence.end && at < end + 4 {
            match self.kind(at) {
                Kind::Nominal if self.is_adverb(at) && at + 1 < self.sentence.end => at += 1,
                Kind::Nominal | Kind::Determiner | Kind::Pronoun => {
                    return self.phrase_at(at).filter(|phrase| !self.is_time(*phrase));
                }
                Kind::Adverb | Kind::Quote => at += 1,
                _ => return None,
            }
        }
        None
    }

    /// The phrase after a preposition that follows the verb within its clause.
    pub(super) fn after_preposition(&self, end: usize, preposition: crate::lexicon::WordId) -> Option<Phrase> {
        let limit = self.clause_end(end).min(end + PREPOSITION_REACH);
        (end..limit).filter(|at| self.is_word(*at, preposition)).find_map(|at| {
            let is_infinitive =
                self.is_to(at) && self.has_part(at + 1, Part::Base) && !self.document.tokens[at + 1].is_capitalised();
            let starts = at + 1 < self.sentence.end && !is_infinitive && self.is_nominal_or_quote(at + 1);
            starts.then(|| self.object(at + 1)).flatten()
        })
    }

    fn is_nominal_or_quote(&self, at: usize) -> bool {
        self.is_nominal(at) || self.kind(at) == Kind::Quote
    }

    /// Where the clause of a verb that ends before `end` ends: at the next finite verb or word that opens another clause.
    pub(super) fn clause_end(&self, end: usize) -> usize {
        let limit = self.sentence.end.min(end + REACH);
        let mut at = end;
        while at < limit {
            match self.kind(at) {
                Kind::Verb | Kind::Auxiliary | Kind::Modal | Kind::Relative | Kind::Stop if at > end => return at,
                Kind::Subordinator if !self.has_part(at, Part::Preposition) => return at,
                Kind::Comma if at + 1 < limit && !self.is_nominal(at + 1) && self.kind(at + 1) != Kind::Preposition => {
                    return at;
                }
                _ => at += 1,
            }
        }
        limit
    }

    /// "A, B and C": the phrase and those joined to it before it, nearest first.
    pub(super) fn joined_before(&self, phrase: Phrase) -> Vec<Phrase> {
        const MOST: usize = 3;
        let mut all = vec![phrase];
        let mut first = phrase.first;
        let mut has_and = false;
        while all.len() < MOST && first > self.sentence.first + 1 {
            let link = first - 1;
            let is_and = matches!(self.word(link), "and" | "&");
            has_and |= is_and;
            if !(is_and || has_and && self.kind(link) == Kind::Comma) || !self.is_nominal(link - 1) {
                break;
            }
            let Some(previous) = self.phrase_before(link) else { break };
            if previous.first > self.sentence.first && self.kind(previous.first - 1) == Kind::Preposition {
                break;
            }
            all.push(previous);
            first = previous.first;
        }
        all
    }

    /// "A, B and C": the phrase and those joined to it after it; with `objects_only`, none that a verb of its own follows.
    pub(super) fn joined_after(&self, phrase: Phrase, objects_only: bool) -> Vec<Phrase> {
        const MOST: usize = 3;
        let mut all = vec![phrase];
        let mut end = phrase.end;
        while all.len() < MOST && end + 1 < self.sentence.end {
            let mut next = end;
            if self.kind(next) == Kind::Comma {
                next += 1;
            }
            let is_and = next < self.sentence.end && matches!(self.word(next), "and" | "&");
            next += usize::from(is_and);
            if next == end || next >= self.sentence.end || !self.is_nominal(next) {
                break;
            }
            let Some(following) = self.phrase_at(next) else { break };
            let acts_itself = objects_only
                && following.end < self.sentence.end
                && matches!(self.kind(following.end), Kind::Verb | Kind::Auxiliary | Kind::Modal);
            // "A, B and C" goes on; "A, B" is an apposition.
            let goes_on = following.end + 1 < self.sentence.end
                && matches!(self.kind(following.end), Kind::Comma | Kind::Conjunction);
            let needs_and = !(is_and || goes_on);
            // "Silvia Velikova, a respected anchor and reporter": who she is.
            let explains =
                !is_and && self.kind(next) == Kind::Determiner && self.document.tokens[end - 1].is_capitalised();
            if acts_itself || needs_and || explains || self.is_time(following) {
                break;
            }
            all.push(following);
            end = following.end;
        }
        all
    }
}
