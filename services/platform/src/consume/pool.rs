//! Threads that process messages, off the async runtime, and the order that is kept all the same.
//!
//! Each chunk of messages takes its place in the line of the outlet when it is dispatched, and is filled in by
//! whichever thread processes it: the outlet sees messages in the order polled, which keeps the order of each partition.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use faultline_schemas::{header, topic::Topic};

use super::{Processor, receipt::Receipt};
use crate::{Message, Rejected, metrics::RoleMetrics};

/// A chunk of messages to be processed by one thread, and the place in line for what comes of them.
pub(super) struct Chunk<T> {
    pub(super) messages: Vec<(Receipt, Message)>,
    pub(super) place: Sender<Vec<(Receipt, Outcome<T>)>>,
}

/// What came of a message.
pub(super) enum Outcome<T> {
    Processed(T),
    Rejected(Message, Rejected),
}

/// What the threads share.
pub(super) struct Work<P> {
    pub(super) processor: P,
    /// Subscribed topics by full name.
    pub(super) topics: Vec<(String, &'static Topic)>,
    pub(super) metrics: Arc<RoleMetrics>,
}

/// Where to send chunks, and the threads that take them.
type Pool<T> = (Sender<Chunk<T>>, Vec<JoinHandle<()>>);

/// Starts `threads` threads that end when the returned sender is dropped.
pub(super) fn start<P: Processor>(
    threads: usize,
    capacity: usize,
    work: &Arc<Work<P>>,
) -> std::io::Result<Pool<P::Output>> {
    let (sender, receiver) = bounded::<Chunk<P::Output>>(capacity);
    let handles = (0..threads)
        .map(|number| {
            let (receiver, work) = (receiver.clone(), Arc::clone(work));
            std::thread::Builder::new().name(format!("process-{number}")).spawn(move || work.run(&receiver))
        })
        .collect::<std::io::Result<_>>()?;
    Ok((sender, handles))
}

impl<P: Processor> Work<P> {
    fn run(&self, chunks: &Receiver<Chunk<P::Output>>) {
        let seconds = self.metrics.stage_seconds.with_label_values(&["process"]);
        for Chunk { messages, place } in chunks {
            let timer = seconds.start_timer();
            let done = messages
                .into_iter()
                .filter(|(receipt, _)| !receipt.is_draining())
                .map(|(receipt, message)| (receipt, self.outcome(message)))
                .collect();
            timer.observe_duration();
            // The outlet has gone away only when the loop is ending; the receipts are dropped with the chunk.
            drop(place.send(done));
        }
    }

    fn outcome(&self, message: Message) -> Outcome<P::Output> {
        let expected = self.topics.iter().find(|(name, _)| **name == *message.topic).map(|(_, topic)| topic.schema);
        if let Some(Err(mismatch)) = expected.map(|e| header::check_schema(message.header(header::SCHEMA), e)) {
            let rejected = Rejected::new("unknown_schema_version", mismatch.to_string());
            return Outcome::Rejected(message, rejected);
        }
        match catch_unwind(AssertUnwindSafe(|| self.processor.process(&message))) {
            Ok(Ok(output)) => Outcome::Processed(output),
            Ok(Err(rejected)) => Outcome::Rejected(message, rejected),
            Err(panic) => {
                let said = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no message");
                let error = format!("processing panicked: {said}: please report this with the message");
                Outcome::Rejected(message, Rejected::new("panic", error))
            }
        }
    }
}
