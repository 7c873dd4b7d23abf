//! All sources that are fetched: those of the configuration and those that operators added, as they come and go.

use std::{
    collections::{BTreeMap, HashMap},
    future::pending,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use faultline_platform::{RoleContext, Stop, tail};
use faultline_schemas::{SourceDefinition, topic};
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{interval, sleep},
};

use super::{
    check::{Feed, Shared},
    metrics::FeedMetrics,
    standing,
};
use crate::{
    hub::{Hubs, Said},
    outlet::Outlet,
    settings::{ProducerSettings, SourceKind, SourceSettings},
    state::{self, Fetched},
    web::{Place, Web, WebError},
};

/// Checks at a time: while Kafka is away, no more than these wait with what they have.
const CHECKS: usize = 256;
/// Between two counts of how the sources stand.
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// Before following the topic is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// What the sources topic held at the start.
type Table = Arc<HashMap<Vec<u8>, Vec<u8>>>;

/// How a source stands, and until when its hub sends it, for the counts.
type Counted = (&'static str, Option<Timestamp>);

type Standings = Arc<parking_lot::Mutex<HashMap<String, Counted>>>;

/// A source that is not checked any more.
struct Ended {
    id: String,
    remembered: Fetched,
    has_retired: bool,
}

/// Runs the sources that are fetched.
pub(crate) struct Feeds {
    shared: Shared,
    configured: BTreeMap<String, SourceSettings>,
    defined: BTreeMap<String, SourceDefinition>,
    running: HashMap<String, (SourceSettings, Stop)>,
    tasks: JoinSet<Ended>,
    standings: Standings,
    /// What is remembered of each source: from the topic at the start, then from each as it ends.
    table: Table,
    ended: HashMap<String, Fetched>,
}

impl Feeds {
    /// # Errors
    /// When the settings for fetching cannot be used.
    pub(crate) fn new(
        ctx: &RoleContext,
        settings: &Arc<ProducerSettings>,
        outlet: Outlet,
        table: Table,
    ) -> anyhow::Result<Self> {
        let web = Web::new(&settings.web)?;
        let hubs = Hubs::new(settings, Arc::clone(&web), &ctx.registry)?;
        let shared = Shared {
            ctx: ctx.clone(),
            settings: Arc::clone(settings),
            outlet,
            web,
            metrics: FeedMetrics::new(&ctx.registry).context("failed to register the metrics of feeds")?,
            checks: Arc::new(Semaphore::new(CHECKS)),
            hubs,
        };
        let configured = settings.sources.iter().filter(|source| source.kind.is_fetched());
        Ok(Self {
            shared,
            configured: configured.map(|source| (source.id.clone(), source.clone())).collect(),
            defined: state::definitions(&table),
            running: HashMap::new(),
            tasks: JoinSet::new(),
            standings: Standings::default(),
            table,
            ended: HashMap::new(),
        })
    }

    /// The subscriptions of feeds; none where hubs have no address to call.
    pub(crate) fn hubs(&self) -> Option<Arc<Hubs>> {
        self.shared.hubs.clone()
    }

    /// Runs until stopping is asked for, and then until what is on its way is acknowledged.
    pub(crate) async fn run(mut self) {
        let stop = self.shared.ctx.stop.clone();
        let mut changes = self.follow();
        let mut count = interval(COUNT_EVERY);
        let ids: Vec<String> = self.configured.keys().chain(self.defined.keys()).cloned().collect();
        for id in ids {
            self.start_or_stop(&id);
        }
        if let Some(hubs) = &self.shared.hubs {
            hubs.complete();
        }
        loop {
            tokio::select! {
                () = stop.wait() => break,
                Some((id, definition)) = changes.recv() => self.change(id, definition),
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok(ended) => self.end(ended),
                    Err(panic) => {
                        let what = "a feed panicked and is not checked any more until the restart, please report this";
                        self.shared.ctx.health.set_degraded("feeds", Some(format!("{what}: {panic}")));
                        tracing::error!(%panic, "{what}");
                    }
                },
                _ = count.tick() => self.count(),
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    fn change(&mut self, id: String, definition: Option<SourceDefinition>) {
        if self.defined.get(&id) == definition.as_ref() {
            return;
        }
        tracing::info!(source = id, ?definition, "an operator changed a source");
        match definition {
            Some(definition) => self.defined.insert(id.clone(), definition),
            None => self.defined.remove(&id),
        };
        self.start_or_stop(&id);
    }

    /// Brings what runs in line with what is configured and defined.
    fn start_or_stop(&mut self, id: &str) {
        let wanted = wanted(id, self.configured.get(id), self.defined.get(id));
        let is_paused = self.defined.get(id).is_some_and(|defined| defined.paused);
        if let Some((running, stop)) = self.running.get(id) {
            if wanted.as_ref() != Some(running) {
                // What is to run in its place starts once it has ended.
                stop.request();
            }
            return;
        }
        self.standings.lock().remove(id);
        if is_paused {
            self.standings.lock().insert(id.to_owned(), ("paused", None));
        }
        let Some(source) = wanted else { return };
        let Some(url) = source.address() else {
            tracing::warn!(source = id, url = source.url, "source has no address that can be fetched, it is left out");
            return;
        };
        let stop = Stop::new();
        self.running.insert(id.to_owned(), (source.clone(), stop.clone()));
        let mut remembered = self.ended.remove(id).unwrap_or_else(|| state::of_fetched(&self.table, id));
        if self.defined.get(id).is_some_and(|defined| defined.changed_at > remembered.state.at) {
            // An operator wants it tried.
            remembered.state.not_before = None;
            if let Some(fetched) = &mut remembered.state.fetched {
                fetched.retired = false;
            }
        }
        let feed = Feed::new(self.shared.clone(), source, url, remembered);
        let standings = Arc::clone(&self.standings);
        self.tasks.spawn(check_when_due(feed, id.to_owned(), self.shared.clone(), stop, standings));
    }

    fn end(&mut self, ended: Ended) {
        self.running.remove(&ended.id);
        self.ended.insert(ended.id.clone(), ended.remembered);
        if !ended.has_retired {
            self.start_or_stop(&ended.id);
        }
    }

    /// Follows what operators say, on a thread of its own.
    fn follow(&self) -> mpsc::UnboundedReceiver<(String, Option<SourceDefinition>)> {
        let (tell, changes) = mpsc::unbounded_channel();
        let ctx = self.shared.ctx.clone();
        let work = move || {
            let name = ctx.common.topics.name(&topic::SOURCES);
            while !ctx.stop.requested() {
                let followed = tail::follow(&ctx.common, &name, &ctx.stop, |message| {
                    let Some(key) = message.key.and_then(|key| String::from_utf8(key).ok()) else { return };
                    let Some(id) = state::defined_of(&key) else { return };
                    let definition = message.payload.as_deref().and_then(|value| state::definition(&key, value));
                    // Nobody listens once the role has ended.
                    drop(tell.send((id.to_owned(), definition)));
                });
                if let Err(error) = followed {
                    tracing::warn!(error = format!("{error:#}"), "failed to follow the sources topic, trying again");
                    let _stopping = ctx.stop.wait_timeout(RETRY);
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("sources topic".into()).spawn(work) {
            tracing::error!(%error, "failed to start a thread, changes of sources are seen after a restart");
        }
        changes
    }

    fn count(&self) {
        let standings = self.standings.lock();
        for state in ["healthy", "failing", "flat", "retired", "paused", "new"] {
            let number = standings.values().filter(|(standing, _)| *standing == state).count();
            self.shared.metrics.sources.with_label_values(&[state]).set(i64::try_from(number).unwrap_or(i64::MAX));
        }
        if let Some(hubs) = &self.shared.hubs {
            let now = Timestamp::now();
            let leases = standings.values().filter(|(_, until)| until.is_some_and(|until| until > now)).count();
            hubs.metrics.leases.set(i64::try_from(leases).unwrap_or(i64::MAX));
        }
    }
}

/// The source as it is to run; none where it is paused, or neither configured nor defined.
fn wanted(id: &str, configured: Option<&SourceSettings>, defined: Option<&SourceDefinition>) -> Option<SourceSettings> {
    if defined.is_some_and(|defined| defined.paused) {
        return None;
    }
    configured.cloned().or_else(|| defined.and_then(|defined| source_of(id, defined)))
}

/// A source as an operator defined it.
pub(crate) fn source_of(id: &str, defined: &SourceDefinition) -> Option<SourceSettings> {
    Some(SourceSettings {
        id: id.to_owned(),
        kind: if defined.kind == "sitemap" { SourceKind::Sitemap } else { SourceKind::Feed },
        url: Some(defined.url.clone()?),
        source: defined.outlet.clone(),
        language: defined.language.clone(),
        ..SourceSettings::default()
    })
}

/// Checks a source whenever it is due, until it is stopped or retired.
async fn check_when_due(mut feed: Feed, id: String, shared: Shared, own_stop: Stop, standings: Standings) -> Ended {
    let all_stop = shared.ctx.stop.clone();
    let mut from_hub = feed.from_hub.take();
    while !feed.standing.fetched.retired {
        standings.lock().insert(id.clone(), counted(&feed));
        let now = Timestamp::now();
        let due = feed.standing.due.unwrap_or(now);
        let hub_asked_at = feed.hub_asked_at();
        let next = tokio::select! {
            () = all_stop.wait() => break,
            () = own_stop.wait() => break,
            Some(said) = heard(&mut from_hub) => Next::Hear(said),
            () = sleep_until(hub_asked_at.unwrap_or_default()), if hub_asked_at.is_some() => Next::AskHub,
            turn = turn_when_due(&feed, due, &shared) => Next::Check(turn),
        };
        // Not in this task, which mostly waits, and of which there may be ten thousand.
        let work = Box::pin(next.done(&mut feed));
        tokio::select! {
            () = all_stop.wait() => break,
            () = own_stop.wait() => break,
            () = work => {}
        }
    }
    let has_retired = feed.standing.fetched.retired;
    if has_retired || own_stop.requested() {
        feed.leave_hub().await;
    }
    if has_retired {
        standings.lock().insert(id.clone(), ("retired", None));
    }
    let grace = Duration::from_millis(shared.ctx.common.consume.shutdown_deadline_ms) / 2;
    let remembered = feed.finish(grace).await;
    Ended { id, remembered, has_retired }
}

/// What a source does next.
enum Next {
    Hear(Said),
    AskHub,
    Check(Result<Place, WebError>),
}

impl Next {
    async fn done(self, feed: &mut Feed) {
        match self {
            Self::Hear(said) => feed.hear(said).await,
            Self::AskHub => feed.ask_hub().await,
            Self::Check(turn) => feed.check(turn).await,
        }
    }
}

/// What the feed's hub says; never where there is none.
async fn heard(from_hub: &mut Option<mpsc::Receiver<Said>>) -> Option<Said> {
    match from_hub {
        Some(from_hub) => from_hub.recv().await,
        None => pending().await,
    }
}

async fn sleep_until(at: Timestamp) {
    sleep(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()).await;
}

async fn turn_when_due(feed: &Feed, due: Timestamp, shared: &Shared) -> Result<Place, WebError> {
    sleep_until(due).await;
    let late = Duration::try_from(Timestamp::now().duration_since(due)).unwrap_or_default();
    shared.metrics.lateness.observe(late.as_secs_f64());
    feed.turn().await
}

fn counted(feed: &Feed) -> Counted {
    let standing = &feed.standing;
    let lease = standing.fetched.hub.as_ref().and_then(|state| state.lease_until.as_deref()?.parse().ok());
    let state = match &standing.fetched {
        _ if standing.failures > 0 => "failing",
        fetched if standing::is_flat(fetched, Timestamp::now()) => "flat",
        fetched if fetched.last_success.is_none() => "new",
        _ => "healthy",
    };
    (state, lease)
}
