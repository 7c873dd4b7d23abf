//! Topics: created where they are missing, compared where they are not, described for people.

mod admin;
mod backlog;
mod describe;

use std::{collections::BTreeSet, fmt, time::Duration};

use faultline_schemas::topic;
use rdkafka::error::KafkaError;
use serde::Serialize;
use tracing::warn;

use self::admin::Admin;
pub use self::backlog::Backlog;
pub use self::describe::{PartitionDescription, TopicDescription, describe};
use crate::{Stop, client, settings::Common};

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

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

impl Mismatch {
    /// How to put it right, on the broker or in the settings. The commands are those that come with Apache Kafka.
    #[must_use]
    pub fn advice(&self) -> String {
        let Self { topic, what, found, expected } = self;
        let count = |text: &String| text.parse::<u32>().unwrap_or(0);
        match what.as_str() {
            "topic" => "create it: faultline topics create".to_owned(),
            "partitions" if count(found) < count(expected) => format!(
                "add partitions while nothing is published (an article's key then moves to another one): kafka-topics.sh \
                 --alter --topic {topic} --partitions {expected}; or set topics.partitions = {found}"
            ),
            "partitions" => format!("partitions cannot be taken away: set topics.partitions = {found}"),
            "replicas" => format!("kafka-reassign-partitions.sh changes them; or set topics.replication = {found}"),
            setting => format!(
                "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}={expected}"
            ),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has {} {}, expected {}", self.topic, self.what, self.found, self.expected)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(differs[0].advice().contains("--topic faultline.events --partitions 6"), "{}", differs[0].advice());
        let described = describe(&common).unwrap();
        assert_eq!(described.len(), topic::ALL.len());
        let events = described.iter().find(|d| d.topic == "faultline.events").unwrap();
        assert_eq!((events.partitions.len(), &events.mismatches), (3, &differs));
    }

    #[test]
    fn what_cannot_be_changed_on_the_broker_is_changed_in_the_settings() {
        let mismatch = Mismatch {
            topic: "faultline.events".to_owned(),
            what: "partitions".to_owned(),
            found: "12".to_owned(),
            expected: "6".to_owned(),
        };
        assert_eq!(mismatch.advice(), "partitions cannot be taken away: set topics.partitions = 12");
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
