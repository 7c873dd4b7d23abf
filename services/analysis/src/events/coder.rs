//! Deeds and their sides as the contract's events.

use faultline_schemas::{Direction, EventTag, Modality, Participant, Plover, Quad};

use super::deeds::Deed;
use super::retold::{Telling, merge_retold};
use super::sides::{Party, sides};
use super::triggers::trigger_events;
use crate::knowledge::Knowledge;
use crate::lexicon::Cue;
use crate::reading::Reading;

/// Pairs of sides that one deed makes events of.
const MOST_PAIRS: usize = 6;

/// Every event of the text, in text order.
pub(crate) fn events(reading: &Reading<'_>, article_id: &str) -> Vec<EventTag> {
    let mut all = Vec::with_capacity(reading.deeds.len());
    for deed in &reading.deeds {
        let rule = &reading.knowledge.deeds.rules[deed.rule as usize];
        // "the attack" alone only tells again what was told before, "the chemical attack" tells it.
        let only_again = |event: &EventTag| event.source.is_none() && event.target.is_none() && rule.named_words < 2;
        all.extend(deed_events(reading, deed, article_id).into_iter().map(|event| Telling {
            stem: rule.stem,
            only_again: only_again(&event),
            event,
        }));
    }
    all.extend(trigger_events(reading, article_id));
    all.sort_by(|a, b| (a.event.trigger, &a.event.id).cmp(&(b.event.trigger, &b.event.id)));
    merge_retold(&reading.document, all)
}

fn deed_events(reading: &Reading<'_>, deed: &Deed, article_id: &str) -> Vec<EventTag> {
    let (sources, targets) = sides(reading, deed);
    let sources: Vec<Option<Party>> = one_at_least(sources);
    let targets: Vec<Option<Party>> = one_at_least(targets);
    let pairs = sources.iter().flat_map(|source| targets.iter().map(move |target| (source.as_ref(), target.as_ref())));
    let is_known = |party: Option<&Party>| party.is_some_and(|p| p.is_known(reading));
    let counts_anyway = speaks_for_itself(reading, deed);
    let sides_needed = sides_needed(reading, deed);
    pairs
        .filter(|(source, target)| {
            let has_side = source.is_some() || target.is_some();
            let known = [*source, *target].into_iter().filter(|side| is_known(*side)).count();
            known >= sides_needed || counts_anyway && (has_side || deed.group.is_none())
        })
        .take(MOST_PAIRS)
        .map(|(source, target)| {
            let confidence = confidence(deed, source, target);
            let sides = (source.map(|s| s.participant(reading)), target.map(|t| t.participant(reading)));
            tag(reading, deed, article_id, sides, confidence)
        })
        .collect()
}

/// What is only possible or denied says little where half of it is unknown, unless it is force, a threat or announced.
fn sides_needed(reading: &Reading<'_>, deed: &Deed) -> usize {
    let code = &reading.knowledge.cameo.all[deed.cameo as usize];
    let is_grave = code.quad == Quad::MaterialConflict || code.plover == Some(Plover::Threaten);
    let is_announced = deed.group.is_some_and(|group| group.future);
    let is_told = !matches!(deed.modality, Modality::Hypothetical | Modality::Negated);
    if is_told || is_grave || is_announced { 1 } else { 2 }
}

/// Bombings and protests are news whoever is in them; words that tell of accidents and games, too, need an actor.
fn speaks_for_itself(reading: &Reading<'_>, deed: &Deed) -> bool {
    let plover = reading.knowledge.cameo.all[deed.cameo as usize].plover;
    let head = reading.document.tokens[deed.head].word;
    matches!(plover, Some(Plover::Assault | Plover::Protest)) && !reading.knowledge.vocabulary.has(head, Cue::Mishap)
}

fn one_at_least(parties: Vec<Party>) -> Vec<Option<Party>> {
    if parties.is_empty() { vec![None] } else { parties.into_iter().map(Some).collect() }
}

/// Higher the more is known of the sides; verbs tell more surely than nouns, facts more surely than possibilities.
fn confidence(deed: &Deed, source: Option<&Party>, target: Option<&Party>) -> f32 {
    let side = |party: Option<&Party>| match party {
        Some(party) if party.has_actor() => 0.2,
        Some(_) => 0.12,
        None => 0.0,
    };
    let form = match deed.group {
        Some(group) if group.infinitive => 0.08,
        Some(group) if group.bare_participle => 0.12,
        Some(_) => 0.2,
        None => 0.05,
    };
    let told = if matches!(deed.modality, Modality::Actual | Modality::Threatened) { 0.05 } else { 0.0 };
    let sum: f32 = 0.3 + side(source) + side(target) + form + told;
    (sum * 100.0).round() / 100.0
}

fn tag(
    reading: &Reading<'_>,
    deed: &Deed,
    article_id: &str,
    (source, target): (Option<Participant>, Option<Participant>),
    confidence: f32,
) -> EventTag {
    let code = &reading.knowledge.cameo.all[deed.cameo as usize];
    let id = event_id(article_id, &code.code, deed.head, source.as_ref(), target.as_ref());
    EventTag {
        id,
        // Codes without a type make no rules: `events.tsv` is checked for them.
        plover: code.plover.unwrap_or(Plover::Consult),
        mode: code.mode.clone(),
        cameo: code.code.clone(),
        quad: code.quad,
        goldstein: code.goldstein,
        direction: direction(reading.knowledge, deed.cameo),
        modality: deed.modality,
        confidence,
        source,
        target,
        trigger: reading.document.span(deed.first, deed.told_to),
        sentence: deed.sentence as u32,
        mentions: Vec::new(),
    }
}

/// Which way a deed moves tension: material conflict and threats up, giving way and agreement down, the rest neither.
pub(super) fn direction(knowledge: &Knowledge, cameo: u32) -> Option<Direction> {
    use faultline_schemas::Plover::{Agree, Concede, Consult, Retreat, Threaten};
    let code = &knowledge.cameo.all[cameo as usize];
    match (code.quad, code.plover) {
        (Quad::MaterialConflict, _) | (_, Some(Threaten)) => Some(Direction::Escalation),
        (_, Some(Agree | Concede | Consult | Retreat)) => Some(Direction::DeEscalation),
        _ => None,
    }
}

/// Hash of what the event was derived from.
pub(super) fn event_id(
    article: &str,
    code: &str,
    head: usize,
    source: Option<&Participant>,
    target: Option<&Participant>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(article.as_bytes()).update(&[0]).update(code.as_bytes()).update(&[0]);
    for side in [source, target] {
        let span = side.and_then(|p| p.span).unwrap_or_default();
        hasher.update(&span.start.to_le_bytes()).update(&span.end.to_le_bytes());
        hasher.update(side.and_then(|p| p.actor.as_deref()).unwrap_or_default().as_bytes()).update(&[0]);
    }
    hasher.update(&(head as u64).to_le_bytes());
    hasher.finalize().to_hex().as_str().get(..16).unwrap_or_default().to_owned()
}
