//! Actors that are described rather than named: "Serbian police", "the rebels", "the president".

use faultline_schemas::{ActorType, MentionLabel};
use rustc_hash::FxHashMap;

use super::cast::{Cast, Found};
use super::names::RoleHit;
use super::persons::Surnames;
use super::scene::{Scene, Tag};
use super::setting::Setting;
use crate::knowledge::RoleKind;
use crate::lexicon::Cue;
use crate::text::{Gap, Token};

/// Adds an actor for every role that is no title of a name: one for each pair of role and country, or the person of the
/// document who holds the office.
pub(super) fn add_groups(scene: &Scene<'_>, cast: &mut Cast, people: &Surnames, setting: Setting) {
    let mut known: FxHashMap<(u32, Option<u32>), usize> = FxHashMap::default();
    for (position, hit) in scene.roles.iter().enumerate() {
        let is_whole = scene.tags[hit.first] == Tag::Role(position as u32)
            && scene.tags[hit.end - 1] == Tag::Role(position as u32);
        if !is_whole || is_title_of_name(scene, hit) || is_adjective(scene, hit) {
            continue;
        }
        let (told, sectors) = scene.reading_of(hit);
        let role = &scene.knowledge.roles[hit.role as usize];
        let first = first_of_phrase(scene, hit);
        let is_name = role.kind == RoleKind::Group && first < hit.first && is_capitalised(scene, first, hit.end);
        let mut found = Found {
            first: if is_name { first } else { hit.first },
            end: hit.end,
            sentence: scene.document.sentence_of(hit.first),
            actor: None,
            place: None,
            label: if role.kind == RoleKind::Group { MentionLabel::Org } else { MentionLabel::Person },
            metonymic: false,
            coreference: !is_name,
        };
        found.actor = Some(match holder(scene, cast, people, hit, told) {
            Some(person) => person,
            None => {
                let country = told.or_else(|| {
                    let presumed = setting.presumed_of_role(&role.name, &sectors);
                    presumed.filter(|_| !scene.is_abroad(hit))
                });
                let actor = *known.entry((hit.role, country)).or_insert_with(|| {
                    let kind = kind_of(role.kind, &role.sectors);
                    let name = match country {
                        Some(country) => {
                            format!("{} {}", scene.knowledge.countries.all[country as usize].name, role.name)
                        }
                        None => role.name.clone(),
                    };
                    let actor = cast.unlisted(&name, kind, country, &sectors);
                    cast.actors[actor].is_presumed = role.kind != RoleKind::Group;
                    cast.actors[actor].is_abroad = scene.is_abroad(hit);
                    actor
                });
                cast.actors[actor].is_presumed &= told.is_none();
                actor
            }
        });
        cast.found.push(found);
    }
}

/// "The president" after "President X": the one person of the document who was given that title, if of the same country.
fn holder(scene: &Scene<'_>, cast: &Cast, people: &Surnames, hit: &RoleHit, told: Option<u32>) -> Option<usize> {
    let before = hit.first.checked_sub(1)?;
    let is_one = scene.document.slice(hit.first, hit.end).len() == scene.role_name(hit).len();
    let is_definite = scene.is_word(before, "the") || told.is_some();
    if !is_definite || !is_one || scene.kind_of(hit) == RoleKind::Group || is_bound(scene, hit) {
        return None;
    }
    let lead = first_of_phrase(scene, hit);
    if lead.checked_sub(1).is_some_and(|at| scene.has(at, Cue::FormerWord)) {
        return None;
    }
    let person = people.holder(hit.role, hit.first)?;
    let country = cast.actors[person].country;
    (told.is_none() || country.is_none() && scene.is_word(before, "the") || told == country).then_some(person)
}

/// "The president of the company" is told by what follows.
fn is_bound(scene: &Scene<'_>, hit: &RoleHit) -> bool {
    ["of", "for", "at"].iter().any(|word| scene.is_word(hit.end, word))
}

/// "The official residence", "a general election": the word belongs to the noun after it.
fn is_adjective(scene: &Scene<'_>, hit: &RoleHit) -> bool {
    let is_ambiguous = hit.end == hit.first + 1 && scene.has(hit.first, Cue::AdjectiveRole);
    is_ambiguous
        && scene.token(hit.end).is_some_and(|next| {
            let vocabulary = &scene.knowledge.vocabulary;
            next.is_word()
                && next.gap == Gap::Space
                && !next.is_capitalised()
                && !vocabulary.is_grammatical(next.word)
                && !scene.has(hit.end, Cue::Reporting)
                && !scene.document.slice(hit.end, hit.end + 1).ends_with("ed")
        })
}

fn kind_of(kind: RoleKind, sectors: &[String]) -> ActorType {
    let is = |sector: &str| sectors.iter().any(|s| s == sector);
    match kind {
        RoleKind::Title | RoleKind::Office | RoleKind::Person => ActorType::Person,
        RoleKind::Group if is("REB") || is("UAF") => ActorType::ArmedGroup,
        RoleKind::Group => ActorType::Organisation,
    }
}

fn is_title_of_name(scene: &Scene<'_>, hit: &RoleHit) -> bool {
    /// "Deputy Minister Colonel-General X": titles of a title.
    const MAX_TITLES: usize = 3;
    let mut end = hit.end;
    for _ in 0..MAX_TITLES {
        if scene.token(end).is_none_or(|t| t.gap != Gap::Space) {
            return false;
        }
        match scene.tags[end] {
            Tag::Taken => return true,
            Tag::Name(position) => return scene.names[position as usize].person.is_some(),
            Tag::Role(position) if scene.document.tokens[end].is_capitalised() => {
                end = scene.roles[position as usize].end
            }
            _ => return false,
        }
    }
    false
}

/// Where the country's name before the role begins, or the role itself.
fn first_of_phrase(scene: &Scene<'_>, hit: &RoleHit) -> usize {
    match hit.first.checked_sub(1).and_then(|at| scene.country_at(at)) {
        Some((name, _)) if scene.token(hit.first).is_some_and(|t| t.gap == Gap::Space) => name.first,
        _ => hit.first,
    }
}

fn is_capitalised(scene: &Scene<'_>, first: usize, end: usize) -> bool {
    scene.document.tokens[first..end].iter().filter(|t| t.is_word()).all(Token::is_capitalised)
}
