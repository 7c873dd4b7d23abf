//! How many articles make an alert, and when it opens and closes.

use faultline_analysis::tension::Ears;

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

/// How long an alert about a single article stays open.
pub(crate) const SINGLE_MS: i64 = 3_600_000;

impl Condition {
    /// How long an article counts.
    pub(crate) fn within(&self) -> i64 {
        match *self {
            Self::Any | Self::NewTerm { .. } => SINGLE_MS,
            Self::Frequency { within, .. }
            | Self::Cardinality { within, .. }
            | Self::Spike { within, .. }
            | Self::Flatline { within, .. }
            | Self::Threshold { within, .. } => within,
        }
    }

    /// How far back the past is looked at, the time that an article counts included.
    pub(crate) fn memory(&self) -> i64 {
        match *self {
            Self::Spike { within, baseline: Baseline::Ears(Ears::C2), .. } => 10 * within,
            Self::Spike { within, baseline: Baseline::Ears(Ears::C3), .. } => 12 * within,
            Self::Spike { within, baseline: Baseline::HourOfWeek, .. } => within + WEEKS_BACK * WEEK_MS,
            Self::NewTerm { unseen_for, .. } => unseen_for,
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
}

/// When an alert opens, closes and is told again. Times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Calm {
    pub(crate) lasting: i64,
    pub(crate) close_below: Option<f64>,
    pub(crate) close_after: i64,
    pub(crate) repeat: Option<i64>,
    pub(crate) rest: i64,
}
