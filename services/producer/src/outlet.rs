//! Where entries go: the articles topic, the dead letters, the sources topic.

use std::sync::Arc;

use faultline_platform::{
    OnAck, PublishError, Publisher, Record, Rejected, RoleContext,
    dead_letter::{DeadLetters, Origin},
    metrics::RoleMetrics,
    telemetry::TraceContext,
};
use faultline_schemas::{Article, SourceState, Stage, header, topic};

type Publish = dyn Fn(Record, OnAck) -> Result<(), PublishError> + Send + Sync;
type Reject = dyn Fn(Origin<'_>, &[u8], &Rejected, OnAck) -> Result<(), PublishError> + Send + Sync;

/// Publishes what a source brings. Clones share the connection.
#[derive(Clone)]
pub(crate) struct Outlet {
    publish: Arc<Publish>,
    reject: Arc<Reject>,
    articles: String,
    sources: String,
    pub(crate) metrics: Arc<RoleMetrics>,
}

impl Outlet {
    pub(crate) fn new(ctx: &RoleContext, publisher: &Publisher) -> Self {
        let dead_letters = DeadLetters::new(ctx, publisher.clone(), Stage::Producer);
        let publisher = publisher.clone();
        Self::through(
            ctx,
            Arc::new(move |record, on_ack| publisher.send(record, on_ack)),
            Arc::new(move |origin, bytes, rejected, on_ack| dead_letters.reject_bytes(origin, bytes, rejected, on_ack)),
        )
    }

    fn through(ctx: &RoleContext, publish: Arc<Publish>, reject: Arc<Reject>) -> Self {
        let topics = &ctx.common.topics;
        let (articles, sources) = (topics.name(&topic::ARTICLES), topics.name(&topic::SOURCES));
        Self { publish, reject, articles, sources, metrics: Arc::clone(&ctx.metrics) }
    }

    /// Publishes an article that is taken in `now`: what time it takes from here on is measured from then, whenever it
    /// was fetched. Blocks while the queue is full.
    pub(crate) fn article(&self, article: &Article, now: &str, on_ack: OnAck) -> Result<(), PublishError> {
        let mut headers = headers(topic::ARTICLES.schema);
        headers.push((header::TRACEPARENT.to_owned(), TraceContext::new_root().to_string()));
        headers.push((header::FETCHED_AT.to_owned(), now.to_owned()));
        let key = article.id.clone().into_bytes();
        (self.publish)(Record { topic: self.articles.clone(), key, payload: Some(json(article)), headers }, on_ack)
    }

    /// Publishes untouched bytes as a dead letter. Blocks while the queue is full.
    pub(crate) fn dead_letter(
        &self,
        origin: Origin<'_>,
        bytes: &[u8],
        rejected: &Rejected,
        on_ack: OnAck,
    ) -> Result<(), PublishError> {
        (self.reject)(origin, bytes, rejected, on_ack)
    }

    /// Remembers a state under `key`, or forgets it.
    pub(crate) fn state(&self, key: String, state: Option<&SourceState>) {
        let record = Record {
            topic: self.sources.clone(),
            key: key.clone().into_bytes(),
            payload: state.map(json),
            headers: headers(topic::SOURCES.schema),
        };
        let log = |key: &str, error: &PublishError| {
            tracing::warn!(%error, key, "failed to remember where a source stopped, it is read again after a restart");
        };
        let acknowledged_key = key.clone();
        let on_ack: OnAck = Box::new(move |result| {
            if let Err(error) = result {
                log(&acknowledged_key, &error);
            }
        });
        if let Err(error) = (self.publish)(record, on_ack) {
            log(&key, &error);
        }
    }
}

fn headers(schema: &str) -> Vec<(String, String)> {
    vec![(header::SCHEMA.to_owned(), schema.to_owned()), (header::CONTENT_TYPE.to_owned(), header::JSON.to_owned())]
}

#[expect(clippy::expect_used, reason = "strings, numbers and string-keyed maps always serialize")]
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("messages hold nothing that JSON lacks")
}

#[cfg(test)]
pub(crate) mod recorded {
    //! An outlet that keeps what it is given, and acknowledges when told.

    use faultline_platform::{Stop, health::Health};
    use parking_lot::Mutex;

    use super::*;

    /// Origin, line, bytes, reason.
    pub(crate) type Letter = (String, i64, Vec<u8>, &'static str);

    /// What came out.
    #[derive(Default)]
    pub(crate) struct Recorded {
        pub(crate) records: Mutex<Vec<Record>>,
        pub(crate) letters: Mutex<Vec<Letter>>,
        /// Acknowledgements that wait; none keeps them waiting.
        pub(crate) held: Mutex<Option<Vec<OnAck>>>,
        /// Errors to answer the next articles with.
        pub(crate) errors: Mutex<Vec<PublishError>>,
    }

    impl Recorded {
        fn acknowledge(&self, on_ack: OnAck) {
            match &mut *self.held.lock() {
                Some(held) => held.push(on_ack),
                None => on_ack(Ok(())),
            }
        }

        /// Texts of the published articles.
        pub(crate) fn texts(&self) -> Vec<String> {
            let records = self.records.lock();
            let articles = records.iter().filter(|record| record.topic == "faultline.articles");
            articles.map(|r| serde_json::from_slice::<Article>(r.payload.as_deref().unwrap()).unwrap().text).collect()
        }

        /// The sources topic as a table.
        pub(crate) fn states(&self) -> std::collections::HashMap<Vec<u8>, Vec<u8>> {
            let mut table = std::collections::HashMap::new();
            for record in self.records.lock().iter().filter(|record| record.topic == "faultline.sources") {
                match record.payload.clone() {
                    Some(value) => table.insert(record.key.clone(), value),
                    None => table.remove(&record.key),
                };
            }
            table
        }
    }

    pub(crate) fn context() -> RoleContext {
        let registry = Default::default();
        RoleContext::new("producer", Arc::default(), &registry, &Health::new(), Stop::new()).unwrap()
    }

    pub(crate) fn outlet(ctx: &RoleContext) -> (Outlet, Arc<Recorded>) {
        let recorded = Arc::new(Recorded::default());
        let (published, rejected) = (Arc::clone(&recorded), Arc::clone(&recorded));
        let outlet = Outlet::through(
            ctx,
            Arc::new(move |record, on_ack| {
                let is_article = record.topic == "faultline.articles";
                if let Some(error) = is_article.then(|| published.errors.lock().pop()).flatten() {
                    on_ack(Err(error));
                    return Ok(());
                }
                published.records.lock().push(record);
                published.acknowledge(on_ack);
                Ok(())
            }),
            Arc::new(move |origin, bytes, why, on_ack| {
                let letter = (origin.origin.to_owned(), origin.line, bytes.to_vec(), why.reason);
                rejected.letters.lock().push(letter);
                rejected.acknowledge(on_ack);
                Ok(())
            }),
        );
        (outlet, recorded)
    }
}
