//! Telling one receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::bounded;
use faultline_platform::dead_letter::{DeadLetters, Origin};
use faultline_platform::queue::{Queue, Taken};
use faultline_platform::{Message, Publisher, Rejected, RoleContext};
use faultline_schemas::{Alert, AlertState, Stage, topic};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tracing::{error, info, warn};

use super::Metrics;
use super::held::is_for;
use super::tables::Tables;
use crate::receivers::{Batching, Receiver, SendError};
use crate::settings::AlerterSettings;

/// How long a wait for something to come takes.
const STEP: Duration = Duration::from_millis(250);
/// An answer that takes longer is none.
const ANSWER: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A receiver that is new is not told of what was published so long before the start.
const OLD_NEWS: Duration = Duration::from_secs(60);
/// How often it is committed what was told: a commit takes longer than telling.
const COMMIT_EVERY: Duration = Duration::from_millis(200);
/// Alerts that are gathered at most.
const MOST_GATHERED: usize = 500;

/// What happened to a batch.
enum Outcome {
    Done,
    /// It is somebody else's now, or there is no time left: it is told again.
    GivenBack,
}

/// Tells one receiver of what is for it.
pub(super) struct Teller {
    ctx: RoleContext,
    name: String,
    receiver: Receiver,
    batching: Batching,
    give_up: Duration,
    tables: Tables,
    metrics: Arc<Metrics>,
    runtime: Handle,
}

/// What was taken and is not done with.
struct Hand {
    queue: Queue,
    dead_letters: DeadLetters,
    gathered: Vec<(Message, Alert)>,
    due: Option<Instant>,
    /// Next offsets, of what was taken.
    next: BTreeMap<i32, i64>,
    committed: BTreeMap<i32, i64>,
    /// Held back by alerts that fire, and by silences.
    held: BTreeMap<String, Alert>,
    summed_up: BTreeSet<String>,
    resent: Instant,
    /// When it was last committed what was told.
    noted: Instant,
    /// What was published before this is old news; none once it is known that the receiver is not new.
    since: Option<i64>,
}

impl Teller {
    pub(super) fn new(
        ctx: &RoleContext,
        settings: &AlerterSettings,
        name: &str,
        receiver: Receiver,
        tables: Tables,
        metrics: Arc<Metrics>,
        runtime: Handle,
    ) -> Self {
        let (ctx, name, batching) = (ctx.clone(), name.to_owned(), receiver.batching());
        let give_up = Duration::from_secs(u64::from(settings.give_up_hours) * 3_600);
        Self { ctx, name, receiver, batching, give_up, tables, metrics, runtime }
    }

    /// Tells until stop is requested. Whatever is wrong with the receiver is no reason to end.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let topic = self.ctx.common.topics.name(&topic::ALERTS);
        let publisher = Publisher::new(&self.ctx.common.kafka)?;
        let mut hand = Hand {
            queue: Queue::join(&self.ctx.common, &topic, &format!("alerter.{}", self.name))?,
            dead_letters: DeadLetters::new(&self.ctx, publisher, Stage::Alerter),
            gathered: Vec::new(),
            due: None,
            next: BTreeMap::new(),
            committed: BTreeMap::new(),
            held: BTreeMap::new(),
            summed_up: BTreeSet::new(),
            resent: Instant::now(),
            noted: Instant::now(),
            since: Some(Timestamp::now().as_millisecond() - OLD_NEWS.as_millis() as i64),
        };
        while !self.ctx.stop.requested() {
            let wait = hand.due.map_or(STEP, |due| due.saturating_duration_since(Instant::now()).min(STEP));
            match hand.queue.take(wait) {
                Some(taken) => self.take_all(taken, &mut hand)?,
                None => self.look_again(&mut hand)?,
            }
            if hand.due.is_some_and(|due| due <= Instant::now()) || hand.gathered.len() >= MOST_GATHERED {
                self.tell_gathered(&mut hand)?;
            }
            if hand.noted.elapsed() >= COMMIT_EVERY {
                hand.commit();
            }
        }
        hand.commit();
        Ok(())
    }

    /// Takes what came, and all that has come by now: it is told together.
    fn take_all(&self, first: Taken, hand: &mut Hand) -> anyhow::Result<()> {
        let mut taken = Some(first);
        for _ in 0..MOST_GATHERED {
            match taken {
                Some(Taken::Message(message)) => self.gather(*message, hand)?,
                Some(Taken::Lost(lost)) => hand.lose(&lost),
                None => break,
            }
            taken = hand.queue.take(Duration::ZERO);
        }
        match taken {
            Some(Taken::Message(message)) => self.gather(*message, hand),
            Some(Taken::Lost(lost)) => {
                hand.lose(&lost);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn gather(&self, message: Message, hand: &mut Hand) -> anyhow::Result<()> {
        if let Some(since) = hand.since {
            if hand.queue.has_committed()? {
                hand.since = None;
            } else if message.timestamp_ms.is_some_and(|at| at < since) {
                hand.next.insert(message.partition, message.offset + 1);
                return Ok(());
            }
        }
        hand.next.insert(message.partition, message.offset + 1);
        let alert = message.payload.as_deref().and_then(|value| serde_json::from_slice::<Alert>(value).ok());
        let Some(alert) = alert.filter(|alert| is_for(alert, &self.name)) else { return Ok(()) };
        hand.held.remove(&alert.fingerprint);
        if self.tables.holds(&alert, Timestamp::now()) {
            self.metrics.count(&self.name, "held", 1);
            info!(receiver = self.name, title = alert.title, "held back: silenced or inhibited");
            hand.held.insert(alert.fingerprint.clone(), alert);
            return Ok(());
        }
        hand.gathered.push((message, alert));
        hand.due.get_or_insert_with(|| Instant::now() + self.batching.wait);
        Ok(())
    }

    /// Nothing has come for a moment: what was held back may be held back no longer, what fires is told again where that is asked for.
    fn look_again(&self, hand: &mut Hand) -> anyhow::Result<()> {
        let now = Timestamp::now();
        let summaries = self.tables.summaries(&self.name, now);
        let fresh: Vec<Alert> =
            summaries.into_iter().filter(|alert| hand.summed_up.insert(alert.key.clone())).collect();
        if !fresh.is_empty() && hand.queue.is_first()? {
            // The summary tells of what its silence held back.
            hand.held.retain(|_, alert| self.tables.holds(alert, now) || alert.state == AlertState::Resolved);
            self.tell_all(&fresh, &[], hand)?;
        }
        let free: Vec<String> = hand
            .held
            .values()
            .filter(|alert| !self.tables.holds(alert, now))
            .map(|alert| alert.fingerprint.clone())
            .collect();
        let mut late = Vec::new();
        for fingerprint in free {
            hand.held.remove(&fingerprint);
            let last = self.tables.alert(&fingerprint);
            late.extend(last.filter(|alert| alert.state == AlertState::Firing));
        }
        if !late.is_empty() {
            self.tell_all(&late, &[], hand)?;
        }
        let Some(every) = self.batching.every.filter(|every| hand.resent.elapsed() >= *every) else { return Ok(()) };
        let mut firing = Vec::new();
        self.tables.each_alert(|alert| {
            if alert.state == AlertState::Firing && is_for(alert, &self.name) {
                firing.push(alert.clone());
            }
        });
        firing.retain(|alert| !self.tables.holds(alert, now));
        hand.resent = Instant::now();
        if firing.is_empty() {
            return Ok(());
        }
        tracing::debug!(receiver = self.name, alerts = firing.len(), every = ?every, "telling again what fires");
        // Sent again anyway after the next interval.
        if let Err(error) = self.runtime.block_on(self.receiver.send(&firing)) {
            warn!(receiver = self.name, %error, "failed to tell again what fires");
        }
        Ok(())
    }

    fn tell_gathered(&self, hand: &mut Hand) -> anyhow::Result<()> {
        hand.due = None;
        let gathered = std::mem::take(&mut hand.gathered);
        let mut groups: BTreeMap<Vec<String>, Vec<(Message, Alert)>> = BTreeMap::new();
        for (message, alert) in gathered {
            groups.entry(self.batching.group(&alert)).or_default().push((message, alert));
        }
        let mut groups = groups.into_values();
        while let Some(group) = groups.next() {
            let (messages, alerts): (Vec<Message>, Vec<Alert>) = group.into_iter().unzip();
            if let Outcome::GivenBack = self.tell_all(&alerts, &messages, hand)? {
                // Of what was lost somebody else tells, under the same keys; the rest is still ours.
                let untold = messages.into_iter().zip(alerts).chain(groups.flatten());
                hand.gathered = untold.filter(|(message, _)| hand.next.contains_key(&message.partition)).collect();
                hand.due = Some(Instant::now());
                return Ok(());
            }
        }
        Ok(())
    }

    /// Tells of alerts until they are taken, refused, or given up.
    fn tell_all(&self, alerts: &[Alert], messages: &[Message], hand: &mut Hand) -> anyhow::Result<Outcome> {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let answer =
                self.runtime.block_on(async { tokio::time::timeout(ANSWER, self.receiver.send(alerts)).await });
            let answer = answer.unwrap_or_else(|_| {
                Err(SendError::Retry { after: None, why: format!("no answer within {} s", ANSWER.as_secs()) })
            });
            let (after, why) = match answer {
                Ok(()) => {
                    self.metrics.count(&self.name, "told", alerts.len());
                    self.observe(messages);
                    return Ok(Outcome::Done);
                }
                Err(SendError::Refused { why }) => return self.give_up(alerts, messages, &why, hand),
                Err(SendError::Retry { after, why }) => (after, why),
            };
            let wait = after.unwrap_or(pause);
            if begun.elapsed() + wait > self.give_up {
                return self.give_up(
                    alerts,
                    messages,
                    &format!("given up after {} h: {why}", self.give_up.as_secs() / 3_600),
                    hand,
                );
            }
            self.metrics.count(&self.name, "retried", alerts.len());
            warn!(receiver = self.name, alerts = alerts.len(), why, again_in = ?wait, "not told, trying again");
            if let Outcome::GivenBack = self.wait(wait, hand) {
                return Ok(Outcome::GivenBack);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Stays in the group meanwhile.
    fn wait(&self, wait: Duration, hand: &mut Hand) -> Outcome {
        let until = Instant::now() + wait;
        while let Some(rest) = until.checked_duration_since(Instant::now()) {
            if self.ctx.stop.requested() {
                return Outcome::GivenBack;
            }
            if let Some(Taken::Lost(lost)) = hand.queue.keep(rest.min(STEP)) {
                hand.lose(&lost);
                return Outcome::GivenBack;
            }
        }
        Outcome::Done
    }

    fn observe(&self, messages: &[Message]) {
        let now = Timestamp::now().as_millisecond();
        let seconds = self.metrics.seconds.with_label_values(&[&self.name]);
        for at in messages.iter().filter_map(|message| message.timestamp_ms) {
            seconds.observe((now - at).max(0) as f64 / 1_000.0);
        }
    }

    fn give_up(&self, alerts: &[Alert], messages: &[Message], why: &str, hand: &Hand) -> anyhow::Result<Outcome> {
        self.metrics.count(&self.name, "refused", alerts.len());
        let titles: Vec<&str> = alerts.iter().map(|alert| &*alert.title).collect();
        error!(receiver = self.name, why, ?titles, "the receiver was not told, the alerts go to the dead letters");
        let rejected = Rejected::new("not_told", format!("the receiver {} was not told: {why}", self.name));
        let (on_ack, acknowledged) = bounded(messages.len().max(1));
        // Not as what lay on the topic: put back there, an old state would become the last that is known of the alert.
        let origin = format!("receiver {}", self.name);
        for message in messages {
            let (key, payload) =
                (message.key.as_deref().unwrap_or_default(), message.payload.as_deref().unwrap_or_default());
            let (on_ack, origin) = (on_ack.clone(), Origin { origin: &origin, line: -1, key });
            hand.dead_letters.reject_bytes(
                origin,
                payload,
                &rejected,
                Box::new(move |result| drop(on_ack.send(result))),
            )?;
        }
        for _ in messages {
            acknowledged.recv()?.context("failed to publish a dead letter, its alert is kept")?;
        }
        Ok(Outcome::Done)
    }
}

impl Hand {
    fn lose(&mut self, lost: &[i32]) {
        self.gathered.retain(|(message, _)| !lost.contains(&message.partition));
        if self.gathered.is_empty() {
            self.due = None;
        }
        for partition in lost {
            self.next.remove(partition);
            self.committed.remove(partition);
        }
    }

    /// Commits what is done with: nothing that is gathered, or came after.
    fn commit(&mut self) {
        let mut done = self.next.clone();
        for (message, _) in &self.gathered {
            done.entry(message.partition).and_modify(|next| *next = (*next).min(message.offset));
        }
        self.noted = Instant::now();
        if done != self.committed {
            self.queue.commit(&done);
            self.committed = done;
        }
    }
}
