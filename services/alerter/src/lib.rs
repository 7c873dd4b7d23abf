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

mod notify;
pub mod receivers;
mod rules;
pub mod settings;
mod watch;

use anyhow::anyhow;
use faultline_platform::RoleContext;
use faultline_schemas::{Alert, Silence};

use crate::settings::AlerterSettings;

/// Last part of the id of the group that shares rules out. Receivers have groups of their own, `alerter.NAME`.
pub const GROUP: &str = "alerter-rules";

/// Runs the alerter until stop is requested.
///
/// # Errors
/// When there are mistakes in the rules or receivers at the start, Kafka refuses the settings, or an alert can never be published.
pub async fn run(ctx: RoleContext, settings: AlerterSettings) -> anyhow::Result<()> {
    let Some(folder) = settings.rules_dir.clone() else {
        tracing::info!("no rules are watched: set alerter.rules_dir");
        ctx.stop.wait().await;
        return Ok(());
    };
    let receivers: Vec<String> = settings.receivers.keys().cloned().collect();
    let rules = rules::Rules::load(&ctx, folder, receivers)?;
    let (of_topics, of_stop) = (ctx.common.clone(), ctx.stop.clone());
    if !tokio::task::spawn_blocking(move || faultline_platform::topics::ensure(&of_topics, &of_stop)).await?? {
        return Ok(());
    }
    let mut tellers = notify::start(&ctx, &settings)?;
    let stop = ctx.stop.clone();
    // Reading, judging and waiting for acknowledgements block.
    tellers.push(
        std::thread::Builder::new().name("watch rules".into()).spawn(move || watch::run(&ctx, &settings, rules))?,
    );
    tokio::task::spawn_blocking(move || finish(tellers, &stop)).await?
}

/// Waits for all threads. The first that fails stops the others, and is the reason returned.
fn finish(
    mut threads: Vec<std::thread::JoinHandle<anyhow::Result<()>>>,
    stop: &faultline_platform::Stop,
) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while !threads.is_empty() {
        let Some(ended) = threads.iter().position(std::thread::JoinHandle::is_finished) else {
            std::thread::sleep(LOOK);
            continue;
        };
        let ended = threads.swap_remove(ended).join();
        if let Err(error) = ended.unwrap_or_else(|_| Err(anyhow!("a thread of the alerter panicked"))) {
            stop.request();
            outcome = outcome.and(Err(error));
        }
    }
    outcome
}

/// How often it is looked whether a thread has ended.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// Whether a silence is about an alert, whatever the time.
#[must_use]
pub fn silences(silence: &Silence, alert: &Alert) -> bool {
    notify::matches(silence, alert)
}
