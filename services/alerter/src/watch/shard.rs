//! The rules of one partition, and how far their work has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use faultline_platform::Message;
use faultline_rules::{Counts, Engine, Limits, RuleSet};
use faultline_schemas::{Alert, Enriched};
use serde::{Deserialize, Serialize};

/// How far the work has come: everything that follows from messages below `next` has been told, as of `clock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Event time, in milliseconds since 1970; none before the first article.
    pub(super) clock: Option<i64>,
    /// Next offset by partition of `enriched`.
    pub(super) next: BTreeMap<i32, i64>,
}

impl Note {
    /// None where it is not one of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// The rules of one partition.
pub(super) struct Shard {
    engine: Engine,
    /// Next offset by partition of `enriched`, of what was read this time.
    next: BTreeMap<i32, i64>,
    /// From where on what is found is told.
    note: Note,
    /// The last that was told of each alert, until the note is reached.
    told: Vec<Alert>,
    is_live: bool,
}

impl Shard {
    pub(super) fn new(rules: RuleSet, limits: Limits, note: Note, told: Vec<Alert>) -> Self {
        Self { engine: Engine::new(rules, limits), next: BTreeMap::new(), note, told, is_live: false }
    }

    /// How far back its rules look, in milliseconds.
    pub(super) fn memory(&self) -> i64 {
        self.engine.memory()
    }

    /// The time that was noted.
    pub(super) fn clock(&self) -> Option<i64> {
        self.note.clock
    }

    pub(super) fn counts(&self) -> Counts {
        self.engine.counts()
    }

    /// Whether it has read again all that it had read before.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    pub(super) fn next(&self) -> &BTreeMap<i32, i64> {
        &self.next
    }

    pub(super) fn replace(&mut self, rules: RuleSet) {
        self.engine.replace(rules);
    }

    /// Takes a message in; one that was taken before, because another shard reads it again, is passed over.
    pub(super) fn take(&mut self, message: &Message, document: Option<&Arc<Enriched>>, told: &mut Vec<Alert>) {
        let next = self.next.entry(message.partition).or_insert(0);
        if message.offset < *next {
            return;
        }
        *next = message.offset + 1;
        let is_known = self.note.next.get(&message.partition).is_some_and(|noted| message.offset < *noted);
        if !is_known {
            self.go_live(told);
        }
        let Some(document) = document else { return };
        if is_known {
            self.engine.push(document.clone(), message.timestamp_ms, &mut Vec::new());
        } else {
            self.engine.push(document.clone(), message.timestamp_ms, told);
        }
    }

    /// There is nothing to read: time passes up to `now`.
    pub(super) fn rest(&mut self, now: i64, told: &mut Vec<Alert>) {
        self.go_live(told);
        self.engine.advance(now, told);
    }

    fn go_live(&mut self, told: &mut Vec<Alert>) {
        if std::mem::replace(&mut self.is_live, true) {
            return;
        }
        if let Some(at) = self.note.clock.max(self.engine.clock()) {
            self.engine.restore(at, &std::mem::take(&mut self.told), told);
        }
    }

    /// How far it is now.
    pub(super) fn note(&self) -> String {
        let mut next = self.note.next.clone();
        for (partition, offset) in &self.next {
            let known = next.entry(*partition).or_insert(*offset);
            *known = (*known).max(*offset);
        }
        let note = Note { clock: self.engine.clock().max(self.note.clock), next };
        serde_json::to_string(&note).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_and_what_is_none_is_not() {
        let note = Note { clock: Some(5), next: BTreeMap::from([(0, 7), (3, 9)]) };
        assert_eq!(Note::parse(&serde_json::to_string(&note).unwrap()), Some(note));
        assert_eq!(Note::parse(""), None);
    }
}
