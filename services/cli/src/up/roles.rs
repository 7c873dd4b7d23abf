//! Roles running in this process: one registry, one health, one admin port for all of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use faultline_platform::health::Health;
use faultline_platform::settings::Common;
use faultline_platform::{RoleContext, Stop, admin};
use prometheus::Registry;
use tokio::task::JoinSet;
use tracing::{debug, error};

use crate::settings::Settings;

/// A part of Faultline that can run by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes articles in.
    Producer,
    /// Reads the tags out of them.
    Enricher,
    /// Stores them.
    Sink,
    /// Watches rules over them.
    Alerter,
}

impl Role {
    /// Those that `up` runs. Consumers first: they join their groups while the producer opens its sources.
    pub(crate) const ALL: [Self; 4] = [Self::Sink, Self::Alerter, Self::Enricher, Self::Producer];

    fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Enricher => "enricher",
            Self::Sink => "sink",
            Self::Alerter => "alerter",
        }
    }

    async fn run(self, context: RoleContext, settings: Settings) -> anyhow::Result<()> {
        match self {
            Self::Producer => faultline_producer::run(context, settings.producer).await,
            Self::Enricher => faultline_enricher::run(context, settings.enricher).await,
            Self::Sink => faultline_sink::run(context, settings.sink).await,
            Self::Alerter => faultline_alerter::run(context, settings.alerter).await,
        }
    }
}

/// The roles of this process.
pub(crate) struct Roles {
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: Stop,
    registry: Registry,
    health: Health,
}

impl Roles {
    pub(crate) fn new(stop: Stop) -> Self {
        Self { tasks: JoinSet::new(), stop, registry: Registry::new(), health: Health::new() }
    }

    pub(crate) fn health(&self) -> Health {
        self.health.clone()
    }

    /// Answers on the admin port, where one is set.
    pub(crate) fn serve_admin(&mut self, settings: &Settings) {
        let Some(listen) = settings.common.admin.listen.clone().filter(|listen| !listen.is_empty()) else { return };
        let (registry, health, stop) = (self.registry.clone(), self.health.clone(), self.stop.clone());
        self.spawn("admin port", async move { admin::serve(&listen, registry, health, stop).await });
    }

    pub(crate) fn start(&mut self, role: Role, settings: &Settings) -> anyhow::Result<()> {
        let common: Arc<Common> = Arc::new(settings.common.clone());
        let context = RoleContext::new(role.name(), common, &self.registry, &self.health, self.stop.clone())
            .with_context(|| format!("failed to start the {}", role.name()))?;
        self.spawn(role.name(), role.run(context, settings.clone()));
        Ok(())
    }

    fn spawn(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.tasks.spawn(async move {
            let outcome = tokio::spawn(work).await.unwrap_or_else(|panic| Err(anyhow!("panicked: {panic}")));
            (name, outcome)
        });
    }

    /// Waits until all have ended. The first that fails stops the others, and is the reason returned. Once asked to
    /// stop, those that take longer than `deadline` are left behind.
    pub(crate) async fn finish(&mut self, deadline: Duration) -> anyhow::Result<()> {
        let mut failure = None;
        let stop = self.stop.clone();
        let overdue = async {
            stop.wait().await;
            tokio::time::sleep(deadline).await;
        };
        tokio::pin!(overdue);
        loop {
            let ended = tokio::select! {
                ended = self.tasks.join_next() => ended,
                () = &mut overdue => {
                    failure.get_or_insert_with(|| {
                        anyhow!("{} of the roles did not stop within {} s; what they had in flight is done again at the \
                                 next start", self.tasks.len(), deadline.as_secs())
                    });
                    break;
                }
            };
            match ended {
                None => break,
                Some(Ok((name, Ok(())))) => debug!(role = name, "ended"),
                Some(Ok((name, Err(error)))) if failure.is_none() => {
                    failure = Some(error.context(format!("the {name} failed")));
                    self.stop.request();
                }
                Some(Ok((name, Err(error)))) => error!(role = name, error = format!("{error:#}"), "failed as well"),
                Some(Err(cancelled)) => debug!(%cancelled, "ended"),
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn the_first_failure_stops_the_others_and_is_the_reason() {
        let stop = Stop::new();
        let mut roles = Roles::new(stop.clone());
        let waiting = stop.clone();
        roles.spawn("patient", async move {
            waiting.wait().await;
            Err(anyhow!("second"))
        });
        roles.spawn("broken", async { Err(anyhow!("first")) });
        let failure = format!("{:#}", roles.finish(Duration::from_secs(10)).await.unwrap_err());
        assert_eq!(failure, "the broken failed: first");
        assert!(stop.requested());
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let mut roles = Roles::new(Stop::new());
        roles.spawn("broken", async { panic!("boom") });
        let failure = format!("{:#}", roles.finish(Duration::from_secs(10)).await.unwrap_err());
        assert!(failure.contains("boom"), "{failure}");
    }

    #[tokio::test]
    async fn one_that_does_not_stop_is_left_behind() {
        let stop = Stop::new();
        let mut roles = Roles::new(stop.clone());
        roles.spawn("deaf", std::future::pending());
        stop.request();
        let failure = roles.finish(Duration::from_millis(10)).await.unwrap_err().to_string();
        assert!(failure.contains("did not stop"), "{failure}");
    }
}
