//! Listing, inspecting and replaying dead letters.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use faultline_schemas::{DeadLetter, topic};
use parking_lot::Mutex;

use super::provenance;
use crate::{Message, PublishError, Publisher, Record, settings::Common, tail};

/// A dead letter as it lies on its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLetter {
    /// `partition:offset` on the dead-letter topic.
    pub id: String,
    /// Why it is there.
    pub letter: DeadLetter,
    /// The message itself, bytes untouched.
    pub message: Message,
}

/// What became of a letter that was to be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// Back on its topic.
    Published {
        /// Topic name.
        topic: String,
    },
    /// It never was on a topic: the input named by its origin has to be mended and ingested again.
    NeverOnTopic,
    /// Only part of the original fitted into the dead letter.
    Cut,
}

/// Reads the dead-letter topic.
pub struct Browser {
    common: Arc<Common>,
}

impl Browser {
    /// A browser of the dead letters that `common` leads to.
    #[must_use]
    pub fn new(common: Arc<Common>) -> Self {
        Self { common }
    }

    /// Every letter on the topic, oldest first.
    ///
    /// # Errors
    /// When the broker does not answer within `deadline`.
    pub fn list(&self, deadline: Duration) -> anyhow::Result<Vec<StoredLetter>> {
        let name = self.common.topics.name(&topic::DEAD_LETTERS);
        let mut letters = Vec::new();
        tail::read_all(&self.common, &name, deadline, |message| {
            if let Some(letter) = provenance::from_message(&message) {
                let id = format!("{}:{}", message.partition, message.offset);
                letters.push(StoredLetter { id, letter, message });
            }
        })?;
        letters.sort_by(|a, b| a.letter.at.cmp(&b.letter.at).then_with(|| a.message.offset.cmp(&b.message.offset)));
        Ok(letters)
    }

    /// Puts letters back on the topics they came from, and returns once the broker has them.
    ///
    /// # Errors
    /// When one of them could not be published.
    pub fn replay(&self, letters: &[StoredLetter], deadline: Duration) -> anyhow::Result<Vec<Replayed>> {
        let publisher = Publisher::new(&self.common.kafka)?;
        let failed: Arc<Mutex<Option<PublishError>>> = Arc::default();
        let mut outcomes = Vec::with_capacity(letters.len());
        for stored in letters {
            outcomes.push(replay_one(&publisher, stored, &failed)?);
        }
        anyhow::ensure!(publisher.flush(deadline), "kafka did not acknowledge the replayed letters in time, try again");
        match failed.lock().take() {
            Some(error) => Err(error).context("failed to replay"),
            None => Ok(outcomes),
        }
    }
}

fn replay_one(
    publisher: &Publisher,
    stored: &StoredLetter,
    failed: &Arc<Mutex<Option<PublishError>>>,
) -> Result<Replayed, PublishError> {
    if stored.letter.topic.is_empty() {
        return Ok(Replayed::NeverOnTopic);
    }
    let payload = stored.message.payload.clone();
    if payload.as_ref().map_or(0, Vec::len) as u64 != stored.letter.original_bytes {
        return Ok(Replayed::Cut);
    }
    let record = Record {
        topic: stored.letter.topic.clone(),
        key: stored.message.key.clone().unwrap_or_default(),
        payload,
        headers: provenance::restored_headers(&stored.message, stored.letter.attempt),
    };
    let failed = Arc::clone(failed);
    let on_ack = move |result: Result<(), PublishError>| {
        if let Err(error) = result {
            *failed.lock() = Some(error);
        }
    };
    publisher.send(record, Box::new(on_ack))?;
    Ok(Replayed::Published { topic: stored.letter.topic.clone() })
}
