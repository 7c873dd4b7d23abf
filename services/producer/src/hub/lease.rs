//! How long a subscription holds, and when its hub is asked again. Pure: the clock is passed in.

use std::time::Duration;

use faultline_schemas::HubState;
use jiff::Timestamp;

/// What is asked for.
pub(crate) const LEASE: Duration = Duration::from_secs(10 * 86_400);
/// Hubs that promise more are asked again after this.
const LONGEST_LEASE: Duration = Duration::from_secs(90 * 86_400);
/// A request that comes to nothing is made again after this, then twice as long with each.
const PAUSE: Duration = Duration::from_secs(3_600);
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

/// Whether the hub has promised to send what is new.
pub(crate) fn holds(state: &HubState, now: Timestamp) -> bool {
    until(state.lease_until.as_deref()).is_some_and(|until| until > now)
}

pub(super) fn until(written: Option<&str>) -> Option<Timestamp> {
    written?.parse().ok()
}

/// The hub is asked now. It counts as a failure until the hub confirms it.
pub(crate) fn asked(state: &mut HubState, now: Timestamp) {
    let pause = PAUSE.saturating_mul(2_u32.saturating_pow(state.failures.min(16))).min(LONGEST_PAUSE);
    state.failures = state.failures.saturating_add(1);
    state.ask_at = Some((now + pause).to_string());
}

/// The hub has confirmed it: it is asked again when a quarter of the time is left.
pub(crate) fn verified(state: &mut HubState, lease: Duration, now: Timestamp) {
    let lease = lease.min(LONGEST_LEASE);
    state.lease_until = Some((now + lease).to_string());
    state.ask_at = Some((now + lease * 3 / 4).to_string());
    state.failures = 0;
    state.problem = None;
}

/// The hub did not take the request.
pub(crate) fn refused(state: &mut HubState, problem: String) {
    state.problem = Some(problem);
}

/// The hub will send nothing, or nothing more.
pub(crate) fn denied(state: &mut HubState, reason: &str, now: Timestamp) {
    state.lease_until = None;
    state.problem =
        Some(format!("the hub denies it: {}", if reason.is_empty() { "it does not say why" } else { reason }));
    state.failures = state.failures.saturating_add(1);
    state.ask_at = Some((now + LONGEST_PAUSE).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    fn hours_until_asked(state: &HubState) -> i64 {
        until(state.ask_at.as_deref()).unwrap().duration_since(now()).as_hours()
    }

    #[test]
    fn a_lease_is_renewed_before_its_end_and_a_hub_that_does_not_confirm_is_asked_ever_more_rarely() {
        let mut state = HubState::default();
        let pauses = [(); 6].map(|()| {
            asked(&mut state, now());
            hours_until_asked(&state)
        });
        assert_eq!(pauses, [1, 2, 4, 8, 16, 24]);
        assert!(!holds(&state, now()));
        refused(&mut state, "the hub answers 500".into());
        verified(&mut state, Duration::from_secs(40 * 3_600), now());
        assert_eq!((hours_until_asked(&state), state.failures, state.problem.clone()), (30, 0, None));
        assert!(holds(&state, now()) && !holds(&state, now() + Duration::from_secs(40 * 3_600)));
        asked(&mut state, now());
        assert!(holds(&state, now()), "the old one goes on while it is renewed");
        verified(&mut state, Duration::from_secs(u32::MAX.into()), now());
        assert_eq!(hours_until_asked(&state), 90 * 24 * 3 / 4);
    }

    #[test]
    fn a_denial_ends_the_lease_and_says_why() {
        let mut state = HubState::default();
        verified(&mut state, LEASE, now());
        denied(&mut state, "no such feed", now());
        assert!(!holds(&state, now()));
        assert_eq!(
            (hours_until_asked(&state), state.problem.as_deref()),
            (24, Some("the hub denies it: no such feed"))
        );
    }
}
