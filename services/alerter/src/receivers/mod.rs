//! Those who are told of alerts.
//!
//! In: a [`ReceiverSettings`] and alerts in batches. Out: messages, or why not: [`SendError::Retry`] where the same may work
//! later, [`SendError::Refused`] where it never will.
//!
//! **Invariants.** What can be found wrong with a receiver is found by [`Receiver::open`]: addresses, secrets, templates. A secret is
//! in no log, no error and no debugging output. What is sent again has the same idempotency key. Texts of the web are escaped for
//! where they go.

mod alertmanager;
mod batch;
mod chat;
mod email;
mod file;
mod http;
mod page;
mod sample;
mod secret;
pub mod settings;
mod template;
#[cfg(test)]
mod tests;
mod told;
mod webhook;

use std::time::Duration;

use faultline_schemas::Alert;

pub use batch::Batching;
pub use sample::sample;

use crate::settings::AlertWebSettings;
use settings::ReceiverSettings;

/// A receiver that cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("alerter.receivers.{receiver}: {why}")]
pub struct ReceiverError {
    /// Its name.
    pub receiver: String,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may be taken later.
    #[error("{why}")]
    Retry {
        /// How long the receiver asks to be left alone.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// It will never be taken as it is.
    #[error("{why}")]
    Refused {
        /// What happened, and what to do.
        why: String,
    },
}

impl SendError {
    fn retry(why: impl Into<String>) -> Self {
        Self::Retry { after: None, why: why.into() }
    }

    fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }
}

/// One who is told of alerts, ready to be.
#[derive(Debug)]
pub struct Receiver {
    batching: Batching,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Alertmanager(alertmanager::Alertmanager),
    Webhook(webhook::Webhook),
    Email(Box<email::Email>),
    Chat(chat::Chat),
    File(file::File),
}

impl Receiver {
    /// Checks the settings, reads the secrets that they name and compiles the templates. Nothing is sent.
    ///
    /// # Errors
    /// [`ReceiverError`] for the first thing that is wrong.
    pub fn open(name: &str, settings: &ReceiverSettings, web: &AlertWebSettings) -> Result<Self, ReceiverError> {
        let way = match settings {
            ReceiverSettings::Alertmanager(settings) => {
                alertmanager::Alertmanager::open(settings, web).map(Way::Alertmanager)
            }
            ReceiverSettings::Webhook(settings) => webhook::Webhook::open(name, settings, web).map(Way::Webhook),
            ReceiverSettings::Email(settings) => {
                email::Email::open(settings, web).map(|email| Way::Email(Box::new(email)))
            }
            ReceiverSettings::Chat(settings) => chat::Chat::open(settings, web).map(Way::Chat),
            ReceiverSettings::File(settings) => file::File::open(settings).map(Way::File),
        };
        match way {
            Ok(way) => Ok(Self { batching: Batching::of(settings), way }),
            Err(why) => Err(ReceiverError { receiver: name.to_owned(), why }),
        }
    }

    /// How alerts are to be gathered for it.
    #[must_use]
    pub fn batching(&self) -> Batching {
        self.batching.clone()
    }

    /// Where its messages go, without what is secret of it.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.way {
            Way::Alertmanager(way) => way.place(),
            Way::Webhook(way) => way.place(),
            Way::Email(way) => way.place(),
            Way::Chat(way) => way.place(),
            Way::File(way) => way.place(),
        }
    }

    /// Tells it of alerts, of which there is at least one. The same batch may be sent again.
    ///
    /// # Errors
    /// [`SendError`] where it was not taken, or nobody knows whether it was.
    pub async fn send(&self, batch: &[Alert]) -> Result<(), SendError> {
        match &self.way {
            Way::Alertmanager(way) => way.send(batch).await,
            Way::Webhook(way) => way.send(batch).await,
            Way::Email(way) => way.send(batch).await,
            Way::Chat(way) => way.send(batch).await,
            Way::File(way) => way.send(batch).await,
        }
    }
}
