//! One figure for how far an article tells of rising or falling tension.
//!
//! ```text
//! up    = sum over escalating signals of weight / k      k: how manieth of its category
//! down  = the same over calming signals
//! L     = sqrt(max(words, 250) / 250)                    long texts gather signals
//! score = 1 - exp(-max(0, up - 0.5 * down) / (1.6 * L))
//! ```
//!
//! Weights come in after modality, sport, guards, who takes part and how central the sentence is: only deeds told as fact and
//! threats raise the score, and what is hoped for calms a little. Levels are those of
//! [`faultline_schemas::Level`]: watch from 0.2, elevated from 0.4, high from 0.6, critical from 0.8.

use faultline_schemas::{Direction, Escalation, Level, Signal};
use rustc_hash::FxHashMap;

/// Words of an article that is not long.
const USUAL_WORDS: f32 = 250.0;
/// What a calming signal takes away, of what an escalating one of the same weight adds.
const CALMING_SHARE: f32 = 0.5;
/// Sum of weights, in a text of the usual length, at which the score is 0.63.
const SCALE: f32 = 1.6;

/// The figure and its level, with the signals it was made from.
pub(crate) fn escalation(signals: Vec<Signal>, words: u32) -> Escalation {
    let up = weigh(&signals, Direction::Escalation);
    let down = weigh(&signals, Direction::DeEscalation);
    let length = (words.max(1) as f32).max(USUAL_WORDS) / USUAL_WORDS;
    let balance = (up - CALMING_SHARE * down).max(0.0) / (SCALE * length.sqrt());
    let score = ((1.0 - (-balance).exp()).clamp(0.0, 1.0) * 1e4).round() / 1e4;
    Escalation { score, level: Level::from_score(score), signals }
}

/// Sum of weights, each repeat of a category counting less.
fn weigh(signals: &[Signal], direction: Direction) -> f32 {
    let mut seen: FxHashMap<&str, f32> = FxHashMap::default();
    let mut sum = 0.0;
    for signal in signals.iter().filter(|s| s.direction == direction) {
        let count = seen.entry(signal.category.as_str()).or_insert(0.0);
        *count += 1.0;
        sum += signal.weight / *count;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use faultline_schemas::Span;

    fn signal(category: &str, direction: Direction, weight: f32) -> Signal {
        Signal {
            category: category.into(),
            direction,
            weight,
            span: Span::default(),
            in_title: false,
            rule: "r".into(),
        }
    }

    #[test]
    fn calming_signals_lower_the_score_and_never_below_zero() {
        let up = signal("armed_attack", Direction::Escalation, 0.8);
        let down = signal("ceasefire", Direction::DeEscalation, 0.6);
        let tense = escalation(vec![up.clone()], 100).score;
        let calmer = escalation(vec![up, down.clone()], 100).score;
        assert!(tense > calmer && calmer > 0.0);
        assert_eq!(escalation(vec![down], 100).score, 0.0);
        assert_eq!(escalation(Vec::new(), 0).level, Level::Calm);
    }

    #[test]
    fn repeats_of_a_category_saturate_and_long_texts_need_more() {
        let many = |n: usize| vec![signal("clashes", Direction::Escalation, 0.6); n];
        assert!(escalation(many(20), 250).score < 1.0);
        assert!(escalation(many(2), 250).score < escalation(many(4), 250).score);
        assert!(escalation(many(4), 2000).score < escalation(many(4), 250).score);
    }
}
