//! Work that blocks: few threads for all sources, however many have something at the same time.
//!
//! The runtime would start hundreds, and each keeps what its allocator has for it: ten thousand feeds that are all due
//! took more memory by that than by everything else.

use std::{sync::Arc, thread::available_parallelism};

use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
};

/// Threads for each core: some wait for a place in the queue to Kafka, while others read.
const FOR_EACH_CORE: usize = 4;
const MOST: usize = 16;

/// Runs work aside, a few at a time. Clones share the places.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    places: Arc<Semaphore>,
}

impl Workers {
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { places: Arc::new(Semaphore::new((cores * FOR_EACH_CORE).min(MOST))) }
    }

    /// Runs it once there is a place. Once begun it goes on, whether or not anybody still waits for its end.
    ///
    /// # Errors
    /// [`JoinError`] where it panicked.
    #[expect(clippy::expect_used, reason = "the places are never closed")]
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("never closed");
        spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_run_at_a_time_than_there_are_places_and_a_panic_frees_its_place() {
        let workers = Workers { places: Arc::new(Semaphore::new(2)) };
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = |number: usize| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
                running.fetch_sub(1, Ordering::SeqCst);
                assert!(!number.is_multiple_of(7), "as meant");
            }
        };
        let all = futures_util::future::join_all((0..30).map(|number| workers.run(work(number)))).await;
        assert_eq!(all.iter().filter(|outcome| outcome.is_err()).count(), 5);
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert_eq!(workers.places.available_permits(), 2);
    }
}
