//! The sink as a running role.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use faultline_platform::consume::{self, Outlet, Processor, Receipt, Subscription};
use faultline_platform::dead_letter::DeadLetters;
use faultline_platform::{Message, Publisher, Rejected, RoleContext};
use faultline_schemas::{Stage, header, topic};
use tokio::runtime::Handle;

use crate::error::Fault;
use crate::write::{Item, Position};
use crate::writer::{Poison, Writer};
use crate::{Dialect, Prepared, SinkSettings, Store};

/// Last part of the consumer group's id.
pub const GROUP: &str = "sink";
/// How often old articles are looked for.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);
/// The first time, after the start: not while a backlog is being caught up with.
const RETENTION_FIRST: Duration = Duration::from_secs(60);
/// Transactions begin at least so far apart: what comes meanwhile shares the next one. A transaction costs the same
/// fifteen exchanges with the server, and the same wait for its disk, for one article and for many.
const WRITE_EVERY: Duration = Duration::from_millis(25);
/// Name of the database in the health report.
const DATABASE: &str = "database";

/// Stores what comes on the `enriched` topic until stop is requested.
///
/// # Errors
/// When the settings are wrong, the database is of a later version or refuses the user, or the consume loop fails.
/// A database that is merely away is waited for.
pub async fn run(ctx: RoleContext, settings: SinkSettings) -> anyhow::Result<()> {
    let latch = ctx.health.latch(DATABASE);
    let Some(store) = open(&ctx, &settings).await? else { return Ok(()) };
    drop(latch);
    tracing::info!(location = store.location(), "storing articles");
    let retention = tokio::spawn(tidy(ctx.clone(), store.clone(), settings.retention_days));

    let indexing = tokio::spawn({
        let (store, stop) = (store.clone(), ctx.stop.clone());
        async move { store.keep_indexed(&stop).await }
    });

    let publisher = Publisher::new(&ctx.common.kafka)?;
    let dead_letters = DeadLetters::new(&ctx, publisher, Stage::Sink);
    let health = ctx.health.clone();
    let report = Box::new(move |trouble| health.set_degraded(DATABASE, trouble));
    let outlet = StoreOutlet {
        group: GROUP,
        runtime: Handle::current(),
        writer: Writer::new(store.clone(), GROUP, ctx.stop.clone(), report),
        dead_letters: dead_letters.clone(),
        next_write: Instant::now(),
        asked_for: RefCell::default(),
        ctx: ctx.clone(),
    };
    let processor = Rows { dialect: store.dialect() };
    let subscription = Subscription { topics: vec![&topic::ENRICHED], group: GROUP };
    let outcome = consume::run(ctx, Stage::Sink, subscription, processor, outlet, dead_letters).await;
    retention.abort();
    indexing.abort();
    store.close().await;
    outcome
}

/// Opens the database, waiting for one that is away; none when stop was requested meanwhile.
async fn open(ctx: &RoleContext, settings: &SinkSettings) -> anyhow::Result<Option<Store>> {
    let mut pause = Duration::from_millis(200);
    let mut waiting = false;
    loop {
        match Store::open(settings, &ctx.common.data_dir).await {
            Ok(store) => {
                ctx.health.set_degraded(DATABASE, None);
                return Ok(Some(store));
            }
            Err(error) if error.fault() == Fault::Database => {
                if !waiting {
                    tracing::warn!(%error, "database cannot be opened, waiting for it");
                }
                waiting = true;
                ctx.health.set_degraded(DATABASE, Some(error.to_string()));
            }
            Err(error) => return Err(error).context("failed to open the database of the sink"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ctx.stop.wait() => return Ok(None),
        }
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// Deletes old articles, and what repeats were found by in articles that nothing can repeat any more.
async fn tidy(ctx: RoleContext, store: Store, days: u32) {
    let mut pause = RETENTION_FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ctx.stop.wait() => return,
        }
        pause = RETENTION_EVERY;
        if let Err(error) = store.prune_prints().await {
            tracing::warn!(%error, "failed to shorten the index of repeats, trying again in an hour");
        }
        if days == 0 {
            continue;
        }
        let cutoff = jiff::Timestamp::now().as_millisecond() - i64::from(days) * 86_400_000;
        match store.delete_stored_before(cutoff).await {
            Ok(0) => {}
            Ok(articles) => tracing::info!(articles, days, "deleted articles older than sink.retention_days"),
            Err(error) => tracing::warn!(%error, "failed to delete old articles, trying again in an hour"),
        }
    }
}

/// Documents to rows, on the pool.
struct Rows {
    dialect: Dialect,
}

/// Rows, and what a dead letter needs should the database refuse them.
struct Delivery {
    rows: Prepared,
    timestamp_ms: Option<i64>,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Processor for Rows {
    type Output = Delivery;

    fn process(&self, message: &Message) -> Result<Delivery, Rejected> {
        header::check_schema(message.header(header::SCHEMA), topic::ENRICHED.schema)
            .map_err(|mismatch| Rejected::new("unknown_schema_version", mismatch.to_string()))?;
        let Some(payload) = &message.payload else {
            return Err(Rejected::new("no_value", "the message has no value: the enriched topic holds no deletions"));
        };
        let seen_ms = message.timestamp_ms.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
        let rows = Prepared::new(payload, self.dialect, seen_ms)
            .map_err(|unstorable| Rejected::new(unstorable.reason, unstorable.problem))?;
        let (key, headers) = (message.key.clone(), message.headers.clone());
        Ok(Delivery { rows, timestamp_ms: message.timestamp_ms, key, headers })
    }
}

/// Rows to the store, on a thread of its own.
struct StoreOutlet {
    group: &'static str,
    ctx: RoleContext,
    runtime: Handle,
    writer: Writer,
    dead_letters: DeadLetters,
    /// When the next transaction may begin.
    next_write: Instant,
    /// Where the loop was told to start each partition, until its first message has come.
    asked_for: RefCell<HashMap<(String, i32), i64>>,
}

/// What a message had besides its rows.
struct Envelope {
    timestamp_ms: Option<i64>,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Outlet<Delivery> for StoreOutlet {
    fn deliver(&mut self, batch: Vec<(Receipt, Delivery)>) -> anyhow::Result<()> {
        let mut receipts = Vec::with_capacity(batch.len());
        let mut envelopes = Vec::with_capacity(batch.len());
        let mut items = Vec::with_capacity(batch.len());
        let mut topic: Arc<str> = Arc::from("");
        for (receipt, Delivery { rows, timestamp_ms, key, headers }) in batch {
            if &*topic != receipt.topic() {
                topic = Arc::from(receipt.topic());
            }
            items.push(Item { position: self.position(&topic, &receipt), rows });
            envelopes.push(Envelope { timestamp_ms, key, headers });
            receipts.push(receipt);
        }
        std::thread::sleep(self.next_write.saturating_duration_since(Instant::now()));
        self.next_write = Instant::now() + WRITE_EVERY;
        let dead_letters = &self.dead_letters;
        let reject =
            async |poison: Poison| reject(dead_letters, &items[poison.index], &envelopes[poison.index], &poison).await;
        self.runtime.block_on(self.writer.write(&items, reject))?;
        self.ctx.metrics.messages_out.inc_by(receipts.len() as u64);
        receipts.into_iter().for_each(Receipt::settle);
        Ok(())
    }

    fn rejected(&mut self, receipts: &[Receipt]) -> anyhow::Result<()> {
        let position = |receipt: &Receipt| self.position(&Arc::from(receipt.topic()), receipt);
        let positions: Vec<Position> = receipts.iter().map(position).collect();
        self.runtime.block_on(self.writer.advance(&positions))
    }

    fn stored_offsets(&self, partitions: &[(String, i32)]) -> anyhow::Result<Option<HashMap<(String, i32), i64>>> {
        let stored = self.runtime.block_on(self.writer.store().offsets(self.group))?;
        let ours: HashMap<(String, i32), i64> =
            partitions.iter().filter_map(|key| Some((key.clone(), *stored.get(key)?))).collect();
        self.asked_for.borrow_mut().extend(ours.clone());
        Ok(Some(ours))
    }
}

impl StoreOutlet {
    fn position(&self, topic: &Arc<str>, receipt: &Receipt) -> Position {
        let (partition, offset) = (receipt.partition(), receipt.offset());
        let restarted = self.restarted(topic, partition, offset);
        Position { topic: Arc::clone(topic), partition, offset, restarted }
    }

    /// Whether the first message of a partition lies below the offset that was asked for. The loop only starts there when
    /// Kafka has nothing at that offset: the topic was made anew, and what is stored of it says nothing about this one.
    fn restarted(&self, topic: &str, partition: i32, offset: i64) -> bool {
        let mut asked_for = self.asked_for.borrow_mut();
        asked_for.remove(&(topic.to_owned(), partition)).is_some_and(|asked| offset < asked)
    }
}

/// Sends the message behind refused rows to the dead letters, and waits until it is there.
async fn reject(dead_letters: &DeadLetters, item: &Item, envelope: &Envelope, poison: &Poison) -> anyhow::Result<()> {
    let message = Message {
        topic: Arc::clone(&item.position.topic),
        partition: item.position.partition,
        offset: item.position.offset,
        timestamp_ms: envelope.timestamp_ms,
        key: envelope.key.clone(),
        payload: Some(item.rows.document()?),
        headers: envelope.headers.clone(),
    };
    let rejected = Rejected::new("refused_by_database", poison.error.clone());
    let (acknowledged, outcome) = tokio::sync::oneshot::channel();
    let on_ack = Box::new(move |result| {
        // Nobody waits any more when the role is being torn down.
        drop(acknowledged.send(result));
    });
    dead_letters.reject_message(&message, &rejected, on_ack)?;
    outcome.await.context("the dead letter was neither acknowledged nor refused")??;
    Ok(())
}
