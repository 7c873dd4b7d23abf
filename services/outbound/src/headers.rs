//! What headers say about when to come again.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};

/// A server that asks for more than a day is asked again after a day.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The first value of a header, where it is text.
#[must_use]
pub fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}

/// `Retry-After`, in seconds or as a date.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let written = header_text(headers, RETRY_AFTER)?;
    let until = match written.parse::<u32>() {
        Ok(seconds) => now + SignedDuration::from_secs(seconds.into()).min(LONGEST),
        Err(_) => rfc2822::parse(written).ok()?.timestamp().min(now + LONGEST),
    };
    (until > now).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_more_than_a_day() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        for (value, expected) in [
            ("120", Some("2026-11-25T12:02:00Z")),
            ("Wed, 25 Nov 2026 12:30:00 GMT", Some("2026-11-25T12:30:00Z")),
            ("9999999", Some("2026-11-26T12:00:00Z")),
            ("Wed, 25 Nov 2099 12:30:00 GMT", Some("2026-11-26T12:00:00Z")),
            ("Wed, 25 Nov 2020 12:30:00 GMT", None),
            ("0", None),
            ("soon", None),
            ("-5", None),
        ] {
            let until = retry_after(&headers(RETRY_AFTER, value), now);
            assert_eq!(until.map(|until| until.to_string()).as_deref(), expected, "{value}");
        }
    }
}
