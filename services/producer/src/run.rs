//! The producer as a role: all configured sources, side by side, until asked to stop.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::Context as _;
use faultline_platform::{Publisher, RoleContext, compacted, tokens::Tokens, topics};
use faultline_schemas::topic;
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::{JoinError, JoinSet, spawn_blocking},
    time::timeout,
};

use crate::{feed::Feeds, outlet::Outlet, push, settings::ProducerSettings, source};

/// How long one attempt to read the sources topic may take, and the pause before the next.
const STATE_DEADLINE: Duration = Duration::from_secs(30);
const STATE_RETRY: Duration = Duration::from_secs(2);

type States = HashMap<Vec<u8>, Vec<u8>>;

/// A source that ended: its id, and whether it panicked.
type Ended = (String, bool);

/// Runs all sources until the context says stop; those that have nothing more to give end before. Waits for Kafka
/// where it is away.
///
/// # Errors
/// When the settings are wrong, topics cannot be had, or a source panicked. What is wrong with a single source, such as
/// a missing file, is logged and shown in the health.
pub async fn run(ctx: RoleContext, settings: ProducerSettings) -> anyhow::Result<()> {
    settings.check()?;
    let latch = ctx.health.latch("source states");
    let settings = Arc::new(settings);
    let publisher = Publisher::new(&ctx.common.kafka)?;
    // At once, so that an address in use is told at the start; answered once the topics are there.
    let listener = listen(&ctx, &settings).await?;
    let preparing = (ctx.clone(), Arc::clone(&settings));
    let states = spawn_blocking(move || prepare(&preparing.0, &preparing.1)).await.context("failed to prepare")??;
    let Some(states) = states else { return Ok(()) };
    let (states, outlet) = (Arc::new(states), Outlet::new(&ctx, &publisher));
    let mut served = JoinSet::new();
    let feeds = Feeds::new(&ctx, &settings, outlet.clone(), Arc::clone(&states))?;
    let hubs = feeds.hubs();
    served.spawn(async move {
        feeds.run().await;
        Ok(())
    });
    let ended = start(&ctx, &settings, states, &outlet)?;
    if let Some(listener) = listener {
        served.spawn(push::serve(ctx.clone(), settings, outlet, hubs, listener));
    }
    drop(latch);
    let result = wait(&ctx, ended, served).await;
    let deadline = Duration::from_millis(ctx.common.consume.shutdown_deadline_ms) / 4;
    let flushed = spawn_blocking(move || publisher.flush(deadline)).await.unwrap_or(false);
    if !flushed {
        tracing::warn!("kafka did not acknowledge everything in time, it is read again after the restart");
    }
    result
}

/// Makes sure of the topics and reads where the sources stopped; none where stopping was asked for first.
fn prepare(ctx: &RoleContext, settings: &ProducerSettings) -> anyhow::Result<Option<States>> {
    if !topics::ensure(&ctx.common, &ctx.stop)? {
        return Ok(None);
    }
    if settings.sources.is_empty() {
        tracing::info!("no sources are configured: articles come in by faultline ingest, and faultline sources add");
    }
    let name = ctx.common.topics.name(&topic::SOURCES);
    loop {
        match compacted::read_all(&ctx.common, &name, STATE_DEADLINE) {
            Ok(states) => return Ok(Some(states)),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "failed to read where sources stopped, again soon")
            }
        }
        if ctx.stop.wait_timeout(STATE_RETRY) {
            return Ok(None);
        }
    }
}

async fn listen(ctx: &RoleContext, settings: &ProducerSettings) -> anyhow::Result<Option<TcpListener>> {
    match settings.push.address() {
        Some(address) => push::bind(address, &Tokens::of(&ctx.common.data_dir)).await.map(Some),
        None => Ok(None),
    }
}

fn start(
    ctx: &RoleContext,
    settings: &Arc<ProducerSettings>,
    states: Arc<States>,
    outlet: &Outlet,
) -> anyhow::Result<mpsc::UnboundedReceiver<Ended>> {
    let (report, ended) = mpsc::unbounded_channel();
    for index in (0..settings.sources.len()).filter(|index| !settings.sources[*index].kind.is_fetched()) {
        let (ctx, settings, states) = (ctx.clone(), Arc::clone(settings), Arc::clone(&states));
        let (outlet, report) = (outlet.clone(), report.clone());
        let name = format!("source {}", settings.sources[index].id);
        let work = move || {
            let source = &settings.sources[index];
            let outcome = catch_unwind(AssertUnwindSafe(|| source::run(&ctx, &settings, source, &states, outlet)));
            // Nobody listens once the role has given up waiting.
            drop(report.send((source.id.clone(), outcome.is_err())));
        };
        // Not the runtime's: one that is stuck in reading standard input must not keep the process.
        thread::Builder::new().name(name).spawn(work).context("failed to start the thread of a source")?;
    }
    Ok(ended)
}

/// Waits until stopping is asked for, and then for all that runs to end. What ends badly before that ends the role.
async fn wait(
    ctx: &RoleContext,
    mut ended: mpsc::UnboundedReceiver<Ended>,
    mut served: JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let panicked = |source: &str| anyhow::anyhow!("source {source:?} panicked, this is a bug: please report it");
    let of_served = |outcome: Result<anyhow::Result<()>, JoinError>| {
        outcome.unwrap_or_else(|panic| Err(anyhow::anyhow!("{panic}, this is a bug: please report it")))
    };
    loop {
        tokio::select! {
            () = ctx.stop.wait() => break,
            Some((source, has_panicked)) = ended.recv() => anyhow::ensure!(!has_panicked, panicked(&source)),
            Some(outcome) = served.join_next() => of_served(outcome)?,
        }
    }
    let all_ended = async {
        while let Some(outcome) = served.join_next().await {
            of_served(outcome)?;
        }
        while let Some((source, has_panicked)) = ended.recv().await {
            anyhow::ensure!(!has_panicked, panicked(&source));
        }
        Ok(())
    };
    let deadline = Duration::from_millis(ctx.common.consume.shutdown_deadline_ms) * 3 / 4;
    timeout(deadline, all_ended).await.unwrap_or_else(|_| {
        tracing::warn!(
            "not everything stopped in time: what a source had in hand is read again after the restart, and a request \
             without an answer has to be sent again"
        );
        Ok(())
    })
}
