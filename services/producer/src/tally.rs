//! Counts of what has been read, and what became of it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use crate::refuse::{Refusal, Warning};

/// Refusals that are kept with their explanation; all others are only counted here, and explained in the dead letters.
const EXPLAINED: usize = 20;

/// A refusal, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// File or source.
    pub origin: String,
    /// Stable name of the reason.
    pub reason: &'static str,
    /// What is wrong, where, and what to do about it.
    pub error: String,
}

/// Counts, shared between the thread that reads and those that watch it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Bytes on disk; an `Arc` of its own, since readers count into it.
    pub(crate) bytes_read: Arc<AtomicU64>,
    pub(crate) read: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) repeats: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) passed: AtomicU64,
    /// The backlog that is waited for, plus one; 0 where it is not.
    waits_for: AtomicU64,
    reasons: Mutex<Reasons>,
    /// Id and revision of every article acknowledged; none where nobody asked.
    taken: Mutex<Option<Vec<(String, String)>>>,
}

#[derive(Debug, Default)]
struct Reasons {
    refused: BTreeMap<&'static str, u64>,
    passed: BTreeMap<&'static str, u64>,
    warnings: BTreeMap<&'static str, u64>,
    explained: Vec<Explained>,
}

impl Tally {
    pub(crate) fn refuse(&self, origin: &str, refusal: &Refusal) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut reasons = self.reasons.lock();
        *reasons.refused.entry(refusal.reason()).or_default() += 1;
        if reasons.explained.len() < EXPLAINED {
            let (origin, error) = (origin.to_owned(), refusal.to_string());
            reasons.explained.push(Explained { origin, reason: refusal.reason(), error });
        }
    }

    /// Notes that there is a backlog to wait for, or none any more.
    pub(crate) fn wait_for(&self, backlog: Option<u64>) {
        self.waits_for.store(backlog.map_or(0, |before| before.saturating_add(1)), Ordering::Relaxed);
    }

    /// The backlog that is waited for.
    pub(crate) fn waits_for(&self) -> Option<u64> {
        self.waits_for.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Counts what is no article and nothing is wrong with.
    pub(crate) fn pass(&self, reason: &'static str) {
        count(&self.passed);
        *self.reasons.lock().passed.entry(reason).or_default() += 1;
    }

    pub(crate) fn warn(&self, warnings: &[Warning]) {
        if warnings.is_empty() {
            return;
        }
        let mut reasons = self.reasons.lock();
        for warning in warnings {
            *reasons.warnings.entry(warning.reason()).or_default() += 1;
        }
    }

    /// From now on, what is taken in is listed.
    pub(crate) fn list_taken(&self) {
        self.taken.lock().get_or_insert_default();
    }

    pub(crate) fn lists_taken(&self) -> bool {
        self.taken.lock().is_some()
    }

    pub(crate) fn take(&self, identity: (String, String)) {
        if let Some(taken) = &mut *self.taken.lock() {
            taken.push(identity);
        }
    }

    /// What has been listed, which is then forgotten.
    pub(crate) fn taken(&self) -> Vec<(String, String)> {
        self.taken.lock().take().unwrap_or_default()
    }

    pub(crate) fn refusals(&self) -> BTreeMap<&'static str, u64> {
        self.reasons.lock().refused.clone()
    }

    pub(crate) fn passed_over(&self) -> BTreeMap<&'static str, u64> {
        self.reasons.lock().passed.clone()
    }

    pub(crate) fn warnings(&self) -> BTreeMap<&'static str, u64> {
        self.reasons.lock().warnings.clone()
    }

    pub(crate) fn explained(&self) -> Vec<Explained> {
        self.reasons.lock().explained.clone()
    }
}

/// Adds one and is short to write.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
