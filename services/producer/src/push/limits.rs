//! When to say: not so fast.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::http::StatusCode;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::{accept::Acceptor, answer::Problem, settings::PushSettings};

/// When to try again while Kafka is behind.
const BACKLOG_PAUSE: Duration = Duration::from_secs(2);

/// What each token may do a second, and all of them together.
pub(crate) struct Limits {
    quota: Quota,
    per_second: u32,
    burst: u32,
    max_waiting: usize,
    /// By name of the token: as many as there are tokens.
    by_name: Mutex<FxHashMap<String, Arc<DefaultDirectRateLimiter>>>,
}

impl Limits {
    pub(crate) fn new(settings: &PushSettings) -> Self {
        let one = NonZeroU32::MIN;
        // A whole request must fit.
        let burst = settings.max_articles.max(settings.articles_per_second);
        let per_second = NonZeroU32::new(settings.articles_per_second).unwrap_or(one);
        Self {
            quota: Quota::per_second(per_second).allow_burst(NonZeroU32::new(burst).unwrap_or(one)),
            per_second: per_second.get(),
            burst,
            max_waiting: settings.max_waiting as usize,
            by_name: Mutex::default(),
        }
    }

    /// Takes `articles` off what the token `name` may hand in.
    pub(crate) fn check_rate(&self, name: &str, articles: usize) -> Result<(), Problem> {
        let limiter = {
            let mut by_name = self.by_name.lock();
            let limiter = by_name.entry(name.to_owned()).or_insert_with(|| Arc::new(RateLimiter::direct(self.quota)));
            Arc::clone(limiter)
        };
        let articles = u32::try_from(articles).unwrap_or(u32::MAX).min(self.burst);
        let Some(articles) = NonZeroU32::new(articles) else { return Ok(()) };
        match limiter.check_n(articles) {
            Ok(Err(until)) => {
                let wait = until.wait_time_from(limiter.clock().now());
                let detail = format!(
                    "more than {} articles a second from this token: wait, then send it again",
                    self.per_second
                );
                Err(Problem::later(StatusCode::TOO_MANY_REQUESTS, "too fast", detail, wait))
            }
            // More than the burst cannot be, it was cut to that.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Refuses while more waits for Kafka than may.
    pub(crate) fn check_backlog(&self, acceptor: &Acceptor) -> Result<(), Problem> {
        let waiting = acceptor.waiting();
        if waiting < self.max_waiting {
            return Ok(());
        }
        let detail = format!("{waiting} articles wait for Kafka to acknowledge them: wait, then send this again");
        Err(Problem::later(StatusCode::TOO_MANY_REQUESTS, "behind", detail, BACKLOG_PAUSE))
    }
}
