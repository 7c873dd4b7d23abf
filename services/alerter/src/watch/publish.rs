//! Alerts onto their topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use faultline_platform::{Publisher, Record, RoleContext, Stop};
use faultline_schemas::{Alert, header, topic};
use tracing::{error, info};

/// How often it is looked whether all are acknowledged.
const LOOK: Duration = Duration::from_millis(2);

/// Alerts onto their topic, each acknowledged.
pub(super) struct Alerts {
    publisher: Publisher,
    topic: String,
    sent: u64,
    state: Arc<State>,
    metrics: Arc<faultline_platform::metrics::RoleMetrics>,
}

#[derive(Default)]
struct State {
    acknowledged: AtomicU64,
    has_failed: AtomicBool,
}

impl Alerts {
    pub(super) fn new(ctx: &RoleContext, topic: String) -> anyhow::Result<Self> {
        let publisher = Publisher::new(&ctx.common.kafka)?;
        Ok(Self { publisher, topic, sent: 0, state: Arc::default(), metrics: Arc::clone(&ctx.metrics) })
    }

    pub(super) fn publish(&mut self, alerts: &[Alert]) -> anyhow::Result<()> {
        for alert in alerts {
            info!(rule = alert.rule, state = ?alert.state, fingerprint = alert.fingerprint, title = alert.title, "alert");
            let record = Record {
                topic: self.topic.clone(),
                key: alert.fingerprint.clone().into_bytes(),
                payload: Some(serde_json::to_vec(alert).context("failed to write an alert")?),
                headers: vec![
                    (header::SCHEMA.to_owned(), topic::ALERTS.schema.to_owned()),
                    (header::CONTENT_TYPE.to_owned(), header::JSON.to_owned()),
                ],
            };
            let (state, metrics) = (Arc::clone(&self.state), Arc::clone(&self.metrics));
            self.publisher.send(
                record,
                Box::new(move |result| match result {
                    Ok(()) => {
                        metrics.messages_out.inc();
                        state.acknowledged.fetch_add(1, Ordering::Release);
                    }
                    Err(error) => {
                        error!(%error, "failed to publish an alert");
                        state.has_failed.store(true, Ordering::Release);
                    }
                }),
            )?;
            self.sent += 1;
        }
        Ok(())
    }

    /// Returns once all are on the topic.
    ///
    /// # Errors
    /// When one can never be, or stop was requested before all were.
    pub(super) fn wait(&self, stop: &Stop) -> anyhow::Result<()> {
        while self.state.acknowledged.load(Ordering::Acquire) < self.sent {
            anyhow::ensure!(!self.state.has_failed.load(Ordering::Acquire), "failed to publish an alert, see the log");
            if stop.requested() {
                let all = self.publisher.flush(Duration::from_secs(5));
                anyhow::ensure!(all, "alerts were not acknowledged before the stop: they are found and told again");
                continue;
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}
