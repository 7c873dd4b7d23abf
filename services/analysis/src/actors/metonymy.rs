//! Whether a place's name stands for its government or people.

use super::names::Name;
use super::scene::{Scene, Tag};
use crate::lexicon::Cue;
use crate::text::TokenKind;

/// A name after a preposition of place, or in apposition to "the capital" and the like, is the place itself. So is a city's that
/// is no capital, unless it speaks.
pub(super) fn is_metonymic(scene: &Scene<'_>, name: &Name) -> bool {
    let speaks = scene.has(name.end, Cue::Reporting);
    if name.country.is_none() && name.metonym.is_none() {
        return speaks;
    }
    if speaks {
        return true;
    }
    if scene.token(name.end).is_some_and(|t| t.kind == TokenKind::Possessive || t.kind == TokenKind::Hyphen) {
        return !follows_place_word(scene, name.first) && name.country.is_none();
    }
    !follows_place_word(scene, name.first)
}

/// Looks back over articles, adjectives of direction and other names of the same list ("in Serbia and Kosovo").
fn follows_place_word(scene: &Scene<'_>, first: usize) -> bool {
    const REACH: usize = 5;
    let mut at = first;
    for _ in 0..REACH {
        let Some(before) = at.checked_sub(1) else { return false };
        if scene.has(before, Cue::PlacePreposition) || scene.has(before, Cue::LocationHead) {
            return true;
        }
        let token = &scene.document.tokens[before];
        let is_passed_over = match token.kind {
            TokenKind::Mark(',') => scene.country_at(before.saturating_sub(1)).is_some(),
            TokenKind::Word => {
                let word = scene.document.slice(before, before + 1);
                matches!(word, "the" | "and" | "or" | "both" | "neighbouring" | "neighboring")
                    || scene.has(before, Cue::LocationLead)
                    || matches!(scene.tags[before], Tag::Name(_))
            }
            _ => false,
        };
        if !is_passed_over {
            return false;
        }
        at = before;
    }
    false
}
