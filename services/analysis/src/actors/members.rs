//! Politicians called by their home and party: "the Arizona Republican".

use faultline_schemas::{ActorType, MentionLabel};

use super::cast::{Cast, Found};
use super::names::Name;
use super::scene::Scene;
use crate::lexicon::{Cue, Part};
use crate::text::TokenKind;

/// How many sentences back the politician may have been named.
const SENTENCES_BACK: usize = 3;

/// Adds a mention of the politician named last for every region with a party's adjective that acts.
pub(super) fn add_members(scene: &Scene<'_>, cast: &mut Cast) {
    let calls: Vec<(usize, &Name)> =
        scene.names.iter().filter_map(|party| Some((member_call(scene, party)?, party))).collect();
    if calls.is_empty() {
        return;
    }
    let mut politicians: Vec<(usize, usize)> = cast
        .found
        .iter()
        .filter_map(|found| found.actor.map(|actor| (found.first, actor)))
        .filter(|(_, actor)| is_politician(cast, *actor))
        .collect();
    politicians.sort_unstable();
    for (first, party) in calls {
        let before = politicians.partition_point(|(at, _)| *at < first);
        let Some((at, actor)) = before.checked_sub(1).map(|last| politicians[last]) else { continue };
        let sentence = scene.document.sentence_of(first);
        if scene.document.sentence_of(at) + SENTENCES_BACK < sentence {
            continue;
        }
        cast.found.push(Found {
            first,
            end: party.end,
            sentence,
            actor: Some(actor),
            place: None,
            label: MentionLabel::Person,
            metonymic: false,
            coreference: true,
        });
    }
}

fn is_politician(cast: &Cast, actor: usize) -> bool {
    let draft = &cast.actors[actor];
    draft.kind == ActorType::Person && draft.sectors.iter().any(|sector| matches!(sector.as_str(), "LEG" | "GOV"))
}

/// The first token of "the Arizona Republican" before a verb, possessive or mark.
fn member_call(scene: &Scene<'_>, party: &Name) -> Option<usize> {
    let is_one = party.end == party.first + 1 && !scene.document.slice(party.first, party.end).ends_with('s');
    if !is_one || !scene.is_party(party) {
        return None;
    }
    let home = scene.name_at(party.first.checked_sub(1)?)?;
    let article = home.first.checked_sub(1).filter(|at| scene.is_word(*at, "the"))?;
    let is_home = home.end == party.first && home.place.is_some();
    let next = scene.token(party.end)?;
    let parts = scene.knowledge.vocabulary.parts(next.word);
    let acts = match next.kind {
        TokenKind::Word => {
            !next.is_capitalised()
                && ([Part::Verb, Part::Auxiliary, Part::Modal].iter().any(|part| parts.has(*part))
                    || scene.has(party.end, Cue::Reporting))
        }
        TokenKind::Possessive | TokenKind::Mark(_) => true,
        _ => false,
    };
    (is_home && acts).then_some(article)
}
