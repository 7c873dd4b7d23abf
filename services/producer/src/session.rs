//! One source's entries on their way to Kafka, and what may be remembered of them.

use std::{
    collections::HashMap,
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use faultline_platform::{OnAck, PublishError, Rejected, Stop, dead_letter::Origin};
use faultline_schemas::{Article, FileCursor};
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::{
    identity,
    intake::Intake,
    ledger::Ledger,
    outlet::Outlet,
    reader::Entry,
    refuse::Refusal,
    seen::Seen,
    state,
    tally::{Tally, count},
};

/// Entries that may be on their way at a time; the queue of the Kafka client bounds their bytes.
const MAX_OUTSTANDING: usize = 20_000;
/// Cursors are written this often, the much larger list of revisions more rarely.
const SAVE_CURSORS: Duration = Duration::from_secs(1);
const SAVE_SEEN: Duration = Duration::from_secs(30);
/// Between two attempts to publish what the client gave up.
const RETRY: Duration = Duration::from_secs(1);

/// What may be remembered once an entry, and all before it, are settled.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// How far its file has been read with it.
    pub(crate) cursor: Option<(Arc<str>, FileCursor)>,
    /// Its revision, where it is an article.
    seen: Option<u64>,
    /// The entry of a feed that it came from, which is then not looked at again.
    entry: Option<u64>,
}

impl Mark {
    fn of(cursor: Option<(Arc<str>, FileCursor)>, entry: Option<u64>) -> Self {
        Self { cursor, seen: None, entry }
    }
}

/// An entry that came back unpublished.
struct Returned {
    number: u64,
    origin: Arc<str>,
    entry: Arc<Entry>,
    /// Why it is refused, where it was on its way to the dead letters.
    refusal: Option<Refusal>,
    error: PublishError,
}

/// What acknowledgements, which come on another thread, write to.
#[derive(Clone)]
struct Inbox {
    ledger: Arc<Mutex<Ledger<Mark>>>,
    returned: Arc<Mutex<Vec<Returned>>>,
}

/// Takes one source's entries in order, publishes or refuses each, and keeps the cursor of what is settled.
pub(crate) struct Session {
    /// Id under which state is kept; none where there is no state to keep.
    source: Option<String>,
    outlet: Outlet,
    intake: Intake,
    tally: Arc<Tally>,
    stop: Stop,
    seen: Seen,
    inbox: Inbox,
    /// Cursors that moved since they were last written.
    moved: HashMap<Arc<str>, FileCursor>,
    seen_moved: bool,
    cursors_saved: Instant,
    seen_saved: Instant,
}

impl Session {
    pub(crate) fn new(
        source: Option<String>,
        intake: Intake,
        seen: Seen,
        outlet: Outlet,
        tally: Arc<Tally>,
        stop: Stop,
    ) -> Self {
        let inbox = Inbox { ledger: Arc::new(Mutex::new(Ledger::new())), returned: Arc::default() };
        let now = Instant::now();
        Self {
            source,
            outlet,
            intake,
            tally,
            stop,
            seen,
            inbox,
            moved: HashMap::new(),
            seen_moved: false,
            cursors_saved: now,
            seen_saved: now,
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The counts, to be held beside the session.
    pub(crate) fn tally_shared(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Takes the next entry. `origin` names its input to people, `cursor` is where to resume after it. Blocks while
    /// too much is on its way.
    pub(crate) fn offer(&mut self, origin: &Arc<str>, entry: Entry, cursor: Option<(Arc<str>, FileCursor)>) {
        self.offer_marked(origin, entry, Mark::of(cursor, None));
    }

    /// Takes an entry of a feed; `hash` stands for it as it reads now, see [`Self::has_seen`].
    pub(crate) fn offer_of_feed(&mut self, origin: &Arc<str>, entry: Entry, hash: u64) {
        if self.seen.take(hash) {
            self.offer_marked(origin, entry, Mark::of(None, Some(hash)));
        }
    }

    /// Whether this entry of a feed was taken before: acknowledged, refused, or on its way.
    pub(crate) fn has_seen(&self, hash: u64) -> bool {
        self.seen.knows(hash)
    }

    /// What is acknowledged so far, encoded.
    pub(crate) fn seen(&self) -> String {
        self.seen.encode()
    }

    /// Remembers at least so many revisions.
    pub(crate) fn remember(&mut self, revisions: usize) {
        self.seen.grow(revisions);
    }

    fn offer_marked(&mut self, origin: &Arc<str>, entry: Entry, mark: Mark) {
        while self.outstanding() >= MAX_OUTSTANDING && !self.stop.wait_timeout(Duration::from_millis(1)) {
            self.collect();
        }
        count(&self.tally.read);
        self.outlet.metrics.messages_in.inc();
        match self.intake.read(&entry, Timestamp::now()) {
            Ok(taken) => {
                self.tally.warn(&taken.warnings);
                for warning in &taken.warnings {
                    let reason = warning.reason();
                    tracing::debug!(
                        reason,
                        origin = &**origin,
                        line = entry.line,
                        "article taken with a part set aside"
                    );
                }
                self.take(origin, entry, taken.article, mark);
            }
            Err(refusal) if refusal.is_passed_over() => {
                self.tally.pass(refusal.reason());
                self.owe_settled(mark);
            }
            Err(refusal) => {
                self.tally.refuse(origin, &refusal);
                let number = self.inbox.ledger.lock().owe(mark);
                self.refuse(number, origin, Arc::new(entry), refusal);
            }
        }
        self.collect();
    }

    /// Notes a cursor that no entry stands for: the end of a file.
    pub(crate) fn mark(&mut self, cursor: (Arc<str>, FileCursor)) {
        self.owe_settled(Mark::of(Some(cursor), None));
        self.collect();
    }

    /// Forgets a file that is gone.
    pub(crate) fn forget(&mut self, file: &str) {
        self.moved.remove(file);
        if let Some(source) = &self.source {
            self.outlet.state(state::file_key(source, file), None);
        }
    }

    /// Waits until all is settled, and writes down how far that is. False where the time ran out, or stopping was
    /// asked for and `grace` has passed since.
    pub(crate) fn finish(&mut self, grace: Duration) -> bool {
        let mut until = None;
        loop {
            self.collect();
            if self.outstanding() == 0 {
                break;
            }
            if self.stop.requested() && Instant::now() > *until.get_or_insert_with(|| Instant::now() + grace) {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.save();
        self.outstanding() == 0
    }

    /// Sees to what came back, and moves the cursors up to the first entry that is still owed. To be called now and
    /// then while there is nothing to offer.
    pub(crate) fn collect(&mut self) {
        let returned = mem::take(&mut *self.inbox.returned.lock());
        for entry in returned {
            self.retry(entry);
        }
        let mut ledger = self.inbox.ledger.lock();
        while let Some(mark) = ledger.advance() {
            if let Some((file, cursor)) = mark.cursor {
                self.moved.insert(file, cursor);
            }
            for hash in [mark.seen, mark.entry].into_iter().flatten() {
                self.seen.settle(hash);
                self.seen_moved = true;
            }
        }
        drop(ledger);
        if self.cursors_saved.elapsed() >= SAVE_CURSORS {
            self.save_cursors();
        }
        if self.seen_saved.elapsed() >= SAVE_SEEN {
            self.save_seen();
        }
    }

    /// Waits up to `longest` until all is settled, and then writes down how far that is. True where all is.
    pub(crate) fn settle_down(&mut self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        loop {
            self.collect();
            if self.outstanding() == 0 {
                self.save_cursors();
                return true;
            }
            if Instant::now() > until || self.stop.wait_timeout(Duration::from_millis(2)) {
                return false;
            }
        }
    }

    pub(crate) fn outstanding(&self) -> usize {
        self.inbox.ledger.lock().outstanding()
    }

    fn take(&mut self, origin: &Arc<str>, entry: Entry, article: Article, mark: Mark) {
        let hash = identity::seen_hash(&article.id, &article.revision);
        if !self.seen.take(hash) {
            count(&self.tally.repeats);
            self.owe_settled(mark);
            return;
        }
        let number = self.inbox.ledger.lock().owe(Mark { seen: Some(hash), ..mark });
        self.publish(number, origin, Arc::new(entry), article);
    }

    fn owe_settled(&self, mark: Mark) {
        let mut ledger = self.inbox.ledger.lock();
        let number = ledger.owe(mark);
        ledger.settle(number);
    }

    fn publish(&self, number: u64, origin: &Arc<str>, entry: Arc<Entry>, mut article: Article) {
        let now = Timestamp::now().to_string();
        article.fetched_at.get_or_insert_with(|| now.clone());
        let (inbox, tally, metrics) = (self.inbox.clone(), Arc::clone(&self.tally), Arc::clone(&self.outlet.metrics));
        let (fetched, acknowledged) = (Instant::now(), (Arc::clone(origin), Arc::clone(&entry)));
        let identity = tally.lists_taken().then(|| (article.id.clone(), article.revision.clone()));
        let on_ack: OnAck = Box::new(move |result| match result {
            Ok(()) => {
                count(&tally.acknowledged);
                if let Some(identity) = identity {
                    tally.take(identity);
                }
                metrics.messages_out.inc();
                metrics.end_to_end_latency.observe(fetched.elapsed().as_secs_f64());
                inbox.ledger.lock().settle(number);
            }
            Err(error) => {
                let (origin, entry) = acknowledged;
                inbox.returned.lock().push(Returned { number, origin, entry, refusal: None, error });
            }
        });
        if let Err(error) = self.outlet.article(&article, &now, on_ack) {
            let origin = Arc::clone(origin);
            self.inbox.returned.lock().push(Returned { number, origin, entry, refusal: None, error });
        }
    }

    fn refuse(&self, number: u64, origin: &Arc<str>, entry: Arc<Entry>, refusal: Refusal) {
        self.outlet.metrics.messages_failed.inc();
        let rejected = Rejected::new(refusal.reason(), refusal.to_string());
        let inbox = self.inbox.clone();
        let acknowledged = (Arc::clone(origin), Arc::clone(&entry), refusal.clone());
        let on_ack: OnAck = Box::new(move |result| match result {
            Ok(()) => inbox.ledger.lock().settle(number),
            Err(error) => {
                let (origin, entry, refusal) = acknowledged;
                inbox.returned.lock().push(Returned { number, origin, entry, refusal: Some(refusal), error });
            }
        });
        let place = Origin { origin, line: i64::try_from(entry.line).unwrap_or(-1), key: origin.as_bytes() };
        if let Err(error) = self.outlet.dead_letter(place, &entry.bytes, &rejected, on_ack) {
            let origin = Arc::clone(origin);
            self.inbox.returned.lock().push(Returned { number, origin, entry, refusal: Some(refusal), error });
        }
    }

    /// An article too large for the topic is refused; everything else is tried again, for what the client gives up is
    /// still owed.
    fn retry(&self, Returned { number, origin, entry, refusal, error }: Returned) {
        let line = entry.line;
        match (refusal, &error) {
            (None, PublishError::TooLarge { .. }) => {
                let refusal = Refusal::LargerThanTopic { line, error: error.to_string() };
                self.tally.refuse(&origin, &refusal);
                self.refuse(number, &origin, entry, refusal);
            }
            (Some(refusal), PublishError::TooLarge { .. }) => {
                let (origin, reason) = (&*origin, refusal.reason());
                tracing::error!(%error, origin, line, reason, "dead letter lost: raise max.message.bytes of its topic");
                self.inbox.ledger.lock().settle(number);
            }
            (refusal, PublishError::Refused { .. }) => {
                tracing::warn!(%error, origin = &*origin, line, "failed to publish, trying again");
                if self.stop.wait_timeout(RETRY) {
                    // Left owed: it is read again after the restart.
                    return;
                }
                match refusal {
                    Some(refusal) => self.refuse(number, &origin, entry, refusal),
                    None => match self.intake.read(&entry, Timestamp::now()) {
                        Ok(taken) => self.publish(number, &origin, entry, taken.article),
                        Err(refusal) => self.refuse(number, &origin, entry, refusal),
                    },
                }
            }
        }
    }

    /// Writes down what has been taken so far.
    pub(crate) fn save(&mut self) {
        self.save_cursors();
        self.save_seen();
    }

    fn save_cursors(&mut self) {
        self.cursors_saved = Instant::now();
        let moved = mem::take(&mut self.moved);
        let Some(source) = &self.source else { return };
        for (file, cursor) in moved {
            self.outlet.state(state::file_key(source, &file), Some(&state::of_file(source, &file, &cursor)));
        }
    }

    fn save_seen(&mut self) {
        self.seen_saved = Instant::now();
        if !mem::take(&mut self.seen_moved) {
            return;
        }
        let Some(source) = &self.source else { return };
        self.outlet.state(source.clone(), Some(&state::of_seen(source, self.seen.encode())));
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
