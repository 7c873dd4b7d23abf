//! One word to stop, for async tasks and threads alike, and the signals that say it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

/// Says stop to everything that holds a clone. Never taken back.
#[derive(Debug, Clone)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    requested: Mutex<bool>,
    changed: Condvar,
    /// The same word, for those that wait without a thread.
    tasks: watch::Sender<bool>,
}

impl Stop {
    /// Not requested yet.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { requested: Mutex::new(false), changed: Condvar::new(), tasks: watch::Sender::new(false) };
        Self { shared: Arc::new(shared) }
    }

    /// Asks everything to stop; asking again changes nothing.
    pub fn request(&self) {
        *self.shared.requested.lock() = true;
        self.shared.changed.notify_all();
        self.shared.tasks.send_replace(true);
    }

    /// Whether it was requested.
    #[must_use]
    pub fn requested(&self) -> bool {
        *self.shared.tasks.borrow()
    }

    /// Returns once it is requested.
    pub async fn wait(&self) {
        let mut changes = self.shared.tasks.subscribe();
        // Fails only when the sender is gone, and `self` holds it.
        drop(changes.wait_for(|requested| *requested).await);
    }

    /// Blocks the thread for `duration` or until it is requested, whichever comes first; true when requested.
    #[must_use]
    pub fn wait_timeout(&self, duration: Duration) -> bool {
        let deadline = Instant::now() + duration;
        let mut requested = self.shared.requested.lock();
        while !*requested {
            if self.shared.changed.wait_until(&mut requested, deadline).timed_out() {
                break;
            }
        }
        *requested
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

/// SIGTERM and SIGINT.
pub mod signals {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    use tracing::{error, info};

    use super::Stop;

    /// Requests stop on the first SIGTERM or SIGINT, and exits the process with code 1 on the second. Call it on the
    /// async runtime, once.
    pub fn listen(stop: Stop) {
        let signals = signal(SignalKind::terminate()).and_then(|term| Ok((term, signal(SignalKind::interrupt())?)));
        match signals {
            Ok((terminate, interrupt)) => {
                tokio::spawn(obey(stop, terminate, interrupt));
            }
            Err(error) => error!(%error, "failed to listen for signals, the process can only be killed"),
        }
    }

    async fn obey(stop: Stop, mut terminate: Signal, mut interrupt: Signal) {
        let name = next(&mut terminate, &mut interrupt).await;
        info!(signal = name, "stopping, finishing what is in hand; a second signal ends it at once");
        stop.request();
        let name = next(&mut terminate, &mut interrupt).await;
        error!(signal = name, "ended at once: what was in hand is not finished and is done again at the next start");
        std::process::exit(1);
    }

    async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_thread_and_a_waiting_task_both_hear_of_it() {
        let stop = Stop::new();
        assert!(!stop.requested());
        assert!(!stop.wait_timeout(Duration::from_millis(1)));
        let thread = std::thread::spawn({
            let stop = stop.clone();
            move || stop.wait_timeout(Duration::from_secs(30))
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let task = runtime.spawn({
            let stop = stop.clone();
            async move { stop.wait().await }
        });
        stop.request();
        assert!(thread.join().unwrap());
        runtime.block_on(task).unwrap();
        runtime.block_on(stop.wait());
        assert!(stop.requested() && stop.wait_timeout(Duration::from_secs(30)));
    }
}
