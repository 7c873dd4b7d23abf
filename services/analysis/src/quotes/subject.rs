//! Whether a word reports, and who its subject is.

use super::finder::Finder;
use crate::lexicon::{Cue, Part};
use crate::text::{Gap, Sentence, TokenKind};

/// How far a subject may stretch, in tokens.
const SUBJECT_REACH: usize = 30;
/// How many auxiliaries and adverbs may stand between a subject and its verb.
const VERB_GROUP_REACH: usize = 6;

/// What kind of reporting a word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// Says something: takes words in quotation marks, or a clause.
    Speech,
    /// Believes or wants something: takes a clause.
    Thought,
    /// Takes a stand towards something: takes a noun.
    Stance,
}

/// A reporting verb with its subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verb {
    pub(super) at: usize,
    /// First token of the verb with its auxiliaries and adverbs.
    pub(super) group_first: usize,
    pub(super) report: Report,
    pub(super) subject: Subject,
}

/// Where a verb's subject stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Right before the verb.
    Before((usize, usize)),
    /// Right after it: `said Kurti`.
    After((usize, usize)),
    /// That of the verb before it, or of the sentence: `…, adding that`.
    Shared,
}

impl Finder<'_, '_> {
    /// The reporting verb at token `at`, if it is one there.
    pub(super) fn verb(&self, sentence: Sentence, at: usize) -> Option<Verb> {
        let report = self.report(at)?;
        let token = &self.reading.document.tokens[at];
        let is_heading_verb = token.is_capitalised() && at > sentence.first && self.is_title_case(sentence);
        if token.is_capitalised() && !is_heading_verb {
            return None;
        }
        if self.tokens().get(at + 1).is_some_and(|t| matches!(t.kind, TokenKind::Hyphen | TokenKind::Possessive)) {
            return None;
        }
        let written = self.reading.document.slice(at, at + 1);
        if written.ends_with("ing") {
            return self.participle(sentence, at, report);
        }
        let group = self.verb_group(sentence, at);
        if group.passive && !group.infinitive {
            return None;
        }
        if let Some(subject) = self.subject_after(sentence, at, report) {
            return Some(Verb { at, group_first: group.first, report, subject: Subject::After(subject) });
        }
        let before = self.subject_before(sentence, group.first)?;
        if before == Subject::Shared && self.has(at, Cue::BaseForm) && report != Report::Speech {
            return None;
        }
        let is_read = matches!(self.word(at), "read" | "reads");
        if self.has(at, Cue::AlsoNoun) && !is_read && !group.auxiliary && !self.takes_object(at) {
            return None;
        }
        if let Subject::Before((_, end)) = before
            && matches!(self.word(end - 1), "which" | "that")
            && !self.has(at, Cue::Reporting)
        {
            return None;
        }
        let is_base = self.has(at, Cue::BaseForm) && !is_read;
        if is_base && !group.auxiliary && !self.takes_base_form(before) {
            return None;
        }
        Some(Verb { at, group_first: group.first, report, subject: before })
    }

    fn report(&self, at: usize) -> Option<Report> {
        let is_text =
            |noun: usize| self.has(noun, Cue::ReportNoun) || matches!(self.word(noun), "letter" | "tweet" | "sign");
        if matches!(self.word(at), "read" | "reads") {
            // "the statement read"
            return at.checked_sub(1).filter(|before| is_text(*before)).map(|_| Report::Speech);
        }
        let facts = |cue| self.has(at, cue);
        if facts(Cue::Speech) {
            Some(Report::Speech)
        } else if facts(Cue::Thought) {
            Some(Report::Thought)
        } else if facts(Cue::Stance) {
            Some(Report::Stance)
        } else {
            None
        }
    }

    /// Most words of the sentence are capitalised, as in headlines.
    fn is_title_case(&self, sentence: Sentence) -> bool {
        let words = self.tokens()[sentence.first..sentence.end.min(sentence.first + 16)].iter().filter(|t| t.is_word());
        let (mut all, mut capitals) = (0, 0);
        words.for_each(|t| {
            all += 1;
            capitals += usize::from(t.is_capitalised());
        });
        capitals * 10 >= all * 7
    }

    fn participle(&self, sentence: Sentence, at: usize, report: Report) -> Option<Verb> {
        let group = self.verb_group(sentence, at);
        if group.passive {
            let subject = self.subject_before(sentence, group.first)?;
            return Some(Verb { at, group_first: group.first, report, subject });
        }
        let before = at.checked_sub(1).filter(|before| *before >= sentence.first)?;
        let joins = self.tokens()[before].is_mark(',')
            || matches!(
                self.word(before),
                "and" | "while" | "by" | "before" | "after" | "without" | "despite" | "in" | "when" | "for"
            );
        // "a statement saying that", "a speech, warning that"
        let shares =
            joins || self.has(before, Cue::ReportNoun) || matches!(self.word(before), "letter" | "speech" | "tweet");
        (shares && report != Report::Thought).then_some(Verb {
            at,
            group_first: group.first,
            report,
            subject: Subject::Shared,
        })
    }

    fn verb_group(&self, sentence: Sentence, at: usize) -> VerbGroup {
        let mut group = VerbGroup { first: at, ..VerbGroup::default() };
        let floor = sentence.first.max(at.saturating_sub(VERB_GROUP_REACH));
        while group.first > floor {
            let before = group.first - 1;
            let word = self.word(before);
            if self.tokens()[before].kind == TokenKind::Possessive
                && before > floor
                && self.has(before - 1, Cue::SubjectPronoun)
            {
                // "he's saying"
                group.auxiliary = true;
                group.passive = true;
            } else if word == "to" {
                group.infinitive = true;
                group.auxiliary = true;
            } else if self.is_day(floor, before) {
                // "who that day said"
                group.first = before;
            } else if self.has(before, Cue::Auxiliary) {
                group.auxiliary = true;
                group.passive |= self.has(before, Cue::PassiveBe);
            } else if !(self.has(before, Cue::Adverb)
                || self.has(before, Cue::Weekday)
                || word == "on" && group.first < at && self.has(group.first, Cue::Weekday)
                || word.len() > 4 && word.ends_with("ly"))
            {
                break;
            }
            group.first = before;
        }
        group
    }

    /// "that day", "last week".
    fn is_day(&self, floor: usize, at: usize) -> bool {
        let is_time = |at: usize| self.has_part(at, Part::Time);
        let points = |at: usize| matches!(self.word(at), "that" | "this" | "last" | "next" | "same");
        at > floor && is_time(at) && points(at - 1) || points(at) && is_time(at + 1)
    }

    /// What follows can only be the object or clause of a verb: "fears that", "plans to", not "fears and", "plans in".
    fn takes_object(&self, at: usize) -> bool {
        let Some(next) = self.tokens().get(at + 1) else { return false };
        next.is_capitalised()
            || matches!(next.kind, TokenKind::Mark('“' | '"' | ':'))
            || self.has(at + 1, Cue::SubjectPronoun)
            || self.has_part(at + 1, Part::ObjectLead)
    }

    fn takes_base_form(&self, subject: Subject) -> bool {
        match subject {
            Subject::Shared => true,
            Subject::After(_) => false,
            Subject::Before((_, end)) => {
                let word = self.word(end - 1);
                let plural = word.ends_with('s') && !word.ends_with("ss")
                    || matches!(
                        word,
                        "people" | "police" | "many" | "some" | "most" | "few" | "both" | "men" | "women"
                    );
                let pronoun = self.has(end - 1, Cue::SubjectPronoun)
                    && !matches!(word, "he" | "she" | "it" | "He" | "She" | "It");
                plural || pronoun
            }
        }
    }

    /// `said Kurti, …` after a quotation or comma.
    fn subject_after(&self, sentence: Sentence, at: usize, report: Report) -> Option<(usize, usize)> {
        if report != Report::Speech || at == sentence.first {
            return None;
        }
        let before = &self.tokens()[at - 1];
        let closes = self.is_closing_mark(at - 1);
        if !(closes || before.is_mark(',') || before.is_mark('—')) || self.has_object(at) {
            return None;
        }
        let first = at + 1;
        let token = self.tokens().get(first).filter(|_| first < sentence.end)?;
        let starts_name = token.is_capitalised() && !self.has(first, Cue::Weekday) && !self.has(first, Cue::Month);
        let starts_noun = !token.is_capitalised() && self.has_part(first, Part::SubjectLead);
        if !(starts_name || starts_noun) {
            return None;
        }
        let limit = sentence.end.min(first + SUBJECT_REACH);
        let mut end = first + 1;
        while end < limit && !self.ends_name(end) {
            end += 1;
        }
        (closes || !self.is_clause(sentence, first, end)).then_some((first, end))
    }

    /// `X, the spokesman, said *the violence “runs …”*`, `said *one kind appeared to be …*`: what looks like a subject after the
    /// verb is what was said.
    fn is_clause(&self, sentence: Sentence, first: usize, end: usize) -> bool {
        const REACH: usize = 10;
        let opens_quote = end < sentence.end && matches!(self.tokens()[end].kind, TokenKind::Mark('“' | '"' | '‘'));
        let limit = sentence.end.min(first + REACH);
        let breaks = |at: &usize| matches!(self.tokens()[*at].kind, TokenKind::Mark(',' | '.' | ';'));
        let clause_end = (first..limit).find(breaks).unwrap_or(limit);
        let has_verb = (first + 1..clause_end).take_while(|at| !self.has(*at, Cue::ClauseBreak)).any(|at| {
            let is_finite =
                self.has_part(at, Part::Auxiliary) || self.has_part(at, Part::Modal) || self.has_part(at, Part::Verb);
            is_finite && !self.tokens()[at].is_capitalised()
        });
        opens_quote || has_verb
    }

    fn has_part(&self, at: usize, part: Part) -> bool {
        self.tokens().get(at).is_some_and(|t| self.reading.knowledge.vocabulary.parts(t.word).has(part))
    }

    /// Verbs that never stand before their subject.
    fn has_object(&self, at: usize) -> bool {
        matches!(self.word(at), "told" | "tells" | "informed" | "informs" | "assured" | "reminded" | "notified")
    }

    fn ends_name(&self, at: usize) -> bool {
        let token = &self.tokens()[at];
        match token.kind {
            TokenKind::Mark('.') => {
                !(token.gap == Gap::None
                    && self.tokens()[at - 1].is_capitalised()
                    && self.tokens().get(at + 1).is_some_and(|t| t.is_capitalised() && t.gap != Gap::Paragraph))
            }
            TokenKind::Mark('(' | ')' | '\'' | '’') => false,
            TokenKind::Mark(_) => true,
            _ => self.has(at, Cue::Weekday) || !token.is_capitalised() && self.has_part(at, Part::NameEnd),
        }
    }

    /// The subject that ends right before `end`.
    fn subject_before(&self, sentence: Sentence, end: usize) -> Option<Subject> {
        let last = end.checked_sub(1).filter(|last| *last >= sentence.first)?;
        let token = &self.tokens()[last];
        match token.kind {
            TokenKind::Mark(',') => self.with_apposition(sentence, last),
            TokenKind::Mark(')') => {
                let floor = sentence.first.max(last.saturating_sub(8));
                let open = (floor..last).rev().find(|at| self.tokens()[*at].is_mark('('))?;
                let name_last = open.checked_sub(1).filter(|at| *at >= sentence.first)?;
                Some(Subject::Before((self.noun_first(sentence, name_last), last + 1)))
            }
            TokenKind::Mark('’' | '\'') | TokenKind::Hyphen | TokenKind::Possessive | TokenKind::Mark(_) => None,
            TokenKind::Word | TokenKind::Number => self.subject_word(sentence, last),
        }
    }

    fn subject_word(&self, sentence: Sentence, last: usize) -> Option<Subject> {
        let word = self.word(last);
        match word {
            "and" | "but" | "then" | "or" => return Some(Subject::Shared),
            "who" | "which" | "that" | "all" | "many" | "some" | "others" | "both" | "several" | "few" | "most"
            | "one" | "two" => {
                return Some(Subject::Before((last, last + 1)));
            }
            _ => {}
        }
        if self.has(last, Cue::SubjectPronoun) {
            return Some(Subject::Before((last, last + 1)));
        }
        // "when asked if", "When asked if"
        let is_name = self.tokens()[last].is_capitalised() && last > sentence.first;
        if self.has(last, Cue::FunctionWord) && !is_name {
            return None;
        }
        Some(Subject::Before((self.noun_first(sentence, last), last + 1)))
    }

    /// `Adam Schiff, the top Democrat on the committee,` up to its closing comma.
    fn with_apposition(&self, sentence: Sentence, comma: usize) -> Option<Subject> {
        let floor = sentence.first.max(comma.saturating_sub(SUBJECT_REACH));
        let mut at = comma;
        let mut opening = None;
        while at > floor {
            at -= 1;
            if self.tokens()[at].is_mark(',') {
                let short = comma - at <= 2;
                opening = Some(at);
                // "Malush Bajraj, 41, an ethnic Albanian resident, told": ages and states stand between commas too.
                if !short && !self.tokens().get(at.saturating_sub(2)).is_some_and(|t| t.is_mark(',')) {
                    break;
                }
            } else if matches!(self.tokens()[at].kind, TokenKind::Mark(';' | ':' | '“' | '”' | '"')) {
                break;
            }
        }
        let opening = opening.filter(|at| *at > sentence.first)?;
        let name_last = opening - 1;
        self.tokens()[name_last].is_word().then(|| Subject::Before((self.noun_first(sentence, name_last), comma)))
    }

    /// First token of the noun phrase that ends with token `last`.
    pub(super) fn noun_first(&self, sentence: Sentence, last: usize) -> usize {
        let floor = sentence.first.max(last.saturating_sub(SUBJECT_REACH));
        let mut first = last;
        while first > floor {
            let before = first - 1;
            let token = &self.tokens()[before];
            let goes_on = match token.kind {
                TokenKind::Mark('.') => {
                    token.gap == Gap::None && before > floor && self.tokens()[before - 1].is_capitalised()
                }
                TokenKind::Mark('\'' | '’' | '&') | TokenKind::Hyphen | TokenKind::Possessive | TokenKind::Number => {
                    true
                }
                TokenKind::Mark(_) => false,
                TokenKind::Word => self.in_noun(before),
            };
            if !goes_on {
                break;
            }
            first = before;
        }
        // A preposition or conjunction cannot start it: "in Belgrade officials said".
        while first < last && self.starts_no_noun(first) {
            first += 1;
        }
        first
    }

    fn in_noun(&self, at: usize) -> bool {
        let word = self.word(at);
        if self.has_part(at, Part::NounLink) && !self.tokens()[at].is_capitalised() {
            return true;
        }
        if matches!(word, "and" | "or") {
            return self.tokens().get(at + 1).is_some_and(|t| t.is_capitalised())
                && at > 0
                && self.tokens()[at - 1].is_capitalised();
        }
        let breaks =
            self.has(at, Cue::ClauseBreak) || self.has(at, Cue::Auxiliary) || self.has(at, Cue::SubjectPronoun);
        !(breaks || word == "that" || self.has(at, Cue::Speech) && !self.tokens()[at].is_capitalised())
    }

    fn starts_no_noun(&self, at: usize) -> bool {
        self.has_part(at, Part::NoSubjectLead)
            || matches!(self.tokens()[at].kind, TokenKind::Mark(_) | TokenKind::Hyphen | TokenKind::Possessive)
            || self.has(at, Cue::Adverb)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct VerbGroup {
    first: usize,
    auxiliary: bool,
    /// A form of "be": with a past participle, a passive; with a present one, "is saying".
    passive: bool,
    infinitive: bool,
}
