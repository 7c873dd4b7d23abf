//! Dates of publication, in the many ways that archives write them.

use jiff::{SignedDuration, Timestamp, civil, fmt::rfc2822, tz::TimeZone};

/// Why a date was set aside. The article is taken without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateProblem {
    /// No date that can be told for sure.
    Broken,
    /// Later than any time zone and a scheduled release explain.
    InFuture,
}

/// Clocks and time zones differ, and releases are dated ahead by a day.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(48);

/// Spelled-out forms, tried in turn on what no standard covers. A time of day is not looked for in them.
const SPELLED: [&str; 5] = ["%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%Y/%m/%d"];

/// Reads a date as RFC 3339 in UTC, whole seconds. Understands RFC 3339 and ISO 8601 (without an offset it is taken
/// as UTC, without a time as midnight), RFC 2822, seconds and milliseconds since 1970, `August 17, 2022`, and
/// `8/17/2022` or `17/8/22` where only one reading is possible.
pub(crate) fn normalise(written: &str, now: Timestamp) -> Result<String, DateProblem> {
    let instant = parse(written.trim()).ok_or(DateProblem::Broken)?;
    // Nothing that calls itself an article is older than the printing press; such years are typing errors.
    if instant.to_zoned_datetime(TimeZone::UTC).year() < 1450 {
        return Err(DateProblem::Broken);
    }
    if now.checked_add(TOLERANCE).is_ok_and(|latest| instant > latest) {
        return Err(DateProblem::InFuture);
    }
    Timestamp::from_second(instant.as_second()).map(|whole| whole.to_string()).map_err(|_| DateProblem::Broken)
}

/// Offsets of zones that feeds name and that mean one thing only.
const ZONES: [(&str, &str); 14] = [
    ("UTC", "+0000"),
    ("GMT", "+0000"),
    ("UT", "+0000"),
    ("Z", "+0000"),
    ("WET", "+0000"),
    ("WEST", "+0100"),
    ("CET", "+0100"),
    ("CEST", "+0200"),
    ("EET", "+0200"),
    ("EEST", "+0300"),
    ("MSK", "+0300"),
    ("JST", "+0900"),
    ("KST", "+0900"),
    ("AEST", "+1000"),
];

/// Reads a date as feeds write them: as above, and RFC 2822 with what is usually wrong with it, such as a wrong or
/// foreign day of the week, a month in full, a zone by its name or none.
pub(crate) fn lenient(written: &str) -> Option<Timestamp> {
    let written = written.trim();
    parse(written).or_else(|| {
        let without_day = written.split_once(',').filter(|(day, _)| !day.contains(|c: char| c.is_ascii_digit()));
        let rest = without_day.map_or(written, |(_, rest)| rest);
        let mut words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
        if let Some(month) =
            words.iter_mut().find(|word| word.len() > 3 && word.chars().all(|c| c.is_ascii_alphabetic()))
            && ZONES.iter().all(|(zone, _)| zone != month)
        {
            month.truncate(3);
        }
        let last = words.last_mut()?;
        if let Some((_, offset)) = ZONES.iter().find(|(zone, _)| zone.eq_ignore_ascii_case(last)) {
            *last = (*offset).to_owned();
        } else if last.contains(':') && !last.starts_with(['+', '-']) {
            words.push("+0000".to_owned());
        } else if last.starts_with(['+', '-']) {
            last.retain(|c| c != ':');
        }
        rfc2822::parse(&words.join(" ")).ok().map(|zoned| zoned.timestamp())
    })
}

fn parse(written: &str) -> Option<Timestamp> {
    if let Some(epoch) = parse_epoch(written) {
        return Some(epoch);
    }
    if let Ok(instant) = written.parse::<Timestamp>() {
        return Some(instant);
    }
    if let Ok(civil) = written.parse::<civil::DateTime>() {
        return at_utc(civil);
    }
    if let Ok(zoned) = rfc2822::parse(written) {
        return Some(zoned.timestamp());
    }
    if let Ok(civil) = civil::DateTime::strptime("%Y%m%d%H%M%S", written) {
        return at_utc(civil);
    }
    let spelled = SPELLED.iter().find_map(|format| civil::Date::strptime(format, written).ok());
    at_utc(spelled.or_else(|| parse_slashes(written))?.to_datetime(civil::Time::midnight()))
}

fn at_utc(civil: civil::DateTime) -> Option<Timestamp> {
    civil.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Ten digits are seconds and thirteen milliseconds: from 2001 to 2286.
fn parse_epoch(written: &str) -> Option<Timestamp> {
    let whole = written.split_once('.').map_or(written, |(whole, _)| whole);
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        10 => Timestamp::from_second(number).ok(),
        13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

/// `8/17/2022` and `17/8/2022` have one reading; `8/7/2022` has two, and guessing would put an article months away.
fn parse_slashes(written: &str) -> Option<civil::Date> {
    let mut parts = written.split('/').map(|part| part.parse::<i16>().ok().filter(|_| part.len() <= 4));
    let (first, second, year) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let year = match year {
        0..=69 => 2000 + year,
        70..=99 => 1900 + year,
        _ => year,
    };
    let (month, day) = match (first, second) {
        (month, day) if day > 12 || month == day => (month, day),
        (day, month) if day > 12 => (month, day),
        _ => return None,
    };
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Result<String, DateProblem> {
        normalise(written, "2026-11-25T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn usual_ways_to_write_a_date_are_read() {
        for (written, expected) in [
            ("2022-08-17", "2022-08-17T00:00:00Z"),
            ("2022-08-17T10:30:00Z", "2022-08-17T10:30:00Z"),
            ("2022-08-17T10:30:00.123+02:00", "2022-08-17T08:30:00Z"),
            ("2022-08-17 10:30:00", "2022-08-17T10:30:00Z"),
            ("2022-08-17T10:30", "2022-08-17T10:30:00Z"),
            ("20220817", "2022-08-17T00:00:00Z"),
            ("20220817T103000Z", "2022-08-17T10:30:00Z"),
            ("20220817103000", "2022-08-17T10:30:00Z"),
            ("1660732200", "2022-08-17T10:30:00Z"),
            ("1660732200.5", "2022-08-17T10:30:00Z"),
            ("1660732200123", "2022-08-17T10:30:00Z"),
            ("Wed, 17 Aug 2022 10:30:00 +0200", "2022-08-17T08:30:00Z"),
            ("Wed, 17 Aug 2022 10:30:00 GMT", "2022-08-17T10:30:00Z"),
            ("August 17, 2022", "2022-08-17T00:00:00Z"),
            ("17 Aug 2022", "2022-08-17T00:00:00Z"),
            ("2022/08/17", "2022-08-17T00:00:00Z"),
            ("8/29/18", "2018-08-29T00:00:00Z"),
            ("29/8/2018", "2018-08-29T00:00:00Z"),
            (" 2022-08-17 ", "2022-08-17T00:00:00Z"),
            ("2026-11-26", "2026-11-26T00:00:00Z"),
        ] {
            assert_eq!(read(written).as_deref(), Ok(expected), "{written}");
        }
    }

    #[test]
    fn a_date_that_cannot_be_told_for_sure_is_broken() {
        for written in
            ["yesterday", "2022-13-40", "8/7/2018", "0000-00-00", "0022-08-17", "12", "1/2/3/4", "-", "99999"]
        {
            assert_eq!(read(written), Err(DateProblem::Broken), "{written}");
        }
    }

    #[test]
    fn a_date_far_ahead_is_told_from_one_that_is_broken() {
        for written in ["2027-01-01", "9999-01-01T00:00:00Z", "3022-08-17"] {
            assert_eq!(read(written), Err(DateProblem::InFuture), "{written}");
        }
    }

    #[test]
    fn dates_of_feeds_are_read_with_what_is_usually_wrong_with_them() {
        for (written, expected) in [
            ("Wed, 17 Aug 2022 10:30:00 GMT", "2022-08-17T10:30:00Z"),
            ("Mon, 17 Aug 2022 10:30:00 +0200", "2022-08-17T08:30:00Z"),
            ("Mié, 17 Aug 2022 10:30:00 +0200", "2022-08-17T08:30:00Z"),
            ("Wednesday, 17 August 2022 10:30:00 CEST", "2022-08-17T08:30:00Z"),
            ("Wed, 17 Aug 2022 10:30 EST", "2022-08-17T15:30:00Z"),
            ("17 Aug 2022 10:30:00 Z", "2022-08-17T10:30:00Z"),
            ("17 Aug 2022 10:30:00", "2022-08-17T10:30:00Z"),
            ("Wed, 17 Aug 2022 10:30:00 +02:00", "2022-08-17T08:30:00Z"),
            ("2022-08-17T10:30:00+02:00", "2022-08-17T08:30:00Z"),
            ("2022-08-17", "2022-08-17T00:00:00Z"),
        ] {
            assert_eq!(lenient(written).map(|date| date.to_string()).as_deref(), Some(expected), "{written}");
        }
        for written in ["", "yesterday", "Wed, 99 Aug 2022 10:30:00 GMT"] {
            assert_eq!(lenient(written), None, "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_date_of_a_feed_panics(written in "\\PC{0,24}|(Wed, )?[0-9]{0,2} ?(Aug|August|é)? [0-9: ]{0,14}(GMT|CEST|Z|\\+02:00)?") {
            lenient(&written);
        }

        #[test]
        fn no_date_panics(written in "\\PC{0,24}|[0-9/:T.+-]{0,24}") {
            if let Ok(date) = read(&written) {
                proptest::prop_assert_eq!(read(&date), Ok(date));
            }
        }
    }
}
