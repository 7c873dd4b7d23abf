//! Stops a service whose dead-letter rate says that the service is what is broken.

use std::collections::VecDeque;

use crate::settings::DeadLetterSettings;

/// Looks at the last `breaker_window` messages: once there are `breaker_minimum` of them and at least `breaker_ratio`
/// were rejected, it trips.
#[derive(Debug)]
pub(super) struct Breaker {
    window: VecDeque<bool>,
    size: usize,
    minimum: usize,
    ratio: f64,
    rejected: usize,
}

impl Breaker {
    pub(super) fn new(settings: &DeadLetterSettings) -> Self {
        Self {
            window: VecDeque::new(),
            size: settings.breaker_window.max(1) as usize,
            minimum: settings.breaker_minimum.max(1) as usize,
            ratio: settings.breaker_ratio,
            rejected: 0,
        }
    }

    /// Notes what came of a message. True when the breaker trips on it.
    pub(super) fn observe(&mut self, rejected: bool) -> bool {
        if self.window.len() == self.size && self.window.pop_front() == Some(true) {
            self.rejected -= 1;
        }
        self.window.push_back(rejected);
        self.rejected += usize::from(rejected);
        #[expect(clippy::cast_precision_loss, reason = "windows are far smaller than 2^52")]
        let share = self.rejected as f64 / self.window.len() as f64;
        rejected && self.window.len() >= self.minimum && share >= self.ratio
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(&DeadLetterSettings { breaker_ratio: 0.5, breaker_window: 10, breaker_minimum: 4 })
    }

    #[test]
    fn trips_when_half_of_the_window_is_rejected_but_not_before_the_minimum() {
        let mut breaker = breaker();
        let seen: Vec<bool> = [true, true, true, true].into_iter().map(|r| breaker.observe(r)).collect();
        assert_eq!(seen, [false, false, false, true]);
    }

    #[test]
    fn good_messages_keep_it_closed_and_old_rejections_are_forgotten() {
        let mut breaker = breaker();
        for n in 0..1_000 {
            assert!(!breaker.observe(n % 4 == 1), "message {n}");
        }
    }
}
