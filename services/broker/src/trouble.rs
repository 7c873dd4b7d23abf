//! Finds in the broker's log what it cannot go on after.
//!
//! The storage engine answers a full disk with an error to the client and goes on, so that clients retry against it
//! for ever. Its log is the only place that names the cause.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;

use tokio::sync::watch;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// What SQLite says, and what to say of it.
const FATAL: [(&str, &str); 4] = [
    ("disk is full", "the disk is full: make room and start again; what was acknowledged is kept"),
    ("disk I/O error", "the disk failed to read or write the broker's log: check the disk and the system's log"),
    ("disk image is malformed", "the broker's log is damaged: restore it, or move the data folder away to start empty"),
    ("readonly database", "the broker's log became read-only: check the file system and the folder's permissions"),
];

/// Tells of a fatal error once one was logged.
#[derive(Debug, Clone)]
pub(crate) struct Trouble(Arc<watch::Sender<Option<&'static str>>>);

impl Trouble {
    /// Sends the broker's own errors to standard error, and looks through them.
    pub(crate) fn watch_log() -> Self {
        let trouble = Self::new();
        let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
        tracing_subscriber::registry().with(LevelFilter::ERROR).with(trouble.clone()).with(log.compact()).init();
        trouble
    }

    fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// What went wrong; waits for ever while nothing does.
    pub(crate) async fn fatal(&self) -> &'static str {
        let mut receiver = self.0.subscribe();
        // The sender lives in `self`, so the channel cannot close while this waits.
        match receiver.wait_for(Option::is_some).await.map(|what| *what) {
            Ok(Some(what)) => what,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

impl<S: Subscriber> Layer<S> for Trouble {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        if let Some((_, what)) = FATAL.iter().find(|(sign, _)| text.0.contains(sign)) {
            self.0.send_replace(Some(what));
        }
    }
}

/// Names under which the storage engine logs an error. Its other fields hold keys and values of messages, which may say
/// anything.
const ERROR_FIELDS: [&str; 3] = ["err", "error", "otherwise"];

/// The errors of an event as one text.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if ERROR_FIELDS.contains(&field.name()) {
            // Writing to a string cannot fail.
            write!(self.0, "{value:?} ").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What is found after `log` has run.
    fn found_in(log: impl FnOnce()) -> Option<&'static str> {
        let trouble = Trouble::new();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(trouble.clone()), log);
        *trouble.0.borrow()
    }

    #[test]
    fn a_full_disk_is_found_in_the_log_of_the_storage_engine() {
        let err = ("SqliteFailure", 13, "database or disk is full");
        assert!(found_in(|| tracing::error!(?err)).unwrap().contains("make room"));
    }

    #[test]
    fn other_errors_levels_and_fields_are_not_fatal() {
        let err = ("SqliteFailure", 13, "database or disk is full");
        assert_eq!(found_in(|| tracing::debug!(?err)), None);
        assert_eq!(found_in(|| tracing::error!("connection reset")), None);
        assert_eq!(found_in(|| tracing::error!(err = "unique constraint", value = "the disk is full")), None);
    }
}
