//! What a feed has to do with its hub: subscribing where one is named, and taking what it sends.

use std::sync::{Arc, atomic::Ordering};

use jiff::Timestamp;

use super::check::{Feed, REMEMBERED_BESIDES};
use crate::{
    hub::{self, Content, FromHub, Offer, Said},
    web::Answer,
};

/// A feed that its hub sends is checked so many times more rarely: hubs fall silent without a word.
pub(super) const RARER: u32 = 4;

impl Feed {
    /// Takes up what is remembered of a subscription, where its hub still has an address to call.
    pub(super) fn resume_hub(&mut self) {
        let Some(state) = self.standing.fetched.hub.take() else { return };
        if let (Some(hubs), Some(to_feed)) = (&self.shared.hubs, &self.to_feed)
            && hubs.resume(&state, to_feed.clone())
        {
            self.standing.fetched.hub = Some(state);
        }
    }

    /// Subscribes to what is offered, and ends what is not offered any more.
    pub(super) fn consider(&mut self, offer: Option<&Offer>) {
        let (Some(hubs), Some(to_feed)) = (&self.shared.hubs, &self.to_feed) else { return };
        let now = Timestamp::now();
        if let (Some(state), Some(offer)) = (&self.standing.fetched.hub, offer)
            && offer.is_met_by(state, hub::holds(state, now))
        {
            return;
        }
        if let Some(state) = self.standing.fetched.hub.take() {
            hubs.leave(&state);
        }
        let begun = offer.and_then(|offer| hubs.begin(offer, now));
        self.standing.fetched.hub = begun.filter(|state| hubs.resume(state, to_feed.clone()));
    }

    /// When the hub is to be asked; none where there is none.
    pub(super) fn hub_asked_at(&self) -> Option<Timestamp> {
        self.standing.fetched.hub.as_ref()?.ask_at.as_deref()?.parse().ok()
    }

    /// Asks the hub to subscribe, or to go on.
    pub(super) async fn ask_hub(&mut self) {
        if let (Some(hubs), Some(state)) = (self.shared.hubs.clone(), &mut self.standing.fetched.hub) {
            hub::asked(state, Timestamp::now());
            let state = state.clone();
            // First, so that it is known after a crash what the hub calls.
            self.save().await;
            hubs.ask(&state);
        }
    }

    /// Ends the subscription, and has the next answer sent whole: it names the hub.
    pub(super) async fn leave_hub(&mut self) {
        if let (Some(hubs), Some(state)) = (self.shared.hubs.clone(), self.standing.fetched.hub.take()) {
            self.standing.forget_validators();
            self.save().await;
            hubs.leave(&state);
        }
    }

    /// Takes what the hub says.
    pub(super) async fn hear(&mut self, (id, said): Said) {
        if let FromHub::Content(content) = said {
            let Content { answer, done } = *content;
            let outcome = self.receive(Arc::new(answer)).await;
            // Nobody listens once the hub was told to send it again.
            done.send(outcome).ok();
            return;
        }
        let (source, now) = (&self.source.id, Timestamp::now());
        let of_callback = self.standing.fetched.hub.as_mut().filter(|state| hub::id_of(state) == id);
        let Some(state) = of_callback else { return };
        let hub = &state.hub;
        match said {
            FromHub::Verified(lease) => {
                tracing::info!(source, hub, seconds = lease.as_secs(), "hub sends what is new from now on");
                hub::verified(state, lease, now);
            }
            FromHub::Denied(reason) => {
                tracing::warn!(source, hub, reason, "hub will not send the feed, it is checked as often as others");
                hub::denied(state, &reason, now);
                self.standing.come_sooner(now);
            }
            FromHub::Refused(problem) => {
                tracing::info!(source, hub, problem, "hub did not take the request, it is asked again");
                hub::refused(state, problem);
            }
            FromHub::Content(_) => {}
        }
        self.save().await;
    }

    /// Takes new content as if it had been fetched; what came of it, once Kafka has what was new.
    async fn receive(&mut self, answer: Arc<Answer>) -> &'static str {
        // As few wait for Kafka as of those that are fetched.
        let _place = self.shared.checks.clone().acquire_owned().await;
        let read = super::read(&self.shared.web, &self.shared.settings.web, self.source.kind, Arc::clone(&answer));
        let feed = match read.await {
            Ok(feed) => feed,
            Err(why) => {
                tracing::warn!(source = self.source.id, %why, "hub sent what is no feed");
                return "no_feed";
            }
        };
        if hub::own(&answer, &feed.links).is_some_and(|own| own != answer.url) {
            tracing::warn!(source = self.source.id, topic = %answer.url, "hub sent another feed than was subscribed to");
            return "other_topic";
        }
        self.session.lock().remember(feed.entries.len() * 4 + REMEMBERED_BESIDES);
        let before = self.tally.acknowledged.load(Ordering::Relaxed);
        let later = self.take(&feed).await;
        self.settle().await;
        let taken = self.tally.acknowledged.load(Ordering::Relaxed) - before;
        let now = Timestamp::now();
        self.standing.count(now, u32::try_from(taken).unwrap_or(u32::MAX));
        if later > 0 {
            // Its next check finds them, in an answer that has them.
            self.standing.forget_validators();
            self.standing.come_sooner(now);
        }
        self.save().await;
        if taken > 0 { "news" } else { "nothing_new" }
    }
}
