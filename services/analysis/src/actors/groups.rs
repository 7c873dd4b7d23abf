//! Actors that are described rather than named: "Serbian police", "the rebels", "the president".

use faultline_schemas::{ActorType, MentionLabel};
use rustc_hash::FxHashMap;

use super::cast::{Cast, Found};
use super::names::RoleHit;
use super::scene::{Scene, Tag};
use crate::knowledge::RoleKind;
use crate::text::{Gap, Token};

/// Adds an actor for every role that is no title of a name: one for each pair of role and country.
pub(super) fn add_groups(scene: &Scene<'_>, cast: &mut Cast) {
    let mut known: FxHashMap<(u32, Option<u32>), usize> = FxHashMap::default();
    for (position, hit) in scene.roles.iter().enumerate() {
        let is_whole = scene.tags[hit.first] == Tag::Role(position) && scene.tags[hit.end - 1] == Tag::Role(position);
        if !is_whole || is_title_of_name(scene, hit) {
            continue;
        }
        let body = scene.body_of_role(hit).map(|body| &scene.knowledge.organisations[body as usize]);
        let country = scene.country_of_role(hit).or_else(|| body.and_then(|body| body.country));
        let role = &scene.knowledge.roles[hit.role as usize];
        let actor = *known.entry((hit.role, country)).or_insert_with(|| {
            let mut sectors = role.sectors.clone();
            let others =
                body.into_iter().flat_map(|body| &body.sectors).filter(|sector| !role.sectors.contains(sector));
            sectors.extend(others.cloned());
            let kind = kind_of(role.kind, &role.sectors);
            let name = match country {
                Some(country) => format!("{} {}", scene.knowledge.countries.all[country as usize].name, role.name),
                None => role.name.clone(),
            };
            cast.unlisted(&name, kind, country, &sectors)
        });
        let first = first_of_phrase(scene, hit);
        let is_name = role.kind == RoleKind::Group && first < hit.first && is_capitalised(scene, first, hit.end);
        cast.found.push(Found {
            first: if is_name { first } else { hit.first },
            end: hit.end,
            sentence: scene.document.sentence_of(hit.first),
            actor: Some(actor),
            place: None,
            label: if role.kind == RoleKind::Group { MentionLabel::Org } else { MentionLabel::Person },
            metonymic: false,
            coreference: !is_name,
        });
    }
}

fn kind_of(kind: RoleKind, sectors: &[String]) -> ActorType {
    let is = |sector: &str| sectors.iter().any(|s| s == sector);
    match kind {
        RoleKind::Title | RoleKind::Person => ActorType::Person,
        RoleKind::Group if is("REB") || is("UAF") => ActorType::ArmedGroup,
        RoleKind::Group => ActorType::Organisation,
    }
}

fn is_title_of_name(scene: &Scene<'_>, hit: &RoleHit) -> bool {
    let next_is_person = match scene.tags.get(hit.end) {
        Some(Tag::Taken) => true,
        Some(Tag::Name(position)) => scene.names[*position].person.is_some(),
        _ => false,
    };
    next_is_person && scene.token(hit.end).is_some_and(|t| t.gap == Gap::Space)
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
