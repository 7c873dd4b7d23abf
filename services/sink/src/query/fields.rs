//! Values of fields.

use faultline_schemas::Level;
use jiff::ToSpan as _;

use super::{Field, QueryError};
use faultline_analysis::words::stems;

const NAMES: [&str; 8] = ["actor", "country", "level", "signal", "source", "dyad", "since", "until"];

/// Reads `name:value`; `at` and `value_at` are the places of the two.
pub(super) fn field(
    name: &str,
    value: &str,
    at: usize,
    value_at: usize,
    now: jiff::Timestamp,
) -> Result<Field, QueryError> {
    let value = value.trim();
    let wrong = |message: String| QueryError { position: value_at, message };
    match name {
        "actor" => Ok(Field::Actor { id: value.to_ascii_lowercase(), name: stems(value) }),
        "country" => country(value).map(Field::Country).ok_or_else(|| {
            wrong(format!("{value:?} is no country code: write its three-letter code (ISO 3166-1), such as SRB or XKX"))
        }),
        "level" => levels(value).map(Field::Level).ok_or_else(|| {
            wrong(format!("{value:?} is no level: write calm, watch, elevated, high or critical, after >=, >, =, < or <= if need be"))
        }),
        "signal" => Ok(Field::Signal(value.to_lowercase())),
        "source" => Ok(Field::Source(value.to_lowercase())),
        "dyad" => dyad(value).ok_or_else(|| {
            wrong(format!("{value:?} is no dyad: write two country codes, who acts first, such as SRB-XKX"))
        }),
        "since" => time(value, now, false).map(Field::Since).ok_or_else(|| wrong(no_time(value))),
        "until" => time(value, now, true).map(Field::Before).ok_or_else(|| wrong(no_time(value))),
        _ => Err(unknown(name, at)),
    }
}

fn unknown(name: &str, at: usize) -> QueryError {
    let nearest = NAMES.into_iter().max_by_key(|known| common_letters(known, name));
    let hint = match nearest.filter(|known| common_letters(known, name) * 2 >= name.len()) {
        Some(nearest) => format!("did you mean {nearest}:?"),
        None => format!("there are {}", NAMES.join(", ")),
    };
    let message = format!("there is no field {name:?}: {hint} (in quotes, it is a phrase)");
    QueryError { position: at, message }
}

/// How many letters of `typed` appear in `known`, in order.
fn common_letters(known: &str, typed: &str) -> usize {
    let mut left = known.chars();
    typed.chars().filter(|&letter| left.clone().any(|c| c == letter) && left.by_ref().any(|c| c == letter)).count()
}

fn country(value: &str) -> Option<String> {
    (value.len() == 3 && value.bytes().all(|b| b.is_ascii_alphabetic())).then(|| value.to_ascii_uppercase())
}

fn dyad(value: &str) -> Option<Field> {
    let (source, target) = value.split_once('-')?;
    Some(Field::Dyad(country(source)?, country(target)?))
}

fn levels(value: &str) -> Option<Vec<Level>> {
    let value = value.to_lowercase();
    let signs = [">=", "<=", ">", "<", "="];
    let sign = signs.into_iter().find(|sign| value.starts_with(sign));
    let name = &value[sign.map_or(0, str::len)..];
    let level = Level::ALL.into_iter().find(|level| level.as_str() == name.trim())?;
    let fits = |&other: &Level| match sign {
        Some("<=") => other <= level,
        Some(">") => other > level,
        Some("<") => other < level,
        Some("=") => other == level,
        _ => other >= level,
    };
    Some(Level::ALL.into_iter().filter(fits).collect())
}

fn no_time(value: &str) -> String {
    format!(
        "{value:?} is no time: write a day such as 2022-08-17, a time such as 2022-08-17T10:00:00Z, or how long ago: 12h, 7d, 2w"
    )
}

/// Milliseconds since 1970. A day stands for its start, or for the start of the next where `end` is asked for.
fn time(value: &str, now: jiff::Timestamp, end: bool) -> Option<i64> {
    if let Ok(timestamp) = value.parse::<jiff::Timestamp>() {
        return Some(timestamp.as_millisecond());
    }
    if let Ok(day) = value.parse::<jiff::civil::Date>() {
        let day = if end { day.checked_add(1.day()).ok()? } else { day };
        return Some(day.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond());
    }
    let unit_at = value.len().checked_sub(1).filter(|&at| value.is_char_boundary(at))?;
    let count: u32 = value[..unit_at].parse().ok()?;
    let hours: i64 = match &value[unit_at..] {
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        _ => return None,
    };
    Some(now.as_millisecond() - i64::from(count) * hours * 3_600_000)
}
