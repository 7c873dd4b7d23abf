//! Where reported words begin and end.

use super::finder::Finder;
use super::subject::{Report, Subject, Verb};
use crate::lexicon::Cue;
use crate::text::{Sentence, TokenKind};

/// How far after its verb a "that" may stand, in tokens.
const THAT_REACH: usize = 12;
/// What may follow a verb at the end of a sentence whose reported words came first: `…, he told reporters on Monday.`
const TAIL_WORDS: usize = 14;
/// Reported words are at least this many tokens.
const MIN_CONTENT: usize = 2;

impl Finder<'_, '_> {
    /// The reported words of the verb; `limit` is where the next verb of the sentence begins.
    pub(super) fn content(
        &self,
        sentence: Sentence,
        verb: &Verb,
        start: usize,
        limit: usize,
    ) -> Option<(usize, usize)> {
        let clause_first = match verb.subject {
            Subject::Before((first, _)) => first,
            Subject::After(_) | Subject::Shared => verb.group_first,
        };
        let clause_end = match verb.subject {
            Subject::After((_, end)) => end,
            _ => verb.at + 1,
        };
        if verb.report == Report::Speech
            && clause_first == sentence.first
            && self.is_said_of_before(sentence, clause_end)
            && let Some(content) = self.asked_before(sentence)
        {
            return Some(content);
        }
        if verb.report != Report::Stance
            && verb.subject != Subject::Shared
            && let Some(content) = self.words_before(sentence, clause_first, clause_end, start, limit)
        {
            return Some(content);
        }
        if matches!(verb.subject, Subject::After(_)) {
            return None;
        }
        self.words_after(sentence, verb, limit)
    }

    /// Reported words that stand before `X said`, and may go on after it.
    fn words_before(
        &self,
        sentence: Sentence,
        clause_first: usize,
        clause_end: usize,
        start: usize,
        limit: usize,
    ) -> Option<(usize, usize)> {
        let before = clause_first.checked_sub(1).filter(|at| *at > start)?;
        let closes = self.is_closing_mark(before);
        let comma = self.tokens()[before].is_mark(',')
            || closes
            || matches!(self.tokens()[before].kind, TokenKind::Mark('—' | '-' | '–' | '?' | '!'));
        if !comma {
            return None;
        }
        let first = self.quote_start(start).unwrap_or(start);
        if before < first + MIN_CONTENT {
            return None;
        }
        let end = self.trimmed_end(sentence);
        let after = self.tokens().get(clause_end).filter(|_| clause_end < end);
        match after {
            None => Some((first, before)),
            Some(next) if next.is_mark(',') && !closes => {
                // `The museum, he said, tells the truth`
                let rest_end = self.content_end(sentence, clause_end + 1, limit);
                Some((first, if rest_end > clause_end + MIN_CONTENT { rest_end } else { before }))
            }
            // `When asked if …, Choe said: “We’ll see.”`
            Some(next) if next.is_mark(':') && !closes && self.opens_quote(clause_end + 1) => None,
            Some(next) if next.is_mark(',') || next.is_mark(':') || next.is_mark('.') => Some((first, before)),
            Some(_) if self.is_tail(clause_end, end) || closes && !self.opens_content(clause_end) => {
                Some((first, before))
            }
            Some(_) => None,
        }
    }

    fn opens_quote(&self, at: usize) -> bool {
        self.tokens().get(at).is_some_and(|t| matches!(t.kind, TokenKind::Mark('“' | '"')))
    }

    /// `Mr. Hana said.`: nothing else is said in the sentence.
    fn is_said_of_before(&self, sentence: Sentence, clause_end: usize) -> bool {
        let end = self.trimmed_end(sentence);
        clause_end >= end || self.is_tail(clause_end, end) || self.tokens()[clause_end].is_mark('.')
    }

    /// Words after a verb that only say when, where and to whom.
    fn is_tail(&self, first: usize, end: usize) -> bool {
        let stops = |at: &usize| self.tokens()[*at].is_mark(',');
        let end = (first..end).find(stops).unwrap_or(end);
        if end - first > TAIL_WORDS || self.opens_content(first) {
            return false;
        }
        let word = self.word(first);
        self.has(first, Cue::Weekday)
            || self.has(first, Cue::Adverb)
            || self.tokens()[first].is_capitalised()
            || matches!(
                word,
                "in" | "on"
                    | "at"
                    | "during"
                    | "to"
                    | "after"
                    | "of"
                    | "about"
                    | "when"
                    | "as"
                    | "last"
                    | "this"
                    | "yesterday"
                    | "today"
                    | "reporters"
                    | "journalists"
                    | "me"
                    | "him"
                    | "her"
                    | "them"
                    | "us"
                    | "before"
                    | "via"
                    | "through"
                    | "with"
                    | "while"
                    | "by"
                    | "from"
            )
    }

    fn opens_content(&self, at: usize) -> bool {
        self.word(at) == "that" || self.quoted_at(at + 1).is_some_and(|q| q.first == at + 1)
    }

    /// Reported words that stand after the verb.
    fn words_after(&self, sentence: Sentence, verb: &Verb, limit: usize) -> Option<(usize, usize)> {
        let end = self.content_end(sentence, verb.at + 1, limit);
        if end <= verb.at + 1
            && self.tokens()[sentence.end - 1].is_mark(':')
            && let Some(quoted) = self.quoted_at(sentence.end + 1).filter(|q| q.first == sentence.end + 1)
        {
            return Some((quoted.first, quoted.end));
        }
        let that = (verb.at + 1..end.min(verb.at + THAT_REACH))
            .take_while(|at| !self.is_in_quotes(*at))
            .find(|at| self.word(*at) == "that");
        let mut first = verb.at + 1;
        if let Some(that) = that.filter(|_| verb.report != Report::Stance) {
            first = that + 1;
        } else {
            while first < end && matches!(self.tokens()[first].kind, TokenKind::Mark(':' | ',' | '—')) {
                first += 1;
            }
        }
        if self.quoted_at(first + 1).is_some_and(|q| q.first == first + 1) {
            first += 1;
        }
        let end = if verb.report == Report::Stance && that.is_none() { self.noun_end(first, end) } else { end };
        let wanted = if verb.report == Report::Stance { 1 } else { MIN_CONTENT };
        (end >= first + wanted).then_some((first, end))
    }

    /// The object of a verb of stance: up to a comma.
    fn noun_end(&self, first: usize, end: usize) -> usize {
        let is_end =
            |at: &usize| !self.is_in_quotes(*at) && matches!(self.tokens()[*at].kind, TokenKind::Mark(',' | ';' | '—'));
        (first + 1..end).find(is_end).unwrap_or(end)
    }

    /// The end of the sentence, or of the quotation that is open there, or where the next verb's clause begins.
    fn content_end(&self, sentence: Sentence, from: usize, limit: usize) -> usize {
        let mut end = self.trimmed_end(sentence);
        if let Some(quoted) =
            self.quoted_at(sentence.end.saturating_sub(1)).filter(|q| q.end > sentence.end && q.first > from)
        {
            end = quoted.end;
        }
        if limit >= sentence.end {
            return end;
        }
        let mut end = end.min(limit);
        while end > from
            && (matches!(self.tokens()[end - 1].kind, TokenKind::Mark(','))
                || matches!(self.word(end - 1), "and" | "but" | "while"))
        {
            end -= 1;
        }
        end
    }

    /// The end of a sentence without the marks that close it.
    fn trimmed_end(&self, sentence: Sentence) -> usize {
        let mut end = sentence.end;
        while end > sentence.first
            && matches!(
                self.tokens()[end - 1].kind,
                TokenKind::Mark('.' | '!' | '?' | '”' | '"' | '\'' | '’' | ',' | ';' | ':' | '…')
            )
        {
            end -= 1;
        }
        end
    }

    /// Where the quotation that holds the token begins: a statement of several sentences.
    fn quote_start(&self, at: usize) -> Option<usize> {
        let quoted = self.quoted_at(at).or_else(|| self.quoted_at(at + 1));
        quoted.map(|q| q.first)
    }
}
