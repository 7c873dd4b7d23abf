//! Watches the stream of tagged articles by an analyst's rules, and tells people.
//!
//! **In**: the `enriched` topic and a folder of rules. **Out**: the `alerts` topic, and from there e-mail, chat, webhooks, Alertmanager
//! and files.
//!
//! # How it works
//!
//! Rules are shared out by the partitions of the `alerts` topic: a rule belongs to one of them by its id, and each partition to one
//! member of the group. Every member reads all of `enriched`, in the order of publication, and hands each article to the
//! [`faultline_rules::Engine`] of each partition in its share ([`watch`]).
//!
//! **Restart.** Windows are in memory. With what has been told a member notes how far it came, in the metadata of the group's offsets. At
//! its start it reads again what stories, windows and baselines look back to, without telling anything, takes what is open from the
//! `alerts` topic, and goes on from the note. What was told after the note is told again under the same key: nothing is missed, and
//! a receiver that honours the key sees each once.
//!
//! **Time** is the time of the articles; the clock of the machine lets time pass only while there is nothing to read.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod receivers;
mod rules;
pub mod settings;
mod watch;

use faultline_platform::RoleContext;

use crate::settings::AlerterSettings;

/// Last part of the id of the group that shares rules out.
pub const GROUP: &str = "alerter";

/// Runs the alerter until stop is requested.
///
/// # Errors
/// When there are mistakes in the rules at the start, Kafka refuses the settings, or an alert can never be published.
pub async fn run(ctx: RoleContext, settings: AlerterSettings) -> anyhow::Result<()> {
    let Some(folder) = settings.rules_dir.clone() else {
        tracing::info!("no rules are watched: set alerter.rules_dir");
        ctx.stop.wait().await;
        return Ok(());
    };
    let rules = rules::Rules::load(&ctx, folder)?;
    // Reading, judging and waiting for acknowledgements block.
    tokio::task::spawn_blocking(move || watch::run(&ctx, &settings, rules)).await?
}
