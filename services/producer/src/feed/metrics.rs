//! What is counted of feeds.

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGaugeVec, Opts, Registry};

/// Seconds between when a check was due and when it began.
const LATENESS: [f64; 8] = [0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 900.0, 3_600.0];

/// Metrics of all sources that are fetched.
#[derive(Debug, Clone)]
pub(crate) struct FeedMetrics {
    /// Checks, by `outcome`: `news`, `nothing_new`, `unchanged`, `retired`, or why it failed.
    pub(crate) checks: IntCounterVec,
    /// Pages asked for, by `outcome`: `read`, or what the article is marked with.
    pub(crate) pages: IntCounterVec,
    /// Seconds between when a check was due and when it began.
    pub(crate) lateness: Histogram,
    /// Sources, by `state`: `healthy`, `failing`, `flat`, `retired`, `paused`.
    pub(crate) sources: IntGaugeVec,
}

impl FeedMetrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let name = |name: &str| format!("faultline_producer_{name}");
        let checks = Opts::new(name("feed_checks_total"), "checks of feeds and sitemaps, by outcome");
        let pages = Opts::new(name("pages_total"), "pages of articles asked for, by outcome");
        let lateness =
            HistogramOpts::new(name("feed_lateness_seconds"), "seconds from when a check was due to its start");
        let sources = Opts::new(name("feeds"), "feeds and sitemaps, by state");
        let metrics = Self {
            checks: IntCounterVec::new(checks, &["outcome"])?,
            pages: IntCounterVec::new(pages, &["outcome"])?,
            lateness: Histogram::with_opts(lateness.buckets(LATENESS.to_vec()))?,
            sources: IntGaugeVec::new(sources, &["state"])?,
        };
        registry.register(Box::new(metrics.checks.clone()))?;
        registry.register(Box::new(metrics.pages.clone()))?;
        registry.register(Box::new(metrics.lateness.clone()))?;
        registry.register(Box::new(metrics.sources.clone()))?;
        Ok(metrics)
    }
}
