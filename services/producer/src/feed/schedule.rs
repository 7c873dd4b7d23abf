//! When a feed is checked next. Pure: the clock and the dice are passed in.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A publisher's wish for fewer checks counts up to this: many carry the value of a template that nobody looked at.
const LONGEST_WISH: Duration = Duration::from_secs(3_600);
/// Gaps between entries that the rhythm is told from.
const RHYTHM_OF: usize = 20;
/// Where nothing is known yet.
const FIRST: Duration = Duration::from_secs(900);
/// Back-off ends here, or at the longest interval where that is longer.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(24 * 3_600);

/// Bounds that the operator set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) shortest: Duration,
    pub(crate) longest: Duration,
}

impl Bounds {
    fn clamp(self, interval: Duration) -> Duration {
        interval.clamp(self.shortest, self.longest.max(self.shortest))
    }
}

/// The time between two checks of a feed whose entries have these dates, newest first, and whose publisher wishes for
/// no more than one check in so long.
///
/// Twice in each gap between entries, the usual gap of the latest ones; a feed that has fallen silent is looked at ever
/// more rarely. Without dates, what it was before, longer where there was nothing new and shorter where there was.
pub(crate) fn interval(
    bounds: Bounds,
    newest_first: &[Timestamp],
    wish: Option<Duration>,
    before: Option<Duration>,
    has_news: bool,
    now: Timestamp,
) -> Duration {
    let own = match rhythm(newest_first, now) {
        Some(gap) => gap / 2,
        None => match before {
            Some(before) if has_news => before / 2,
            Some(before) => before * 3 / 2,
            None => FIRST,
        },
    };
    let wish = wish.unwrap_or_default().min(LONGEST_WISH.max(bounds.shortest));
    bounds.clamp(own.max(wish))
}

/// The time between two checks of a feed that has not changed: as before, and more where it has long been silent.
pub(crate) fn interval_unchanged(
    bounds: Bounds,
    before: Option<Duration>,
    last_new: Option<Timestamp>,
    now: Timestamp,
) -> Duration {
    let (Some(known), Some(last_new)) = (before, last_new) else {
        return interval(bounds, &[], None, before, false, now);
    };
    let silence = Duration::try_from(now.duration_since(last_new)).unwrap_or_default();
    bounds.clamp(known.max(silence / 8))
}

/// The usual gap: the median of the latest, or a quarter of the silence since where that is longer.
fn rhythm(newest_first: &[Timestamp], now: Timestamp) -> Option<Duration> {
    let newest = *newest_first.first().filter(|_| newest_first.len() > 2)?;
    let mut gaps: Vec<Duration> = newest_first
        .windows(2)
        .take(RHYTHM_OF)
        .map(|pair| Duration::try_from(pair[0].duration_since(pair[1])).unwrap_or_default())
        .collect();
    gaps.sort_unstable();
    let silence = Duration::try_from(now.duration_since(newest)).unwrap_or_default();
    Some(gaps[gaps.len() / 2].max(silence / 4))
}

/// How long to leave a feed alone after so many failures in a row: twice as long with each, up to a day, and not before
/// the publisher says.
pub(crate) fn back_off(
    bounds: Bounds,
    interval: Duration,
    failures: u32,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Duration {
    let doubled = interval.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(16)));
    let pause = doubled.max(bounds.shortest).min(LONGEST_BACK_OFF.max(bounds.longest));
    let asked = not_before.map_or(SignedDuration::ZERO, |until| until.duration_since(now));
    pause.max(Duration::try_from(asked).unwrap_or_default())
}

/// Spreads checks, so that those that fell together do not do so for ever: up to a tenth longer. `dice` is from 0 to 1.
pub(crate) fn spread(interval: Duration, dice: f64) -> Duration {
    interval + interval.mul_f64(dice.clamp(0.0, 1.0) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { shortest: Duration::from_secs(300), longest: Duration::from_secs(21_600) };

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    /// Entries so many minutes ago.
    fn ago(minutes: &[i64]) -> Vec<Timestamp> {
        minutes.iter().map(|minutes| now() - SignedDuration::from_mins(*minutes)).collect()
    }

    fn minutes(newest_first: &[i64], wish: Option<u64>, before: Option<u64>, has_news: bool) -> u64 {
        let of_minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let interval =
            interval(BOUNDS, &ago(newest_first), wish.map(of_minutes), before.map(of_minutes), has_news, now());
        interval.as_secs() / 60
    }

    #[test]
    fn a_feed_is_checked_twice_in_each_of_its_gaps_within_bounds() {
        assert_eq!(minutes(&[10, 70, 130, 190], None, None, true), 30);
        assert_eq!(minutes(&[1, 2, 3, 4, 5], None, None, true), 5, "no more often than the shortest");
        assert_eq!(minutes(&[60, 10_000, 20_000], None, None, true), 360, "no more rarely than the longest");
        assert_eq!(minutes(&[480, 481, 482], None, None, false), 60, "silent for eight hours");
        assert_eq!(minutes(&[-600, -600, -600], None, None, false), 5, "all in the future");
    }

    #[test]
    fn without_dates_the_interval_follows_what_is_new() {
        assert_eq!(minutes(&[], None, None, false), 15);
        assert_eq!(minutes(&[], None, Some(20), false), 30);
        assert_eq!(minutes(&[], None, Some(20), true), 10);
    }

    #[test]
    fn a_feed_that_has_not_changed_is_checked_as_before_and_more_rarely_when_it_has_long_been_silent() {
        let after = |before, silent: i64| {
            interval_unchanged(BOUNDS, before, Some(now() - SignedDuration::from_mins(silent)), now()).as_secs() / 60
        };
        let ten = Some(Duration::from_secs(600));
        assert_eq!([after(ten, 30), after(ten, 160), after(ten, 100_000)], [10, 20, 360]);
        assert_eq!(after(None, 30), 15);
        assert_eq!(interval_unchanged(BOUNDS, ten, None, now()).as_secs() / 60, 15);
    }

    #[test]
    fn a_publishers_wish_makes_it_rarer_up_to_an_hour() {
        assert_eq!(minutes(&[1, 2, 3, 4, 5], Some(30), None, true), 30);
        assert_eq!(minutes(&[1, 2, 3, 4, 5], Some(1_440), None, true), 60);
        assert_eq!(minutes(&[10, 130, 250, 370], Some(5), None, true), 60);
    }

    #[test]
    fn failures_double_the_pause_up_to_a_day_and_retry_after_is_a_floor() {
        let pause = |failures, until| back_off(BOUNDS, Duration::from_secs(600), failures, until, now()).as_secs() / 60;
        assert_eq!([1, 2, 3, 4].map(|failures| pause(failures, None)), [10, 20, 40, 80]);
        assert_eq!(pause(u32::MAX, None), 1_440);
        assert_eq!(pause(1, Some(now() + SignedDuration::from_mins(45))), 45);
        assert_eq!(pause(3, Some(now() - SignedDuration::from_mins(45))), 40);
    }

    #[test]
    fn checks_are_spread_by_up_to_a_tenth() {
        let hour = Duration::from_secs(3_600);
        assert_eq!((spread(hour, 0.0), spread(hour, 1.0)), (hour, Duration::from_secs(3_960)));
    }
}
