//! The polling thread.

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use faultline_schemas::Stage;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    error::KafkaError,
};
use tracing::{debug, info, warn};

use super::{
    Outlet, Processor, Subscription,
    assignment::{Assignment, Key},
    breaker::Breaker,
    outlet::{OutletThread, Place, Start},
    pool::{self, Chunk, Work},
    receipt::{InFlight, Receipt},
};
use crate::{Message, RoleContext, client, dead_letter::DeadLetters, topics};

/// Messages that go to a processing thread together: enough to make the hand-over cheap, few enough to share the work.
const CHUNK_MESSAGES: usize = 64;
/// As above, in bytes.
const CHUNK_BYTES: u64 = 128 * 1024;
/// Full queues usually have room again at once, and pausing throws away what librdkafka has fetched ahead.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a poll waits for a message. rdkafka spins through the last millisecond of a wait, so that short ones cost time
/// at rest.
const POLL: Duration = Duration::from_millis(250);
/// As above, while partitions wait to be started.
const STARTING_POLL: Duration = Duration::from_millis(10);
/// A polling thread that has not come round for this long is stuck.
const POLL_LIMIT: Duration = Duration::from_secs(60);

pub(super) fn run<P, O>(
    ctx: &RoleContext,
    stage: Stage,
    subscription: &Subscription,
    processor: P,
    outlet: O,
    dead_letters: DeadLetters,
) -> anyhow::Result<()>
where
    P: Processor,
    O: Outlet<P::Output>,
{
    if !topics::ensure(&ctx.common, &ctx.stop)? {
        return Ok(());
    }
    let names: Vec<String> = subscription.topics.iter().map(|topic| ctx.common.topics.name(topic)).collect();
    let assignment = Assignment::new(
        Duration::from_millis(ctx.common.consume.revoke_deadline_ms),
        Arc::clone(&ctx.metrics),
        ctx.health.clone(),
    );
    let consumer: BaseConsumer<Assignment> = client::consumer_config(&ctx.common, subscription.group)?
        .create_with_context(assignment)
        .context("failed to create the kafka consumer, check [kafka.client]")?;
    let subscribed: Vec<&str> = names.iter().map(String::as_str).collect();
    consumer.subscribe(&subscribed).with_context(|| format!("failed to subscribe to {subscribed:?}"))?;

    let work = Work {
        processor,
        topics: names.iter().cloned().zip(subscription.topics.iter().copied()).collect(),
        metrics: Arc::clone(&ctx.metrics),
    };
    let mut threads = Threads::start(ctx, stage, work, outlet, dead_letters)?;
    let polled = Loop::new(ctx, &consumer, &threads).run();
    let ended = threads.end(ctx, &consumer);
    close(consumer, Duration::from_millis(ctx.common.consume.shutdown_deadline_ms));
    ended.and(polled)
}

/// Leaves the group. Closing blocks until the group has let go, so it gets a thread of its own and a deadline.
fn close(consumer: BaseConsumer<Assignment>, deadline: Duration) {
    let (closed, wait) = bounded::<()>(1);
    std::thread::spawn(move || {
        drop(consumer);
        drop(closed);
    });
    // The sender is dropped when the consumer is closed: an error other than disconnection means that time ran out.
    if wait.recv_timeout(deadline) == Err(crossbeam_channel::RecvTimeoutError::Timeout) {
        warn!("the consumer group did not let go in time, leaving without it");
    }
}

/// The threads behind the poll, and the channels to them.
struct Threads<T> {
    chunks: Option<Sender<Chunk<T>>>,
    line: Option<Sender<Place<T>>>,
    starts: Receiver<Start>,
    pool: Vec<JoinHandle<()>>,
    outlet: Option<JoinHandle<anyhow::Result<()>>>,
}

impl<T: Send + 'static> Threads<T> {
    fn start<P: Processor<Output = T>, O: Outlet<T>>(
        ctx: &RoleContext,
        stage: Stage,
        work: Work<P>,
        outlet: O,
        dead_letters: DeadLetters,
    ) -> anyhow::Result<Self> {
        let settings = &ctx.common.consume;
        let workers = match settings.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers as usize,
        };
        // Neither channel can fill up before the bounds on messages in flight are reached.
        let capacity = settings.max_in_flight_messages as usize + 1;
        let (chunks, pool) = pool::start(workers, capacity, &Arc::new(work))?;
        let (line, line_end) = unbounded();
        let (starts_end, starts) = unbounded();
        let body = OutletThread {
            ctx: ctx.clone(),
            stage,
            outlet,
            dead_letters,
            breaker: Breaker::new(&ctx.common.dead_letters),
            line: line_end,
            starts: starts_end,
        };
        let outlet = std::thread::Builder::new().name(format!("outlet-{}", ctx.role)).spawn(move || body.run())?;
        Ok(Self { chunks: Some(chunks), line: Some(line), starts, pool, outlet: Some(outlet) })
    }

    /// Lets work in flight finish within the deadline, commits, and says why the outlet ended if it failed.
    fn end(&mut self, ctx: &RoleContext, consumer: &BaseConsumer<Assignment>) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_millis(ctx.common.consume.shutdown_deadline_ms);
        let partitions = consumer.context().partitions();
        for partition in &partitions {
            partition.drain();
        }
        self.chunks.take();
        self.line.take();
        let unfinished = partitions.iter().filter(|p| !p.wait_idle(deadline)).count();
        if unfinished > 0 {
            warn!(unfinished, "partitions with work unfinished at the deadline, it is done again after the next start");
        }
        consumer.context().commit(consumer, CommitMode::Sync);
        if unfinished == 0 {
            for thread in self.pool.drain(..) {
                // A panic while processing is a dead letter, so a thread that panicked did so outside of any message.
                thread.join().ok().context("a processing thread panicked, see the log")?;
            }
        }
        let outlet = self.outlet.take().filter(|handle| unfinished == 0 || handle.is_finished());
        match outlet.map(JoinHandle::join) {
            Some(Err(_)) => anyhow::bail!("the outlet of the {} panicked, see the log", ctx.role),
            Some(Ok(result)) => result,
            None => Ok(()),
        }
    }
}

struct Loop<'a, T> {
    ctx: &'a RoleContext,
    consumer: &'a BaseConsumer<Assignment>,
    threads: &'a Threads<T>,
    in_flight: Arc<InFlight>,
    gathered: Vec<(Receipt, Message)>,
    gathered_bytes: u64,
    paused: bool,
    /// A question about starting offsets is on its way.
    asked: bool,
    next_question: Instant,
    next_commit: Instant,
}

impl<'a, T: Send + 'static> Loop<'a, T> {
    fn new(ctx: &'a RoleContext, consumer: &'a BaseConsumer<Assignment>, threads: &'a Threads<T>) -> Self {
        let now = Instant::now();
        Self {
            ctx,
            consumer,
            threads,
            in_flight: Arc::new(InFlight::new(Arc::clone(&ctx.metrics))),
            gathered: Vec::new(),
            gathered_bytes: 0,
            paused: false,
            asked: false,
            next_question: now,
            next_commit: now,
        }
    }

    fn run(mut self) -> anyhow::Result<()> {
        let progress = self.ctx.health.progress("poll", POLL_LIMIT);
        while !self.ctx.stop.requested() {
            progress.tick();
            self.start_fresh_partitions()?;
            self.adjust_pressure()?;
            let wait = match self.gathered.is_empty() {
                true if self.asked => STARTING_POLL,
                true => POLL,
                false => Duration::ZERO,
            };
            match self.consumer.poll(wait) {
                Some(Ok(fetched)) => self.gather(&fetched)?,
                Some(Err(error)) => self.poll_failed(&error)?,
                None => self.dispatch()?,
            }
            self.every_now_and_then()?;
        }
        info!(role = self.ctx.role, "stopping: finishing what is in flight");
        Ok(())
    }

    fn gather(&mut self, fetched: &rdkafka::message::BorrowedMessage<'_>) -> anyhow::Result<()> {
        // A message of a partition that was revoked while it lay in the client's queue belongs to somebody else.
        let Some(partition) = self.consumer.context().partition(fetched.topic(), fetched.partition()) else {
            return Ok(());
        };
        let message = Message::detach(fetched, partition.shared_topic());
        let bytes = message.bytes();
        let Some(receipt) = partition.take(message.offset, bytes, message.fetched_at_ms(), &self.in_flight) else {
            return Ok(());
        };
        self.ctx.metrics.messages_in.inc();
        self.gathered.push((receipt, message));
        self.gathered_bytes += bytes;
        if self.gathered.len() >= CHUNK_MESSAGES || self.gathered_bytes >= CHUNK_BYTES {
            self.dispatch()?;
        }
        Ok(())
    }

    fn dispatch(&mut self) -> anyhow::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let messages = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        let (place, done) = bounded(1);
        let (Some(line), Some(chunks)) = (&self.threads.line, &self.threads.chunks) else { return Ok(()) };
        line.send(Place::Chunk(done)).ok().context("the outlet has ended")?;
        chunks.send(Chunk { messages, place }).ok().context("the processing threads have ended")?;
        Ok(())
    }

    /// Seeks newly assigned partitions to where the outlet says that they start, then lets them flow.
    fn start_fresh_partitions(&mut self) -> anyhow::Result<()> {
        let assignment = self.consumer.context();
        if !self.asked && Instant::now() >= self.next_question {
            let fresh = assignment.fresh();
            if let Some(line) = self.threads.line.as_ref().filter(|_| !fresh.is_empty()) {
                line.send(Place::StartOf(fresh)).ok().context("the outlet has ended")?;
                self.asked = true;
            }
        }
        let Ok(start) = self.threads.starts.try_recv() else { return Ok(()) };
        self.asked = false;
        let begun = start.offsets.and_then(|offsets| self.begin(&start.partitions, offsets.as_ref()));
        if let Err(error) = begun {
            warn!(error = format!("{error:#}"), "failed to find out where to start, asking again");
            self.next_question = Instant::now() + PATIENCE;
        }
        Ok(())
    }

    fn still_ours(&self, keys: Vec<Key>) -> Vec<Key> {
        keys.into_iter().filter(|(t, n)| self.consumer.context().partition(t, *n).is_some()).collect()
    }

    fn begin(
        &self,
        keys: &[Key],
        offsets: Option<&std::collections::HashMap<(String, i32), i64>>,
    ) -> anyhow::Result<()> {
        let ours = self.still_ours(keys.to_vec());
        let (mut all, mut seeks) = (TopicPartitionList::new(), TopicPartitionList::new());
        for (topic, number) in &ours {
            all.add_partition(topic, *number);
            if let Some(&next) = offsets.and_then(|offsets| offsets.get(&(topic.to_string(), *number))) {
                seeks.add_partition_offset(topic, *number, self.start_of(topic, *number, next)?)?;
            }
        }
        if seeks.count() > 0 {
            let sought = self.consumer.seek_partitions(seeks, Duration::from_secs(10)).context("failed to seek")?;
            for element in sought.elements() {
                element
                    .error()
                    .with_context(|| format!("failed to seek {}/{}", element.topic(), element.partition()))?;
            }
        }
        if all.count() > 0 && !self.paused {
            self.consumer.resume(&all).context("failed to resume partitions")?;
        }
        self.consumer.context().mark_started(&ours);
        Ok(())
    }

    /// Where to start a partition of which the outlet has all before `next`: there, unless Kafka has nothing there.
    fn start_of(&self, topic: &str, number: i32, next: i64) -> anyhow::Result<Offset> {
        let (low, high) = self
            .consumer
            .fetch_watermarks(topic, number, Duration::from_secs(10))
            .with_context(|| format!("kafka does not say where {topic}/{number} begins and ends"))?;
        if next > high {
            warn!(
                topic,
                partition = number,
                stored = next,
                end = high,
                "the partition ends before what is stored of it: the topic was made anew, or kafka has lost messages; \
                 reading it from its start"
            );
            return Ok(Offset::Offset(low));
        }
        if next < low {
            warn!(
                topic,
                partition = number,
                stored = next,
                first = low,
                "{} messages were deleted before they were stored: raise the topic's retention, or keep the role running",
                low - next
            );
        }
        Ok(Offset::Offset(next.max(low)))
    }

    fn is_full(&self, share: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share of a bound need not be exact")]
        let over = |now: u64, bound: u64| now as f64 >= bound as f64 * share;
        let settings = &self.ctx.common.consume;
        over(self.in_flight.messages(), u64::from(settings.max_in_flight_messages))
            || over(self.in_flight.bytes(), settings.max_in_flight_bytes)
    }

    /// Pauses all partitions while the queues are full, so that polling can go on.
    fn adjust_pressure(&mut self) -> anyhow::Result<()> {
        if self.paused {
            if !self.is_full(0.5) {
                self.consumer.resume(&self.flowing()?).context("failed to resume partitions")?;
                self.paused = false;
            }
            return Ok(());
        }
        if !self.is_full(1.0) {
            return Ok(());
        }
        self.dispatch()?;
        let patience = Instant::now() + PATIENCE;
        while self.is_full(0.75) && Instant::now() < patience && !self.ctx.stop.requested() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.is_full(0.75) {
            debug!(messages = self.in_flight.messages(), bytes = self.in_flight.bytes(), "queues full, pausing");
            self.consumer.pause(&self.flowing()?).context("failed to pause partitions")?;
            self.paused = true;
        }
        Ok(())
    }

    /// Partitions assigned, less those that have not been started yet.
    fn flowing(&self) -> anyhow::Result<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for partition in self.consumer.context().partitions() {
            if !self.consumer.context().is_fresh(partition.topic(), partition.number()) {
                list.add_partition(partition.topic(), partition.number());
            }
        }
        Ok(list)
    }

    fn poll_failed(&mut self, error: &KafkaError) -> anyhow::Result<()> {
        if let KafkaError::MessageConsumptionFatal(code) = error {
            anyhow::bail!("kafka client failed for good: {code}: start the role again");
        }
        warn!(%error, "failed to fetch, trying again");
        Ok(())
    }

    fn every_now_and_then(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if now < self.next_commit {
            return Ok(());
        }
        self.next_commit = now + Duration::from_millis(self.ctx.common.consume.commit_interval_ms);
        let assignment = self.consumer.context();
        assignment.commit(self.consumer, CommitMode::Async);
        if let Some(stuck) = assignment.partitions().into_iter().find(|p| p.is_abandoned()) {
            anyhow::bail!(
                "a message of {}/{} could not be delivered, nothing after offset {} is committed: see the errors above",
                stuck.topic(),
                stuck.number(),
                stuck.next().unwrap_or(-1)
            );
        }
        if self.threads.outlet.as_ref().is_none_or(JoinHandle::is_finished) {
            anyhow::bail!("the outlet has ended");
        }
        Ok(())
    }
}
