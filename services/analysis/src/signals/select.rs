//! Which matches of the tension lexicon count, and how much.

use faultline_schemas::{Direction, Modality, Signal};

use super::standing::{Participants, standing};
use super::{Cues, Setting};
use crate::actors::Cast;
use crate::knowledge::{Knowledge, RuleKind, TensionRule};
use crate::lexicon::{Cue, Entry, Match};
use crate::text::Document;

/// What talks and truces that are only hoped for, offered or asked for are worth.
const HOPE_FACTOR: f32 = 0.4;
/// What a signal is worth in a sentence with a guard of that scope.
const GUARDED_SENTENCE_FACTOR: f32 = 0.5;

/// A match of the tension lexicon that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trigger {
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) sentence: usize,
    /// Position of the rule.
    pub(crate) rule: u32,
    pub(crate) modality: Modality,
    /// The rule's weight in this context, whatever the modality.
    pub(crate) weight: f32,
}

impl Trigger {
    /// The signal it makes; none where it moves nothing: only deeds told as fact and threats raise the score, while what may
    /// calm does so a little.
    pub(crate) fn signal(&self, document: &Document<'_>, rule: &TensionRule, in_title: bool) -> Option<Signal> {
        let share = match (rule.direction, self.modality) {
            (Direction::Escalation, Modality::Actual | Modality::Threatened) => 1.0,
            (Direction::DeEscalation, Modality::Actual) => 1.0,
            (Direction::DeEscalation, Modality::Hypothetical) => HOPE_FACTOR,
            _ => 0.0,
        };
        let weight = self.weight * share;
        (weight > 0.0).then(|| Signal {
            category: rule.category.clone(),
            direction: rule.direction,
            weight: (weight * 1e4).round() / 1e4,
            span: document.span(self.first, self.end),
            in_title,
            rule: rule.id.clone(),
        })
    }
}

/// The matches that count, in text order, none overlapping another. `around`: who takes part in what a title tells, of whom it
/// names few.
pub(crate) fn triggers(
    document: &Document<'_>,
    knowledge: &Knowledge,
    matches: &[Match],
    cues: &Cues<'_>,
    cast: &Cast,
    setting: Setting,
    around: Participants,
) -> Vec<Trigger> {
    let guards = Guards::new(document, knowledge, matches);
    let mut here = (usize::MAX, Participants::default());
    let mut chosen: Vec<Trigger> = Vec::new();
    for (found, rule) in longest_matches(knowledge, matches) {
        if guards.touch(found.first, found.end) {
            continue;
        }
        let tension = &knowledge.tension[rule as usize];
        let sentence = document.sentence_of(found.first);
        if here.0 != sentence {
            here = (sentence, Participants::of(document.sentences[sentence], cast).with(around));
        }
        let told = cues.modality(document.sentences[sentence], found.first, tension.kind == RuleKind::Threat);
        // "poses no threat": a word of the gap takes it back.
        let is_taken_back = !tension.names_negator && (found.first + 1..found.end).any(|at| cues.is(at, Cue::Negator));
        let modality = if is_taken_back { Modality::Negated } else { told };
        let sentence_factor = if guards.sentences.contains(&sentence) { GUARDED_SENTENCE_FACTOR } else { 1.0 };
        chosen.push(Trigger {
            first: found.first,
            end: found.end,
            sentence,
            rule,
            modality,
            weight: tension.weight * setting.factor() * sentence_factor * standing(tension, here.1, sentence),
        });
    }
    chosen
}

/// Leftmost first, the longest of those that start together, the heaviest of those that are equal.
fn longest_matches(knowledge: &Knowledge, matches: &[Match]) -> Vec<(Match, u32)> {
    let mut tension: Vec<(Match, u32)> = matches
        .iter()
        .filter_map(|m| match m.entry {
            Entry::Tension(rule) => Some((*m, rule)),
            _ => None,
        })
        .collect();
    let weight = |rule: u32| (knowledge.tension[rule as usize].weight * 1e4) as i32;
    tension.sort_by_key(|(m, rule)| (m.first, std::cmp::Reverse((m.end, weight(*rule)))));
    let mut free_from = 0;
    tension.retain(|(m, _)| {
        let keep = m.first >= free_from;
        if keep {
            free_from = m.end;
        }
        keep
    });
    tension
}

struct Guards {
    /// Token ranges, by their first token.
    spans: Vec<(usize, usize)>,
    /// Length of the longest.
    longest: usize,
    sentences: rustc_hash::FxHashSet<usize>,
}

impl Guards {
    fn new(document: &Document<'_>, knowledge: &Knowledge, matches: &[Match]) -> Self {
        let mut guards = Self { spans: Vec::new(), longest: 0, sentences: rustc_hash::FxHashSet::default() };
        for found in matches {
            let Entry::Guard(guard) = found.entry else { continue };
            if knowledge.guards[guard as usize].whole_sentence {
                guards.sentences.insert(document.sentence_of(found.first));
            } else {
                guards.spans.push((found.first, found.end));
                guards.longest = guards.longest.max(found.end - found.first);
            }
        }
        guards.spans.sort_unstable();
        guards
    }

    /// Whether a guard overlaps or touches tokens `first..end`.
    fn touch(&self, first: usize, end: usize) -> bool {
        let from = self.spans.partition_point(|(start, _)| start + self.longest < first);
        self.spans[from..].iter().take_while(|(start, _)| *start <= end).any(|(_, guard_end)| *guard_end >= first)
    }
}
