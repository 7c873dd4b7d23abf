//! Whether an alert is open, and what is told of it.

use super::reading::Reading;
use crate::rules::Calm;

/// An alert that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    since: i64,
    told: i64,
    times: u32,
    /// Since when it would close.
    fading: Option<i64>,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It opened, or is told again: since when, and how often it was told before.
    Firing { since: i64, times: u32 },
    /// It closed.
    Resolved { since: i64, times: u32 },
}

/// One group's alert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    open: Option<Open>,
    /// Since when the condition holds, before it has lasted.
    pending: Option<i64>,
    rests_until: Option<i64>,
}

/// What was last told of a group, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) since: i64,
    pub(super) told: i64,
    pub(super) times: u32,
    pub(super) ended: Option<i64>,
}

impl Standing {
    /// Makes it what it was at `at`, of which `last` was the last that was told, perhaps after that moment. Whether it should be open and
    /// was never told.
    pub(super) fn restore(&mut self, at: i64, last: Option<Past>, calm: &Calm) -> bool {
        let before = self.open.take();
        if let Some(past) = last {
            self.restore_told(at, before, past, calm);
        }
        before.is_some() && self.open.is_none()
    }

    fn restore_told(&mut self, at: i64, before: Option<Open>, last: Past, calm: &Calm) {
        let fading = before.and_then(|open| open.fading);
        let Past { since, told, times, ended } = last;
        // What opened after that is found again, also where it had been due before and rested; and of what opened in that which was read
        // again, this knows best.
        let is_resting = self.rests_until.is_some_and(|until| until > at) && ended.is_none_or(|ended| ended > at);
        let is_first = ended.is_none() && times == 0 && told > at;
        if since + calm.lasting >= at || is_resting || is_first || before.is_some_and(|open| open.since == since) {
            self.open = before;
            return;
        }
        self.rests_until = None;
        let open = |told, times, fading| Some(Open { since, told, times, fading });
        self.open = match ended {
            Some(ended) if ended <= at => {
                self.rests_until = Some(ended + calm.rest).filter(|until| *until > at);
                None
            }
            Some(ended) => {
                open(told.min(at), times, fading.or(Some(ended - calm.close_after).filter(|from| *from <= at)))
            }
            None if told <= at => open(told, times, fading),
            // Told again after that: this is found again.
            None => match calm.repeat {
                Some(repeat) => {
                    let after = (told - at + repeat - 1) / repeat;
                    let before = times.checked_sub(u32::try_from(after).unwrap_or(u32::MAX));
                    before.and_then(|times| open(told - after * repeat, times, fading))
                }
                None => None,
            },
        };
        if self.open.is_some() {
            self.pending = None;
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.is_none() && self.pending.is_none() && self.rests_until.is_none()
    }

    pub(super) fn step(&mut self, now: i64, reading: &Reading, calm: &Calm) -> Option<Change> {
        let Some(open) = &mut self.open else { return self.open(now, reading, calm) };
        let stays = calm.close_below.map_or(reading.opens, |below| reading.value >= below);
        if stays {
            open.fading = None;
            let is_due = calm.repeat.is_some_and(|repeat| now - open.told >= repeat);
            return is_due.then(|| {
                open.told = now;
                open.times += 1;
                Change::Firing { since: open.since, times: open.times }
            });
        }
        let fading = *open.fading.get_or_insert(now);
        if now - fading < calm.close_after {
            return None;
        }
        let (since, times) = (open.since, open.times);
        self.open = None;
        self.rests_until = (calm.rest > 0).then_some(now + calm.rest);
        Some(Change::Resolved { since, times })
    }

    fn open(&mut self, now: i64, reading: &Reading, calm: &Calm) -> Option<Change> {
        if self.rests_until.is_some_and(|until| now >= until) {
            self.rests_until = None;
        }
        if !reading.opens {
            self.pending = None;
            return None;
        }
        let since = *self.pending.get_or_insert(now);
        if now - since < calm.lasting || self.rests_until.is_some() {
            return None;
        }
        self.pending = None;
        self.open = Some(Open { since, told: now, times: 0, fading: None });
        Some(Change::Firing { since, times: 0 })
    }

    /// When time alone may change something.
    pub(super) fn due(&self, calm: &Calm) -> Option<i64> {
        let open = self.open.as_ref();
        let repeat = open.filter(|open| open.fading.is_none()).and_then(|open| calm.repeat.map(|r| open.told + r));
        let fading = open.and_then(|open| open.fading).map(|fading| fading + calm.close_after);
        let pending = self.pending.map(|since| since + calm.lasting);
        [repeat, fading, pending.max(self.rests_until).filter(|_| pending.is_some()), self.rests_until]
            .into_iter()
            .flatten()
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(value: f64, opens: bool) -> Reading {
        Reading { value, opens, threshold: None, expected: None, learning: false }
    }

    #[test]
    fn what_flickers_does_not_open() {
        let calm = Calm { lasting: 10, ..Calm::default() };
        let mut standing = Standing::default();
        assert_eq!(standing.step(0, &reading(3.0, true), &calm), None);
        assert_eq!(standing.due(&calm), Some(10));
        assert_eq!(standing.step(5, &reading(1.0, false), &calm), None);
        assert_eq!(standing.step(6, &reading(3.0, true), &calm), None);
        assert_eq!(standing.step(16, &reading(3.0, true), &calm), Some(Change::Firing { since: 6, times: 0 }));
    }

    #[test]
    fn it_closes_below_another_figure_and_after_a_time() {
        let calm = Calm { close_below: Some(2.0), close_after: 10, ..Calm::default() };
        let mut standing = Standing::default();
        assert!(standing.step(0, &reading(3.0, true), &calm).is_some());
        assert_eq!(standing.step(1, &reading(2.0, false), &calm), None, "below what opens, not below what closes");
        assert_eq!(standing.step(2, &reading(1.0, false), &calm), None);
        assert_eq!(standing.due(&calm), Some(12));
        assert_eq!(standing.step(5, &reading(2.0, false), &calm), None, "it came back");
        assert_eq!(standing.step(6, &reading(1.0, false), &calm), None);
        assert_eq!(standing.step(16, &reading(1.0, false), &calm), Some(Change::Resolved { since: 0, times: 0 }));
    }

    #[test]
    fn it_is_told_again_and_then_rests() {
        let calm = Calm { repeat: Some(10), rest: 100, ..Calm::default() };
        let mut standing = Standing::default();
        assert!(standing.step(0, &reading(3.0, true), &calm).is_some());
        assert_eq!(standing.step(9, &reading(3.0, true), &calm), None);
        assert_eq!(standing.step(10, &reading(3.0, true), &calm), Some(Change::Firing { since: 0, times: 1 }));
        assert_eq!(standing.step(11, &reading(1.0, false), &calm), Some(Change::Resolved { since: 0, times: 1 }));
        assert_eq!(standing.step(12, &reading(3.0, true), &calm), None);
        assert_eq!(standing.due(&calm), Some(111));
        assert_eq!(standing.step(111, &reading(3.0, true), &calm), Some(Change::Firing { since: 12, times: 0 }));
    }
}
