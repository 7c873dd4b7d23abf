//! Who a surname alone stands for.

use faultline_schemas::{ActorType, MentionLabel};
use rustc_hash::{FxHashMap, FxHashSet};

use super::cast::{Cast, Found};
use super::names::Name;
use super::scene::{Scene, Tag};
use crate::lexicon::Cue;
use crate::text::TokenKind;

/// People of the document by surname.
#[derive(Default)]
pub(super) struct Surnames {
    /// Hash of the surname to the first name's hash and the actor, latest last.
    bearers: FxHashMap<u64, Vec<(u64, usize)>>,
    /// Token of the surname, the first name's hash and the actor, for the first people of the document: misspellings of them
    /// are theirs.
    spellings: Vec<(usize, u64, usize)>,
    /// Who was given which title, by role.
    holders: FxHashMap<u32, Vec<Holder>>,
}

/// Somebody who was given a title.
#[derive(Debug, Clone, Copy)]
struct Holder {
    /// Token of the name where the title was given first.
    at: usize,
    actor: usize,
    /// Whether a country was told with it: "Ruritanian President X".
    of_country: bool,
}

/// People whose names are looked at for misspellings; more would make the time quadratic.
const MAX_SPELLINGS: usize = 64;
/// People with one title that are told apart.
const MAX_HOLDERS: usize = 8;
/// Shorter surnames are too often one letter from another.
const SHORTEST_MISSPELT: usize = 5;

impl Surnames {
    /// Adds a mention of somebody on the list.
    pub(super) fn add_listed(&mut self, scene: &Scene<'_>, cast: &mut Cast, name: &Name) {
        let Some(person) = name.person else { return };
        let person = &scene.knowledge.people.all[person as usize];
        let actor = cast.person(person, scene.day);
        if let Some(title) = scene.title_before(name.first) {
            let is_former = title.first.checked_sub(1).is_some_and(|at| scene.has(at, Cue::FormerWord));
            if !is_former {
                let is_in_office = scene.day.is_some_and(|day| person.in_office_on(day));
                cast.learn_title(actor, scene.sectors_of(title), is_in_office);
                self.entitle(title.role, name.first, actor, scene.country_of_role(title).is_some());
            }
        }
        self.remember(scene, name.first, name.end, actor);
        cast.found.push(mention(scene, name.first, name.end, actor));
    }

    /// Notes that the person named at the token was given the title, and whether a country was told with it.
    pub(super) fn entitle(&mut self, role: u32, at: usize, actor: usize, of_country: bool) {
        let holders = self.holders.entry(role).or_default();
        let titled = Holder { at, actor, of_country };
        if let Some(known) = holders.iter_mut().find(|holder| holder.actor == actor) {
            if at < known.at {
                *known = titled;
            }
        } else if holders.len() < MAX_HOLDERS {
            holders.push(titled);
        }
    }

    /// Whom "the president" at the token means: the one person who was given that title before, or the one who was given it
    /// without a country ("President X met Ruritanian President Y").
    pub(super) fn holder(&self, role: u32, before: usize) -> Option<usize> {
        let all = || self.holders.get(&role).into_iter().flatten().filter(|holder| holder.at < before);
        let only = |plain: bool| {
            let mut fitting = all().filter(|holder| !(plain && holder.of_country));
            fitting.next().filter(|_| fitting.next().is_none()).map(|holder| holder.actor)
        };
        only(false).or_else(|| only(true))
    }

    /// The person named in full by tokens `first..end`, new or known: two people with one surname are one where their first
    /// names or initials agree.
    pub(super) fn person(&mut self, scene: &Scene<'_>, cast: &mut Cast, first: usize, end: usize) -> usize {
        let known = self.bearers.get(&scene.document.hashes[end - 1]).and_then(|bearers| {
            let is_same = |(given, _): &&(u64, usize)| end - first == 1 || *given == scene.document.hashes[first];
            bearers.iter().rev().find(is_same).map(|(_, actor)| *actor)
        });
        known.or_else(|| self.misspelt(scene, first, end)).unwrap_or_else(|| {
            let actor = cast.unlisted(scene.document.slice(first, end), ActorType::Person, None, &[]);
            self.remember(scene, first, end, actor);
            actor
        })
    }

    /// The person of the document whose surname the token is, or is one letter from.
    pub(super) fn namesake(&self, scene: &Scene<'_>, at: usize) -> Option<usize> {
        let bearer = self.bearers.get(&scene.document.hashes[at]).and_then(|bearers| bearers.last());
        bearer.map(|(_, actor)| *actor).or_else(|| self.misspelt(scene, at, at + 1))
    }

    /// The person whose surname is one letter away: with the same first name, or the surname alone.
    fn misspelt(&self, scene: &Scene<'_>, first: usize, end: usize) -> Option<usize> {
        let surname = scene.document.slice(end - 1, end);
        let given = scene.document.hashes[first];
        let is_same = |(token, known_given, _): &&(usize, u64, usize)| {
            (end - first == 1 || *known_given == given)
                && is_one_letter_away(surname, scene.document.slice(*token, token + 1))
        };
        self.spellings.iter().find(is_same).map(|(.., actor)| *actor)
    }

    fn remember(&mut self, scene: &Scene<'_>, first: usize, end: usize, actor: usize) {
        self.remember_by(scene, end - 1, scene.document.hashes[first], actor);
        if end - first > 1 && scene.has(first, Cue::FamilyName) && has_surname_first(scene, first, end) {
            self.remember_by(scene, first, scene.document.hashes[end - 1], actor);
        }
    }

    fn remember_by(&mut self, scene: &Scene<'_>, surname: usize, given: u64, actor: usize) {
        let bearers = self.bearers.entry(scene.document.hashes[surname]).or_default();
        if self.spellings.len() < MAX_SPELLINGS && bearers.is_empty() {
            self.spellings.push((surname, given, actor));
        }
        // A name repeated a million times must not make a list of a million.
        if bearers.last().is_none_or(|(_, known)| *known != actor) && bearers.len() < 8 {
            bearers.push((given, actor));
        }
    }

    /// Links capitalised words that nothing has claimed to the person of that surname: one of the document, or else one who
    /// holds office at the time in a country that the document names.
    pub(super) fn link(&self, scene: &mut Scene<'_>, cast: &mut Cast) {
        let countries: FxHashSet<u32> = scene.names.iter().filter_map(Name::any_country).collect();
        for at in 0..scene.document.tokens.len() {
            let token = scene.document.tokens[at];
            let is_open = match scene.tags[at] {
                Tag::Free => true,
                Tag::Name(position) => scene.names[position as usize].is_weak(),
                Tag::Role(_) | Tag::Taken => false,
            };
            if !is_open || !token.is_capitalised() {
                continue;
            }
            let in_document = self
                .bearers
                .get(&scene.document.hashes[at])
                .and_then(|bearers| bearers.last())
                .map(|(_, actor)| *actor);
            let actor = match in_document {
                Some(actor) => Some(actor),
                None if scene.tags[at] == Tag::Free => office_holder(scene, cast, at, &countries),
                None => None,
            };
            let Some(actor) = actor else { continue };
            if let Tag::Name(position) = scene.tags[at] {
                scene.absorbed[position as usize] = true;
            }
            scene.tags[at] = Tag::Taken;
            cast.found.push(mention(scene, at, at + 1, actor));
        }
    }
}

/// "Kim Jong-un", "Tsai Ing-wen", "Xi Jinping": two parts of which the second is written with a hyphen or is no first name
/// of the West.
fn has_surname_first(scene: &Scene<'_>, first: usize, end: usize) -> bool {
    let tokens = &scene.document.tokens[first..end];
    tokens.iter().any(|token| token.kind == TokenKind::Hyphen)
        || tokens.len() <= 3
            && !scene.has(end - 1, Cue::FamilyName)
            && tokens.iter().all(|token| token.is_capitalised())
}

fn office_holder(scene: &Scene<'_>, cast: &mut Cast, at: usize, countries: &FxHashSet<u32>) -> Option<usize> {
    let token = &scene.document.tokens[at];
    let day = scene.day?;
    let candidates = scene.knowledge.people.by_surname.get(&scene.document.hashes[at])?;
    let is_sentence_start = scene.document.sentences[scene.document.sentence_of(at)].first == at;
    let is_word_too = scene.knowledge.vocabulary.facts(token.word).valence != 0.0
        || scene.has(at, Cue::FunctionWord)
        || scene.has(at, Cue::FirstName)
        || scene.has(at, Cue::OrganisationHead)
        || scene.has(at, Cue::LocationHead);
    let stands_in_name = scene.token(at + 1).is_some_and(|t| t.is_capitalised())
        || at
            .checked_sub(1)
            .and_then(|b| scene.token(b))
            .is_some_and(|t| t.is_capitalised() && scene.title_before(at).is_none());
    if is_word_too || stands_in_name || is_sentence_start && !scene.has(at + 1, Cue::Reporting) {
        return None;
    }
    let mut fitting = candidates.iter().filter(|person| {
        let person = &scene.knowledge.people.all[**person as usize];
        let country = person.office_on(Some(day)).and_then(|office| office.country);
        person.in_office_on(day) && country.is_some_and(|c| countries.contains(&c))
    });
    let person = *fitting.next()?;
    if fitting.next().is_some() {
        return None;
    }
    Some(cast.person(&scene.knowledge.people.all[person as usize], scene.day))
}

/// Whether one letter put in, left out or changed makes one word the other, and the first letter is the same.
fn is_one_letter_away(one: &str, other: &str) -> bool {
    let (length, other_length) = (one.chars().count(), other.chars().count());
    if length.min(other_length) < SHORTEST_MISSPELT || length.abs_diff(other_length) > 1 {
        return false;
    }
    let same = |(a, b): &(char, char)| a == b;
    let head = one.chars().zip(other.chars()).take_while(same).count();
    let tail = one.chars().rev().zip(other.chars().rev()).take_while(same).count();
    head > 0 && head + tail + 1 >= length.max(other_length)
}

fn mention(scene: &Scene<'_>, first: usize, end: usize, actor: usize) -> Found {
    Found {
        first,
        end,
        sentence: scene.document.sentence_of(first),
        actor: Some(actor),
        place: None,
        label: MentionLabel::Person,
        metonymic: false,
        coreference: false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_one_letter_away;

    #[test]
    fn one_letter_put_in_left_out_or_changed_is_a_misspelling() {
        for (one, other, expected) in [
            ("Testovic", "Testovich", true),
            ("Testovic", "Tesovic", true),
            ("Testovic", "Tesdovic", true),
            ("Testovic", "Tedsovic", false),
            ("Testovic", "Restovic", false),
            ("Lee", "Lees", false),
        ] {
            assert_eq!(is_one_letter_away(one, other), expected, "{one} {other}");
            assert_eq!(is_one_letter_away(other, one), expected, "{other} {one}");
        }
    }
}
