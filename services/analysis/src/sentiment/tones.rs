//! Tone of sentences and articles: two lexicons together.
//!
//! The one is VADER's method with its raters' words (`tone.rs`); the other gives every frequent word a tone, spread from the
//! rated words over GloVe's space to the words that are used alike (`training/sentiment/spread.py`). They count the same.

use std::ops::Range;

use crate::knowledge::Knowledge;
use crate::lexicon::Cue;
use crate::text::Document;
use crate::tone::valences;

use super::Scene;

/// Shares of the two lexicons, alike.
const RATED_SHARE: f32 = 0.5;
const SPREAD_SHARE: f32 = 0.5;
/// Spread tone at which a sentence is three quarters of the way to the end of the scale.
const SPREAD_RANGE: f32 = 4.0;
/// How far a negation reaches, in tokens, and what it makes of a word's spread tone.
const NEGATION_REACH: usize = 3;
const NEGATION: f32 = -0.5;

/// Tones of a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tones {
    /// The model's row of each token.
    pub(crate) rows: Vec<u32>,
    /// VADER's valence of each token in its sentence; 0 where it has none.
    pub(crate) valences: Vec<f32>,
    /// Tone of each sentence, -1 to 1.
    pub(crate) sentences: Vec<f32>,
}

impl Tones {
    /// No tone anywhere: for languages that nothing is known of.
    pub(crate) fn none(document: &Document<'_>) -> Self {
        Self {
            rows: Vec::new(),
            valences: vec![0.0; document.tokens.len()],
            sentences: vec![0.0; document.sentences.len()],
        }
    }

    /// Of a document in English. `in_name` says of every token whether a name holds it.
    pub(crate) fn read(document: &Document<'_>, knowledge: &Knowledge, in_name: &[bool]) -> Self {
        let mut tones = Self { rows: knowledge.sentiment.rows(&document.hashes), ..Self::none(document) };
        for (sentence, tone) in document.sentences.iter().zip(&mut tones.sentences) {
            let set = |at: usize, valence| tones.valences[at] = valence;
            let rated = valences(document, knowledge, in_name, sentence.first, sentence.end, set);
            *tone = together(rated, spread(document, knowledge, &tones.rows, in_name, sentence.first..sentence.end));
        }
        tones
    }
}

impl Scene<'_> {
    /// Tone of tokens `first..end`, -1 to 1.
    pub(crate) fn tone_between(&self, first: usize, end: usize) -> f32 {
        let rated = valences(self.document, self.knowledge, self.in_name, first, end, |_, _| {});
        together(rated, spread(self.document, self.knowledge, self.rows, self.in_name, first..end))
    }
}

fn together(rated: f32, spread: f32) -> f32 {
    RATED_SHARE * rated + SPREAD_SHARE * (spread / SPREAD_RANGE).tanh()
}

/// Sum of the spread tones of some tokens.
fn spread(document: &Document<'_>, knowledge: &Knowledge, rows: &[u32], in_name: &[bool], tokens: Range<usize>) -> f32 {
    let first = tokens.start;
    let rows = rows.get(tokens.clone()).unwrap_or_default();
    let tokens = document.tokens.get(tokens).unwrap_or_default();
    let mut negated_until = 0;
    let mut sum = 0.0;
    for (at, (token, row)) in (first..).zip(tokens.iter().zip(rows)).filter(|(_, (token, _))| token.is_word()) {
        let cues = knowledge.vocabulary.facts(token.word).which(&[Cue::FunctionWord, Cue::Negator]);
        if cues & 2 != 0 {
            negated_until = at + NEGATION_REACH + 1;
        }
        if cues & 1 != 0 || in_name.get(at).copied().unwrap_or(false) {
            continue;
        }
        let tone = knowledge.sentiment.tone(*row);
        sum += if at < negated_until && cues & 2 == 0 { tone * NEGATION } else { tone };
    }
    sum
}

/// What the whole score of escalation takes from an article's tone. News tells of conflict in the words of diplomacy ("will
/// protect", "peace talks", "support"), whose raters did not know what they stand beside. Not sharply chosen: the raters of the
/// NYT's sentences agree alike (.565) from .2 to .6, and .4 tells conflict from cooperation better on PLV's (area under the
/// curve .832 for .817).
const TENSION_SHARE: f32 = 0.4;

/// Tone of an article: the mean over its sentences, the title counting as much as three and the first three twice, less what its
/// escalation, 0 to 1, takes.
pub(crate) fn article_tone(title: Option<f32>, sentences: impl Iterator<Item = f32>, escalation: f32) -> f32 {
    const LEAD_SENTENCES: usize = 3;
    let (mut sum, mut total) = title.map_or((0.0, 0.0), |tone| (3.0 * tone, 3.0));
    for (number, tone) in sentences.enumerate() {
        let weight = if number < LEAD_SENTENCES { 2.0 } else { 1.0 };
        sum += tone * weight;
        total += weight;
    }
    let mean = if total > 0.0 { sum / total } else { 0.0 };
    (mean - TENSION_SHARE * escalation).max(-1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Analyzer;

    fn tone(text: &str) -> f32 {
        let knowledge = Analyzer::bundled().knowledge();
        let document = Document::read(text, &knowledge.vocabulary);
        let rows = knowledge.sentiment.rows(&document.hashes);
        let scene = Scene { document: &document, knowledge, rows: &rows, valences: &[], in_name: &[] };
        scene.tone_between(0, document.tokens.len())
    }

    #[test]
    fn words_that_no_rater_saw_have_the_tone_of_their_neighbours() {
        for (text, is_good) in [("bankrupt", false), ("famine", false), ("humanitarian", true), ("harmony", true)] {
            assert_eq!(tone(text) > 0.0, is_good, "{text}: {}", tone(text));
        }
    }

    #[test]
    fn the_first_word_is_not_negated_and_a_negated_word_is_turned() {
        assert!(tone("famine") < 0.0);
        assert!(tone("never famine") > tone("famine"));
    }

    #[test]
    fn the_title_counts_three_times_and_the_first_three_sentences_twice() {
        let tones = [1.0, 0.0, 0.0, 0.0];
        assert_eq!(article_tone(None, tones.into_iter(), 0.0), 2.0 / 7.0);
        assert_eq!(article_tone(Some(1.0), [0.0].into_iter(), 0.0), 0.6);
        assert_eq!(article_tone(None, std::iter::empty(), 0.0), 0.0);
    }

    #[test]
    fn escalation_takes_from_the_tone_and_never_below_the_scale() {
        assert!(article_tone(None, [0.1].into_iter(), 0.5) < 0.0);
        assert_eq!(article_tone(None, [-0.9].into_iter(), 1.0), -1.0);
    }

    #[test]
    fn kind_words_beside_a_threat_are_worth_less() {
        let score = |text: &str| {
            let article = faultline_schemas::Article { text: text.to_owned(), ..Default::default() };
            Analyzer::bundled().enrich(&article).sentiment.score
        };
        let threat = score("The alliance will protect the safety of its friends and stands ready to intervene.");
        let offer = score("The alliance will protect the safety of its friends and stands ready to listen.");
        assert!(threat < offer - 0.1, "{threat}, {offer}");
    }
}
