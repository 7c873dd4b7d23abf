//! Whether a process is alive and ready: by what it does, not by its mere existence.
//!
//! Ready is a matter of latches (ready once the last is dropped) and of dependencies that are away at the moment. Live
//! is a matter of progress: whatever must keep moving says so, and is stuck when it has not for longer than its limit.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde::Serialize;

/// Health of a process. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    shared: Arc<Shared>,
    /// Goes before every name, so that roles in one process are told apart.
    scope: Option<&'static str>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    next_id: u64,
    latches: BTreeMap<u64, String>,
    progress: BTreeMap<u64, Pace>,
    degraded: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Pace {
    name: String,
    limit: Duration,
    /// Milliseconds after [`Shared::started`].
    last: Arc<AtomicU64>,
}

/// Whether everything that must move does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Liveness {
    /// True when nothing is stuck.
    pub live: bool,
    /// What has not moved for longer than its limit.
    pub stuck: Vec<Stuck>,
}

/// Something that has not moved for longer than its limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// What is stuck.
    pub name: String,
    /// Seconds since it last moved.
    pub seconds: u64,
    /// Seconds it may take.
    pub limit_seconds: u64,
}

/// Whether the process can do its work now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// True when nothing is awaited and nothing is degraded.
    pub ready: bool,
    /// What has not been reached yet since the start.
    pub awaited: Vec<String>,
    /// What was there and is away, and why.
    pub degraded: BTreeMap<String, String>,
}

impl Health {
    /// Nothing to wait for, nothing to watch: live and ready.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { started: Instant::now(), watched: Mutex::default() }), scope: None }
    }

    /// The same health, with the names given to it prefixed: `sink: database`.
    #[must_use]
    pub fn scoped(&self, scope: &'static str) -> Self {
        Self { shared: Arc::clone(&self.shared), scope: Some(scope) }
    }

    /// Not ready until the latch is dropped.
    #[must_use = "dropping the latch makes the process ready"]
    pub fn latch(&self, name: &str) -> Latch {
        let name = self.name(name);
        let mut watched = self.shared.watched.lock();
        watched.next_id += 1;
        let id = watched.next_id;
        watched.latches.insert(id, name);
        Latch { shared: Arc::clone(&self.shared), id }
    }

    /// Watches something that must move at least once within `limit` as long as the returned value lives. Counts as
    /// having moved now.
    #[must_use = "dropping the progress ends the watch"]
    pub fn progress(&self, name: &str, limit: Duration) -> Progress {
        let last = Arc::new(AtomicU64::new(self.shared.now_ms()));
        let pace = Pace { name: self.name(name), limit, last: Arc::clone(&last) };
        let mut watched = self.shared.watched.lock();
        watched.next_id += 1;
        let id = watched.next_id;
        watched.progress.insert(id, pace);
        Progress { shared: Arc::clone(&self.shared), id, last }
    }

    /// Says that something the process needs is away, and why; none says that it is back.
    pub fn set_degraded(&self, name: &str, why: Option<String>) {
        let name = self.name(name);
        let mut watched = self.shared.watched.lock();
        match why {
            Some(why) => watched.degraded.insert(name, why),
            None => watched.degraded.remove(&name),
        };
    }

    /// Whether everything that must move does.
    #[must_use]
    pub fn live(&self) -> Liveness {
        let now = self.shared.now_ms();
        let watched = self.shared.watched.lock();
        let stuck: Vec<Stuck> = watched.progress.values().filter_map(|pace| pace.stuck(now)).collect();
        Liveness { live: stuck.is_empty(), stuck }
    }

    /// Whether the process can do its work now.
    #[must_use]
    pub fn ready(&self) -> Readiness {
        let watched = self.shared.watched.lock();
        let awaited: Vec<String> = watched.latches.values().cloned().collect();
        let degraded = watched.degraded.clone();
        Readiness { ready: awaited.is_empty() && degraded.is_empty(), awaited, degraded }
    }

    fn name(&self, name: &str) -> String {
        self.scope.map_or_else(|| name.to_owned(), |scope| format!("{scope}: {name}"))
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Pace {
    fn stuck(&self, now_ms: u64) -> Option<Stuck> {
        let since = Duration::from_millis(now_ms.saturating_sub(self.last.load(Ordering::Relaxed)));
        (since > self.limit).then(|| Stuck {
            name: self.name.clone(),
            seconds: since.as_secs(),
            limit_seconds: self.limit.as_secs(),
        })
    }
}

/// Something awaited before the process is ready. Drop it once it is there.
#[derive(Debug)]
pub struct Latch {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.shared.watched.lock().latches.remove(&self.id);
    }
}

/// Something that must keep moving.
#[derive(Debug)]
pub struct Progress {
    shared: Arc<Shared>,
    id: u64,
    last: Arc<AtomicU64>,
}

impl Progress {
    /// It has moved. Cheap enough for every turn of a loop.
    pub fn tick(&self) {
        self.last.store(self.shared.now_ms(), Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.watched.lock().progress.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_once_the_last_latch_is_dropped() {
        let health = Health::new();
        let topics = health.latch("topics");
        let group = health.scoped("sink").latch("consumer group");
        assert_eq!(health.ready().awaited, ["topics", "sink: consumer group"]);
        drop(topics);
        assert!(!health.ready().ready);
        drop(group);
        assert!(health.ready().ready);
    }

    #[test]
    fn degraded_is_not_ready_until_it_is_back_and_roles_do_not_mix() {
        let health = Health::new();
        health.scoped("sink").set_degraded("kafka", Some("no broker answers".to_owned()));
        health.scoped("enricher").set_degraded("kafka", None);
        let readiness = health.ready();
        assert!(!readiness.ready);
        assert_eq!(readiness.degraded["sink: kafka"], "no broker answers");
        health.scoped("sink").set_degraded("kafka", None);
        assert!(health.ready().ready);
    }

    #[test]
    fn what_has_not_ticked_within_its_limit_is_stuck_by_name_until_it_ticks_or_is_dropped() {
        let health = Health::new();
        let polling = health.progress("polling", Duration::from_millis(20));
        let writing = health.progress("writing", Duration::from_secs(60));
        assert!(health.live().live);
        std::thread::sleep(Duration::from_millis(40));
        let liveness = health.live();
        assert!(!liveness.live);
        assert_eq!(liveness.stuck.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["polling"]);
        polling.tick();
        assert!(health.live().live);
        std::thread::sleep(Duration::from_millis(40));
        drop(polling);
        assert!(health.live().live);
        drop(writing);
    }
}
