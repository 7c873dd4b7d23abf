//! A sentence as the model sees it.

use super::Scene;
use crate::lexicon::Cue;
#[cfg(feature = "training")]
use crate::text::Document;
use crate::text::{Sentence, Token, TokenKind};

/// Keys, and rows in the model, of what is no word: a word that the model does not know, the mention itself, a name, a number.
pub(super) const KEYS: KeyNames = KeyNames { unknown: 0, mention: 1, name: 2, number: 3 };
/// The first key of words.
const FIRST_WORD_KEY: u32 = 4;
/// Words beyond this many on a side are not seen.
const REACH: usize = 40;

pub(super) struct KeyNames {
    pub(super) unknown: u32,
    pub(super) mention: u32,
    pub(super) name: u32,
    pub(super) number: u32,
}

/// What is known of a unit beside its word, in this order: half its valence, whether it is a function word, negates, is a form
/// of "be", reports speech, stands between quotation marks.
pub(super) const SIGNS: usize = 6;

/// A word, a mark, or a whole name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    first: usize,
    end: usize,
    /// In the model.
    pub(super) row: u32,
    pub(super) signs: [f32; SIGNS],
    breaks_clause: bool,
}

/// The units of one sentence, in order. Names are one unit each, whoever they name, so that the model learns of words, not of persons.
#[derive(Default)]
pub(crate) struct View {
    pub(super) units: Vec<Unit>,
}

/// Where a unit stands, seen from the mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Side and distance: 0 to 5 before the mention, 6 to 11 after it, 12 the mention.
    pub(crate) distance: u8,
    /// How many other names stand between (0, 1, 2 for more), plus 3 within the same clause; 6 the mention.
    pub(crate) company: u8,
    /// 1 for what the mentioned says, plus 2 where the mentioned says anything here.
    pub(crate) speech: u8,
}

impl Place {
    pub(super) const DISTANCES: usize = 13;
    pub(super) const COMPANIES: usize = 7;
    pub(super) const SPEECHES: usize = 4;

    /// Every place, by its number.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let (companies, speeches) = (Self::COMPANIES as u8, Self::SPEECHES as u8);
        (0..Self::DISTANCES as u8).flat_map(move |distance| {
            (0..companies).flat_map(move |company| (0..speeches).map(move |speech| Self { distance, company, speech }))
        })
    }

    /// Number among all places.
    pub(super) fn number(self) -> usize {
        (usize::from(self.distance) * Self::COMPANIES + usize::from(self.company)) * Self::SPEECHES
            + usize::from(self.speech)
    }
}

/// Key, signs and place of a unit.
#[cfg(feature = "training")]
pub(crate) type Lesson = (u32, [f32; SIGNS], Place);

/// Key of a word by the hash of its normal form.
pub(crate) fn key_of_word(hash: u64) -> u32 {
    (hash as u32).max(FIRST_WORD_KEY)
}

impl View {
    /// The sentence's units.
    pub(crate) fn of(scene: &Scene<'_>, sentence: Sentence) -> Self {
        let tokens = &scene.document.tokens;
        let named = |at: usize| at < sentence.end && scene.in_name.get(at).copied().unwrap_or(false);
        let mut units = Vec::with_capacity(sentence.end - sentence.first);
        let (mut at, mut quoted) = (sentence.first, false);
        while at < sentence.end {
            let token = &tokens[at];
            let mut unit = Unit::of(scene, at, quoted);
            quoted = match token.kind {
                TokenKind::Mark('"') => !quoted,
                TokenKind::Mark('“') => true,
                TokenKind::Mark('”') => false,
                _ => quoted,
            };
            if named(at) {
                unit.row = KEYS.name;
                while named(unit.end)
                    || unit.end < sentence.end && tokens[unit.end].kind == TokenKind::Hyphen && named(unit.end + 1)
                {
                    unit.end += 1;
                }
            }
            at = unit.end;
            units.push(unit);
        }
        Self { units }
    }

    /// The units that tokens `first..end` cover, as positions.
    pub(super) fn covered(&self, first: usize, end: usize) -> (usize, usize) {
        let from = self.units.partition_point(|unit| unit.end <= first);
        let to = self.units.partition_point(|unit| unit.first < end).max(from);
        (from, to)
    }

    /// Calls `each` with every unit in reach of the mention (units `from..to`), by position, nearest first, those before it
    /// first. `said` tells whether a token belongs to what the mentioned says, where there is such.
    pub(super) fn places(
        &self,
        (from, to): (usize, usize),
        said: Option<&[(usize, usize)]>,
        mut each: impl FnMut(usize, Place),
    ) {
        let is_said = |unit: &Unit| {
            said.is_some_and(|ranges| ranges.iter().any(|(first, end)| (*first..*end).contains(&unit.first)))
        };
        let speaks = 2 * u8::from(said.is_some());
        let mut walk = |side: u8, positions: &mut dyn Iterator<Item = usize>| {
            let (mut names, mut same_clause) = (0u8, true);
            for (steps, position) in positions.take(REACH).enumerate() {
                let unit = &self.units[position];
                same_clause &= !unit.breaks_clause;
                let place = Place {
                    distance: side * 6 + bucket(steps),
                    company: names.min(2) + 3 * u8::from(same_clause),
                    speech: speaks + u8::from(is_said(unit)),
                };
                each(position, place);
                names = names.saturating_add(u8::from(unit.row == KEYS.name));
            }
        };
        walk(0, &mut (0..from).rev());
        walk(1, &mut (to..self.units.len()));
    }

    /// Where the mention itself stands.
    pub(super) fn own_place(speaks: bool) -> Place {
        Place { distance: 12, company: 6, speech: 2 * u8::from(speaks) }
    }

    /// For training: key, signs and place of each unit in reach of the mention of tokens `first..end`, in text order.
    #[cfg(feature = "training")]
    pub(crate) fn lesson(
        &self,
        document: &Document<'_>,
        (first, end): (usize, usize),
        said: Option<&[(usize, usize)]>,
    ) -> Vec<Lesson> {
        let covered = self.covered(first, end);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        self.places(covered, said, |position, place| {
            let unit = &self.units[position];
            let side = if place.distance < 6 { &mut before } else { &mut after };
            let key = match unit.row {
                row if row == KEYS.name || row == KEYS.number => row,
                _ => key_of_word(document.hashes[unit.first]),
            };
            side.push((key, unit.signs, place));
        });
        before.reverse();
        before.push((KEYS.mention, [0.0; SIGNS], Self::own_place(said.is_some())));
        before.extend(after);
        before
    }
}

impl Unit {
    fn of(scene: &Scene<'_>, at: usize, quoted: bool) -> Self {
        const CUES: [Cue; 5] = [Cue::FunctionWord, Cue::Negator, Cue::PassiveBe, Cue::Reporting, Cue::ClauseBreak];
        let token: &Token = &scene.document.tokens[at];
        let valence = scene.valences.get(at).copied().unwrap_or(0.0);
        let cues = scene.knowledge.vocabulary.facts(token.word).which(&CUES);
        let sign = |number: u64| if cues & (1 << number) != 0 { 1.0 } else { 0.0 };
        let is_breaking_mark = matches!(token.kind, TokenKind::Mark(',' | ';' | ':' | '—' | '–' | '(' | ')'));
        Self {
            first: at,
            end: at + 1,
            row: match token.kind {
                TokenKind::Number => KEYS.number,
                _ => scene.rows.get(at).copied().unwrap_or(KEYS.unknown),
            },
            signs: [valence / 2.0, sign(0), sign(1), sign(2), sign(3), f32::from(u8::from(quoted))],
            breaks_clause: is_breaking_mark || cues & (1 << 4) != 0,
        }
    }
}

/// Distances by rough size.
fn bucket(steps: usize) -> u8 {
    match steps {
        0 => 0,
        1 => 1,
        2 | 3 => 2,
        4..=7 => 3,
        8..=13 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Analyzer;
    use crate::text::Document;

    /// Places of the sentence's units round its mention, tokens `first..end`, nearest first, those before it first.
    fn places(
        text: &str,
        names: &[usize],
        (first, end): (usize, usize),
        said: Option<&[(usize, usize)]>,
    ) -> Vec<Place> {
        let knowledge = Analyzer::bundled().knowledge();
        let document = Document::read(text, &knowledge.vocabulary);
        let in_name: Vec<bool> = (0..document.tokens.len()).map(|at| names.contains(&at)).collect();
        let valences = vec![0.0; document.tokens.len()];
        let rows = vec![KEYS.unknown; document.tokens.len()];
        let scene = Scene { document: &document, knowledge, rows: &rows, valences: &valences, in_name: &in_name };
        let view = View::of(&scene, document.sentences[0]);
        let mut found = Vec::new();
        view.places(view.covered(first, end), said, |_, place| found.push(place));
        found
    }

    #[test]
    fn a_name_is_one_unit_and_stands_between_what_is_beyond_it() {
        let found = places("Ann Lee met Bob Ray again", &[0, 1, 3, 4], (0, 2), None);
        let companies: Vec<u8> = found.iter().map(|place| place.company).collect();
        assert_eq!(companies, [3, 3, 4], "met, the name, again");
    }

    #[test]
    fn another_clause_and_what_is_said_are_told_apart() {
        let found = places("she said yes , he left", &[], (0, 1), Some(&[(2, 3)]));
        let seen: Vec<(u8, u8)> = found.iter().map(|place| (place.company, place.speech)).collect();
        assert_eq!(seen, [(3, 2), (3, 3), (0, 2), (0, 2), (0, 2)]);
    }
}
