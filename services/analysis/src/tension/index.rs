//! The tension index.
//!
//! ```text
//! index = 100 x max(0, E - C / 2) / (n + 3)
//! ```
//!
//! over the distinct stories of an hour (or any other stretch of time) that touch the country, dyad or actor: `n` of them, `E` and `C` the sums
//! of what each adds to escalation and to calming, at most 1 of each a story. From 0 (nothing escalates) to nearly 100 (many
//! stories, all of them about force).
//!
//! **Why so.** It is a mean over stories: when the press is louder, both sides of the fraction grow. A story counts once, whoever
//! prints it. What calms takes back half of what escalates, because talks are announced during wars, too. The three calm stories
//! that are always added keep a single report from being a crisis (a Bayesian average with a prior of zero): one story about force
//! makes 25, twenty make 87.
//!
//! **What it cannot say.** It knows what is reported, not what happens. Countries that fewer papers watch move more slowly
//! upwards and more jumpily. A long war that is in the news every day is high all the time: compare it with its own
//! past ([`super::hour_of_week`]), not with a neighbour's.

/// How many calm stories are always added.
const PRIOR: f64 = 3.0;
/// What calming takes back of escalation.
const CALMING: f64 = 0.5;

/// What the stories of a stretch of time add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Distinct stories.
    pub stories: f64,
    /// Sum over the stories of escalating weight, at most 1 of each.
    pub escalating: f64,
    /// Sum over the stories of calming weight, at most 1 of each.
    pub calming: f64,
}

impl Tally {
    /// Adds a story, or takes it back with `times` of -1.
    pub fn add(&mut self, escalating: f64, calming: f64, times: f64) {
        self.stories += times;
        self.escalating += times * escalating.clamp(0.0, 1.0);
        self.calming += times * calming.clamp(0.0, 1.0);
    }
}

/// The tension index of a tally, 0 to 100.
#[must_use]
pub fn index(tally: Tally) -> f64 {
    let net = tally.escalating - CALMING * tally.calming;
    if net <= 0.0 { 0.0 } else { 100.0 * net / (tally.stories.max(0.0) + PRIOR) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stories: &[(f64, f64)]) -> f64 {
        let mut tally = Tally::default();
        stories.iter().for_each(|(escalating, calming)| tally.add(*escalating, *calming, 1.0));
        index(tally)
    }

    #[test]
    fn one_story_is_no_crisis_and_many_are() {
        assert!((of(&[(1.0, 0.0)]) - 25.0).abs() < 1e-9);
        assert!(of(&[(1.0, 0.0); 20]) > 85.0 && of(&[(9.0, 0.0); 500]) < 100.0);
        assert!(of(&[]).abs() < 1e-9);
    }

    #[test]
    fn a_loud_week_is_not_a_tense_week() {
        let quiet = of(&[[(0.5, 0.0); 10].as_slice(), &[(0.0, 0.0); 10]].concat());
        let loud = of(&[[(0.5, 0.0); 40].as_slice(), &[(0.0, 0.0); 40]].concat());
        assert!((loud - quiet).abs() < 4.0, "{quiet} {loud}");
    }

    #[test]
    fn calming_takes_back_half_and_never_goes_below_zero() {
        assert!(of(&[(0.6, 0.6); 5]) < of(&[(0.6, 0.0); 5]));
        assert!(of(&[(0.1, 1.0); 5]).abs() < 1e-9);
    }

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let mut tally = Tally::default();
        tally.add(0.5, 0.25, 1.0);
        tally.add(0.5, 0.25, -1.0);
        assert_eq!(tally, Tally::default());
    }
}
