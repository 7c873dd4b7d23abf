//! Noticing that something under a path changed.

use std::{
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use faultline_platform::Stop;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// How often a wait looks whether it should stop.
const STEP: Duration = Duration::from_millis(200);
/// Changes come in bursts: one look serves them all.
const BURST: Duration = Duration::from_millis(30);

/// Wakes a waiting thread when the file system reports a change. Where it reports none (network file systems, no
/// watches left), waits end by their time.
pub(crate) struct Watch {
    changes: Receiver<()>,
    /// Watches as long as it lives.
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    pub(crate) fn new(path: &Path, recursive: bool) -> Self {
        let (changed, changes) = mpsc::sync_channel(1);
        let on_event = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            // A full channel already says it, and a closed one has nobody to say it to.
            changed.try_send(()).ok();
        };
        let mode = if recursive { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        let watcher = notify::recommended_watcher(on_event).and_then(|mut watcher| {
            watcher.watch(path, mode)?;
            Ok(watcher)
        });
        let watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, ?path, "failed to watch, changes are found by looking again"))
            .ok();
        Self { changes, _watcher: watcher }
    }

    /// Returns when something changed, after `longest`, or when stopping is asked for.
    pub(crate) fn wait(&self, longest: Duration, stop: &Stop) {
        let until = Instant::now() + longest;
        while !stop.requested() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            match self.changes.recv_timeout(left.min(STEP)) {
                Ok(()) => {
                    let _stopping = stop.wait_timeout(BURST);
                    while self.changes.try_recv().is_ok() {}
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // There is no watcher: only time passes.
                Err(RecvTimeoutError::Disconnected) => {
                    let _stopping = stop.wait_timeout(left);
                    return;
                }
            }
        }
    }
}
