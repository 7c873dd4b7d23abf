//! The consume loop: the one way in which every consuming role reads topics.
//!
//! A dedicated thread polls; chunks of messages go through bounded queues to threads that process them; what comes of
//! them is handed to the role's [`Outlet`] in partition order; the outlet settles a [`Receipt`] for each message once
//! it is stored or published. Only the contiguous watermark of settled messages is ever committed.
//!
//! When the queues are full the partitions are paused and polling goes on, so a slow role is never evicted from its
//! group. On revocation and shutdown no new work is begun, work in flight gets a deadline, the watermark is committed,
//! and what is unfinished is read again by whoever comes next.

mod assignment;
mod breaker;
mod outlet;
mod poll;
mod pool;
mod receipt;
mod watermark;

use std::collections::HashMap;

use anyhow::Context as _;
use faultline_schemas::{Stage, topic::Topic};

pub use self::receipt::Receipt;
use crate::{Message, Rejected, RoleContext, dead_letter::DeadLetters};

/// The part of a role that needs the processor: runs on a pool of threads, several messages at once.
pub trait Processor: Send + Sync + 'static {
    /// What is handed to the outlet.
    type Output: Send + 'static;

    /// Turns a message into what is to be stored or published. Must not block on I/O.
    ///
    /// # Errors
    /// [`Rejected`] sends the message to the dead letters, as does a panic.
    fn process(&self, message: &Message) -> Result<Self::Output, Rejected>;
}

/// The part of a role that stores or publishes: runs on one thread, messages in partition order.
pub trait Outlet<T>: Send + 'static {
    /// Takes over a batch: each receipt is settled once its message is durable, here or later from another thread.
    /// Blocking is back-pressure. While the role's [`crate::Stop`] is requested it may return early, dropping receipts.
    ///
    /// # Errors
    /// Anything that cannot be retried: the loop stops, and what was not settled is read again.
    fn deliver(&mut self, batch: Vec<(Receipt, T)>) -> anyhow::Result<()>;

    /// Told of messages that will not be delivered, once all before them are delivered and they are in the dead
    /// letters: an outlet that keeps its own offsets moves them on, or these messages would be rejected again after
    /// the next start.
    ///
    /// # Errors
    /// As [`Outlet::deliver`].
    fn rejected(&mut self, receipts: &[Receipt]) -> anyhow::Result<()> {
        // By default offsets are kept by Kafka alone, and move when the receipts are settled.
        let _: &[Receipt] = receipts;
        Ok(())
    }

    /// Next offsets of the partitions, for outlets that keep them with what they store; the loop seeks to them on
    /// assignment. Partitions that are absent start where the group left off.
    ///
    /// # Errors
    /// When they cannot be read now: the loop asks again.
    fn stored_offsets(&self, partitions: &[(String, i32)]) -> anyhow::Result<Option<HashMap<(String, i32), i64>>> {
        // By default offsets are kept by Kafka alone, for whatever partitions.
        let _: &[(String, i32)] = partitions;
        Ok(None)
    }
}

/// What a role reads.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Topics, without the prefix.
    pub topics: Vec<&'static Topic>,
    /// Last part of the consumer group's id: `enricher` reads as `faultline.enricher`.
    pub group: &'static str,
}

/// Consumes until stop is requested or something fails for good.
///
/// # Errors
/// When the settings are refused, the outlet fails, a message can be neither delivered nor published as a dead letter,
/// or the circuit breaker trips. All is committed up to the watermark even then.
pub async fn run<P, O>(
    ctx: RoleContext,
    stage: Stage,
    subscription: Subscription,
    processor: P,
    outlet: O,
    dead_letters: DeadLetters,
) -> anyhow::Result<()>
where
    P: Processor,
    O: Outlet<P::Output>,
{
    let role = ctx.role;
    let (sender, ended) = tokio::sync::oneshot::channel();
    let body = move || {
        let result = poll::run(&ctx, stage, &subscription, processor, outlet, dead_letters);
        if result.is_err() {
            // Lets an outlet that waits for its database give up, and the other roles of this process end in order.
            ctx.stop.request();
        }
        // The receiver is gone only when the runtime is being dropped.
        drop(sender.send(result));
    };
    std::thread::Builder::new().name(format!("poll-{role}")).spawn(body).context("failed to start a thread")?;
    ended.await.with_context(|| format!("the consume loop of the {role} panicked, see the log"))?
}
