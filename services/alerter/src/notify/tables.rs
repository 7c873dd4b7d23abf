//! What is open, and what is silenced, as the topics have it now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use faultline_platform::{Message, RoleContext, tail};
use faultline_schemas::{Alert, Silence, topic};
use parking_lot::RwLock;

/// The tables that the topics are. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    alerts: Arc<RwLock<BTreeMap<String, Alert>>>,
    silences: Arc<RwLock<BTreeMap<String, Silence>>>,
}

impl Tables {
    /// Follows the topics, each on a thread of its own, until stop is requested.
    pub(super) fn follow(ctx: &RoleContext) -> anyhow::Result<(Self, Vec<JoinHandle<anyhow::Result<()>>>)> {
        let tables = Self::default();
        let (alerts, silences) = (tables.alerts.clone(), tables.silences.clone());
        let threads = vec![
            follow(ctx, &topic::ALERTS, move |key, message| enter(&mut alerts.write(), key, message))?,
            follow(ctx, &topic::SILENCES, move |key, message| enter(&mut silences.write(), key, message))?,
        ];
        Ok((tables, threads))
    }

    /// Calls `each` with every alert, the last that was told of it.
    pub(super) fn each_alert(&self, mut each: impl FnMut(&Alert)) {
        self.alerts.read().values().for_each(&mut each);
    }

    /// The last that was told of an alert.
    pub(super) fn alert(&self, fingerprint: &str) -> Option<Alert> {
        self.alerts.read().get(fingerprint).cloned()
    }

    /// Every silence, those that are over included.
    pub(super) fn silences(&self) -> Vec<Silence> {
        self.silences.read().values().cloned().collect()
    }

    #[cfg(test)]
    pub(super) fn of(alerts: &[Alert], silences: &[Silence]) -> Self {
        let tables = Self::default();
        tables.alerts.write().extend(alerts.iter().map(|alert| (alert.fingerprint.clone(), alert.clone())));
        tables.silences.write().extend(silences.iter().map(|silence| (silence.id.clone(), silence.clone())));
        tables
    }
}

fn enter<T: serde::de::DeserializeOwned>(table: &mut BTreeMap<String, T>, key: String, message: &Message) {
    match message.payload.as_deref().map(serde_json::from_slice) {
        Some(Ok(value)) => drop(table.insert(key, value)),
        Some(Err(error)) => tracing::debug!(%error, key, "not one of ours"),
        None => drop(table.remove(&key)),
    }
}

fn follow(
    ctx: &RoleContext,
    topic: &topic::Topic,
    mut each: impl FnMut(String, &Message) + Send + 'static,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let (common, name, stop) = (ctx.common.clone(), ctx.common.topics.name(topic), ctx.stop.clone());
    let thread = std::thread::Builder::new().name(topic.suffix.into()).spawn(move || {
        tail::follow(&common, &name, &stop, |message| {
            if let Some(key) = message.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()) {
                each(key.to_owned(), &message);
            }
        })
    });
    thread.context("failed to start a thread")
}
