//! What the words round a run of capitals say of it.

use super::scene::{Scene, Tag};
use crate::knowledge::RoleKind;
use crate::lexicon::{Cue, Vocabulary};
use crate::text::{Gap, Shape, TokenKind};

/// What a run of capitals turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Person,
    Organisation,
    Location,
    Facility,
}

/// What is known of a person besides the name.
#[derive(Debug, Default)]
pub(super) struct Description {
    pub(super) country: Option<u32>,
    pub(super) sectors: Vec<String>,
}

/// What tokens `first..end`, all capitals, name.
pub(super) fn classify(scene: &Scene<'_>, first: usize, end: usize) -> Option<Kind> {
    let length = end - first;
    let any = |cue| (first..end).any(|at| scene.has(at, cue));
    let last_is = |cue| scene.has(end - 1, cue);
    if length > 1 && last_is(Cue::OrganisationHead) {
        return Some(Kind::Organisation);
    }
    if has_title(scene, first) && length <= 4 {
        return Some(Kind::Person);
    }
    if length > 1 && last_is(Cue::FacilityHead) {
        return Some(Kind::Facility);
    }
    if length > 1 && (last_is(Cue::LocationHead) || scene.has(first, Cue::LocationLead)) {
        return Some(Kind::Location);
    }
    if (2..=4).contains(&length) && (scene.has(first, Cue::FirstName) || has_middle_initial(scene, first, end)) {
        return Some(Kind::Person);
    }
    if length > 1 && any(Cue::OrganisationHead) {
        return Some(Kind::Organisation);
    }
    if (2..=3).contains(&length) && (gives_age(scene, end) || speaks(scene, first, end) || has_office_after(scene, end))
    {
        return Some(Kind::Person);
    }
    // Two or three words in capitals, none of them otherwise known, within a sentence: mostly people.
    let starts_sentence = scene.document.sentences[scene.document.sentence_of(first)].first == first;
    let is_unknown =
        |at: usize| scene.token(at).is_some_and(|t| t.word == Vocabulary::UNKNOWN && t.shape == Shape::Upper);
    if (2..=3).contains(&length) && !starts_sentence && (first..end).all(is_unknown) {
        return Some(Kind::Person);
    }
    // A first name alone, or an unknown word that speaks.
    let is_first_name = !starts_sentence && scene.has(first, Cue::FirstName) && !scene.has(first, Cue::LocationHead);
    let is_surname = is_unknown(first) && scene.has(end, Cue::Reporting);
    if length == 1 && (is_first_name || is_surname) {
        return Some(Kind::Person);
    }
    None
}

/// A role or "Mr" stands right before.
fn has_title(scene: &Scene<'_>, first: usize) -> bool {
    if scene.title_before(first).is_some() {
        return true;
    }
    let Some(mut before) = first.checked_sub(1) else { return false };
    if scene.is_mark(before, '.') && scene.token(before).is_some_and(|t| t.gap == Gap::None) {
        let Some(word) = before.checked_sub(1) else { return false };
        before = word;
    }
    scene.has(before, Cue::Honorific) && scene.token(before).is_some_and(|t| t.is_capitalised())
}

fn has_middle_initial(scene: &Scene<'_>, first: usize, end: usize) -> bool {
    (first + 1..end).any(|at| scene.is_mark(at, '.'))
}

/// `, 41,`
fn gives_age(scene: &Scene<'_>, end: usize) -> bool {
    let is_age = scene.token(end + 1).is_some_and(|t| t.kind == TokenKind::Number && t.end - t.start == 2);
    scene.is_mark(end, ',') && is_age && (scene.is_mark(end + 2, ',') || scene.is_mark(end + 2, '.'))
}

/// `, the Romanian foreign minister`
fn has_office_after(scene: &Scene<'_>, end: usize) -> bool {
    !describe_after(scene, end).sectors.is_empty()
}

fn speaks(scene: &Scene<'_>, first: usize, end: usize) -> bool {
    let before = first.checked_sub(1).is_some_and(|at| scene.has(at, Cue::Reporting));
    before || scene.has(end, Cue::Reporting) && scene.token(end).is_some_and(|t| !t.is_capitalised())
}

/// What roles round the name of a person say: "Serbia's President X", "X, the Serbian president".
pub(super) fn describe(scene: &Scene<'_>, first: usize, end: usize) -> Description {
    if let Some(hit) = scene.title_before(first) {
        return Description { country: scene.country_of_role(hit), sectors: scene.sectors_of(hit).to_vec() };
    }
    // "President of Serbia X".
    if let Some((name, country)) = first.checked_sub(1).and_then(|at| scene.country_at(at)) {
        let title = name.first.checked_sub(1).filter(|of| scene.document.slice(*of, of + 1) == "of");
        let hit = title.and_then(|of| scene.title_before(of));
        return Description {
            country: Some(country),
            sectors: hit.map(|h| scene.sectors_of(h).to_vec()).unwrap_or_default(),
        };
    }
    describe_after(scene, end)
}

fn describe_after(scene: &Scene<'_>, end: usize) -> Description {
    const REACH: usize = 7;
    let mut description = Description::default();
    if !scene.is_mark(end, ',') {
        return description;
    }
    for at in end + 1..end + 1 + REACH {
        match (scene.tags.get(at), scene.token(at).map(|t| t.kind)) {
            (Some(Tag::Role(position)), _) => {
                let hit = scene.roles[*position];
                if scene.knowledge.roles[hit.role as usize].kind != RoleKind::Group {
                    description.sectors = scene.sectors_of(&hit).to_vec();
                    description.country = scene.country_of_role(&hit).or(description.country);
                }
                return description;
            }
            (Some(Tag::Name(position)), _) => {
                description.country = description.country.or(scene.names[*position].any_country())
            }
            (_, Some(TokenKind::Mark(_)) | None) => break,
            _ => {}
        }
    }
    // A country without a role says nothing of the person.
    Description::default()
}
