//! Whether "he" or "she" can be somebody, by title and first name.

use super::cast::{Cast, Found};
use crate::knowledge::Knowledge;
use crate::lexicon::Cue;
use crate::text::Document;

/// "Ms Cruz" is not "he", and neither is Angela Merkel; Donald Trump is not "she". Who gives no sign may be either.
pub(crate) fn may_be(
    knowledge: &Knowledge,
    document: &Document<'_>,
    cast: &Cast,
    found: &Found,
    as_woman: bool,
) -> bool {
    let wrong: &[&str] = if as_woman { &["Mr", "Sir"] } else { &["Ms", "Mrs", "Miss"] };
    let mut title = found.first.saturating_sub(2)..found.first + 1;
    if title.any(|at| wrong.contains(&document.slice(at, at + 1))) {
        return false;
    }
    let first_name = found.actor.and_then(|actor| cast.actors[actor].name.split(' ').next()).unwrap_or_default();
    let word = knowledge.vocabulary.number(first_name);
    let is_woman = knowledge.vocabulary.has(word, Cue::WomanName);
    let is_man = !is_woman && knowledge.vocabulary.has(word, Cue::FirstName);
    if as_woman { !is_man } else { !is_woman }
}
