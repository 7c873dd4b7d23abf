//! One deed told twice in an article is one event: same type, sides and modality, and words of one stem ("attacked", "the
//! attack on"), or, of fighting and of talks, codes that do not contradict each other ("attacked", "shelled"). The first
//! telling stays, with what later ones add to it; the others become its mentions.

use std::hash::{Hash, Hasher};

use faultline_schemas::{EventMention, EventTag, Modality, Participant, Plover, Span};
use rustc_hash::{FxHashMap, FxHasher};

use crate::text::Document;

/// Tellings with one key that are compared; more would make the time quadratic.
const MOST_ALIKE: usize = 4;

/// What two tellings of one deed share. Sides are known by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    plover: Plover,
    modality: Modality,
    source: Option<u64>,
    target: Option<u64>,
}

/// An event with the stem of the word that tells it.
pub(super) struct Telling {
    pub(super) event: EventTag,
    pub(super) stem: u64,
    /// Says too little to be an event of its own.
    pub(super) only_again: bool,
}

/// The events, in text order, each deed once.
pub(super) fn merge_retold(document: &Document<'_>, tellings: Vec<Telling>) -> Vec<EventTag> {
    let mut kept: Vec<Telling> = Vec::with_capacity(tellings.len());
    let mut known: FxHashMap<Key, Vec<usize>> = FxHashMap::default();
    for telling in tellings {
        let key = key_of(document, &telling.event);
        match same_deed(&kept, &known, key, &telling) {
            Some(first) => tell_again(&mut kept[first].event, telling.event),
            None if telling.only_again => {}
            None => {
                for part in parts_of(key) {
                    let alike = known.entry(part).or_default();
                    if alike.len() < MOST_ALIKE {
                        alike.push(kept.len());
                    }
                }
                kept.push(telling);
            }
        }
    }
    kept.into_iter().map(|telling| telling.event).collect()
}

/// The keys that a telling is found by: whole, and with either side left open, as a noun often leaves it.
fn parts_of(key: Key) -> impl Iterator<Item = Key> {
    let is_whole = key.source.is_some() && key.target.is_some();
    let open_source = Key { source: None, ..key };
    let open_target = Key { target: None, ..key };
    let open = Key { source: None, target: None, ..key };
    let is_open = key == open;
    [Some(key), is_whole.then_some(open_source), is_whole.then_some(open_target), (!is_open).then_some(open)]
        .into_iter()
        .flatten()
}

fn same_deed(kept: &[Telling], known: &FxHashMap<Key, Vec<usize>>, key: Key, telling: &Telling) -> Option<usize> {
    parts_of(key).find_map(|part| {
        let alike = known.get(&part)?;
        alike.iter().copied().find(|at| {
            let earlier = &kept[*at].event;
            // What both name must be the same.
            let agrees = |one: &Option<Participant>, other: Option<u64>, of_part: Option<u64>| {
                one.is_none() || other.is_none() || of_part.is_some()
            };
            agrees(&earlier.source, key.source, part.source)
                && agrees(&earlier.target, key.target, part.target)
                && apart(earlier.trigger, telling.event.trigger)
                && are_compatible(&kept[*at], telling)
        })
    })
}

/// Whether two tellings are no pairs of sides of one.
fn apart(one: Span, other: Span) -> bool {
    one.end <= other.start || other.end <= one.start
}

fn are_compatible(one: &Telling, other: &Telling) -> bool {
    let (code, other_code) = (&one.event.cameo, &other.event.cameo);
    let is_general = code.ends_with('0') || other_code.ends_with('0');
    let has_many_words = matches!(one.event.plover, Plover::Assault | Plover::Consult);
    one.stem == other.stem
        || code == other_code && !is_general
        || has_many_words && (code == other_code || is_general && code.get(..2) == other_code.get(..2))
}

fn tell_again(first: &mut EventTag, again: EventTag) {
    first.source = first.source.take().or(again.source);
    first.target = first.target.take().or(again.target);
    first.confidence = first.confidence.max(again.confidence);
    first.mentions.push(EventMention { trigger: again.trigger, sentence: again.sentence });
}

fn key_of(document: &Document<'_>, event: &EventTag) -> Key {
    let side = |side: &Option<Participant>| side.as_ref().map(|party| hash_of(document, party));
    Key { plover: event.plover, modality: event.modality, source: side(&event.source), target: side(&event.target) }
}

/// Of an actor by its id, of somebody else by country and words.
fn hash_of(document: &Document<'_>, party: &Participant) -> u64 {
    let mut hasher = FxHasher::default();
    party.actor.hash(&mut hasher);
    if party.actor.is_none() {
        party.country.hash(&mut hasher);
        if let (None, Some(span)) = (&party.country, party.span) {
            words_of(document, span).to_lowercase().hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn words_of<'a>(document: &Document<'a>, span: Span) -> &'a str {
    let end = document.tokens.partition_point(|t| t.char_start < span.end);
    document.slice(document.token_at(span.start), end)
}
