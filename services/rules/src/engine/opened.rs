//! When a rule's alerts may open: in its hours, and not too many of them.

use std::collections::VecDeque;

use crate::rules::Calm;

/// When alerts of a rule opened lately.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// In order of time; empty for rules that may open any number.
    times: VecDeque<i64>,
}

impl Opened {
    /// Alerts that opened at these times.
    pub(super) fn of(mut times: Vec<i64>) -> Self {
        times.sort_unstable();
        Self { times: times.into() }
    }

    /// Whether an alert may open.
    pub(super) fn allows(&self, now: i64, calm: &Calm) -> bool {
        calm.active.as_ref().is_none_or(|active| active.holds(now)) && self.free_at(now, calm).is_none()
    }

    /// Notes that one opened.
    pub(super) fn add(&mut self, now: i64, calm: &Calm) {
        if let Some(rate) = calm.rate {
            self.times.push_back(now);
            while self.times.len() > rate.at_most {
                self.times.pop_front();
            }
        }
    }

    /// When one may open that may not now.
    pub(super) fn due(&self, now: i64, calm: &Calm) -> Option<i64> {
        let begins = calm.active.as_ref().filter(|active| !active.holds(now)).and_then(|active| active.next(now));
        begins.max(self.free_at(now, calm))
    }

    /// When there is a place for another; none where there is one.
    fn free_at(&self, now: i64, calm: &Calm) -> Option<i64> {
        let rate = calm.rate?;
        let first = *self.times.get(self.times.len().checked_sub(rate.at_most)?)?;
        Some(first + rate.within).filter(|free| *free > now)
    }
}
