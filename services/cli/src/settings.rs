//! Every setting of every role, as one file holds them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use faultline_alerter::settings::AlerterSettings;
use faultline_enricher::EnricherSettings;
use faultline_platform::config::{self, Loaded};
use faultline_platform::settings::Common;
use faultline_producer::ProducerSettings;
use faultline_sink::SinkSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments::GlobalArguments;
use crate::exit::Usage;

/// Client properties that suit the bundled broker. It answers a fetch as soon as there is something, and a wait this long
/// costs it next to nothing at rest. One request at a time lets the next one gather what comes in meanwhile.
const BUNDLED_CLIENT: [(&str, &str); 2] =
    [("fetch.wait.max.ms", "500"), ("max.in.flight.requests.per.connection", "1")];

/// The whole configuration file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Settings {
    /// What every role needs, at the top level of the file.
    #[serde(flatten)]
    pub(crate) common: Common,
    /// The bundled broker of `faultline up`.
    pub(crate) broker: BrokerSettings,
    /// Taking articles in.
    pub(crate) producer: ProducerSettings,
    /// Reading the tags out of them.
    pub(crate) enricher: EnricherSettings,
    /// Storing them.
    pub(crate) sink: SinkSettings,
    /// Watching rules over them, and telling people.
    pub(crate) alerter: AlerterSettings,
    /// Whether `up` is to start the bundled broker: worked out, not written.
    #[serde(skip)]
    pub(crate) bundled_broker: bool,
}

/// The bundled broker, which `faultline up` starts unless `kafka.brokers` names another Kafka.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct BrokerSettings {
    /// IP address and port that the bundled broker listens on and tells to clients; port 0 picks a free one.
    pub(crate) listen: String,
}

impl Default for BrokerSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9092".to_owned() }
    }
}

impl BrokerSettings {
    /// Where the bundled broker is to listen.
    pub(crate) fn address(&self) -> Result<SocketAddr, Usage> {
        let listen = &self.listen;
        let advice = "write an IP address that clients can reach and a port, such as 127.0.0.1:9092";
        let address: SocketAddr = listen
            .parse()
            .map_err(|_| Usage(format!("broker.listen is {listen:?}, which is not an address: {advice}")))?;
        if address.ip().is_unspecified() {
            return Err(Usage(format!("broker.listen is {listen:?}, which clients would be told: {advice}")));
        }
        Ok(address)
    }
}

impl Settings {
    /// File, environment and flags put together, and checked.
    pub(crate) fn load(arguments: &GlobalArguments) -> anyhow::Result<Self> {
        Ok(Self::load_with_origins(arguments)?.value)
    }

    /// As [`Self::load`], with where each setting was set.
    pub(crate) fn load_with_origins(arguments: &GlobalArguments) -> anyhow::Result<Loaded<Self>> {
        let mut overrides = Vec::new();
        if let Some(folder) = &arguments.data_dir {
            let folder = folder
                .to_str()
                .ok_or_else(|| Usage(format!("--data-dir {}: the name is not UTF-8", folder.display())))?;
            overrides.push(("data_dir".to_owned(), toml::Value::String(folder.to_owned())));
        }
        overrides.extend(arguments.overrides.iter().cloned());
        // Variables of other programs may hold anything.
        let environment =
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        let mut loaded = config::load::<Self>(arguments.config.as_deref(), environment, &overrides)?;
        loaded.value.follow_bundled_broker()?;
        if loaded.value.bundled_broker {
            let is_set = |key: &str| loaded.origins.contains_key(key);
            loaded.value.suit_bundled_broker(is_set("topics.partitions"), is_set("enricher.events"));
        }
        loaded.value.check()?;
        Ok(loaded)
    }

    /// Finds what the types cannot rule out.
    fn check(&self) -> anyhow::Result<()> {
        self.common.kafka.check()?;
        self.producer.check()?;
        self.sink.check()?;
        Ok(())
    }

    /// Clients follow the bundled broker to where it listens, unless they were sent to another Kafka.
    fn follow_bundled_broker(&mut self) -> anyhow::Result<()> {
        let brokers = &mut self.common.kafka.brokers;
        self.bundled_broker = *brokers == Common::default().kafka.brokers || *brokers == self.broker.listen;
        if !self.bundled_broker {
            return Ok(());
        }
        let listen = self.broker.address()?;
        if listen.port() != 0 {
            *brokers = listen.to_string();
        } else if let Ok(address) = std::fs::read_to_string(self.broker_address_file()) {
            self.common.kafka.brokers = address.trim().to_owned();
        }
        Ok(())
    }

    /// Defaults that suit the bundled broker, where the user has not decided: on one machine more partitions share no work,
    /// and nothing reads the `events` topic yet.
    fn suit_bundled_broker(&mut self, partitions_set: bool, events_set: bool) {
        if !partitions_set {
            self.common.topics.partitions = 1;
        }
        if !events_set {
            self.enricher.events = false;
        }
        for (property, value) in BUNDLED_CLIENT {
            self.common.kafka.client.entry(property.to_owned()).or_insert_with(|| value.to_owned());
        }
    }

    /// Folder of the bundled broker.
    pub(crate) fn broker_folder(&self) -> PathBuf {
        self.common.data_dir.join("broker")
    }

    /// Where `up` writes the address that the bundled broker picked, for the other commands to read.
    pub(crate) fn broker_address_file(&self) -> PathBuf {
        self.common.data_dir.join("broker.address")
    }

    /// Moves everything kept to `folder`, every port to a free one, and leaves alone what else articles come from.
    pub(crate) fn move_to(&mut self, folder: &Path) {
        self.common.data_dir = folder.to_owned();
        self.broker.listen = "127.0.0.1:0".to_owned();
        self.bundled_broker = true;
        self.suit_bundled_broker(false, false);
        self.common.admin.listen = None;
        self.sink = SinkSettings::default();
        self.alerter = AlerterSettings::default();
        let max_article_bytes = self.producer.max_article_bytes;
        self.producer = ProducerSettings { max_article_bytes, ..ProducerSettings::default() };
    }

    /// Logs only what went wrong, unless the user asked for more. Dead letters are shown as such.
    pub(crate) fn quieten(&mut self) {
        if self.common.log.filter == Common::default().log.filter {
            self.common.log.filter = "warn,faultline_platform::dead_letter=error".to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn settings(brokers: &str, listen: &str) -> Settings {
        let mut settings = Settings::default();
        brokers.clone_into(&mut settings.common.kafka.brokers);
        listen.clone_into(&mut settings.broker.listen);
        settings
    }

    #[test]
    fn clients_follow_the_bundled_broker_unless_sent_elsewhere() {
        let cases = [
            ("127.0.0.1:9092", "127.0.0.1:9092", true, "127.0.0.1:9092"),
            ("127.0.0.1:9092", "127.0.0.1:19092", true, "127.0.0.1:19092"),
            ("127.0.0.1:19092", "127.0.0.1:19092", true, "127.0.0.1:19092"),
            ("kafka:9092", "127.0.0.1:9092", false, "kafka:9092"),
        ];
        for (brokers, listen, bundled, expected) in cases {
            let mut settings = settings(brokers, listen);
            settings.follow_bundled_broker().unwrap();
            assert_eq!(
                (settings.bundled_broker, &*settings.common.kafka.brokers),
                (bundled, expected),
                "{brokers} {listen}"
            );
        }
    }

    #[test]
    fn a_picked_port_is_found_again_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings("127.0.0.1:9092", "127.0.0.1:0");
        folder.path().clone_into(&mut settings.common.data_dir);
        std::fs::write(settings.broker_address_file(), "127.0.0.1:4444\n").unwrap();
        settings.follow_bundled_broker().unwrap();
        assert_eq!(settings.common.kafka.brokers, "127.0.0.1:4444");
    }

    #[test]
    fn a_broker_that_clients_cannot_reach_is_wrong_configuration() {
        for listen in ["localhost", "9092", "0.0.0.0:9092", "[::]:1", ""] {
            assert!(settings("127.0.0.1:9092", listen).follow_bundled_broker().unwrap_err().is::<Usage>(), "{listen}");
        }
    }
}
