//! Kafka clients from settings. The only place that knows properties of librdkafka.

use rdkafka::{ClientConfig, config::RDKafkaLogLevel, error::KafkaError};
use tracing::{debug, trace};

use crate::{
    config,
    settings::{Common, KafkaSettings},
};

/// Properties with a setting of their own, and that setting.
const TYPED: [(&str, &str); 10] = [
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("client.id", "kafka.client_id"),
    ("group.id", "kafka.group_prefix"),
    ("group.instance.id", "kafka.instance_id"),
    ("message.max.bytes", "kafka.message_max_bytes"),
    ("fetch.message.max.bytes", "kafka.message_max_bytes"),
    ("max.partition.fetch.bytes", "kafka.message_max_bytes"),
    ("session.timeout.ms", "consume.session_timeout_ms"),
    ("auto.commit.interval.ms", "consume.commit_interval_ms"),
];
/// Properties that the guarantees rest on: not for change, and without a setting.
const OWNED: [&str; 11] = [
    "acks",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "partition.assignment.strategy",
    "request.required.acks",
    "statistics.interval.ms",
    "transactional.id",
];

/// Why no Kafka client can be made from the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The property has a setting of its own.
    #[error("kafka.client sets {property:?}, which has a setting of its own: remove it there and set {setting}")]
    Clash {
        /// librdkafka's name.
        property: String,
        /// The setting to use.
        setting: &'static str,
    },
    /// The property is not for change.
    #[error("kafka.client sets {property:?}, on which it rests that nothing is lost or doubled: remove it")]
    Owned {
        /// librdkafka's name.
        property: String,
    },
    /// librdkafka does not know the property, or not that value.
    #[error("kafka.client sets {property:?}, which librdkafka refuses: {reason}")]
    Refused {
        /// librdkafka's name.
        property: String,
        /// What librdkafka says, without the value where that is secret.
        reason: String,
    },
}

impl KafkaSettings {
    /// Checks `kafka.client`: known to librdkafka, of the right type, no clash with a setting of its own.
    ///
    /// # Errors
    /// [`ClientError`] for the first property that is wrong.
    pub fn check(&self) -> Result<(), ClientError> {
        for (property, value) in &self.client {
            if OWNED.contains(&property.as_str()) {
                return Err(ClientError::Owned { property: property.clone() });
            }
            match TYPED.iter().find(|(name, _)| name == property) {
                Some((_, setting)) => return Err(ClientError::Clash { property: property.clone(), setting }),
                None => check_property(property, value)?,
            }
        }
        Ok(())
    }
}

fn check_property(property: &str, value: &str) -> Result<(), ClientError> {
    let Err(error) = ClientConfig::new().set(property, value).create_native_config() else { return Ok(()) };
    let mut reason = match error {
        KafkaError::ClientConfig(_, description, ..) => description,
        other => other.to_string(),
    };
    if config::is_sensitive(property) && !value.is_empty() {
        reason = reason.replace(value, config::MASK);
    }
    if reason.starts_with("No such configuration property") {
        reason.push_str(": see librdkafka's CONFIGURATION.md for the names");
    }
    Err(ClientError::Refused { property: property.to_owned(), reason })
}

/// Configuration of a client that only asks questions.
pub(crate) fn admin_config(kafka: &KafkaSettings) -> Result<ClientConfig, ClientError> {
    build(kafka, &[])
}

/// Configuration of a producer: idempotent, compressed, waiting for the broker as long as it takes.
pub(crate) fn producer_config(kafka: &KafkaSettings) -> Result<ClientConfig, ClientError> {
    let mut config = build(
        kafka,
        &[
            ("compression.type", "zstd"),
            // Of enriched articles, the default level 3 takes twice the time for a twelfth fewer bytes.
            ("compression.level", "1"),
            // Nothing queued is ever given up: the queue is bounded, and a full one is back-pressure.
            ("message.timeout.ms", "0"),
            ("queue.buffering.max.kbytes", "65536"),
            ("linger.ms", "5"),
            ("batch.size", "1000000"),
        ],
    )?;
    config.set("enable.idempotence", "true").set("message.max.bytes", kafka.message_max_bytes.to_string());
    Ok(config)
}

/// Configuration of a member of the consumer group `PREFIX.group`, which commits by itself.
pub(crate) fn consumer_config(common: &Common, group: &str) -> Result<ClientConfig, ClientError> {
    let mut config = reading_config(common, group)?;
    config
        .set("session.timeout.ms", common.consume.session_timeout_ms.to_string())
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("statistics.interval.ms", "1000");
    if let Some(instance_id) = common.kafka.instance_id.as_deref().filter(|id| !id.is_empty()) {
        config.set("group.instance.id", instance_id);
    }
    Ok(config)
}

/// Configuration of a consumer that is told what to read, joins no group, and learns where partitions end.
pub(crate) fn reader_config(common: &Common) -> Result<ClientConfig, ClientError> {
    // librdkafka wants the name of a group even where none is joined.
    let mut config = reading_config(common, "reader")?;
    config.set("enable.partition.eof", "true");
    Ok(config)
}

fn reading_config(common: &Common, group: &str) -> Result<ClientConfig, ClientError> {
    let kafka = &common.kafka;
    let mut config = build(
        kafka,
        &[
            // A partition that is newly assigned waits for the fetch that is under way.
            ("fetch.wait.max.ms", "100"),
            ("fetch.queue.backoff.ms", "20"),
            ("queued.max.messages.kbytes", "65536"),
            ("isolation.level", "read_committed"),
        ],
    )?;
    config
        .set("group.id", group_id(common, group))
        .set("message.max.bytes", kafka.message_max_bytes.to_string())
        .set("fetch.message.max.bytes", kafka.message_max_bytes.to_string())
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest");
    Ok(config)
}

/// Id of a consumer group: `faultline.enricher`.
pub(crate) fn group_id(common: &Common, group: &str) -> String {
    format!("{}.{group}", common.kafka.group_prefix)
}

/// Typed settings, then `defaults` unless `kafka.client` says otherwise.
fn build(kafka: &KafkaSettings, defaults: &[(&str, &str)]) -> Result<ClientConfig, ClientError> {
    kafka.check()?;
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.brokers)
        .set("client.id", &kafka.client_id)
        // A broker that comes back is found within two seconds, not ten.
        .set("reconnect.backoff.max.ms", "2000")
        .set("log.connection.close", "false");
    for (property, value) in defaults {
        config.set(*property, *value);
    }
    for (property, value) in &kafka.client {
        config.set(property, value);
    }
    config.set_log_level(RDKafkaLogLevel::Warning);
    Ok(config)
}

/// Logs a line of librdkafka's own log: what matters in it also comes as an error that the caller explains, so it is
/// for debugging only.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, line: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            debug!(target: "librdkafka", facility, "{line}");
        }
        _ => trace!(target: "librdkafka", facility, "{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(property: &str, value: &str) -> KafkaSettings {
        KafkaSettings { client: [(property.to_owned(), value.to_owned())].into(), ..KafkaSettings::default() }
    }

    #[test]
    fn a_property_with_a_setting_of_its_own_is_refused_naming_that_setting() {
        for (property, setting) in TYPED {
            let error = with(property, "1").check().unwrap_err().to_string();
            assert!(error.contains(property) && error.contains(setting), "{error}");
        }
    }

    #[test]
    fn a_property_that_the_guarantees_rest_on_is_refused_by_every_client() {
        for property in OWNED {
            let kafka = with(property, "1");
            let common = Common { kafka: kafka.clone(), ..Common::default() };
            for refused in [admin_config(&kafka), producer_config(&kafka), consumer_config(&common, "sink")] {
                assert_eq!(refused.unwrap_err(), ClientError::Owned { property: property.to_owned() });
            }
        }
    }

    #[test]
    fn an_unknown_property_or_value_is_refused_without_showing_secrets() {
        let error = with("linger.msec", "1").check().unwrap_err().to_string();
        assert!(error.contains("linger.msec") && error.contains("CONFIGURATION.md"), "{error}");
        let error = with("compression.type", "brotli").check().unwrap_err().to_string();
        assert!(error.contains("compression.type") && error.contains("brotli"), "{error}");
        let error = with("enable.ssl.certificate.verification", "maybe").check().unwrap_err().to_string();
        assert!(error.contains("enable.ssl.certificate.verification"), "{error}");
        assert!(!format!("{:?}", with("sasl.password", "hidden")).contains("hidden"));
    }

    #[test]
    fn every_client_can_be_made_from_the_defaults_and_passes_properties_through() {
        let mut common = Common { kafka: with("linger.ms", "50"), ..Common::default() };
        common.kafka.instance_id = Some("a".to_owned());
        let producer = producer_config(&common.kafka).unwrap();
        let consumer = consumer_config(&common, "sink").unwrap();
        for config in [&admin_config(&common.kafka).unwrap(), &producer, &consumer] {
            assert_eq!(config.get("bootstrap.servers"), Some("127.0.0.1:9092"));
            assert_eq!(config.get("linger.ms"), Some("50"));
            config.create_native_config().unwrap();
        }
        assert_eq!(consumer.get("group.id"), Some("faultline.sink"));
        assert_eq!(consumer.get("group.instance.id"), Some("a"));
        assert_eq!(consumer.get("session.timeout.ms"), Some("45000"));
        assert_eq!(producer.get("message.max.bytes"), Some("8388608"));
        producer.create::<rdkafka::producer::BaseProducer>().unwrap();
        consumer.create::<rdkafka::consumer::BaseConsumer>().unwrap();
        reader_config(&common).unwrap().create::<rdkafka::consumer::BaseConsumer>().unwrap();
    }
}
