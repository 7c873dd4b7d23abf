//! The metrics that every role exports, named `faultline_<role>_<what>_<unit>[_total]`.

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
};

/// Seconds that a stage can take: 50 microseconds to 13 seconds.
const STAGE_BUCKETS: [f64; 10] = [0.000_05, 0.000_2, 0.000_8, 0.003, 0.012, 0.05, 0.2, 0.8, 3.2, 13.0];
/// Seconds from taking an article in to the end of a role's work; archives that are caught up with take hours.
const LATENCY_BUCKETS: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3_600.0, 86_400.0];

/// One role's metrics. Labels come from bounded sets: reasons and stages are names in the code, topics and partitions
/// are those assigned.
#[derive(Debug, Clone)]
pub struct RoleMetrics {
    /// Messages taken in.
    pub messages_in: IntCounter,
    /// Messages written or published, and acknowledged.
    pub messages_out: IntCounter,
    /// Messages that could not be processed, whatever became of them.
    pub messages_failed: IntCounter,
    /// Messages sent to the dead letters, by `reason`.
    pub dead_letters: IntCounterVec,
    /// Seconds spent, by `stage`.
    pub stage_seconds: HistogramVec,
    /// Seconds from an article's `fetched_at` to the end of this role's work on it.
    pub end_to_end_latency: Histogram,
    /// Messages not yet settled, by `topic` and `partition`.
    pub consumer_lag: IntGaugeVec,
    /// Messages between fetching and settling.
    pub queue_depth: IntGauge,
    /// Bytes of those messages.
    pub queue_bytes: IntGauge,
}

impl RoleMetrics {
    /// Creates the role's metrics and registers them.
    ///
    /// # Errors
    /// When the role has metrics in the registry already.
    pub fn new(role: &str, registry: &Registry) -> prometheus::Result<Self> {
        let names = Names { prefix: format!("faultline_{}", role.replace('-', "_")), registry };
        Ok(Self {
            messages_in: names.counter("messages_in_total", "messages taken in")?,
            messages_out: names.counter("messages_out_total", "messages written or published, and acknowledged")?,
            messages_failed: names.counter("messages_failed_total", "messages that could not be processed")?,
            dead_letters: names.register(IntCounterVec::new(
                names.options("dead_letters_total", "messages sent to the dead letters"),
                &["reason"],
            )?)?,
            stage_seconds: names.register(HistogramVec::new(
                HistogramOpts::from(names.options("stage_seconds", "seconds spent in each stage"))
                    .buckets(STAGE_BUCKETS.to_vec()),
                &["stage"],
            )?)?,
            end_to_end_latency: names.register(Histogram::with_opts(
                HistogramOpts::from(names.options(
                    "end_to_end_latency_seconds",
                    "seconds from taking an article in to the end of this role's work on it",
                ))
                .buckets(LATENCY_BUCKETS.to_vec()),
            )?)?,
            consumer_lag: names.register(IntGaugeVec::new(
                names.options("consumer_lag", "messages on the topic that are not settled yet"),
                &["topic", "partition"],
            )?)?,
            queue_depth: names.gauge("queue_depth", "messages between fetching and settling")?,
            queue_bytes: names.gauge("queue_bytes", "bytes of messages between fetching and settling")?,
        })
    }
}

struct Names<'a> {
    prefix: String,
    registry: &'a Registry,
}

impl Names<'_> {
    fn options(&self, name: &str, help: &str) -> Opts {
        Opts::new(format!("{}_{name}", self.prefix), help)
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.register(IntCounter::with_opts(self.options(name, help))?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.register(IntGauge::with_opts(self.options(name, help))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule_and_two_roles_share_a_registry() {
        let registry = Registry::new();
        let enricher = RoleMetrics::new("enricher", &registry).unwrap();
        RoleMetrics::new("sink", &registry).unwrap();
        enricher.messages_in.inc_by(3);
        enricher.dead_letters.with_label_values(&["not_json"]).inc();
        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        for line in [
            "faultline_enricher_messages_in_total 3",
            "faultline_enricher_dead_letters_total{reason=\"not_json\"} 1",
            "faultline_sink_messages_in_total 0",
            "faultline_sink_end_to_end_latency_seconds_count 0",
        ] {
            assert!(text.contains(line), "{line} is missing from {text}");
        }
    }

    #[test]
    fn the_same_role_twice_in_a_registry_is_refused() {
        let registry = Registry::new();
        RoleMetrics::new("sink", &registry).unwrap();
        assert!(RoleMetrics::new("sink", &registry).is_err());
    }
}
