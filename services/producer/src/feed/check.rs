//! One source that is fetched, and one check of it.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use faultline_platform::RoleContext;
use futures_util::{StreamExt as _, stream::FuturesOrdered};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, mpsc},
    time::sleep,
};
use url::Url;

use super::{
    item::{Item, Items, Ready, TextOf},
    metrics::FeedMetrics,
    parse::{FeedEntry, NoFeed, ParsedFeed},
    pushed,
    schedule::{self, Bounds},
    standing::Standing,
};
use crate::{
    hub::{self, Hubs, Said},
    intake::Intake,
    outlet::Outlet,
    seen::Seen,
    session::Session,
    settings::{ProducerSettings, SourceSettings},
    state::Fetched,
    tally::Tally,
    web::{Answer, Ask, Known, Place, Web, WebError},
};

/// What feeds are served as.
pub(crate) const ACCEPT: &str = "application/rss+xml,application/atom+xml,application/rdf+xml,application/feed+json,\
                                 application/xml;q=0.9,text/xml;q=0.8,application/json;q=0.7,*/*;q=0.1";
/// Pages of one feed that are on their way at a time; their hosts have their own bounds.
const PAGES_AHEAD: usize = 4;
/// Revisions and entries remembered beyond those that a feed has at a time.
pub(super) const REMEMBERED_BESIDES: usize = 200;
/// While Kafka has not acknowledged, it is looked more and more rarely.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// What all sources that are fetched share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) ctx: RoleContext,
    pub(crate) settings: Arc<ProducerSettings>,
    pub(crate) outlet: Outlet,
    pub(crate) web: Arc<Web>,
    pub(crate) metrics: FeedMetrics,
    /// For checks whose answer is there: while Kafka is away, no more wait with what they have.
    pub(crate) checks: Arc<Semaphore>,
    /// None where hubs have no address to call.
    pub(crate) hubs: Option<Arc<Hubs>>,
}

/// One source that is fetched.
pub(crate) struct Feed {
    pub(super) shared: Shared,
    pub(super) source: SourceSettings,
    url: Url,
    /// Named to people, and in the dead letters.
    origin: Arc<str>,
    pub(crate) standing: Standing,
    pub(super) session: Arc<Mutex<Session>>,
    pub(super) tally: Arc<Tally>,
    attempts: Mutex<HashMap<u64, u8>>,
    /// What its hub says comes this way.
    pub(super) to_feed: Option<mpsc::Sender<Said>>,
    pub(super) from_hub: Option<mpsc::Receiver<Said>>,
}

impl Feed {
    pub(crate) fn new(shared: Shared, source: SourceSettings, url: Url, remembered: Fetched) -> Self {
        let tally: Arc<Tally> = Arc::default();
        let session = Session::new(
            Some(source.id.clone()),
            Intake::of_source(&source, shared.settings.max_article_bytes),
            Seen::new(remembered.seen.len().max(REMEMBERED_BESIDES), &remembered.seen),
            shared.outlet.clone(),
            Arc::clone(&tally),
            shared.ctx.stop.clone(),
        );
        let (to_feed, from_hub) = shared.hubs.as_ref().map(|_| mpsc::channel(hub::WAITING)).unzip();
        let mut feed = Self {
            origin: Arc::from(url.as_str()),
            standing: Standing::of(remembered.state),
            session: Arc::new(Mutex::new(session)),
            attempts: Mutex::default(),
            shared,
            source,
            url,
            tally,
            to_feed,
            from_hub,
        };
        feed.resume_hub();
        feed
    }

    /// Waits until it may be asked: what most of a check's time may go into, and takes least.
    pub(crate) async fn turn(&self) -> Result<Place, WebError> {
        self.shared.web.turn(&self.standing.address(&self.url), &self.shared.checks).await
    }

    /// Checks it once, waits until Kafka has what was new, and writes down how it stands.
    pub(crate) async fn check(&mut self, turn: Result<Place, WebError>) {
        let outcome = self.ask(turn).await;
        self.shared.metrics.checks.with_label_values(&[outcome]).inc();
        self.save().await;
    }

    /// Writes down how it stands.
    pub(super) async fn save(&self) {
        let state = self.standing.to_state(&self.source.id);
        let (key, outlet) = (crate::state::fetched_key(&self.source.id), self.shared.outlet.clone());
        // Waits while Kafka takes no more.
        if let Err(panic) = self.shared.web.workers.run(move || outlet.state(key, Some(&state))).await {
            tracing::error!(%panic, source = self.source.id, "writing down how a source stands panicked, please report this");
        }
    }

    /// Waits for what is on its way, at the end, and no longer than `grace` once all are to stop; what is to be
    /// remembered of it.
    pub(crate) async fn finish(&self, grace: Duration) -> Fetched {
        let all_stop = &self.shared.ctx.stop;
        let is_settled = tokio::select! {
            () = self.settle() => true,
            () = async {
                all_stop.wait().await;
                sleep(grace).await;
            } => false,
        };
        let mut session = self.session.lock();
        if !is_settled {
            let outstanding = session.outstanding();
            tracing::warn!(
                source = self.source.id,
                outstanding,
                "stopped before all was acknowledged, it is read again"
            );
            session.save();
        }
        Fetched { seen: session.seen(), state: self.standing.to_state(&self.source.id) }
    }

    async fn ask(&mut self, turn: Result<Place, WebError>) -> &'static str {
        let address = self.standing.address(&self.url);
        let ask = Ask {
            known: Some(Known {
                of: self.standing.fetched.validated.as_deref().unwrap_or(address.as_str()),
                etag: self.standing.etag.as_deref(),
                last_modified: self.standing.last_modified.as_deref(),
            }),
            ..Ask::new(&address, ACCEPT, self.shared.settings.web.max_feed_bytes as usize)
        };
        let web = Arc::clone(&self.shared.web);
        let (answer, of_work) = match turn {
            Ok(mut place) => {
                let of_work = place.of_work.take();
                (web.get_in_turn(ask, place).await, of_work)
            }
            Err(error) => (Err(error), None),
        };
        let outcome = match answer {
            Err(error) => {
                let until = if let WebError::AskedToWait { until, .. } = error { Some(until) } else { None };
                self.fail(error.reason(), error.to_string(), until)
            }
            Ok(answer) if answer.status == 304 => {
                let interval = self.interval_unchanged();
                self.succeed(&answer, 0, interval);
                self.locate(&answer);
                "unchanged"
            }
            Ok(answer) if answer.is_success() => self.read(answer).await,
            Ok(answer) if answer.status == 410 => {
                tracing::warn!(source = self.source.id, url = %address, "the publisher says that the feed is gone for good");
                self.standing.retire();
                "retired"
            }
            Ok(answer) => {
                let problem = format!("{} answers {}", answer.url, answer.status);
                self.fail("status", problem, answer.retry_after())
            }
        };
        // By now all of its articles are acknowledged.
        drop(of_work);
        outcome
    }

    async fn read(&mut self, answer: Answer) -> &'static str {
        let answer = Arc::new(answer);
        let read = super::read(&self.shared.web, &self.shared.settings.web, self.source.kind, Arc::clone(&answer));
        let feed = match read.await {
            Ok(feed) => feed,
            Err(why) => return self.fail("no_feed", why.to_string(), None),
        };
        self.remember(&feed);
        let before = self.tally.acknowledged.load(Ordering::Relaxed);
        let later = self.take(&feed).await;
        self.settle().await;
        let taken = self.tally.acknowledged.load(Ordering::Relaxed) - before;
        let interval = self.interval(&feed, taken > 0);
        self.succeed(&answer, u32::try_from(taken).unwrap_or(u32::MAX), interval);
        self.standing.fetched.problem = problem_of(&feed, later);
        // What is to come later would not be shown again to one who says that he has seen it all, and an index may stay
        // the same while its parts change.
        let is_whole = later == 0 && !feed.is_index;
        self.standing.etag = answer.etag().filter(|_| is_whole);
        self.standing.last_modified = answer.last_modified().filter(|_| is_whole);
        self.locate(&answer);
        self.consider(hub::offer(&answer, &feed.links).as_ref());
        if taken > 0 { "news" } else { "nothing_new" }
    }

    /// Remembers where it is from now on, and whose the validators are where it is elsewhere for now.
    fn locate(&mut self, answer: &Answer) {
        if let Some(moved_to) = answer.moved_to.as_ref().filter(|moved_to| moved_to.as_str() != self.url.as_str()) {
            if self.standing.fetched.location.as_deref() != Some(moved_to.as_str()) {
                tracing::info!(source = self.source.id, %moved_to, "feed has moved for good, it is asked there from now on");
            }
            self.standing.fetched.location = Some(moved_to.to_string());
        }
        let has_validators = self.standing.etag.is_some() || self.standing.last_modified.is_some();
        let is_elsewhere = has_validators && answer.url != self.standing.address(&self.url);
        self.standing.fetched.validated = is_elsewhere.then(|| answer.url.to_string());
    }

    fn remember(&mut self, feed: &ParsedFeed) {
        self.standing.fetched.title.clone_from(&feed.title);
        // An entry and its article are two.
        self.session.lock().remember(feed.entries.len() * 4 + REMEMBERED_BESIDES);
    }

    /// Hands over what is new, the oldest first. How many are to come later.
    pub(super) async fn take(&self, feed: &ParsedFeed) -> usize {
        let new: Vec<_> = {
            let session = self.session.lock();
            let numbered = feed.entries.iter().enumerate().rev();
            numbered.filter(|(_, entry)| !session.has_seen(entry.hash)).collect()
        };
        let items = Items {
            web: &self.shared.web,
            text: self.source.text,
            page_limit: self.shared.settings.web.max_page_bytes as usize,
            attempts: &self.attempts,
        };
        let mut later = 0;
        let mut ahead = FuturesOrdered::new();
        for (index, entry) in new {
            if ahead.len() >= PAGES_AHEAD
                && let Some(item) = ahead.next().await
            {
                later += usize::from(!self.offer(item).await);
            }
            ahead.push_back(make(&items, index as u64 + 1, entry));
        }
        while let Some(item) = ahead.next().await {
            later += usize::from(!self.offer(item).await);
        }
        later
    }

    /// Hands an entry over; false where it is to come later.
    async fn offer(&self, (hash, item): (u64, Item)) -> bool {
        let pages = &self.shared.metrics.pages;
        let Ready { entry, from, .. } = match item {
            Item::Ready(ready) => ready,
            Item::Later(miss) => {
                tracing::debug!(
                    source = self.source.id,
                    why = miss.why,
                    "page is not there now, it is asked for again"
                );
                pages.with_label_values(&["later"]).inc();
                return false;
            }
        };
        match &from {
            TextOf::Feed => {}
            TextOf::Page => pages.with_label_values(&["read"]).inc(),
            TextOf::Summary(partial, why) => {
                tracing::debug!(source = self.source.id, ?partial, why, "article taken without its full text");
                pages.with_label_values(&[label(*partial)]).inc();
            }
        }
        let (session, origin) = (Arc::clone(&self.session), Arc::clone(&self.origin));
        // Waits while Kafka takes no more.
        let offered = self.shared.web.workers.run(move || session.lock().offer_of_feed(&origin, entry, hash)).await;
        if let Err(panic) = offered {
            tracing::error!(%panic, source = self.source.id, "taking an entry panicked, please report this");
        }
        true
    }

    /// Returns once all that was handed over is acknowledged or in the dead letters, and written down as seen.
    pub(super) async fn settle(&self) {
        let mut pause = FIRST_LOOK;
        loop {
            let session = Arc::clone(&self.session);
            let looked = self.shared.web.workers.run(move || {
                let mut session = session.lock();
                session.collect();
                let is_settled = session.outstanding() == 0;
                if is_settled {
                    session.save();
                }
                is_settled
            });
            // A panic is told by the runtime; what was not settled is read again after a restart.
            if looked.await.unwrap_or(true) {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    fn bounds(&self) -> Bounds {
        let web = &self.shared.settings.web;
        Bounds {
            shortest: Duration::from_secs(web.shortest_interval_seconds.into()),
            longest: Duration::from_secs(web.longest_interval_seconds.into()),
        }
    }

    fn interval(&self, feed: &ParsedFeed, has_news: bool) -> Duration {
        schedule::interval(self.bounds(), &feed.dates, feed.wish, self.standing.interval(), has_news, Timestamp::now())
    }

    fn interval_unchanged(&self) -> Duration {
        schedule::interval_unchanged(
            self.bounds(),
            self.standing.interval(),
            self.standing.last_new(),
            Timestamp::now(),
        )
    }

    fn succeed(&mut self, answer: &Answer, taken: u32, interval: Duration) {
        let fresh_for = Duration::from_secs(answer.max_age().unwrap_or(0).into()).min(self.bounds().longest);
        let now = Timestamp::now();
        let is_pushed = self.standing.fetched.hub.as_ref().is_some_and(|state| hub::holds(state, now));
        let rarer = interval.saturating_mul(pushed::RARER).min(self.bounds().longest);
        let not_before = if is_pushed { fresh_for.max(rarer) } else { fresh_for };
        self.standing.succeed(now, taken, interval, not_before, rand::random());
    }

    fn fail(&mut self, reason: &'static str, problem: String, until: Option<Timestamp>) -> &'static str {
        let (source, failures) = (&self.source.id, self.standing.failures + 1);
        if failures == 1 {
            tracing::warn!(source, reason, problem, "feed check failed, it is tried again ever more rarely");
        } else {
            tracing::debug!(source, reason, problem, failures, "feed check failed again");
        }
        self.standing.fail(Timestamp::now(), self.bounds(), problem, until, rand::random());
        reason
    }
}

async fn make(items: &Items<'_>, number: u64, entry: &FeedEntry) -> (u64, Item) {
    (entry.hash, items.make(number, entry).await)
}

fn problem_of(feed: &ParsedFeed, later: usize) -> Option<String> {
    let mut problems = Vec::new();
    if feed.broken > 0 {
        problems.push(format!("{} entries are broken and were left out", feed.broken));
    }
    if feed.left_out > 0 {
        problems.push(format!("{} entries are more than producer.web.max_entries and were left out", feed.left_out));
    }
    if later > 0 {
        problems.push(format!("{later} pages were not to be had, they are asked for again"));
    }
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn label(partial: faultline_schemas::Partial) -> &'static str {
    use faultline_schemas::Partial;
    match partial {
        Partial::Summary => "summary",
        Partial::Paywall => "paywall",
        Partial::Forbidden => "forbidden",
        Partial::Unreachable => "unreachable",
        Partial::NotFound => "not_found",
    }
}

/// What a page offers in the place of the feed that it is not.
pub(crate) fn offered(why: &NoFeed) -> &[crate::page::discover::FeedLink] {
    if let NoFeed::Page(links) = why { links } else { &[] }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
