//! Politeness: how many requests a host has at a time, and how soon after one another.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

use super::error::WebError;

/// Hosts kept before those at rest are dropped.
const HOSTS_KEPT: usize = 4_096;

/// One gate for each host.
#[derive(Debug)]
pub(crate) struct Gates {
    hosts: Mutex<HashMap<String, Arc<Gate>>>,
    /// Over all hosts.
    requests: Arc<Semaphore>,
    per_host: usize,
    delay: Duration,
}

#[derive(Debug)]
struct Gate {
    slots: Arc<Semaphore>,
    /// When the next request may start.
    next: Mutex<Instant>,
    /// Until when the host has asked to be left alone.
    closed_until: Mutex<Option<Timestamp>>,
    /// What the host asks for in its robots.txt, where that is more than the settings.
    own_delay: Mutex<Duration>,
}

/// A request's place at its host; free for the next when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// For the work on the answer as well, where that was asked for; it may be taken out, and outlive the request.
    pub(crate) of_work: Option<OwnedSemaphorePermit>,
    _of_host: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
    gate: Arc<Gate>,
    delay: Duration,
}

impl Place {
    /// The host has answered: it counts from here as well, for the request may have been long on its way.
    pub(crate) fn answered(&self) {
        let earliest = Instant::now() + self.gate.delay(self.delay);
        let mut next = self.gate.next.lock();
        *next = earliest.max(*next);
    }
}

impl Gates {
    pub(crate) fn new(requests: usize, per_host: usize, delay: Duration) -> Self {
        Self { hosts: Mutex::default(), requests: Arc::new(Semaphore::new(requests)), per_host, delay }
    }

    /// Waits for a place at this host, and for one of those for `work` on its answer. Nobody holds one of these, or one of
    /// all requests, while the host keeps him waiting.
    ///
    /// # Errors
    /// [`WebError::AskedToWait`] where the host has asked to be left alone.
    pub(crate) async fn enter(&self, host: &str, work: Option<&Arc<Semaphore>>) -> Result<Place, WebError> {
        let gate = self.gate(host);
        gate.check(host)?;
        // Its own place first: one slow host must not hold those of all others.
        let of_host = place(&gate.slots).await;
        loop {
            let of_work = match work {
                Some(work) => Some(place(work).await),
                None => None,
            };
            let of_all = place(&self.requests).await;
            // Meanwhile the host may have asked another to leave it alone.
            gate.check(host)?;
            let Some(next) = gate.take_turn(self.delay) else {
                return Ok(Place { of_work, _of_host: of_host, _of_all: of_all, gate, delay: self.delay });
            };
            drop((of_all, of_work));
            sleep_until(next).await;
        }
    }

    /// Leaves the host alone until then.
    pub(crate) fn close(&self, host: &str, until: Timestamp) {
        *self.gate(host).closed_until.lock() = Some(until);
    }

    /// Keeps at least this long between two requests to the host.
    pub(crate) fn slow_down(&self, host: &str, delay: Duration) {
        let gate = self.gate(host);
        *gate.own_delay.lock() = delay;
        // The answer that said so counts as well.
        let mut next = gate.next.lock();
        *next = (Instant::now() + delay).max(*next);
    }

    fn gate(&self, host: &str) -> Arc<Gate> {
        let mut hosts = self.hosts.lock();
        if let Some(gate) = hosts.get(host) {
            return Arc::clone(gate);
        }
        if hosts.len() >= HOSTS_KEPT {
            let now = Instant::now();
            hosts.retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_at_rest(now));
        }
        let gate = Arc::new(Gate {
            slots: Arc::new(Semaphore::new(self.per_host)),
            next: Mutex::new(Instant::now()),
            closed_until: Mutex::new(None),
            own_delay: Mutex::default(),
        });
        hosts.insert(host.to_owned(), Arc::clone(&gate));
        gate
    }
}

impl Gate {
    fn delay(&self, delay: Duration) -> Duration {
        delay.max(*self.own_delay.lock())
    }

    /// Takes the next turn; where it is not to be had yet, from when on.
    fn take_turn(&self, delay: Duration) -> Option<Instant> {
        let (now, delay) = (Instant::now(), self.delay(delay));
        let mut next = self.next.lock();
        if *next > now {
            return Some(*next);
        }
        *next = now + delay;
        None
    }

    fn check(&self, host: &str) -> Result<(), WebError> {
        match *self.closed_until.lock() {
            Some(until) if until > Timestamp::now() => Err(WebError::AskedToWait { host: host.to_owned(), until }),
            _ => Ok(()),
        }
    }

    /// Nothing would be lost by forgetting it.
    fn is_at_rest(&self, now: Instant) -> bool {
        let is_open = self.closed_until.lock().is_none_or(|until| until < Timestamp::now());
        is_open && self.own_delay.lock().is_zero() && *self.next.lock() < now
    }
}

#[expect(clippy::expect_used, reason = "the semaphores of gates are never closed")]
async fn place(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(semaphore).acquire_owned().await.expect("never closed")
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn requests_to_one_host_keep_their_distance_and_those_to_others_do_not_wait() {
        let (delay, own_delay) = (Duration::from_millis(40), Duration::from_millis(100));
        let gates = Gates::new(10, 2, delay);
        let start = Instant::now();
        for _ in 0..4 {
            gates.enter("a", None).await.unwrap();
        }
        assert!(start.elapsed() >= delay * 3);
        gates.slow_down("a", own_delay);
        gates.enter("a", None).await.unwrap();
        gates.enter("a", None).await.unwrap();
        assert!(start.elapsed() >= delay * 4 + own_delay);
        // The next place at that host is later than now; at another it is not.
        let waiting = gates.enter("a", None);
        tokio::pin!(waiting);
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("it did not wait"),
            place = gates.enter("b", None) => assert!(place.is_ok()),
        }
    }

    #[tokio::test]
    async fn a_host_has_no_more_requests_at_a_time_than_it_may() {
        let gates = Gates::new(10, 2, Duration::ZERO);
        let (first, _second) = (gates.enter("a", None).await.unwrap(), gates.enter("a", None).await.unwrap());
        assert!(timeout(Duration::from_millis(50), gates.enter("a", None)).await.is_err());
        drop(first);
        gates.enter("a", None).await.unwrap();
    }

    #[tokio::test]
    async fn all_hosts_together_have_no_more_requests_at_a_time_than_they_may() {
        let gates = Gates::new(2, 2, Duration::ZERO);
        let (first, _second) = (gates.enter("a", None).await.unwrap(), gates.enter("b", None).await.unwrap());
        assert!(timeout(Duration::from_millis(50), gates.enter("c", None)).await.is_err());
        drop(first);
        gates.enter("c", None).await.unwrap();
    }

    #[tokio::test]
    async fn one_that_waits_for_its_place_hears_that_the_host_asked_to_be_left_alone() {
        let gates = Gates::new(10, 1, Duration::ZERO);
        let first = gates.enter("a", None).await.unwrap();
        let waiting = gates.enter("a", None);
        tokio::pin!(waiting);
        assert!(timeout(Duration::from_millis(20), &mut waiting).await.is_err());
        gates.close("a", Timestamp::now() + Duration::from_secs(60));
        drop(first);
        assert!(matches!(waiting.await, Err(WebError::AskedToWait { .. })));
    }

    #[tokio::test]
    async fn who_waits_for_one_host_takes_no_place_of_those_who_work_for_others() {
        let (gates, work) = (Gates::new(10, 2, Duration::from_secs(60)), Arc::new(Semaphore::new(1)));
        drop(gates.enter("a", Some(&work)).await.unwrap());
        let waiting = gates.enter("a", Some(&work));
        tokio::pin!(waiting);
        assert!(timeout(Duration::from_millis(20), &mut waiting).await.is_err());
        let mut other = gates.enter("b", Some(&work)).await.unwrap();
        let of_work = other.of_work.take();
        drop(other);
        assert_eq!((of_work.is_some(), work.available_permits()), (true, 0), "it outlives the request");
    }

    #[tokio::test]
    async fn a_host_that_asked_to_be_left_alone_is() {
        let gates = Gates::new(10, 2, Duration::ZERO);
        gates.close("a", Timestamp::now() + Duration::from_secs(60));
        assert!(matches!(gates.enter("a", None).await, Err(WebError::AskedToWait { .. })));
        assert!(gates.enter("b", None).await.is_ok());
    }
}
