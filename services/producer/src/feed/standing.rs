//! How a source that is fetched stands: what it remembers between two checks, and what people are shown of it.

use std::time::Duration;

use faultline_schemas::{FetchState, SourceState};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use url::Url;

use super::schedule::{self, Bounds};
use crate::state;

/// Days of counts that are kept; the usual number a day is told from them.
const DAYS_KEPT: usize = 15;
/// A source that usually has at least so many a day is missed when it has none.
const MISSED_FROM: u32 = 3;
/// After so many failures in a row at the address it moved to, it is looked for where it was.
const BACK_AFTER: u32 = 3;

/// What is known of a source between two checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// When it is checked next; at once where that is not known.
    pub(crate) due: Option<Timestamp>,
    pub(crate) failures: u32,
    pub(crate) fetched: FetchState,
}

impl Standing {
    pub(crate) fn of(state: SourceState) -> Self {
        let SourceState { etag, last_modified, not_before, failures, fetched, .. } = state;
        let due = not_before.and_then(|written| written.parse().ok());
        Self { etag, last_modified, due, failures, fetched: fetched.unwrap_or_default() }
    }

    /// As the topic keeps it.
    pub(crate) fn to_state(&self, source: &str) -> SourceState {
        let rest = SourceState {
            etag: self.etag.clone(),
            last_modified: self.last_modified.clone(),
            not_before: self.due.map(|due| due.to_string()),
            failures: self.failures,
            ..SourceState::default()
        };
        state::of_fetch(source, self.fetched.clone(), rest)
    }

    /// Where to ask: where it has moved to, or as it was configured.
    pub(crate) fn address(&self, configured: &Url) -> Url {
        let moved = self.fetched.location.as_deref().and_then(|location| Url::parse(location).ok());
        moved.unwrap_or_else(|| configured.clone())
    }

    pub(crate) fn interval(&self) -> Option<Duration> {
        (self.fetched.interval_seconds > 0).then(|| Duration::from_secs(self.fetched.interval_seconds.into()))
    }

    /// When it last had something new.
    pub(crate) fn last_new(&self) -> Option<Timestamp> {
        self.fetched.last_new.as_deref()?.parse().ok()
    }

    /// A check went well. `interval` is when to come again, in general; it is not sooner than `fresh_for`.
    pub(crate) fn succeed(&mut self, now: Timestamp, taken: u32, interval: Duration, fresh_for: Duration, dice: f64) {
        self.failures = 0;
        self.fetched.problem = None;
        self.fetched.last_success = Some(whole(now));
        self.fetched.interval_seconds = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
        self.due = Some(now + schedule::spread(interval.max(fresh_for), dice));
        self.count(now, taken);
    }

    /// So many articles were taken.
    pub(crate) fn count(&mut self, now: Timestamp, taken: u32) {
        if taken > 0 {
            self.fetched.last_new = Some(whole(now));
            *self.fetched.days.entry(day(now)).or_default() += taken;
            while self.fetched.days.len() > DAYS_KEPT {
                self.fetched.days.pop_first();
            }
        }
    }

    /// It is checked no later than others like it.
    pub(crate) fn come_sooner(&mut self, now: Timestamp) {
        if let (Some(due), Some(interval)) = (self.due, self.interval()) {
            self.due = Some(due.min(now + interval));
        }
    }

    /// The next answer is to be whole.
    pub(crate) fn forget_validators(&mut self) {
        (self.etag, self.last_modified, self.fetched.validated) = (None, None, None);
    }

    /// A check failed.
    pub(crate) fn fail(
        &mut self,
        now: Timestamp,
        bounds: Bounds,
        problem: String,
        until: Option<Timestamp>,
        dice: f64,
    ) {
        self.failures = self.failures.saturating_add(1);
        self.fetched.problem = Some(problem);
        if self.failures >= BACK_AFTER && self.fetched.location.take().is_some() {
            self.forget_validators();
        }
        let interval = self.interval().unwrap_or(bounds.shortest);
        let pause = schedule::back_off(bounds, interval, self.failures, until, now);
        self.due = Some(now + schedule::spread(pause, dice));
    }

    /// The publisher says that it is gone for good.
    pub(crate) fn retire(&mut self) {
        self.fetched.retired = true;
        self.fetched.problem = Some("its publisher says that it is gone for good (410)".to_owned());
        self.due = None;
    }
}

/// Articles today, and on a usual day: the mean of the days before, as far as it is known.
pub(crate) fn a_day(fetched: &FetchState, now: Timestamp) -> (u32, Option<f64>) {
    let today = day(now);
    let before: Vec<u32> = fetched.days.iter().filter(|(date, _)| **date < today).map(|(_, count)| *count).collect();
    let first = fetched.days.keys().next().and_then(|date| date.parse::<jiff::civil::Date>().ok());
    // Days without any are not listed, and count all the same.
    let length = first.and_then(|first| {
        let days = now.to_zoned_datetime(TimeZone::UTC).date().duration_since(first).as_hours() / 24;
        u32::try_from(days).ok().filter(|days| *days > 0)
    });
    let usual = length.map(|length| f64::from(before.iter().sum::<u32>()) / f64::from(length));
    (fetched.days.get(&today).copied().unwrap_or(0), usual)
}

/// True where a source answers and has had nothing for much longer than usual.
pub(crate) fn is_flat(fetched: &FetchState, now: Timestamp) -> bool {
    let (_, usual) = a_day(fetched, now);
    let Some(usual) = usual.filter(|usual| *usual >= f64::from(MISSED_FROM)) else { return false };
    let Some(last) = fetched.last_new.as_deref().and_then(|written| written.parse::<Timestamp>().ok()) else {
        return false;
    };
    // Nights and weekends are silent: a day, or twenty times the usual gap.
    let gap = SignedDuration::from_secs_f64(86_400.0 / usual);
    now.duration_since(last) > SignedDuration::from_hours(24).max(gap * 20)
}

fn whole(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

fn day(now: Timestamp) -> String {
    now.to_zoned_datetime(TimeZone::UTC).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { shortest: Duration::from_secs(300), longest: Duration::from_secs(21_600) };

    fn at(written: &str) -> Timestamp {
        written.parse().unwrap()
    }

    #[test]
    fn what_is_remembered_comes_back_as_it_was() {
        let mut standing = Standing { etag: Some("\"a\"".into()), ..Standing::default() };
        standing.succeed(at("2026-11-25T12:00:00Z"), 3, Duration::from_secs(600), Duration::ZERO, 0.0);
        assert_eq!(standing.due, Some(at("2026-11-25T12:10:00Z")));
        let state = standing.to_state("a");
        let read: SourceState = serde_json::from_slice(&serde_json::to_vec(&state).unwrap()).unwrap();
        assert_eq!(Standing::of(read), standing);
    }

    #[test]
    fn failures_keep_their_reason_and_an_address_that_fails_is_given_up() {
        let now = at("2026-11-25T12:00:00Z");
        let mut standing = Standing::default();
        standing.fetched.location = Some("https://new.example/feed".into());
        let configured = Url::parse("https://old.example/feed").unwrap();
        for round in 1..=3 {
            assert_eq!(standing.address(&configured).host_str(), Some("new.example"), "{round}");
            standing.fail(now, BOUNDS, "it answers 404".into(), None, 0.0);
        }
        assert_eq!(standing.address(&configured), configured);
        assert_eq!(standing.due, Some(at("2026-11-25T12:20:00Z")));
        assert_eq!(standing.fetched.problem.as_deref(), Some("it answers 404"));
        standing.succeed(now, 0, Duration::from_secs(600), Duration::from_secs(900), 0.0);
        assert_eq!((standing.failures, standing.fetched.problem.as_deref()), (0, None));
        assert_eq!(standing.due, Some(at("2026-11-25T12:15:00Z")), "fresh for a quarter of an hour");
    }

    #[test]
    fn a_source_that_falls_silent_is_flat_and_one_that_is_rarely_heard_is_not() {
        let mut standing = Standing::default();
        for day in 10..20 {
            standing.succeed(
                at(&format!("2026-11-{day}T12:00:00Z")),
                10,
                Duration::from_secs(600),
                Duration::ZERO,
                0.0,
            );
        }
        assert_eq!(a_day(&standing.fetched, at("2026-11-19T20:00:00Z")), (10, Some(10.0)));
        assert!(!is_flat(&standing.fetched, at("2026-11-20T20:00:00Z")));
        assert!(is_flat(&standing.fetched, at("2026-11-22T20:00:00Z")));
        standing.fetched.days.values_mut().for_each(|count| *count = 1);
        assert!(!is_flat(&standing.fetched, at("2026-11-22T20:00:00Z")));
    }
}
