//! Lines that are no part of the story: links to more, calls to subscribe, captions, credits, bylines, rights.

use super::{Document, Sentence, Token, TokenKind};
use crate::knowledge::Knowledge;
use crate::lexicon::{Cue, Entry, Match};

/// A line that starts like boilerplate and is longer than this, in tokens, is a sentence of the story.
const MAX_LINE_TOKENS: usize = 40;
/// Words that say it alone (`Advertisement`) stand in a line of at most this many tokens.
const MAX_WORD_LINE_TOKENS: usize = 3;
/// `By Ann Smith and Joe Brown, Staff Writers` is at most this long, in tokens.
const MAX_BYLINE_TOKENS: usize = 12;

impl Document<'_> {
    /// Marks the sentences that are no part of the story: they stay in the text and raise no score.
    pub(crate) fn mark_boilerplate(&mut self, knowledge: &Knowledge, matches: &[Match]) {
        let mut leads = vec![Lead::None; self.sentences.len()];
        for found in matches {
            let Entry::Cue(cue @ (Cue::Boilerplate | Cue::BoilerplateAnywhere)) = found.entry else { continue };
            let number = self.sentence_of(found.first);
            let before = &self.tokens[self.sentences[number].first..found.first];
            if cue == Cue::BoilerplateAnywhere {
                leads[number] = Lead::Anywhere;
            } else if before.iter().all(|token| matches!(token.kind, TokenKind::Mark(_))) {
                leads[number] = leads[number].max(Lead::Start);
            }
        }
        let mut line_is_boilerplate = false;
        for (number, lead) in leads.iter().enumerate() {
            let sentence = self.sentences[number];
            let length = sentence.end - sentence.first;
            let is_boilerplate = match lead {
                Lead::Anywhere => length <= 2 * MAX_LINE_TOKENS,
                Lead::Start => sentence.starts_paragraph && length <= MAX_LINE_TOKENS,
                Lead::None => {
                    self.is_word_line(sentence, knowledge)
                        || self.is_byline(sentence, knowledge)
                        || self.is_credit(sentence)
                        || self.is_share_bar(number, knowledge)
                }
            };
            // What goes on in the line of a caption or call belongs to it.
            line_is_boilerplate =
                is_boilerplate || line_is_boilerplate && !sentence.starts_paragraph && *lead != Lead::None;
            self.sentences[number].is_boilerplate = line_is_boilerplate;
        }
    }

    fn is_word_line(&self, sentence: Sentence, knowledge: &Knowledge) -> bool {
        let tokens = &self.tokens[sentence.first..sentence.end];
        sentence.starts_paragraph
            && tokens.len() <= MAX_WORD_LINE_TOKENS
            && tokens.iter().any(|t| t.is_word() && knowledge.vocabulary.has(t.word, Cue::Boilerplate))
            || sentence.starts_paragraph && tokens[0].is_mark('©')
    }

    /// `Twitter`, `Email`, each on a line of its own beside another such line.
    fn is_share_bar(&self, number: usize, knowledge: &Knowledge) -> bool {
        let is_link = |number: usize| {
            self.sentences.get(number).is_some_and(|sentence| {
                let tokens = &self.tokens[sentence.first..sentence.end];
                let is_word = |t: &Token| t.is_word() && knowledge.vocabulary.has(t.word, Cue::ShareWord);
                sentence.starts_paragraph && tokens.len() <= MAX_WORD_LINE_TOKENS && tokens.iter().all(is_word)
            })
        };
        is_link(number) && (is_link(number + 1) || number.checked_sub(1).is_some_and(is_link))
    }

    /// `Credit The New York Times`, after a caption: nothing but capitals.
    fn is_credit(&self, sentence: Sentence) -> bool {
        let tokens = &self.tokens[sentence.first..sentence.end];
        (2..=MAX_BYLINE_TOKENS).contains(&tokens.len())
            && matches!(self.slice(sentence.first, sentence.first + 1), "Credit" | "Photograph" | "Photo")
            && tokens.iter().all(|t| t.is_capitalised() || matches!(t.kind, TokenKind::Mark(_) | TokenKind::Hyphen))
    }

    /// `By Ann Smith`, on a line of its own.
    fn is_byline(&self, sentence: Sentence, knowledge: &Knowledge) -> bool {
        let tokens = &self.tokens[sentence.first..sentence.end];
        if !sentence.starts_paragraph || !(3..=MAX_BYLINE_TOKENS).contains(&tokens.len()) {
            return false;
        }
        let starts = matches!(self.slice(sentence.first, sentence.first + 1), "By" | "BY");
        starts
            && tokens[1..].iter().all(|token| {
                token.is_capitalised()
                    || matches!(
                        token.kind,
                        TokenKind::Mark(',' | '.' | '|' | '-' | '@' | '\'' | '’') | TokenKind::Hyphen
                    )
                    || knowledge.vocabulary.has(token.word, Cue::Particle)
                    || self
                        .text
                        .get(token.start as usize..token.end as usize)
                        .is_some_and(|word| matches!(word, "and" | "for" | "of"))
            })
            && !tokens.last().is_some_and(|t| t.is_mark('.'))
    }
}

/// How strongly a phrase says that its line is no part of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lead {
    None,
    /// The line starts with a phrase that starts such lines.
    Start,
    /// It holds a phrase that no story holds.
    Anywhere,
}

#[cfg(test)]
mod tests {
    use crate::Analyzer;
    use crate::text::Document;

    #[test]
    fn lines_that_are_no_part_of_the_story_are_marked() {
        let cases = [
            ("Read more: Army attacks town", true),
            ("Advertisement", true),
            ("Advertisement Continue reading the main story", true),
            ("Image copyright Getty Images Image caption Rebels fired on the town", true),
            ("Sign up for our newsletter", true),
            ("Follow us on Twitter", true),
            ("By Jane van der Berg and Joe Brown", true),
            ("© 2019 Example. All rights reserved.", true),
            ("Jane Doe contributed to this report.", true),
            ("(Photo by Joe Brown/Getty Images)", true),
            ("By Friday the army had taken the town.", false),
            ("The advertisement showed the army.", false),
            ("They follow the army on foot.", false),
            ("Related charges were brought against the general.", false),
            ("The army read more letters than it sent.", false),
        ];
        let knowledge = Analyzer::bundled().knowledge();
        for (line, expected) in cases {
            let text = format!("Troops moved.\n\n{line}\n\nThey stayed.");
            let mut document = Document::read(&text, &knowledge.vocabulary);
            let matches = knowledge.lexicon.find_all(&document);
            document.mark_boilerplate(knowledge, &matches);
            let marked: Vec<bool> = document.sentences.iter().map(|s| s.is_boilerplate).collect();
            assert_eq!(marked[1], expected, "{line}");
            assert!(!marked[0] && !marked.last().unwrap(), "{line}");
        }
    }
}
