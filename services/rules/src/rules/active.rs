//! Hours of the week in which alerts open.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::problem::unknown;

/// Hours of the week, in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Active {
    /// By days from Monday.
    days: [bool; 7],
    from: Time,
    /// Not included; with the day's end none.
    to: Option<Time>,
    zone: TimeZone,
}

pub(super) const EVERY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
/// The next beginning is looked for this far: with at least one day there is one.
const DAYS_AHEAD: i64 = 8;

impl Active {
    /// Hours `from..to` of the days; where `to` is not after `from` they end on the next day.
    pub(super) fn new(days: &[Weekday], from: Option<Time>, to: Option<Time>, zone: TimeZone) -> Result<Self, String> {
        let from = from.unwrap_or(Time::midnight());
        let to = to.filter(|to| *to != Time::midnight());
        if to == Some(from) {
            return Err("these hours end when they begin: leave both out for all of the day".to_owned());
        }
        let mut on = [false; 7];
        days.iter().for_each(|day| on[day.to_monday_zero_offset() as usize] = true);
        Ok(Self { days: on, from, to, zone })
    }

    /// Whether a moment, in milliseconds since 1970, lies in these hours.
    pub(crate) fn holds(&self, at: i64) -> bool {
        let Ok(at) = Timestamp::from_millisecond(at) else { return true };
        let local = at.to_zoned_datetime(self.zone.clone());
        let (time, today) = (local.time(), local.weekday());
        let is_on = |day: Weekday| self.days[day.to_monday_zero_offset() as usize];
        match self.to {
            None => is_on(today) && time >= self.from,
            Some(to) if to > self.from => is_on(today) && time >= self.from && time < to,
            Some(to) => is_on(today) && time >= self.from || is_on(today.previous()) && time < to,
        }
    }

    /// When they begin next after a moment.
    pub(crate) fn next(&self, after: i64) -> Option<i64> {
        let local = Timestamp::from_millisecond(after).ok()?.to_zoned_datetime(self.zone.clone());
        (0..DAYS_AHEAD).find_map(|days| {
            let day = local.date().checked_add(jiff::Span::new().days(days)).ok()?;
            let begins =
                day.to_datetime(self.from).to_zoned_datetime(self.zone.clone()).ok()?.timestamp().as_millisecond();
            (self.days[day.weekday().to_monday_zero_offset() as usize] && begins > after).then_some(begins)
        })
    }
}

/// `mon` to `sun`.
pub(super) fn weekday(text: &str) -> Result<Weekday, String> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let name = text.to_lowercase();
    let day = NAMES.iter().zip(EVERY_DAY).find(|(known, _)| name.starts_with(*known)).map(|(_, day)| day);
    day.ok_or_else(|| unknown("day", text, &NAMES))
}

/// `07:30`; `24:00` is the day's end.
pub(super) fn time_of_day(text: &str) -> Result<Time, String> {
    let hours_and_minutes = text.split_once(':').and_then(|(hours, minutes)| {
        Some((hours.parse::<i8>().ok().filter(|hours| (0..=24).contains(hours))?, minutes.parse::<i8>().ok()?))
    });
    let time = match hours_and_minutes {
        Some((24, 0)) => Ok(Time::midnight()),
        Some((hours, minutes)) => Time::new(hours, minutes, 0, 0).map_err(|_| ()),
        None => Err(()),
    };
    time.map_err(|()| format!("{text:?} is no time of the day: write 07:30, in quotation marks"))
}

/// A time zone by its name in the IANA database.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("{name:?} is no time zone: write a name such as Europe/Belgrade, or UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn office_hours_follow_the_clock_of_the_place() {
        let weekdays = &EVERY_DAY[..5];
        let (from, to) = (time_of_day("08:00").unwrap(), time_of_day("18:00").unwrap());
        let active = Active::new(weekdays, Some(from), Some(to), zone("Europe/Belgrade").unwrap()).unwrap();
        // In summer two hours ahead of UTC, in winter one. 2026-07-03 is a Friday.
        assert!(active.holds(at("2026-07-03T06:00:00Z")) && !active.holds(at("2026-07-03T05:59:59Z")));
        assert!(!active.holds(at("2026-07-03T16:00:00Z")));
        assert!(!active.holds(at("2026-07-04T10:00:00Z")), "a Saturday");
        assert_eq!(active.next(at("2026-07-03T16:00:00Z")), Some(at("2026-07-06T06:00:00Z")));
        assert_eq!(active.next(at("2026-01-08T20:00:00Z")), Some(at("2026-01-09T07:00:00Z")));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let (from, to) = (time_of_day("22:00").unwrap(), time_of_day("06:00").unwrap());
        let active = Active::new(&[Weekday::Friday], Some(from), Some(to), TimeZone::UTC).unwrap();
        assert!(active.holds(at("2026-07-03T23:00:00Z")) && active.holds(at("2026-07-04T05:00:00Z")));
        assert!(!active.holds(at("2026-07-03T05:00:00Z")) && !active.holds(at("2026-07-04T06:00:00Z")));
        let evening = Active::new(&EVERY_DAY, Some(from), Some(time_of_day("24:00").unwrap()), TimeZone::UTC).unwrap();
        assert!(evening.holds(at("2026-07-03T23:59:00Z")) && !evening.holds(at("2026-07-04T00:00:00Z")));
    }

    #[test]
    fn what_is_no_time_is_told() {
        for wrong in ["8", "25:00", "24:30", "08:60", "", "noon"] {
            assert!(time_of_day(wrong).unwrap_err().contains("07:30"), "{wrong}");
        }
        assert!(zone("Europe/Belgrad").unwrap_err().contains("Europe/Belgrade"));
        assert!(weekday("mond").is_ok() && weekday("x").unwrap_err().contains("mon"));
        let noon = Some(time_of_day("12:00").unwrap());
        assert!(Active::new(&EVERY_DAY, noon, noon, TimeZone::UTC).is_err());
    }
}
