//! Signals of events that the tension lexicon has no words for: a deed between two countries, or of armed groups, moves the
//! score by its Goldstein value, under the category that `tension_categories.tsv` gives its code.

use faultline_schemas::{ActorType, Direction, EventTag, Modality, Participant, Plover, Signal, Span};

use super::standing::centrality;
use crate::lexicon::Cue;
use crate::reading::Reading;

/// What an event of Goldstein value 10 is worth. Less than the lexicon's plainest words: codes are read less surely.
const WORTH: f32 = 0.45;
const LARGEST_GOLDSTEIN: f32 = 10.0;

/// Adds what `signals` do not have yet: those of the text come in text order.
pub(crate) fn add_event_signals(reading: &Reading<'_>, events: &[EventTag], signals: &mut Vec<Signal>) {
    let told: Vec<(Span, String)> =
        signals.iter().filter(|s| !s.in_title).map(|s| (s.span, s.category.clone())).collect();
    for event in events {
        let Some(signal) = signal(reading, event) else { continue };
        // Spans come in text order and do not overlap.
        let from = told.partition_point(|(span, _)| span.end <= event.trigger.start);
        let is_told = told.get(from).is_some_and(|(span, _)| span.start < event.trigger.end);
        let is_repeat = told[from.saturating_sub(1)..].iter().take(2).any(|(span, category)| {
            *category == signal.category && reading.sentence_at(*span) == event.sentence as usize
        });
        // One deed of several sides is several events.
        let is_pair = signals.last().is_some_and(|last| last.span == signal.span && !last.in_title);
        if !is_told && !is_repeat && !is_pair {
            signals.push(signal);
        }
    }
    signals.sort_by_key(|signal| (!signal.in_title, signal.span));
}

fn signal(reading: &Reading<'_>, event: &EventTag) -> Option<Signal> {
    let category = reading.knowledge.event_category(&event.cameo)?;
    let counts = match category.direction {
        Direction::Escalation => matches!(event.modality, Modality::Actual | Modality::Threatened),
        Direction::DeEscalation => event.modality == Modality::Actual,
    };
    // "fought", "shot" and "killed" need armed sides of two countries to be conflict.
    let is_armed = is_armed(reading, &event.source) || is_armed(reading, &event.target);
    let is_plain = event.plover != Plover::Assault || !reading.holds(event.trigger, Cue::Mishap);
    let concerns_states = crosses_border(event) && (is_plain || is_armed);
    let is_conflict = event.plover == Plover::Assault && is_armed && is_plain;
    if !counts || !(concerns_states || is_conflict) {
        return None;
    }
    let worth = WORTH * event.goldstein.abs() / LARGEST_GOLDSTEIN;
    let weight = worth * centrality(event.sentence as usize) * reading.setting.factor();
    Some(Signal {
        category: category.name.clone(),
        direction: category.direction,
        weight: (weight * 1e4).round() / 1e4,
        span: event.trigger,
        in_title: false,
        rule: event.id.clone(),
    })
}

fn crosses_border(event: &EventTag) -> bool {
    let country = |side: &Option<Participant>| side.as_ref().and_then(|party| party.country.clone());
    matches!((country(&event.source), country(&event.target)), (Some(one), Some(other)) if one != other)
}

fn is_armed(reading: &Reading<'_>, side: &Option<Participant>) -> bool {
    let id = side.as_ref().and_then(|party| party.actor.as_deref());
    let actor = id.and_then(|id| reading.cast.position(id)).map(|number| &reading.cast.actors[number]);
    actor.is_some_and(|actor| {
        actor.kind == ActorType::ArmedGroup
            || actor.sectors.iter().any(|sector| matches!(sector.as_str(), "MIL" | "REB" | "UAF"))
    })
}
