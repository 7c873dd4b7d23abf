//! What a role is given to run.

use std::sync::Arc;

use anyhow::Context as _;
use prometheus::Registry;

use crate::{Stop, health::Health, metrics::RoleMetrics, settings::Common};

/// What a role is given to run. Clones share everything.
#[derive(Debug, Clone)]
pub struct RoleContext {
    /// Name of the role: `enricher`.
    pub role: &'static str,
    /// Settings that all roles share.
    pub common: Arc<Common>,
    /// This role's metrics.
    pub metrics: Arc<RoleMetrics>,
    /// Where a role registers metrics that it alone has.
    pub registry: Registry,
    /// The process's health; names given to it carry the role.
    pub health: Health,
    /// Says when to stop.
    pub stop: Stop,
}

impl RoleContext {
    /// Registers the role's metrics and puts the context together.
    ///
    /// # Errors
    /// When the registry has this role already.
    pub fn new(
        role: &'static str,
        common: Arc<Common>,
        registry: &Registry,
        health: &Health,
        stop: Stop,
    ) -> anyhow::Result<Self> {
        let metrics = RoleMetrics::new(role, registry)
            .with_context(|| format!("failed to register the metrics of {role}: does it run twice in this process"))?;
        let (metrics, registry, health) = (Arc::new(metrics), registry.clone(), health.scoped(role));
        Ok(Self { role, common, metrics, registry, health, stop })
    }
}
