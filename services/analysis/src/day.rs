//! Calendar days as numbers that compare: 2022-08-17 is 20220817.

/// The day at the beginning of an RFC 3339 time or a plain date.
pub(crate) fn parse(text: &str) -> Option<u32> {
    let bytes = text.as_bytes().first_chunk::<10>()?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let plausible = bytes[4] == b'-' && bytes[7] == b'-' && (1..=12).contains(&month) && (1..=31).contains(&day);
    plausible.then_some(year * 10_000 + month * 100 + day)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_real_dates_are_days() {
        assert_eq!(parse("2022-08-17T00:00:00Z"), Some(20_220_817));
        assert_eq!(parse("2022-08-17"), Some(20_220_817));
        for bad in ["", "2022", "2022-13-01", "2022-00-10", "17-08-2022", "2022/08/17", "ａ022-08-17"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
