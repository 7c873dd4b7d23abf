//! Names that no list has, made out from runs of capitalised words and the words round them.

use faultline_schemas::{ActorType, MentionLabel};
use rustc_hash::FxHashMap;

use super::cast::{Cast, Found};
use super::evidence::{Kind, classify, describe};
use super::persons::Surnames;
use super::scene::{Scene, Tag};
use crate::lexicon::Cue;
use crate::text::{Gap, Sentence, Shape, TokenKind};

/// Longer runs are headings or shouting.
const MAX_RUN_TOKENS: usize = 10;
/// Letters of an acronym that may name an organisation.
const ACRONYM_LETTERS: std::ops::RangeInclusive<u32> = 3..=6;

/// Goes through the runs of capitals of a document.
pub(super) struct Capitals<'s, 'a> {
    scene: &'s mut Scene<'a>,
    cast: &'s mut Cast,
    surnames: &'s mut Surnames,
    /// Organisations by name, so that a name met again is the same actor.
    organisations: FxHashMap<String, usize>,
}

impl<'s, 'a> Capitals<'s, 'a> {
    pub(super) fn read(scene: &'s mut Scene<'a>, cast: &'s mut Cast, surnames: &'s mut Surnames) {
        let mut capitals = Self { scene, cast, surnames, organisations: FxHashMap::default() };
        for number in 0..capitals.scene.document.sentences.len() {
            let sentence = capitals.scene.document.sentences[number];
            if !is_shouting(capitals.scene, sentence) {
                capitals.sentence(number, sentence);
            }
        }
    }

    fn sentence(&mut self, number: usize, sentence: Sentence) {
        let mut at = sentence.first;
        while at < sentence.end {
            if !self.starts_name(at, sentence) {
                at += 1;
                continue;
            }
            let end = self.run_end(at, sentence.end);
            if end - at <= MAX_RUN_TOKENS {
                self.run(number, sentence, at, end);
            }
            at = end;
        }
    }

    /// A capitalised word that may belong to a name that no list has.
    fn is_free(&self, at: usize) -> bool {
        let Some(token) = self.scene.token(at) else { return false };
        let is_free = match self.scene.tags[at] {
            Tag::Free => true,
            Tag::Name(position) => self.scene.names[position].is_weak(),
            Tag::Role(_) | Tag::Taken => false,
        };
        is_free
            && token.is_capitalised()
            && (token.shape == Shape::AllUpper || !self.scene.has(at, Cue::FunctionWord))
            && !self.scene.has(at, Cue::Weekday)
            && (!self.scene.has(at, Cue::Month) || self.scene.has(at, Cue::FirstName))
    }

    fn starts_name(&self, at: usize, sentence: Sentence) -> bool {
        self.is_free(at) && (at == sentence.first || self.scene.document.tokens[at].gap >= Gap::None)
    }

    /// Where the run that starts at `first` ends.
    fn run_end(&self, first: usize, limit: usize) -> usize {
        let tokens = &self.scene.document.tokens;
        let follows = |at: usize| at < limit && self.is_free(at) && tokens[at].gap < Gap::Line;
        let mut end = first + 1;
        while end < limit && end - first <= MAX_RUN_TOKENS {
            let token = &tokens[end];
            let is_initial = tokens[end - 1].char_end - tokens[end - 1].char_start == 1;
            let step = match token.kind {
                _ if follows(end) => 1,
                TokenKind::Hyphen if follows(end + 1) => 2,
                TokenKind::Mark('.') if is_initial && token.gap == Gap::None && follows(end + 1) => 2,
                TokenKind::Word if self.scene.has(end, Cue::Particle) && follows(end + 1) => 2,
                TokenKind::Word
                    if self.scene.has(end, Cue::Particle)
                        && self.scene.has(end + 1, Cue::Particle)
                        && follows(end + 2) =>
                {
                    3
                }
                _ => break,
            };
            end += step;
        }
        end.min(limit)
    }

    fn run(&mut self, sentence: usize, range: Sentence, first: usize, end: usize) {
        if let Some((org_first, org_end)) = self.organisation_round(range, first, end) {
            return self.add_organisation(sentence, org_first, org_end);
        }
        match classify(self.scene, first, end) {
            Some(Kind::Person) => self.add_person(sentence, first, end),
            Some(Kind::Organisation) => self.add_organisation(sentence, first, end),
            Some(Kind::Location) => self.add_place(sentence, first, end, MentionLabel::Loc),
            Some(Kind::Facility) => self.add_place(sentence, first, end, MentionLabel::Fac),
            None if self.is_acronym(first, end) => self.add_organisation(sentence, first, end),
            None => {}
        }
    }

    /// "Serbian Progressive Party", "Ministry of Foreign Affairs": an organisation takes in the country before it and what
    /// follows "of".
    fn organisation_round(&self, range: Sentence, first: usize, end: usize) -> Option<(usize, usize)> {
        let head = (first..end).rev().find(|at| self.scene.has(*at, Cue::OrganisationHead))?;
        let mut org_first = first;
        while let Some((name, _)) = org_first.checked_sub(1).and_then(|at| self.scene.country_at(at)) {
            if name.end != org_first
                || name.first < range.first
                || self.scene.document.tokens[org_first].gap != Gap::Space
            {
                break;
            }
            org_first = name.first;
        }
        let mut org_end = end;
        if head == end - 1 && self.scene.document.slice(end, end + 1) == "of" {
            let after = end + 1 + usize::from(self.scene.document.slice(end + 1, end + 2) == "the");
            let is_name = after < range.end && (self.is_free(after) || matches!(self.scene.tags[after], Tag::Name(_)));
            if is_name && self.scene.token(after).is_some_and(|t| t.is_capitalised()) {
                org_end = match self.scene.tags[after] {
                    Tag::Name(position) => self.scene.names[position].end,
                    _ => self.run_end(after, range.end),
                };
            }
        }
        (head == end - 1 && (org_first < first || org_end > end)).then_some((org_first, org_end))
    }

    fn is_acronym(&self, first: usize, end: usize) -> bool {
        let token = &self.scene.document.tokens[first];
        end == first + 1
            && token.shape == Shape::AllUpper
            && ACRONYM_LETTERS.contains(&(token.char_end - token.char_start))
            && self.scene.tags[first] == Tag::Free
    }

    fn take(&mut self, first: usize, end: usize) {
        for at in first..end {
            if let Tag::Name(position) = self.scene.tags[at] {
                self.scene.absorbed[position] = true;
            }
            self.scene.tags[at] = Tag::Taken;
        }
    }

    fn found(sentence: usize, first: usize, end: usize, label: MentionLabel) -> Found {
        Found { first, end, sentence, actor: None, place: None, label, metonymic: false, coreference: false }
    }

    fn add_person(&mut self, sentence: usize, first: usize, end: usize) {
        let description = describe(self.scene, first, end);
        let actor = self.surnames.person(self.scene, self.cast, first, end);
        self.cast.learn(actor, description.country, &description.sectors);
        self.take(first, end);
        self.cast.found.push(Found { actor: Some(actor), ..Self::found(sentence, first, end, MentionLabel::Person) });
    }

    fn add_organisation(&mut self, sentence: usize, first: usize, end: usize) {
        let name = self.scene.document.slice(first, end);
        let country = (first..end).find_map(|at| self.scene.country_at(at)).map(|(_, country)| country);
        let cast = &mut *self.cast;
        let actor = *self
            .organisations
            .entry(name.to_owned())
            .or_insert_with(|| cast.unlisted(name, ActorType::Organisation, country, &[]));
        self.take(first, end);
        self.cast.found.push(Found { actor: Some(actor), ..Self::found(sentence, first, end, MentionLabel::Org) });
    }

    fn add_place(&mut self, sentence: usize, first: usize, end: usize, label: MentionLabel) {
        let place = self.cast.unlisted_place(self.scene.document.slice(first, end));
        self.take(first, end);
        self.cast.found.push(Found { place: Some(place), ..Self::found(sentence, first, end, label) });
    }
}

/// A sentence all in capitals tells nothing by them, nor does a heading with a capital on every long word.
fn is_shouting(scene: &Scene<'_>, sentence: Sentence) -> bool {
    let words = scene.document.tokens[sentence.first..sentence.end].iter().filter(|t| t.is_word());
    let (mut all, mut capitals) = (0u32, 0u32);
    for token in words {
        all += 1;
        capitals += u32::from(token.shape == Shape::AllUpper);
    }
    all >= 4 && capitals * 10 > all * 7
}
