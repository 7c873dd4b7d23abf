//! Topics: created where they are missing, compared where they are not, described for people.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use faultline_schemas::topic::{self, Kept, Topic};
use futures_executor::block_on;
use parking_lot::Mutex;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    admin::{
        AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
        TopicReplication,
    },
    client::DefaultClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::{Metadata, MetadataTopic},
    producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext},
};
use serde::Serialize;
use tracing::{debug, info, warn};

use crate::{
    Stop, client,
    settings::{Common, TopicSettings},
};

/// How long one question to the broker may take.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Consumer groups whose lag is described, without their prefix: one for each consuming role.
const GROUPS: [&str; 3] = ["enricher", "sink", "alerter"];

/// A topic that is not as the settings say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mismatch {
    /// Full topic name.
    pub topic: String,
    /// What differs: `partitions`, `retention.ms`; `topic` where it is missing altogether.
    pub what: String,
    /// What the broker has.
    pub found: String,
    /// What the settings say.
    pub expected: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has {} {}, expected {}", self.topic, self.what, self.found, self.expected)
    }
}

/// A topic as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicDescription {
    /// Full topic name.
    pub topic: String,
    /// What it holds, in words.
    pub about: &'static str,
    /// Its partitions, by number; empty where the topic is missing.
    pub partitions: Vec<PartitionDescription>,
    /// What is not as the settings say.
    pub mismatches: Vec<Mismatch>,
    /// Messages that each consumer group, full name, has not settled; groups that never committed here are left out.
    pub lag: BTreeMap<String, i64>,
}

/// A partition as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionDescription {
    /// Partition number.
    pub partition: i32,
    /// Oldest offset still there.
    pub low: i64,
    /// Offset of the next message.
    pub high: i64,
    /// Copies that are in step.
    pub in_sync: usize,
    /// Copies in all.
    pub replicas: usize,
}

/// Why topics are not there or could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// The settings of the client are wrong.
    #[error(transparent)]
    Client(#[from] client::ClientError),
    /// librdkafka gave up.
    #[error("failed to {what}: {source}")]
    Kafka {
        /// What was tried.
        what: &'static str,
        /// What librdkafka says.
        source: KafkaError,
    },
    /// No broker answered in time.
    #[error("kafka does not answer at {brokers} ({reason}); is it running, and is kafka.brokers right")]
    Unreachable {
        /// Where it was looked for.
        brokers: String,
        /// What the client last said.
        reason: String,
    },
    /// Missing, and not to be created.
    #[error("topics are missing and topics.create is false: {names}; create them, or set topics.create = true")]
    Missing {
        /// Full names, with commas.
        names: String,
    },
    /// The broker will not create it.
    #[error("kafka refuses to create topic {topic:?}: {code}; {advice}")]
    Refused {
        /// Full name.
        topic: String,
        /// What the broker says.
        code: String,
        /// What to do.
        advice: &'static str,
    },
}

/// Waits until a broker answers, creates what is missing, and warns of what is not as the settings say. Blocks; false
/// when `stop` was requested before it was done.
///
/// # Errors
/// [`TopicError`] for what waiting cannot mend.
pub fn ensure(common: &Common, stop: &Stop) -> Result<bool, TopicError> {
    let admin = Admin::new(common)?;
    let mut created = BTreeSet::new();
    let mut wait = FIRST_WAIT;
    while !stop.requested() {
        match admin.try_ensure(&mut created) {
            Ok(true) => return Ok(true),
            // Created, but not known to the brokers yet.
            Ok(false) => wait = FIRST_WAIT,
            Err(TopicError::Unreachable { brokers, reason }) => {
                warn!(brokers, reason, retry_in = ?wait, "broker does not answer, waiting for it; check kafka.brokers");
            }
            Err(error) => return Err(error),
        }
        if stop.wait_timeout(wait) {
            break;
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    Ok(false)
}

/// What is missing or not as the settings say, without changing anything.
///
/// # Errors
/// [`TopicError`] when the broker cannot be asked.
pub fn check(common: &Common) -> Result<Vec<Mismatch>, TopicError> {
    let admin = Admin::new(common)?;
    let metadata = admin.metadata()?;
    admin.mismatches(&metadata, &topic::ALL.each_ref())
}

/// Every topic with its partitions, mismatches, and the lag of each consumer group.
///
/// # Errors
/// [`TopicError`] when the broker cannot be asked.
pub fn describe(common: &Common) -> Result<Vec<TopicDescription>, TopicError> {
    let admin = Admin::new(common)?;
    let metadata = admin.metadata()?;
    let mismatches = admin.mismatches(&metadata, &topic::ALL.each_ref())?;
    let mut descriptions = Vec::with_capacity(topic::ALL.len());
    for topic in &topic::ALL {
        let name = common.topics.name(topic);
        descriptions.push(TopicDescription {
            mismatches: mismatches.iter().filter(|m| m.topic == name).cloned().collect(),
            topic: name,
            about: topic.about,
            partitions: admin.partitions(&metadata, topic)?,
            lag: BTreeMap::new(),
        });
    }
    for group in GROUPS {
        add_lag(common, group, &mut descriptions)?;
    }
    Ok(descriptions)
}

/// Asks the broker. Questions go through a producer, since an admin client never hands out what librdkafka says of a
/// broker that is away.
struct Admin<'a> {
    common: &'a Common,
    asker: BaseProducer<Complaints>,
    last: Arc<Mutex<Option<String>>>,
}

/// Keeps the latest complaint of the client's log, which names the reason where the error only says "transport failure".
struct Complaints {
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
    fn new(common: &'a Common) -> Result<Self, TopicError> {
        let last = Arc::new(Mutex::new(None));
        let context = Complaints { last: Arc::clone(&last) };
        let asker = client::admin_config(&common.kafka)?.create_with_context(context).map_err(uncreatable)?;
        Ok(Self { common, asker, last })
    }

    fn metadata(&self) -> Result<Metadata, TopicError> {
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
    fn try_ensure(&self, created: &mut BTreeSet<&'static str>) -> Result<bool, TopicError> {
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

    fn mismatches(&self, metadata: &Metadata, topics: &[&Topic]) -> Result<Vec<Mismatch>, TopicError> {
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

    /// Configuration of each topic that the broker tells it of; the bundled one tells nothing.
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

    fn partitions(&self, metadata: &Metadata, topic: &Topic) -> Result<Vec<PartitionDescription>, TopicError> {
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
            warn!(topic, what, found, expected, "topic is not as the settings say, left as it is");
        }
        TOLD.lock().insert(mismatch);
    }
}

/// Adds what `group` has not settled of each topic that it ever committed on.
fn add_lag(common: &Common, group: &str, descriptions: &mut [TopicDescription]) -> Result<(), TopicError> {
    let consumer: BaseConsumer<Complaints> = client::consumer_config(common, group)?
        .create_with_context(Complaints { last: Arc::default() })
        .map_err(uncreatable)?;
    let mut asked = TopicPartitionList::new();
    for description in descriptions.iter() {
        for partition in &description.partitions {
            asked.add_partition(&description.topic, partition.partition);
        }
    }
    if asked.count() == 0 {
        return Ok(());
    }
    let committed = consumer
        .committed_offsets(asked, PATIENCE)
        .map_err(|source| TopicError::Kafka { what: "ask for committed offsets", source })?
        .to_topic_map();
    for description in descriptions {
        let offset = |p: &PartitionDescription| committed.get(&(description.topic.clone(), p.partition)).copied();
        if let Some(lag) = lag(&description.partitions, offset) {
            description.lag.insert(client::group_id(common, group), lag);
        }
    }
    Ok(())
}

/// Messages between what is committed and the end; none where nothing is committed. A partition without a commit, or
/// with one older than what is kept, counts from its oldest message.
fn lag(
    partitions: &[PartitionDescription],
    committed: impl Fn(&PartitionDescription) -> Option<Offset>,
) -> Option<i64> {
    let mut any = false;
    let mut total = 0;
    for partition in partitions {
        let next = match committed(partition) {
            Some(Offset::Offset(next)) => {
                any = true;
                next.max(partition.low)
            }
            _ => partition.low,
        };
        total += (partition.high - next).max(0);
    }
    any.then_some(total)
}

fn uncreatable(source: KafkaError) -> TopicError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_counts_from_the_commit_or_the_oldest_message_and_is_unknown_without_any_commit() {
        let partition = |partition, low, high| PartitionDescription { partition, low, high, in_sync: 1, replicas: 1 };
        let partitions = [partition(0, 0, 10), partition(1, 5, 20), partition(2, 5, 9)];
        let committed = |p: &PartitionDescription| match p.partition {
            0 => Some(Offset::Offset(7)),
            1 => Some(Offset::Offset(2)),
            _ => Some(Offset::Invalid),
        };
        assert_eq!(lag(&partitions, committed), Some(3 + 15 + 4));
        assert_eq!(lag(&partitions, |_| Some(Offset::Invalid)), None);
        assert_eq!(lag(&partitions, |_| None), None);
    }

    #[test]
    fn a_broker_that_is_away_is_waited_for_until_stop_and_an_error_with_its_address_when_asked_once() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut common = Common::default();
        common.kafka.brokers = format!("127.0.0.1:{port}");
        let stop = Stop::new();
        let waiting = std::thread::spawn({
            let (common, stop) = (common.clone(), stop.clone());
            move || ensure(&common, &stop)
        });
        let error = check(&common).unwrap_err().to_string();
        assert!(error.contains(&common.kafka.brokers) && error.contains("kafka.brokers"), "{error}");
        assert!(error.contains("refused"), "the reason is missing: {error}");
        assert!(!waiting.is_finished());
        stop.request();
        assert!(!waiting.join().unwrap().unwrap());
    }

    #[test]
    fn topics_that_are_there_are_described_and_what_differs_is_named() {
        let cluster = rdkafka::mocking::MockCluster::new(1).unwrap();
        let mut common = Common::default();
        common.kafka.brokers = cluster.bootstrap_servers();
        for topic in &topic::ALL {
            let partitions = if topic.suffix == "events" { 3 } else { 6 };
            cluster.create_topic(&common.topics.name(topic), partitions, 1).unwrap();
        }
        assert!(ensure(&common, &Stop::new()).unwrap());
        let differs = check(&common).unwrap();
        let text: Vec<String> = differs.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["faultline.events has partitions 3, expected 6"]);
        let described = describe(&common).unwrap();
        assert_eq!(described.len(), topic::ALL.len());
        let events = described.iter().find(|d| d.topic == "faultline.events").unwrap();
        assert_eq!((events.partitions.len(), &events.mismatches), (3, &differs));
    }

    #[test]
    fn missing_topics_are_an_error_naming_them_where_they_are_not_to_be_created() {
        let cluster = rdkafka::mocking::MockCluster::new(1).unwrap();
        let mut common = Common::default();
        common.kafka.brokers = cluster.bootstrap_servers();
        common.topics.create = false;
        cluster.create_topic("faultline.articles", 6, 1).unwrap();
        let error = ensure(&common, &Stop::new()).unwrap_err().to_string();
        assert!(error.contains("faultline.enriched") && error.contains("topics.create"), "{error}");
        assert!(!error.contains("faultline.articles"), "{error}");
    }
}
