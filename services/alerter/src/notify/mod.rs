//! Telling receivers what comes on the `alerts` topic.
//!
//! The topic is the queue: each receiver has a consumer group of its own, so that one that is away holds up nobody else, and what it
//! has been told is what its group has committed. An alert that was told and not yet committed is told again under the same key.

mod held;
mod tables;
mod teller;

use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use faultline_platform::RoleContext;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts};

pub(crate) use self::held::matches;
use self::tables::Tables;
use self::teller::Teller;
use crate::receivers::Receiver;
use crate::settings::AlerterSettings;

/// Starts a thread for each receiver; they end when stop is requested.
pub(crate) fn start(
    ctx: &RoleContext,
    settings: &AlerterSettings,
) -> anyhow::Result<Vec<JoinHandle<anyhow::Result<()>>>> {
    let receivers: Vec<(String, Receiver)> = settings
        .receivers
        .iter()
        .map(|(name, of)| Ok((name.clone(), Receiver::open(name, of, &settings.web)?)))
        .collect::<anyhow::Result<_>>()?;
    if receivers.is_empty() {
        tracing::info!("nobody is told of alerts but the alerts topic: set alerter.receivers");
        return Ok(Vec::new());
    }
    let metrics = Arc::new(Metrics::new(ctx)?);
    let (tables, mut threads) = Tables::follow(ctx)?;
    let runtime = tokio::runtime::Handle::current();
    for (name, receiver) in receivers {
        tracing::info!(receiver = name, place = receiver.place(), "told of alerts");
        let teller = Teller::new(ctx, settings, &name, receiver, tables.clone(), metrics.clone(), runtime.clone());
        let thread = std::thread::Builder::new()
            .name(format!("tell {name}"))
            .spawn(move || teller.run().with_context(|| format!("the receiver {name} can be told of nothing")));
        threads.push(thread?);
    }
    Ok(threads)
}

/// What became of alerts, by receiver.
pub(crate) struct Metrics {
    /// By `outcome`: `told`, `retried`, `refused`, `held`.
    outcomes: IntCounterVec,
    /// From the topic to the receiver.
    seconds: HistogramVec,
}

impl Metrics {
    fn new(ctx: &RoleContext) -> anyhow::Result<Self> {
        let outcomes = IntCounterVec::new(
            Opts::new(
                "faultline_alerter_notifications_total",
                "alerts by receiver and outcome: told, held (silenced or inhibited), retried, refused (in the dead letters)",
            ),
            &["receiver", "outcome"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "faultline_alerter_notification_seconds",
                "seconds from an alert's publication to its receiver's answer",
            )
            .buckets(vec![0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0]),
            &["receiver"],
        )?;
        ctx.registry.register(Box::new(outcomes.clone()))?;
        ctx.registry.register(Box::new(seconds.clone()))?;
        Ok(Self { outcomes, seconds })
    }

    fn count(&self, receiver: &str, outcome: &str, many: usize) {
        self.outcomes.with_label_values(&[receiver, outcome]).inc_by(many as u64);
    }
}
