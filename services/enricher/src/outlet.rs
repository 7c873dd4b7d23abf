//! Publishing what was made of a message, and settling the message when all of it is acknowledged.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use faultline_platform::{
    Publisher, Record, RoleContext,
    consume::{Outlet, Receipt},
    metrics::RoleMetrics,
};
use parking_lot::Mutex;
use tracing::error;

/// Publishes all records made of a message, in order, and settles the message once the last is acknowledged. A message
/// of which nothing is to be published is settled at once.
pub struct PublishOutlet {
    publisher: Publisher,
    metrics: Arc<RoleMetrics>,
}

impl PublishOutlet {
    /// An outlet of the role `ctx` that publishes through `publisher`.
    #[must_use]
    pub fn new(ctx: &RoleContext, publisher: Publisher) -> Self {
        Self { publisher, metrics: Arc::clone(&ctx.metrics) }
    }
}

impl Outlet<Vec<Record>> for PublishOutlet {
    fn deliver(&mut self, batch: Vec<(Receipt, Vec<Record>)>) -> anyhow::Result<()> {
        for (receipt, records) in batch {
            let ticket = Arc::new(Ticket { receipt: Mutex::new(Some(receipt)), failed: AtomicBool::new(false) });
            for record in records {
                let (ticket, metrics) = (Arc::clone(&ticket), Arc::clone(&self.metrics));
                let on_ack = Box::new(move |result| match result {
                    Ok(()) => metrics.messages_out.inc(),
                    Err(error) => ticket.fail(&error),
                });
                self.publisher.send(record, on_ack)?;
            }
        }
        Ok(())
    }
}

/// Shared by the records made of one message: dropped with the last acknowledgement.
struct Ticket {
    receipt: Mutex<Option<Receipt>>,
    failed: AtomicBool,
}

impl Ticket {
    fn fail(&self, error: &faultline_platform::PublishError) {
        self.failed.store(true, Ordering::Release);
        error!(%error, receipt = ?self.receipt.lock(), "failed to publish, the message is kept and read again");
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.lock().take().filter(|_| !self.failed.load(Ordering::Acquire)) {
            receipt.settle();
        }
    }
}
