//! Feeds that are pushed: subscriptions at the hubs that they name (WebSub, W3C recommendation of 2018-01-23).
//!
//! A feed's task asks its hub ([`Hubs::ask`]), and the hub calls back ([`router`]): to have it confirmed, to say no, and
//! with what is new, which goes to the feed's task and is answered once Kafka has it. While a lease holds the feed is
//! still checked, only more rarely: hubs fall silent without a word.
//!
//! **Invariants.** The address that a hub calls cannot be guessed. Nothing is confirmed that was not asked for, and
//! nothing is taken that is not signed with the secret of this one subscription. Neither is logged, or shown.

mod callback;
mod lease;
mod links;
mod metrics;
mod offer;
mod signature;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_schemas::{HubSecret, HubState};
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus::Registry;
use rand::RngExt as _;
use tokio::sync::{mpsc, oneshot};
use url::{Url, form_urlencoded::Serializer};

use self::metrics::HubMetrics;
pub(crate) use self::{
    callback::router,
    lease::{LEASE, asked, denied, holds, refused, verified},
    offer::{FeedLinks, Offer, offer, own},
};
use crate::{
    settings::ProducerSettings,
    web::{Answer, Ask, Web},
};

/// Where hubs call, below the operator's public address.
const PATH: &str = "/v1/websub/";
/// Random bytes in an address that is called, and in a secret.
const RANDOM_BYTES: usize = 32;
/// Messages of a hub that wait for their feed.
pub(crate) const WAITING: usize = 8;
/// A hub may take so long to ask whether a request was meant.
const ASKED_FOR: Duration = Duration::from_secs(3_600);
/// As much of what a hub answers is shown.
const SHOWN: usize = 200;

/// What a hub says to a feed, by way of the callback with this id: the feed may have another one by now.
pub(crate) type Said = (String, FromHub);

/// What a hub says.
#[derive(Debug)]
pub(crate) enum FromHub {
    /// It has confirmed the subscription, for so long.
    Verified(Duration),
    /// It will not, or not any more, and why.
    Denied(String),
    /// It did not take the request, and why.
    Refused(String),
    /// The feed's new content.
    Content(Box<Content>),
}

/// What a hub sends of a feed.
#[derive(Debug)]
pub(crate) struct Content {
    /// As if it had been fetched.
    pub(crate) answer: Answer,
    /// To be told what became of it, once Kafka has what was new.
    pub(crate) done: oneshot::Sender<&'static str>,
}

/// What is known of an address that a hub calls.
struct Callback {
    topic: String,
    part: Part,
}

enum Part {
    Subscribed {
        secret: HubSecret,
        feed: mpsc::Sender<Said>,
        /// When the hub was asked.
        asked: Mutex<Option<Instant>>,
    },
    /// It was asked to end it, then.
    Leaving(Instant),
}

/// All subscriptions.
pub(crate) struct Hubs {
    base: Url,
    web: Arc<Web>,
    callbacks: Mutex<HashMap<String, Arc<Callback>>>,
    /// Whether all that are remembered are there.
    is_complete: AtomicBool,
    pub(crate) metrics: HubMetrics,
    max_bytes: usize,
    receive_within: Duration,
    acknowledge_within: Duration,
}

impl Hubs {
    /// None where hubs have no address to call.
    ///
    /// # Errors
    /// When the metrics are there already.
    pub(crate) fn new(
        settings: &ProducerSettings,
        web: Arc<Web>,
        registry: &Registry,
    ) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(base) = settings.push.public_address() else { return Ok(None) };
        Ok(Some(Arc::new(Self {
            base,
            web,
            callbacks: Mutex::default(),
            is_complete: AtomicBool::new(false),
            metrics: HubMetrics::new(registry).context("failed to register the metrics of hubs")?,
            max_bytes: settings.web.max_feed_bytes as usize,
            receive_within: Duration::from_millis(settings.push.receive_within_ms.into()),
            acknowledge_within: Duration::from_millis(settings.push.acknowledge_within_ms.into()),
        })))
    }

    /// All that are remembered have been [resumed](Self::resume): from now on, who calls an unknown address is told so.
    pub(crate) fn complete(&self) {
        self.is_complete.store(true, Ordering::Release);
    }

    /// A subscription to what is offered, which nobody has been asked for yet.
    pub(crate) fn begin(&self, offer: &Offer, now: Timestamp) -> Option<HubState> {
        let hub = offer.hubs.first()?;
        Some(HubState {
            hub: hub.to_string(),
            topic: offer.topic.clone(),
            callback: self.address(&random()),
            secret: HubSecret(random()),
            ask_at: Some(now.to_string()),
            ..HubState::default()
        })
    }

    fn address(&self, id: &str) -> String {
        format!("{}{PATH}{id}", self.base.as_str().trim_end_matches('/'))
    }

    /// Takes up a subscription whose messages go to `feed`; false where it is for another address than ours.
    pub(crate) fn resume(&self, state: &HubState, feed: mpsc::Sender<Said>) -> bool {
        let Some(id) = state.callback.strip_prefix(&self.address("")) else { return false };
        // One that is in no lease was asked for before the restart, and may be confirmed only now.
        let asked = Mutex::new(state.lease_until.is_none().then(Instant::now));
        let part = Part::Subscribed { secret: state.secret.clone(), feed, asked };
        self.callbacks.lock().insert(id.to_owned(), Arc::new(Callback { topic: state.topic.clone(), part }));
        true
    }

    /// Asks for a subscription, or to renew it, beside whatever the feed does meanwhile.
    pub(crate) fn ask(self: &Arc<Self>, state: &HubState) {
        let Some(callback) = self.callback(id_of(state)) else { return };
        let Part::Subscribed { feed, asked, .. } = &callback.part else { return };
        *asked.lock() = Some(Instant::now());
        let (hubs, state, feed) = (Arc::clone(self), state.clone(), feed.clone());
        tokio::spawn(async move {
            let lease = LEASE.as_secs().to_string();
            let more = [("hub.lease_seconds", lease.as_str()), ("hub.secret", state.secret.0.as_str())];
            if let Err(problem) = hubs.request(&state, "subscribe", &more).await {
                // Nobody listens once the feed has ended.
                drop(feed.send((id_of(&state).to_owned(), FromHub::Refused(problem))).await);
            }
        });
    }

    /// Asks to end a subscription. Nothing more is taken of it.
    pub(crate) fn leave(self: &Arc<Self>, state: &HubState) {
        let mut callbacks = self.callbacks.lock();
        callbacks.retain(|_, callback| !callback.is_long_gone());
        let leaving = Callback { topic: state.topic.clone(), part: Part::Leaving(Instant::now()) };
        callbacks.insert(id_of(state).to_owned(), Arc::new(leaving));
        drop(callbacks);
        let (hubs, state) = (Arc::clone(self), state.clone());
        tokio::spawn(async move {
            if let Err(problem) = hubs.request(&state, "unsubscribe", &[]).await {
                tracing::info!(hub = state.hub, topic = state.topic, problem, "hub was not told, its lease will end");
            }
        });
    }

    /// Sends a request; what is wrong where the hub does not take it.
    async fn request(&self, state: &HubState, mode: &str, more: &[(&str, &str)]) -> Result<(), String> {
        let url = Url::parse(&state.hub).map_err(|error| format!("the hub's address is none: {error}"))?;
        let all = [("hub.mode", mode), ("hub.topic", &state.topic), ("hub.callback", &state.callback)];
        let form = Serializer::new(String::new()).extend_pairs(all).extend_pairs(more).finish();
        let ask = Ask { form: Some(&form), cut: true, ..Ask::new(&url, "*/*", 4 * SHOWN) };
        let (outcome, result) = match self.web.get(ask).await {
            Ok(answer) if answer.is_success() => ("accepted", Ok(())),
            Ok(answer) => {
                let said = String::from_utf8_lossy(&answer.body);
                let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
                ("refused", Err(format!("the hub answers {} {said}", answer.status).trim_end().to_owned()))
            }
            Err(error) => (error.reason(), Err(error.to_string())),
        };
        self.metrics.requests.with_label_values(&[outcome]).inc();
        result
    }

    fn callback(&self, id: &str) -> Option<Arc<Callback>> {
        self.callbacks.lock().get(id).cloned()
    }

    fn forget(&self, id: &str) {
        self.callbacks.lock().remove(id);
    }
}

impl Callback {
    fn is_long_gone(&self) -> bool {
        matches!(self.part, Part::Leaving(since) if since.elapsed() > ASKED_FOR)
    }
}

/// The part of the callback's address that tells it from all others.
pub(crate) fn id_of(state: &HubState) -> &str {
    state.callback.rsplit('/').next().unwrap_or_default()
}

fn random() -> String {
    hex::encode(rand::rng().random::<[u8; RANDOM_BYTES]>())
}
