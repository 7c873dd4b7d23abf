//! Work that blocks: few threads for all sources, however many have something at the same time.
//!
//! The roles' runtime would start hundreds, and each keeps what its allocator has for it: ten thousand feeds that are all
//! due took more memory by that than by everything else.

use std::{sync::Arc, thread::available_parallelism};

use anyhow::Context as _;
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinError,
};

/// Threads for each core: some wait for a place in the queue to Kafka, while others read.
const FOR_EACH_CORE: usize = 4;
const MOST: usize = 16;

/// Runs work aside, a few at a time. Clones share the threads.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    threads: Arc<Threads>,
}

/// A runtime that is nothing but its threads for what blocks.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for the threads is not allowed where the last clone may be dropped, and nobody waits for their work.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Workers {
    /// # Errors
    /// When the threads cannot be set up.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::with((cores * FOR_EACH_CORE).min(MOST))
    }

    fn with(threads: usize) -> anyhow::Result<Self> {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.max_blocking_threads(threads).thread_name("worker").build();
        let runtime = runtime.context("failed to set up threads for work that blocks")?;
        Ok(Self { threads: Arc::new(Threads(Some(runtime))) })
    }

    /// Runs it once a thread is free, whether or not anybody still waits for its end.
    ///
    /// # Errors
    /// [`JoinError`] where it panicked.
    #[expect(clippy::expect_used, reason = "the runtime goes only when this is dropped")]
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let runtime = self.threads.0.as_ref().expect("there until dropped");
        runtime.spawn_blocking(work).await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn no_more_run_at_a_time_than_there_are_threads_and_a_panic_costs_none() {
        let workers = Workers::with(2).unwrap();
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
    }
}
