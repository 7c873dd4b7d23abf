//! Whether a figure is unusual for its own series. A past that is too short is said to be so ([`Judgement::Learning`]), never judged.

/// What a figure is expected to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The middle.
    pub expected: f64,
    /// Below this is unusually little.
    pub low: f64,
    /// Above this is unusually much.
    pub high: f64,
    /// How far the figure is from the middle, in standard deviations or what stands for them.
    pub score: f64,
}

/// What the past says of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judgement {
    /// The past is too short.
    Learning {
        /// Intervals that are known.
        have: usize,
        /// Intervals that are needed.
        need: usize,
    },
    /// The past is long enough.
    Judged(Band),
}

impl Judgement {
    /// The band, once there is one.
    #[must_use]
    pub fn band(self) -> Option<Band> {
        match self {
            Self::Learning { .. } => None,
            Self::Judged(band) => Some(band),
        }
    }
}

/// Which of the methods of the Early Aberration Reporting System.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ears {
    /// The seven intervals up to two before this one; unusual from 3 standard deviations on.
    C2,
    /// C2 gathered over this interval and the two before it: slower rises are seen; unusual from 2 on.
    C3,
}

/// Intervals that make the baseline.
const BASELINE: usize = 7;
/// Intervals between the baseline and the one that is judged, so that a rise does not raise its own baseline.
const GUARD: usize = 2;
/// A count that never moved still may: its standard deviation is taken to be at least this.
const LEAST_DEVIATION: f64 = 0.5;
/// C2: so many standard deviations are unusual.
const C2_LIMIT: f64 = 3.0;
/// C3: a sum of so much is unusual.
const C3_LIMIT: f64 = 2.0;

/// Judges the last of `counts`, oldest first, one per interval, by what came before it.
///
/// Source: L. Hutwagner, W. Thompson, G. M. Seeman, T. Treadwell, "The bioterrorism preparedness and response Early Aberration
/// Reporting System (EARS)", Journal of Urban Health 80 (2003). The standard deviation is never taken to be less than that of a
/// Poisson count of the same mean, nor than one half: news come one at a time.
#[must_use]
pub fn ears(counts: &[f64], method: Ears) -> Judgement {
    let judged = match method {
        Ears::C2 => 1,
        Ears::C3 => 1 + GUARD,
    };
    let need = BASELINE + GUARD + judged;
    if counts.len() < need {
        return Judgement::Learning { have: counts.len(), need };
    }
    let c2 = |back: usize| {
        let at = counts.len() - 1 - back;
        let baseline = &counts[at - GUARD - BASELINE..at - GUARD];
        let mean = baseline.iter().sum::<f64>() / BASELINE as f64;
        let variance = baseline.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (BASELINE - 1) as f64;
        let deviation = variance.max(mean).sqrt().max(LEAST_DEVIATION);
        (mean, deviation, (counts[at] - mean) / deviation)
    };
    let (mean, deviation, score) = c2(0);
    let band = |limit: f64, score: f64| Band {
        expected: mean,
        low: (mean - limit * deviation).max(0.0),
        high: mean + limit * deviation,
        score,
    };
    Judgement::Judged(match method {
        Ears::C2 => band(C2_LIMIT, score),
        Ears::C3 => {
            let before: f64 = (1..=GUARD).map(|back| (c2(back).2 - 1.0).max(0.0)).sum();
            // The figure at which this interval tips the sum over.
            let limit = (C3_LIMIT - before).max(0.0) + 1.0;
            band(limit, before + (score - 1.0).max(0.0))
        }
    })
}

/// Weeks that must be known before one is judged.
const WEEKS: usize = 4;
/// Makes the median absolute deviation of normal values their standard deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// So many robust standard deviations are unusual.
const ROBUST_LIMIT: f64 = 3.5;

/// Judges `value` by what the same hour of other weeks had (`past`, in any order): the distance from their median in median absolute deviations.
///
/// Source: B. Iglewicz, D. C. Hoaglin, "How to Detect and Handle Outliers" (1993), whose limit of 3.5 is used; F. R. Hampel, "The
/// influence curve and its role in robust estimation", JASA 69 (1974). `least` is the smallest deviation that is believed, in the
/// unit of the values: weeks without any movement make everything unusual otherwise.
#[must_use]
pub fn hour_of_week(past: &[f64], value: f64, least: f64) -> Judgement {
    if past.len() < WEEKS {
        return Judgement::Learning { have: past.len(), need: WEEKS };
    }
    let middle = median(past.to_vec());
    let mad = median(past.iter().map(|other| (other - middle).abs()).collect());
    let deviation = (MAD_TO_DEVIATION * mad).max(least).max(f64::MIN_POSITIVE);
    Judgement::Judged(Band {
        expected: middle,
        low: (middle - ROBUST_LIMIT * deviation).max(0.0),
        high: middle + ROBUST_LIMIT * deviation,
        score: (value - middle) / deviation,
    })
}

/// Number of the hour in the week, 0 to 167, from Monday, in UTC, of a time in milliseconds since 1970.
#[must_use]
pub fn hour_of_week_of(at: i64) -> usize {
    // 1970 began on a Thursday.
    const HOURS_TO_MONDAY: i64 = 72;
    (at.div_euclid(3_600_000) + HOURS_TO_MONDAY).rem_euclid(168) as usize
}

/// Of at least one value.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(counts: &[f64], method: Ears) -> (f64, bool) {
        let band = ears(counts, method).band().unwrap();
        (band.score, *counts.last().unwrap() > band.high)
    }

    #[test]
    fn a_jump_is_unusual_and_a_steady_series_is_not() {
        let steady = [4.0, 5.0, 4.0, 6.0, 5.0, 4.0, 5.0, 5.0, 4.0, 5.0];
        assert!(!score(&steady, Ears::C2).1);
        let mut jump = steady;
        jump[9] = 14.0;
        let (score, is_unusual) = score(&jump, Ears::C2);
        assert!(is_unusual && score > C2_LIMIT, "{score}");
    }

    #[test]
    fn two_intervals_before_are_no_baseline() {
        let rising = [4.0, 5.0, 4.0, 6.0, 5.0, 4.0, 5.0, 20.0, 20.0, 20.0];
        assert!(score(&rising, Ears::C2).1, "the rise does not hide itself");
    }

    #[test]
    fn a_slow_rise_is_seen_by_c3_alone() {
        let slow = [4.0, 5.0, 4.0, 6.0, 5.0, 4.0, 5.0, 4.0, 5.0, 8.5, 9.0, 9.0];
        assert!(!score(&slow, Ears::C2).1);
        assert!(score(&slow, Ears::C3).1);
    }

    #[test]
    fn silence_followed_by_one_report_is_not_infinitely_unusual() {
        let mut silent = [0.0; 10];
        silent[9] = 1.0;
        assert!((score(&silent, Ears::C2).0 - 2.0).abs() < 1e-9 && !score(&silent, Ears::C2).1);
    }

    #[test]
    fn a_short_past_is_learning() {
        assert_eq!(ears(&[1.0; 9], Ears::C2), Judgement::Learning { have: 9, need: 10 });
        assert_eq!(ears(&[1.0; 11], Ears::C3), Judgement::Learning { have: 11, need: 12 });
        assert_eq!(hour_of_week(&[1.0; 3], 9.0, 0.5), Judgement::Learning { have: 3, need: 4 });
    }

    #[test]
    fn one_wild_week_does_not_move_the_median() {
        let past = [10.0, 11.0, 9.0, 10.0, 500.0];
        let band = hour_of_week(&past, 10.0, 0.5).band().unwrap();
        assert!((band.expected - 10.0).abs() < 1e-9 && band.high < 20.0, "{band:?}");
        assert!(hour_of_week(&past, 40.0, 0.5).band().unwrap().score > ROBUST_LIMIT);
    }

    #[test]
    fn weeks_start_on_monday() {
        // 2022-08-15 was a Monday.
        assert_eq!(hour_of_week_of(1_660_521_600_000), 0);
        assert_eq!(hour_of_week_of(1_660_521_600_000 + 3_600_000 * 167), 167);
        assert_eq!(hour_of_week_of(-1), 71);
    }
}
