//! The loop around the analysis: articles in, enriched articles and events out.
//!
//! Reads the `articles` topic, hands each article to [`faultline_analysis::Analyzer`] on a pool of threads, and publishes
//! the document to `enriched` and each coded event to `events`, in the order of the articles of a partition, so in order
//! for each article id. An article is settled once everything read from it is acknowledged.
//!
//! **Invariants.** Keeps no state: work done twice publishes the same again, under the same ids. What cannot be
//! processed goes to the dead letters, untouched.

mod event;
pub mod knowledge;
mod outlet;
mod processor;

use std::path::PathBuf;

use faultline_platform::{
    Publisher, RoleContext,
    consume::{self, Subscription},
    dead_letter::DeadLetters,
};
use faultline_schemas::{Stage, topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    outlet::PublishOutlet,
    processor::{EnrichProcessor, read_article},
};

/// Settings of the enricher, `[enricher]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EnricherSettings {
    /// Publish each event whose two sides are known to the `events` topic too, for consumers that follow pairs of actors.
    /// On the bundled broker this is off unless set: nothing on one machine reads it yet.
    pub events: bool,
    /// Folder of lists that take the place of the bundled ones of the same names, such as `tension.tsv`: what raises and
    /// calms tension, actors, roles, codes. `faultline knowledge check` tells what is wrong in them, with file and line.
    /// Used by `enrich` and `demo` too.
    pub knowledge_dir: Option<PathBuf>,
}

impl Default for EnricherSettings {
    fn default() -> Self {
        Self { events: true, knowledge_dir: None }
    }
}

/// Runs the enricher until stop is requested.
///
/// # Errors
/// When Kafka refuses the settings, the lists of `knowledge_dir` cannot be used, or a message can neither be published nor set aside.
pub async fn run(ctx: RoleContext, settings: EnricherSettings) -> anyhow::Result<()> {
    let publisher = Publisher::new(&ctx.common.kafka)?;
    let dead_letters = DeadLetters::new(&ctx, publisher.clone(), Stage::Enricher);
    let processor = EnrichProcessor::new(&ctx.common, &settings)?;
    let outlet = PublishOutlet::new(&ctx, publisher);
    let subscription = Subscription { topics: vec![&topic::ARTICLES], group: "enricher" };
    consume::run(ctx, Stage::Enricher, subscription, processor, outlet, dead_letters).await
}
