//! Ranges of numbers, levels and lengths of time as they are written.

use faultline_schemas::Level;

/// Numbers between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    low: f64,
    high: f64,
    low_is_in: bool,
    high_is_in: bool,
}

impl Range {
    pub(crate) fn holds(&self, value: f64) -> bool {
        (value > self.low || self.low_is_in && value >= self.low)
            && (value < self.high || self.high_is_in && value <= self.high)
    }

    /// `>=0.5`, `<-0.3`, `=1`, `0.4..0.8`, within `least..=most`.
    pub(super) fn parse(text: &str, least: f64, most: f64) -> Result<Self, String> {
        let number = |text: &str| {
            let number: f64 = text.trim().parse().map_err(|_| {
                format!("{:?} is no number: write a range such as >={least}, <{most} or {least}..{most}", text.trim())
            })?;
            if (least..=most).contains(&number) {
                Ok(number)
            } else {
                Err(format!("{number} can never be: it goes from {least} to {most}"))
            }
        };
        let all = Self { low: least, high: most, low_is_in: true, high_is_in: true };
        let text = text.trim();
        let range = if let Some((low, high)) = text.split_once("..") {
            Self { low: number(low)?, high: number(high)?, ..all }
        } else if let Some(low) = text.strip_prefix(">=") {
            Self { low: number(low)?, ..all }
        } else if let Some(high) = text.strip_prefix("<=") {
            Self { high: number(high)?, ..all }
        } else if let Some(low) = text.strip_prefix('>') {
            Self { low: number(low)?, low_is_in: false, ..all }
        } else if let Some(high) = text.strip_prefix('<') {
            Self { high: number(high)?, high_is_in: false, ..all }
        } else if let Some(only) = text.strip_prefix('=') {
            let only = number(only)?;
            Self { low: only, high: only, ..all }
        } else {
            let value = number(text)?;
            return Err(format!("write what {value} is compared with: >={value}, <{value}, ={value}"));
        };
        if range.low > range.high || range.low == range.high && !(range.low_is_in && range.high_is_in) {
            return Err(format!("{text:?} holds no number: the lower end comes first"));
        }
        Ok(range)
    }
}

/// `high` (that or above), `>=high`, `<watch`, `=calm`.
pub(super) fn levels(text: &str) -> Result<Vec<Level>, String> {
    let text = text.trim().to_lowercase();
    let sign = [">=", "<=", ">", "<", "="].into_iter().find(|sign| text.starts_with(sign));
    let name = text[sign.map_or(0, str::len)..].trim();
    let known: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
    let level = Level::ALL.into_iter().find(|level| level.as_str() == name);
    let level = level.ok_or_else(|| super::problem::unknown("level", name, &known))?;
    let fits = |other: &Level| match sign {
        Some("<=") => *other <= level,
        Some(">") => *other > level,
        Some("<") => *other < level,
        Some("=") => *other == level,
        _ => *other >= level,
    };
    let levels: Vec<Level> = Level::ALL.into_iter().filter(fits).collect();
    if levels.is_empty() { Err(format!("{text:?} holds no level")) } else { Ok(levels) }
}

const UNITS: [(&str, i64); 5] =
    [("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 7 * 86_400_000)];
/// Ten years: longer is a slip.
const LONGEST_MS: i64 = 3_653 * 86_400_000;

/// `90s`, `30m`, `6h`, `2d`, `1w`, in milliseconds, more than none.
///
/// # Errors
/// Says how lengths of time are written.
pub fn duration(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let no_duration = || format!("{text:?} is no length of time: write 90s, 30m, 6h, 2d or 1w");
    let (unit, factor) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(no_duration)?;
    let count: i64 = text[..text.len() - unit.len()].trim().parse().map_err(|_| no_duration())?;
    match count.checked_mul(factor) {
        Some(..=0) => Err(format!("{text:?} is no time at all: write 30m, 6h or 2d")),
        Some(length @ ..=LONGEST_MS) => Ok(length),
        _ => Err(format!("{text:?} is longer than ten years")),
    }
}

/// `6h` of milliseconds: the largest unit that leaves nothing over.
pub(crate) fn duration_text(length: i64) -> String {
    let (unit, factor) = UNITS.into_iter().rev().find(|(_, factor)| length % factor == 0).unwrap_or(UNITS[0]);
    format!("{}{unit}", length / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        for (text, inside, outside) in [
            (">=0.5", 0.5, 0.49),
            (">0.5", 0.51, 0.5),
            ("<-0.3", -0.31, -0.3),
            ("<= -0.3", -0.3, 0.0),
            ("=1", 1.0, 0.99),
            ("0.4..0.8", 0.8, 0.81),
        ] {
            let range = Range::parse(text, -1.0, 1.0).unwrap();
            assert!(range.holds(inside) && !range.holds(outside), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_says_what_would_be() {
        for (text, says) in [
            ("0.5", ">=0.5"),
            ("high", "no number"),
            (">2", "can never be"),
            ("0.8..0.4", "lower end"),
            (">1", "holds no number"),
            ("", "no number"),
        ] {
            let error = Range::parse(text, -1.0, 1.0).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn levels_are_that_or_above() {
        assert_eq!(levels("high").unwrap(), [Level::High, Level::Critical]);
        assert_eq!(levels("<watch").unwrap(), [Level::Calm]);
        assert!(levels("hihg").unwrap_err().contains("did you mean high"));
        assert!(levels(">critical").unwrap_err().contains("holds no level"));
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, length) in [("90s", 90_000), ("30m", 1_800_000), ("6h", 21_600_000), ("2d", 172_800_000)] {
            assert_eq!(duration(text).unwrap(), length);
        }
        assert_eq!((duration_text(21_600_000), duration_text(604_800_000)), ("6h".to_owned(), "1w".to_owned()));
        for (text, says) in [
            ("6", "no length"),
            ("0h", "no time at all"),
            ("-1h", "no time"),
            ("9999999w", "ten years"),
            ("h", "no length"),
        ] {
            let error = duration(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
