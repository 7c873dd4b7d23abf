//! Events of the tension lexicon: a match that has a CAMEO code, with the actors on its two sides.

use faultline_schemas::{EventTag, MentionLabel, Participant, Plover, Quad};

use super::coder::event_id;
use super::retold::Telling;
use crate::actors::Found;
use crate::knowledge::{RuleKind, TensionRule, stem};
use crate::lexicon::Cue;
use crate::quotes::Statement;
use crate::reading::Reading;
use crate::signals::{Setting, Trigger};
use crate::text::{Sentence, TokenKind};

/// How far an actor may stand from the trigger, in tokens.
const REACH: usize = 40;

/// Events of the matches that overlap no deed of `events.tsv`.
pub(super) fn trigger_events<'r>(reading: &'r Reading<'_>, article_id: &'r str) -> impl Iterator<Item = Telling> + 'r {
    reading.triggers.iter().filter(|t| !overlaps_deed(reading, t)).filter_map(move |t| {
        let stem = stem(reading.document.slice(t.first, t.first + 1));
        event(reading, t, article_id).map(|event| Telling { event, stem, only_again: false })
    })
}

/// Whether a deed of the same sentence, or what it is about, holds some of the words.
fn overlaps_deed(reading: &Reading<'_>, trigger: &Trigger) -> bool {
    let from = reading.deeds.partition_point(|deed| deed.sentence < trigger.sentence);
    let of_sentence = reading.deeds[from..].iter().take_while(|deed| deed.sentence == trigger.sentence);
    of_sentence.into_iter().any(|deed| deed.first < trigger.end && trigger.first < deed.reach)
}

/// Weaker rules tell moods and circumstances ("tensions flared"), which are signals but no events.
const LEAST_WEIGHT: f32 = 0.45;

fn tells_deed(rule: &TensionRule, quad: Quad) -> bool {
    let is_grave = quad == Quad::MaterialConflict || rule.kind == RuleKind::Threat;
    is_grave && rule.weight >= LEAST_WEIGHT
}

fn event(reading: &Reading<'_>, trigger: &Trigger, article_id: &str) -> Option<EventTag> {
    let rule = &reading.knowledge.tension[trigger.rule as usize];
    let code = &reading.knowledge.cameo.all[rule.cameo? as usize];
    let plover = code.plover.filter(|_| tells_deed(rule, code.quad))?;
    if plover == Plover::Assault && reading.setting == Setting::Disaster {
        return None;
    }
    let (source, target) = sides(reading, trigger);
    if source.is_none() || target.is_none() {
        return None;
    }
    let source_tag = source.map(|side| participant(reading, side));
    let target_tag = target.map(|side| participant(reading, side));
    let known = u8::from(source.is_some()) + u8::from(target.is_some());
    let confidence = 0.3 + 0.1 * f32::from(known);
    Some(EventTag {
        id: event_id(article_id, &code.code, trigger.first, source_tag.as_ref(), target_tag.as_ref()),
        plover,
        mode: code.mode.clone(),
        cameo: code.code.clone(),
        quad: code.quad,
        goldstein: code.goldstein,
        direction: Some(rule.direction),
        modality: trigger.modality,
        confidence,
        source: source_tag,
        target: target_tag,
        trigger: reading.document.span(trigger.first, trigger.end),
        sentence: trigger.sentence as u32,
        mentions: Vec::new(),
    })
}

fn participant(reading: &Reading<'_>, found: &Found) -> Participant {
    let actor = found.actor.map(|number| &reading.cast.actors[number]);
    let of_place = || found.place.and_then(|place| reading.cast.country_of_place(place));
    let country =
        actor.map_or_else(of_place, |a| a.country).map(|c| reading.knowledge.countries.all[c as usize].iso3.clone());
    Participant {
        actor: actor.map(|a| a.id.clone()),
        country,
        span: Some(reading.document.span(found.first, found.end)),
    }
}

type Sides<'r> = (Option<&'r Found>, Option<&'r Found>);

fn sides<'r>(reading: &'r Reading<'_>, trigger: &Trigger) -> Sides<'r> {
    let sentence = reading.document.sentences[trigger.sentence];
    let from = sentence.first.max(trigger.first.saturating_sub(REACH));
    let to = sentence.end.min(trigger.end + REACH);
    let before = actors(reading, from, trigger.first);
    let after = actors(reading, trigger.end, to);
    if is_passive(reading, sentence, trigger) {
        let agent = by_agent(reading, trigger, &after);
        return distinct(agent, subject(reading, &before), &[]);
    }
    let inside = actors(reading, trigger.first, trigger.end);
    let acts_inside = inside.first().filter(|f| f.first == trigger.first && f.end < trigger.end).copied();
    let source = subject(reading, &before).or(acts_inside).or_else(|| speaker(reading, trigger));
    // "Peacekeepers" within the trigger are its means; with a country they are its object.
    let object = inside.iter().find(|f| Some(f.first) != source.map(|s| s.first) && has_country(reading, f)).copied();
    let target =
        object.or(after.first().copied()).map(|f| head(reading, f)).or_else(|| place_after(reading, trigger, to));
    if let (Some(source), None) = (source, target) {
        // "Kosovo and Serbia hold talks": the sides stand together.
        let partner = before.iter().rev().find(|f| f.actor != source.actor && coordinated(reading, f, source)).copied();
        return partner.map_or((Some(source), None), |first| (Some(first), Some(source)));
    }
    if source.is_none() {
        // "Fighting between A and B".
        let first = after.first().copied();
        let second = after.iter().skip(1).find(|f| first.is_some_and(|a| a.actor != f.actor)).copied();
        return match second {
            Some(_) => (first, second),
            None => (None, target),
        };
    }
    distinct(source, target, &after)
}

fn actors<'r>(reading: &'r Reading<'_>, first: usize, end: usize) -> Vec<&'r Found> {
    reading.cast.within(first, end).iter().filter(|f| f.actor.is_some() && f.end <= end).collect()
}

fn has_country(reading: &Reading<'_>, found: &Found) -> bool {
    found.actor.is_some_and(|actor| reading.cast.actors[actor].country.is_some())
}

/// A place that no actor stands for: what is done there is done to its country.
fn place_after<'r>(reading: &'r Reading<'_>, trigger: &Trigger, end: usize) -> Option<&'r Found> {
    let places = reading.cast.within(trigger.end, end);
    places.iter().find(|f| f.place.is_some_and(|place| reading.cast.country_of_place(place).is_some()))
}

/// The acting side: the nearest before the trigger that does not stand after a preposition of place.
fn subject<'r>(reading: &Reading<'_>, before: &[&'r Found]) -> Option<&'r Found> {
    let is_circumstance = |f: &Found| {
        let word = f.first.checked_sub(1).and_then(|at| reading.document.tokens.get(at));
        let after_place = word.is_some_and(|t| reading.knowledge.vocabulary.has(t.word, Cue::PlacePreposition));
        after_place || f.label == MentionLabel::Norp && next_is_word(reading, f.end)
    };
    before.iter().rev().find(|f| !is_circumstance(f)).or(before.last()).copied()
}

/// A demonym before a noun is an adjective of it.
fn next_is_word(reading: &Reading<'_>, at: usize) -> bool {
    reading
        .document
        .tokens
        .get(at)
        .is_some_and(|t| t.is_word() && !reading.knowledge.vocabulary.has(t.word, Cue::FunctionWord))
}

/// From "Kosovo" in "Kosovo Prime Minister Albin Kurti" to the person.
fn head<'r>(reading: &'r Reading<'_>, found: &'r Found) -> &'r Found {
    const TITLE_TOKENS: usize = 6;
    let mut here = found;
    for next in reading.cast.within(found.first + 1, found.end + TITLE_TOKENS) {
        let between = reading.document.tokens.get(here.end..next.first).unwrap_or_default();
        let is_title = between
            .iter()
            .all(|t| t.is_capitalised() || t.kind == TokenKind::Possessive || t.kind == TokenKind::Hyphen);
        if next.actor.is_none() || next.first < here.end && next.end <= here.end || !is_title {
            break;
        }
        here = next;
    }
    here
}

fn coordinated(reading: &Reading<'_>, first: &Found, second: &Found) -> bool {
    first.end + 1 == second.first && matches!(reading.document.slice(first.end, first.end + 1), "and" | "&" | "with")
}

fn distinct<'r>(source: Option<&'r Found>, target: Option<&'r Found>, others: &[&'r Found]) -> Sides<'r> {
    match (source, target) {
        (Some(s), Some(t)) if s.actor == t.actor => (source, others.iter().find(|f| f.actor != s.actor).copied()),
        sides => sides,
    }
}

fn is_passive(reading: &Reading<'_>, sentence: Sentence, trigger: &Trigger) -> bool {
    let tokens = &reading.document.tokens;
    let ends_ed = reading.document.slice(trigger.first, trigger.first + 1).ends_with("ed")
        || matches!(
            reading.document.slice(trigger.first, trigger.first + 1),
            "hit" | "struck" | "shot" | "taken" | "driven" | "held" | "beaten" | "torn" | "cut"
        );
    let from = sentence.first.max(trigger.first.saturating_sub(3));
    let has_be = (from..trigger.first).any(|at| reading.knowledge.vocabulary.has(tokens[at].word, Cue::PassiveBe));
    ends_ed && (has_be || reading.document.slice(trigger.end, trigger.end + 1) == "by")
}

fn by_agent<'r>(reading: &'r Reading<'_>, trigger: &Trigger, after: &[&'r Found]) -> Option<&'r Found> {
    const REACH_OF_BY: usize = 12;
    let end = reading.document.tokens.len().min(trigger.end + REACH_OF_BY);
    let by = (trigger.end..end).find(|at| reading.document.slice(*at, at + 1) == "by")?;
    after.iter().find(|f| f.first > by && f.first <= by + 6).map(|f| head(reading, f))
}

/// Who says it, for a trigger within a statement.
fn speaker<'r>(reading: &'r Reading<'_>, trigger: &Trigger) -> Option<&'r Found> {
    let next = reading.statements.partition_point(|s| s.content.1 <= trigger.first);
    let statement: &Statement = reading.statements.get(next).filter(|s| s.content.0 <= trigger.first)?;
    let speaker = statement.speaker?;
    let (first, end) = statement.source_tokens()?;
    reading.cast.within(first, end).iter().find(|f| f.actor == Some(speaker))
}
