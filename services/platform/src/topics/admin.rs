//! What is asked of the broker about topics, and their creation.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use faultline_schemas::topic::{self, Kept, Topic};
use futures_executor::block_on;
use parking_lot::Mutex;
use rdkafka::{
    ClientContext,
    admin::{
        AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
        TopicReplication,
    },
    client::DefaultClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
    metadata::{Metadata, MetadataTopic},
    producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext},
};
use tracing::{debug, info, warn};

use super::{Mismatch, PartitionDescription, TopicError};
use crate::{
    client,
    settings::{Common, TopicSettings},
};

/// How long one question to the broker may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the broker. Questions go through a producer, since an admin client never hands out what librdkafka says of a
/// broker that is away.
pub(super) struct Admin<'a> {
    common: &'a Common,
    asker: BaseProducer<Complaints>,
    last: Arc<Mutex<Option<String>>>,
}

/// Keeps the latest complaint of the client's log, which names the reason where the error only says "transport failure".
#[derive(Default)]
pub(super) struct Complaints {
    last: Arc<Mutex<Option<String>>>,
}

impl ClientContext for Complaints {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
        if facility == "FAIL" {
            // The line starts with the name of a thread.
            let reason = line.split_once("]: ").map_or(line, |(_, reason)| reason);
            *self.last.lock() = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Complaints {}

impl ProducerContext for Complaints {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

impl<'a> Admin<'a> {
    pub(super) fn new(common: &'a Common) -> Result<Self, TopicError> {
        let last = Arc::new(Mutex::new(None));
        let context = Complaints { last: Arc::clone(&last) };
        let asker = client::admin_config(&common.kafka)?.create_with_context(context).map_err(uncreatable)?;
        Ok(Self { common, asker, last })
    }

    pub(super) fn metadata(&self) -> Result<Metadata, TopicError> {
        self.asker.client().fetch_metadata(None, PATIENCE).map_err(|error| self.unreachable(&error))
    }

    fn client(&self) -> Result<AdminClient<DefaultClientContext>, TopicError> {
        client::admin_config(&self.common.kafka)?.create().map_err(uncreatable)
    }

    fn unreachable(&self, error: &KafkaError) -> TopicError {
        self.asker.poll(Duration::ZERO);
        let reason = self.last.lock().clone().unwrap_or_else(|| error.to_string());
        TopicError::Unreachable { brokers: self.common.kafka.brokers.clone(), reason }
    }

    /// One round: once all topics are there, those that were there before `created` are compared with the settings.
    pub(super) fn try_ensure(&self, created: &mut BTreeSet<&'static str>) -> Result<bool, TopicError> {
        let metadata = self.metadata()?;
        let missing: Vec<&Topic> =
            topic::ALL.iter().filter(|t| find(&metadata, &self.common.topics.name(t)).is_none()).collect();
        if missing.is_empty() {
            let existing: Vec<&Topic> = topic::ALL.iter().filter(|t| !created.contains(t.suffix)).collect();
            if !existing.is_empty() {
                warn_of(self.mismatches(&metadata, &existing)?);
            }
            return Ok(true);
        }
        if !self.common.topics.create {
            let names = missing.iter().map(|t| self.common.topics.name(t)).collect::<Vec<_>>().join(", ");
            return Err(TopicError::Missing { names });
        }
        let missing: Vec<&Topic> = missing.into_iter().filter(|t| !created.contains(t.suffix)).collect();
        if !missing.is_empty() {
            self.create(&missing, created)?;
        }
        Ok(false)
    }

    /// Creates what it can, and notes it in `created`; what is left is worth trying again.
    fn create(&self, missing: &[&Topic], created: &mut BTreeSet<&'static str>) -> Result<(), TopicError> {
        let TopicSettings { partitions, replication, .. } = self.common.topics;
        let names: Vec<String> = missing.iter().map(|topic| self.common.topics.name(topic)).collect();
        let configs: Vec<_> = missing.iter().map(|topic| self.expected_config(topic)).collect();
        let replicas = i32::try_from(replication).unwrap_or(i32::MAX);
        let count = i32::try_from(partitions).unwrap_or(i32::MAX);
        let mut new = Vec::with_capacity(names.len());
        for (name, config) in names.iter().zip(&configs) {
            let topic = NewTopic::new(name, count, TopicReplication::Fixed(replicas));
            new.push(config.iter().fold(topic, |topic, (key, value)| topic.set(key, value)));
        }
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let client = self.client()?;
        let results = block_on(client.create_topics(&new, &options)).map_err(|error| self.unreachable(&error))?;
        for result in results {
            let (name, refused) = match result {
                Ok(name) => (name, None),
                Err((name, code)) => (name, Some(code)),
            };
            let topic = missing.iter().find(|topic| self.common.topics.name(topic) == name);
            match refused {
                None => info!(topic = name, partitions, replication, "topic created"),
                // Another role or process was faster.
                Some(RDKafkaErrorCode::TopicAlreadyExists) => {}
                Some(code) => match advice(code) {
                    Some(advice) => {
                        return Err(TopicError::Refused { topic: name, code: code.to_string(), advice });
                    }
                    None => {
                        warn!(topic = name, %code, "failed to create topic, trying again");
                        continue;
                    }
                },
            }
            created.extend(topic.map(|topic| topic.suffix));
        }
        Ok(())
    }

    fn expected_config(&self, topic: &Topic) -> Vec<(&'static str, String)> {
        let mut config = vec![
            ("max.message.bytes", self.common.kafka.message_max_bytes.to_string()),
            // As the producer compressed it: the broker need not do it again.
            ("compression.type", "producer".to_owned()),
        ];
        match topic.kept {
            Kept::For(age) => {
                config.push(("cleanup.policy", "delete".to_owned()));
                config.push(("retention.ms", age.as_millis().to_string()));
            }
            Kept::LastPerKey => config.push(("cleanup.policy", "compact".to_owned())),
        }
        config
    }

    pub(super) fn mismatches(&self, metadata: &Metadata, topics: &[&Topic]) -> Result<Vec<Mismatch>, TopicError> {
        let names: Vec<String> = topics.iter().map(|topic| self.common.topics.name(topic)).collect();
        let configs = self.configs(&names)?;
        let mut all = Vec::new();
        for (topic, name) in topics.iter().zip(names) {
            let config = configs.get(&name);
            let mut differ = |what: &str, found: String, expected: String| {
                if found != expected {
                    all.push(Mismatch { topic: name.clone(), what: what.to_owned(), found, expected });
                }
            };
            let Some(found) = find(metadata, &name) else {
                differ("topic", "missing".to_owned(), "present".to_owned());
                continue;
            };
            let replicas = found.partitions().first().map_or(0, |p| p.replicas().len());
            let settings = &self.common.topics;
            differ("partitions", found.partitions().len().to_string(), settings.partitions.to_string());
            differ("replicas", replicas.to_string(), settings.replication.to_string());
            for (key, expected) in self.expected_config(topic) {
                let found = config.and_then(|config| config.get(key));
                differ(key, found.unwrap_or(&expected).clone(), expected);
            }
        }
        Ok(all)
    }

    /// Configuration of each topic that the broker tells it of; some brokers tell nothing.
    fn configs(&self, names: &[String]) -> Result<BTreeMap<String, BTreeMap<String, String>>, TopicError> {
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let asked: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        let answers = match block_on(self.client()?.describe_configs(&asked, &options)) {
            Ok(answers) => answers,
            Err(error) => {
                debug!(%error, "the broker does not tell how topics are configured");
                return Ok(BTreeMap::new());
            }
        };
        let mut configs = BTreeMap::new();
        for answer in answers {
            match answer {
                Ok(ConfigResource { specifier: OwnedResourceSpecifier::Topic(name), entries }) => {
                    let config = entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
                    configs.insert(name, config.collect());
                }
                Ok(_) => {}
                Err(code) => debug!(%code, "the broker does not tell how a topic is configured"),
            }
        }
        Ok(configs)
    }

    pub(super) fn partitions(
        &self,
        metadata: &Metadata,
        topic: &Topic,
    ) -> Result<Vec<PartitionDescription>, TopicError> {
        let name = self.common.topics.name(topic);
        let Some(found) = find(metadata, &name) else { return Ok(Vec::new()) };
        let mut partitions = Vec::with_capacity(found.partitions().len());
        for partition in found.partitions() {
            let (low, high) = self
                .asker
                .client()
                .fetch_watermarks(&name, partition.id(), PATIENCE)
                .map_err(|error| self.unreachable(&error))?;
            partitions.push(PartitionDescription {
                partition: partition.id(),
                low,
                high,
                in_sync: partition.isr().len(),
                replicas: partition.replicas().len(),
            });
        }
        partitions.sort_by_key(|p| p.partition);
        Ok(partitions)
    }
}

/// Each mismatch once a process, however many roles run in it.
fn warn_of(mismatches: Vec<Mismatch>) {
    static TOLD: Mutex<BTreeSet<Mismatch>> = Mutex::new(BTreeSet::new());
    for mismatch in mismatches {
        let Mismatch { topic, what, found, expected } = &mismatch;
        if !TOLD.lock().contains(&mismatch) {
            let advice = mismatch.advice();
            warn!(topic, what, found, expected, advice, "topic is not as the settings say, left as it is");
        }
        TOLD.lock().insert(mismatch);
    }
}

pub(super) fn uncreatable(source: KafkaError) -> TopicError {
    TopicError::Kafka { what: "create a kafka client, check [kafka.client]", source }
}

fn find<'m>(metadata: &'m Metadata, name: &str) -> Option<&'m MetadataTopic> {
    metadata.topics().iter().find(|t| t.name() == name && t.error().is_none() && !t.partitions().is_empty())
}

/// What to do about a refusal that waiting cannot mend.
fn advice(code: RDKafkaErrorCode) -> Option<&'static str> {
    match code {
        RDKafkaErrorCode::InvalidReplicationFactor => {
            Some("set topics.replication to at most the number of brokers, then start again")
        }
        RDKafkaErrorCode::InvalidPartitions => Some("set topics.partitions to a number the broker allows"),
        RDKafkaErrorCode::InvalidTopic => {
            Some("set topics.prefix to letters, digits, dots, underscores and dashes, at most 200 of them")
        }
        RDKafkaErrorCode::InvalidConfig => Some("kafka.message_max_bytes may be more than the broker allows"),
        RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed => {
            Some("give this client the right to create topics, or create them and set topics.create = false")
        }
        RDKafkaErrorCode::PolicyViolation => {
            Some("the broker's policy forbids it: create the topics as it allows and set topics.create = false")
        }
        _ => None,
    }
}
