//! What holds a back-fill up, so that live articles are not: a backlog that the roles have before them, and a rate.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use faultline_platform::Stop;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

/// Between two looks at a backlog that is large enough.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A back-fill that had to wait may go on with so much of a second's articles at once.
const AT_ONCE: u32 = 10;
/// Between two words on a Kafka that does not answer.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Says how many messages the role that is furthest behind has before it.
pub(super) type Look<'a> = Box<dyn FnMut() -> Result<u64, String> + 'a>;

/// Lets articles through one by one.
pub(super) struct Brake<'a, C: Clock = DefaultClock> {
    rate: Option<RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>>,
    backlog: Option<Credit<'a>>,
    stop: Stop,
}

/// What may still be added to the backlog.
pub(super) struct Credit<'a> {
    allowed: u64,
    left: u64,
    look: Look<'a>,
    told: Option<Instant>,
}

impl<'a> Credit<'a> {
    /// No more than `allowed` messages are to lie before any role.
    pub(super) fn new(allowed: u32, look: Look<'a>) -> Self {
        Self { allowed: allowed.into(), left: 0, look, told: None }
    }

    /// Looks how much there is room for, beside those that Kafka has not acknowledged. The backlog where there is none.
    fn renew(&mut self, on_their_way: u64) -> Option<u64> {
        match (self.look)() {
            Ok(before) => {
                self.left = self.allowed.saturating_sub(before + on_their_way);
                (self.left == 0).then_some(before)
            }
            Err(error) => {
                if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                    self.told = Some(Instant::now());
                    tracing::warn!(error, "kafka does not say how far the roles are, waiting");
                }
                Some(0)
            }
        }
    }
}

impl<'a, C: Clock> Brake<'a, C> {
    pub(super) fn new(rate: Option<NonZeroU32>, backlog: Option<Credit<'a>>, clock: C, stop: Stop) -> Self {
        let limiter = |rate: NonZeroU32| {
            let burst = NonZeroU32::new(rate.get() / AT_ONCE).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct_with_clock(Quota::per_second(rate).allow_burst(burst), clock)
        };
        Self { rate: rate.map(limiter), backlog, stop }
    }

    /// Waits until the next article may go; false where stopping is asked for first. `on_their_way` says how many
    /// Kafka has not acknowledged, `tell` hears of the backlog that is waited for, and of the end of waiting.
    pub(super) fn pass(&mut self, mut on_their_way: impl FnMut() -> u64, mut tell: impl FnMut(Option<u64>)) -> bool {
        while let Some(wait) = self.too_soon_by() {
            if self.stop.wait_timeout(wait) {
                return false;
            }
        }
        let Some(credit) = &mut self.backlog else { return true };
        while credit.left == 0 {
            let waits_for = credit.renew(on_their_way());
            tell(waits_for);
            if waits_for.is_some() && self.stop.wait_timeout(LOOK_AGAIN) {
                return false;
            }
        }
        credit.left -= 1;
        true
    }

    /// How long the rate has the next article wait; none where it may go, and has then gone.
    fn too_soon_by(&self) -> Option<Duration> {
        let limiter = self.rate.as_ref()?;
        limiter.check().err().map(|until| until.wait_time_from(limiter.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::VecDeque};

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn no_more_pass_in_a_time_than_the_rate_says() {
        let clock = FakeRelativeClock::default();
        let brake = Brake::new(NonZeroU32::new(20), None, clock.clone(), Stop::new());
        let mut passed = 0;
        let mut waited = Duration::ZERO;
        while waited < Duration::from_secs(10) {
            match brake.too_soon_by() {
                None => passed += 1,
                Some(wait) => {
                    clock.advance(wait);
                    waited += wait;
                }
            }
        }
        assert!((200..=203).contains(&passed), "{passed} in 10 s at 20 a second");
        clock.advance(Duration::from_secs(100));
        let at_once = std::iter::from_fn(|| brake.too_soon_by().is_none().then_some(())).count();
        assert_eq!(at_once, 2, "what was not used is not saved up");
    }

    #[test]
    fn no_more_pass_than_there_is_room_for_before_the_role_that_is_furthest_behind() {
        // Each look, and what is on its way then.
        let looks = RefCell::new(VecDeque::from([Ok(7), Ok(10), Err("away".to_owned()), Ok(12), Ok(9)]));
        let look = || looks.borrow_mut().pop_front().unwrap_or(Ok(99));
        let stop = Stop::new();
        let credit = Credit::new(10, Box::new(look));
        let mut brake = Brake::new(None, Some(credit), DefaultClock::default(), stop.clone());
        let told = RefCell::new(Vec::new());
        let mut pass = |on_their_way: u64| {
            brake.pass(
                || on_their_way,
                |waits_for| {
                    told.borrow_mut().push(waits_for);
                    if waits_for == Some(99) {
                        stop.request();
                    }
                },
            )
        };
        assert!(pass(1) && pass(1), "room for 10 - 7 - 1");
        assert_eq!(*told.borrow(), [None]);
        assert!(pass(0), "once there is room again");
        assert_eq!(told.borrow()[1..], [Some(10), Some(0), Some(12), None]);
        assert!(!pass(0), "stopped while there was none");
    }
}
