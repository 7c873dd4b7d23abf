//! What a condition makes of a window.

use faultline_analysis::tension::{Band, Ears, Judgement, ears, hour_of_week};

use super::window::Window;
use crate::rules::{Baseline, Condition, WEEK_MS, WEEKS_BACK, When};

/// What a group's figure is, and whether it makes an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    pub(super) value: f64,
    pub(super) opens: bool,
    pub(super) threshold: Option<f64>,
    pub(super) expected: Option<Band>,
    /// The past is too short to judge by.
    pub(super) learning: bool,
}

impl Reading {
    fn against(value: f64, threshold: f64, opens: bool) -> Self {
        Self { value, opens, threshold: Some(threshold), expected: None, learning: false }
    }
}

/// Reads a window at `now`, of which everything before is known since `begun`. `fresh_until` is for what is new: until when it is.
pub(super) fn read(when: &When, window: &Window, now: i64, begun: i64, fresh_until: Option<i64>) -> Reading {
    let units = window.units() as f64;
    let mut reading = match when.condition {
        Condition::Any => Reading::against(units, 1.0, units >= 1.0),
        Condition::Frequency { at_least, .. } | Condition::Cardinality { at_least, .. } => {
            let at_least = f64::from(at_least);
            Reading::against(units, at_least, units >= at_least)
        }
        Condition::Spike { within, baseline, at_least } => spike(window, now, begun, within, baseline, at_least),
        Condition::Flatline { within, below } => {
            let known = now - begun >= within;
            let reading = Reading::against(units, f64::from(below), known && units < f64::from(below));
            Reading { learning: !known, ..reading }
        }
        Condition::NewTerm { unseen_for, .. } => {
            let known = now - begun >= unseen_for;
            let is_new = fresh_until.is_some_and(|until| now < until);
            let reading = Reading::against(units, 1.0, known && is_new);
            Reading { learning: !known, ..reading }
        }
        Condition::Sequence { .. } | Condition::Change { .. } => {
            Reading::against(units, 1.0, fresh_until.is_some_and(|until| now < until))
        }
        Condition::Threshold { above, .. } => {
            let index = window.index();
            Reading::against(index, above, index > above)
        }
    };
    reading.opens &= when.condition.is_bare() || window.sources() >= when.sources as usize;
    reading
}

fn spike(window: &Window, now: i64, begun: i64, within: i64, baseline: Baseline, at_least: u32) -> Reading {
    let at = |end: i64| window.units_between(end - within, end) as f64;
    let value = at(now);
    let judgement = match baseline {
        Baseline::Ears(method) => {
            let most = if method == Ears::C2 { 10 } else { 12 };
            let known = ((now - begun) / within).clamp(0, most);
            let counts: Vec<f64> = (0..known).rev().map(|back| at(now - back * within)).collect();
            ears(&counts, method)
        }
        Baseline::HourOfWeek => {
            let weeks = (1..=WEEKS_BACK).take_while(|back| now - back * WEEK_MS - within >= begun);
            let past: Vec<f64> = weeks.map(|back| at(now - back * WEEK_MS)).collect();
            // A count scatters by the root of its mean at least.
            let mean = past.iter().sum::<f64>() / past.len().max(1) as f64;
            hour_of_week(&past, value, mean.sqrt().max(0.5))
        }
    };
    match judgement {
        Judgement::Learning { .. } => Reading { value, opens: false, threshold: None, expected: None, learning: true },
        Judgement::Judged(band) => Reading {
            value,
            opens: value > band.high && value >= f64::from(at_least),
            threshold: None,
            expected: Some(band),
            learning: false,
        },
    }
}
