//! Whether a place's name stands for its government or people.

use super::names::Name;
use super::scene::{Scene, Tag};
use crate::lexicon::Cue;
use crate::text::{Shape, TokenKind};

/// How far back the words that govern a name are looked for, in tokens.
const REACH: usize = 14;

/// A name that speaks or owns stands for its government or people; so does any other, unless a preposition of place governs
/// it, it only says where somebody or something is from ("a Kenya businessman"), or it is told what it is ("X is a country").
/// A city that is no capital stands for nobody, unless it speaks.
pub(super) fn is_metonymic(scene: &Scene<'_>, name: &Name) -> bool {
    if scene.margins.in_dateline(name.first) {
        return false;
    }
    let speaks = scene.has(name.end, Cue::Reporting);
    if speaks || name.country.is_none() && name.metonym.is_none() {
        return speaks;
    }
    let is_placed = is_placed(scene, name.first);
    match scene.token(name.end).map(|t| t.kind) {
        Some(TokenKind::Possessive) => !is_placed && !owns_ground(scene, name.end + 1),
        Some(TokenKind::Hyphen) => !is_placed && name.country.is_none(),
        _ => !is_placed && !is_attribute(scene, name) && !is_described(scene, name.end),
    }
}

/// "Ruritania's coast", "Ruritania's second largest city".
fn owns_ground(scene: &Scene<'_>, first: usize) -> bool {
    const NOUN_REACH: usize = 3;
    let words = (first..first + NOUN_REACH).take_while(|at| scene.token(*at).is_some_and(|t| t.is_word()));
    words.take_while(|at| !scene.has(*at, Cue::PlacePreposition)).any(|at| {
        scene.has(at, Cue::GroundNoun) || scene.has(at, Cue::LocationHead) || scene.has(at, Cue::FacilityHead)
    })
}

/// "The 1991 Ruritania census", "a Ruritania physicist": an article or number before, a noun after.
fn is_attribute(scene: &Scene<'_>, name: &Name) -> bool {
    let Some(before) = name.first.checked_sub(1) else { return false };
    let leads = match scene.document.tokens[before].kind {
        TokenKind::Number => true,
        TokenKind::Word => {
            matches!(scene.document.slice(before, before + 1), "a" | "an" | "his" | "her" | "its" | "some" | "many")
        }
        _ => false,
    };
    let is_noun_after = scene.token(name.end).is_some_and(|t| t.is_word() && !t.is_capitalised())
        && !scene.has(name.end, Cue::FunctionWord);
    leads && is_noun_after || matches!(scene.tags.get(name.end), Some(Tag::Role(_)))
}

/// "Ruritania is a country", "Ruritania was located".
fn is_described(scene: &Scene<'_>, end: usize) -> bool {
    matches!(scene.document.slice(end, end + 1), "is" | "was" | "are" | "were")
        && matches!(
            scene.document.slice(end + 1, end + 2),
            "a" | "an" | "the" | "located" | "situated" | "one" | "home" | "bordered" | "divided" | "regarded"
        )
}

/// Looks back over articles, adjectives, and the names of a list ("in Serbia, Kosovo and northern Albania") for a preposition
/// of place.
fn is_placed(scene: &Scene<'_>, first: usize) -> bool {
    for at in (first.saturating_sub(REACH)..first).rev() {
        let token = &scene.document.tokens[at];
        if scene.has(at, Cue::PlacePreposition) {
            return !is_between_states(scene, at);
        }
        if scene.document.slice(at, at + 1) == "with" {
            return at.checked_sub(1).is_some_and(|noun| scene.has(noun, Cue::GroundNoun));
        }
        let is_passed_over = match token.kind {
            TokenKind::Mark(',') => at.checked_sub(1).and_then(|b| scene.token(b)).is_some_and(|t| t.is_capitalised()),
            TokenKind::Hyphen | TokenKind::Number => true,
            TokenKind::Word => {
                let word = scene.document.slice(at, at + 1);
                let is_ground = scene.has(at, Cue::LocationHead) || at + 1 == first && word == "capital";
                if is_ground && !token.is_capitalised() {
                    return true;
                }
                let is_adjective = at + 1 == first && is_placed_adjective(scene, at);
                is_adjective
                    || matches!(word, "the" | "and" | "or" | "both" | "neighbouring" | "neighboring")
                    || scene.has(at, Cue::LocationLead)
                    || token.is_capitalised() && !scene.has(at, Cue::FunctionWord)
            }
            _ => false,
        };
        if !is_passed_over {
            return false;
        }
    }
    false
}

/// "In war-torn Ruritania", "across northeastern Ruritania", but not "to attack Ruritania".
fn is_placed_adjective(scene: &Scene<'_>, at: usize) -> bool {
    let token = &scene.document.tokens[at];
    let Some(before) = at.checked_sub(1) else { return false };
    token.shape == Shape::Lower
        && !scene.has(at, Cue::FunctionWord)
        && !scene.document.slice(at, at + 1).ends_with("ing")
        && scene.tags[at] == Tag::Free
        && scene.has(before, Cue::PlacePreposition)
        && !scene.is_word(before, "to")
        && !scene.is_word(before, "of")
}

/// "Relations between X and Y", "independence from X", "lost to X": the word before the preposition says that states or their
/// teams are meant, where the preposition alone could mean a place.
fn is_between_states(scene: &Scene<'_>, preposition: usize) -> bool {
    const GOVERNOR_REACH: usize = 2;
    let is_open = matches!(
        scene.document.slice(preposition, preposition + 1),
        "of" | "to" | "from" | "between" | "toward" | "towards" | "over"
    );
    let governors = preposition.saturating_sub(GOVERNOR_REACH)..preposition;
    is_open && governors.into_iter().any(|at| scene.has(at, Cue::StateNoun))
}
