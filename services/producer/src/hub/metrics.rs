//! What is counted of hubs.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

/// Metrics of all subscriptions.
#[derive(Debug, Clone)]
pub(crate) struct HubMetrics {
    /// Requests to hubs, by `outcome`: `accepted`, `refused`, or why there was no answer.
    pub(crate) requests: IntCounterVec,
    /// Calls of hubs, by `outcome`.
    pub(crate) calls: IntCounterVec,
    /// Feeds whose lease holds.
    pub(crate) leases: IntGauge,
}

impl HubMetrics {
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let name = |name: &str| format!("faultline_producer_hub_{name}");
        let requests = Opts::new(name("requests_total"), "requests to hubs for subscriptions, by outcome");
        let calls = Opts::new(name("calls_total"), "calls of hubs, by outcome");
        let metrics = Self {
            requests: IntCounterVec::new(requests, &["outcome"])?,
            calls: IntCounterVec::new(calls, &["outcome"])?,
            leases: IntGauge::new(name("leases"), "feeds that their hub has promised to send")?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.calls.clone()))?;
        registry.register(Box::new(metrics.leases.clone()))?;
        Ok(metrics)
    }
}
