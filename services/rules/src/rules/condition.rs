//! How many articles make an alert, and when it opens and closes.

use faultline_analysis::tension::Ears;

use super::active::Active;
use super::expression::Expression;
use crate::group::GroupKey;

/// What must come together. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Condition {
    /// Each article.
    Any,
    Frequency {
        at_least: u32,
        within: i64,
    },
    Cardinality {
        of: GroupKey,
        at_least: u32,
        within: i64,
    },
    Spike {
        within: i64,
        baseline: Baseline,
        at_least: u32,
    },
    Flatline {
        within: i64,
        below: u32,
    },
    NewTerm {
        of: GroupKey,
        unseen_for: i64,
    },
    /// What comes first and what then is in [`When::steps`].
    Sequence {
        within: i64,
    },
    Change {
        of: GroupKey,
    },
    Threshold {
        above: f64,
        within: i64,
    },
}

/// What a spike is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Baseline {
    Ears(Ears),
    HourOfWeek,
}

/// How long it is remembered what a field was.
const CHANGE_MS: i64 = 30 * 86_400_000;

/// How long an alert about a single article stays open.
pub(crate) const SINGLE_MS: i64 = 3_600_000;

impl Condition {
    /// How long an article counts.
    pub(crate) fn within(&self) -> i64 {
        match *self {
            Self::Any | Self::NewTerm { .. } | Self::Sequence { .. } | Self::Change { .. } => SINGLE_MS,
            Self::Frequency { within, .. }
            | Self::Cardinality { within, .. }
            | Self::Spike { within, .. }
            | Self::Flatline { within, .. }
            | Self::Threshold { within, .. } => within,
        }
    }

    /// What must be reached for an alert, where that is a figure.
    pub(crate) fn figure(&self) -> Option<f64> {
        match *self {
            Self::Frequency { at_least, .. } | Self::Cardinality { at_least, .. } | Self::Spike { at_least, .. } => {
                Some(f64::from(at_least))
            }
            Self::Threshold { above, .. } => Some(above),
            _ => None,
        }
    }

    /// Figures worth trying, the one that it has among them.
    pub(crate) fn figures(&self) -> Vec<f64> {
        let Some(now) = self.figure() else { return Vec::new() };
        let steps: Vec<f64> = match self {
            Self::Threshold { .. } => (1..=9).map(|tens| f64::from(tens) * 10.0).collect(),
            _ => [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0].to_vec(),
        };
        let mut figures: Vec<f64> = steps.into_iter().filter(|step| *step != now).chain([now]).collect();
        figures.sort_by(f64::total_cmp);
        figures
    }

    pub(crate) fn set_figure(&mut self, figure: f64) {
        match self {
            Self::Frequency { at_least, .. } | Self::Cardinality { at_least, .. } | Self::Spike { at_least, .. } => {
                *at_least = figure as u32;
            }
            Self::Threshold { above, .. } => *above = figure,
            _ => {}
        }
    }

    /// Whether it is about single articles or none, so that no number of sources can be asked for.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self, Self::Flatline { .. } | Self::NewTerm { .. } | Self::Sequence { .. } | Self::Change { .. })
    }

    /// How long articles are kept in a window, those that no longer count included.
    pub(crate) fn kept(&self) -> i64 {
        if matches!(self, Self::Spike { .. }) { self.memory() } else { self.within() }
    }

    /// How far back the past is looked at, the time that an article counts included.
    pub(crate) fn memory(&self) -> i64 {
        match *self {
            Self::Spike { within, baseline: Baseline::Ears(Ears::C2), .. } => 10 * within,
            Self::Spike { within, baseline: Baseline::Ears(Ears::C3), .. } => 12 * within,
            Self::Spike { within, baseline: Baseline::HourOfWeek, .. } => within + WEEKS_BACK * WEEK_MS,
            Self::NewTerm { unseen_for, .. } => unseen_for,
            Self::Sequence { within } => within.max(SINGLE_MS),
            Self::Change { .. } => CHANGE_MS,
            _ => self.within(),
        }
    }
}

/// Milliseconds of a week.
pub(crate) const WEEK_MS: i64 = 7 * 86_400_000;
/// Weeks that the hour of the week is compared with.
pub(crate) const WEEKS_BACK: i64 = 8;

/// What counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distinct {
    Article,
    Story,
}

/// The whole condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct When {
    pub(crate) condition: Condition,
    pub(crate) group_by: Vec<GroupKey>,
    pub(crate) distinct: Distinct,
    pub(crate) sources: u32,
    /// For a sequence: what comes first, and what then.
    pub(crate) steps: Option<(Expression, Expression)>,
}

/// When an alert opens, closes and is told again. Times in milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Calm {
    pub(crate) lasting: i64,
    pub(crate) close_below: Option<f64>,
    pub(crate) close_after: i64,
    pub(crate) repeat: Option<i64>,
    pub(crate) rest: i64,
    pub(crate) active: Option<Active>,
    pub(crate) rate: Option<Rate>,
}

impl Calm {
    /// How far back what happened bears on whether an alert opens or closes.
    pub(crate) fn memory(&self) -> i64 {
        self.lasting + self.close_after + self.rest
    }
}

/// So many alerts of a rule within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) at_most: usize,
    pub(crate) within: i64,
}
