//! Settings of the alerter, `[alerter]`.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use faultline_rules::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::receivers::settings::{
    AlertmanagerSettings, ChatSettings, EmailSettings, Encryption, FileSettings, ReceiverSettings, WebhookFormat,
    WebhookSettings,
};

/// Settings of the alerter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlerterSettings {
    /// Folder of rules, watched for changes. `faultline rules check DIR` tells what is wrong in them. Nothing is watched when unset.
    pub rules_dir: Option<PathBuf>,
    /// Articles may come so many seconds out of order and still be taken in the order in which they appeared. Alerts come so much later;
    /// with 0 each article is taken as it comes.
    #[schemars(range(max = 86_400))]
    pub lateness_seconds: u32,
    /// Articles that appeared so many hours before the latest move no window: they are old news, such as archives taken in.
    #[schemars(range(min = 1, max = 8_760))]
    pub stale_hours: u32,
    /// Groups of one rule, such as dyads, that are watched at the same time; articles of further ones are counted and left out.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub most_groups: u32,
    /// How many hours back the alerter reads again at its start, at most, to know stories, windows and baselines; as far as the rules look
    /// back where that is less. Baselines that are longer learn anew.
    #[schemars(range(min = 1, max = 8_760))]
    pub replay_hours: u32,
    /// How many hours a receiver that does not answer is tried. After that its alerts go to the dead letters.
    #[schemars(range(min = 1, max = 720))]
    pub give_up_hours: u32,
    /// How receivers are reached.
    pub web: AlertWebSettings,
    /// Who is told, by the names that rules have in `to`. `faultline receivers test NAME` sends one a test.
    pub receivers: BTreeMap<String, ReceiverSettings>,
}

impl Default for AlerterSettings {
    fn default() -> Self {
        Self {
            rules_dir: None,
            lateness_seconds: 0,
            stale_hours: 6,
            most_groups: 10_000,
            replay_hours: 168,
            give_up_hours: 6,
            web: AlertWebSettings::default(),
            receivers: BTreeMap::new(),
        }
    }
}

impl AlerterSettings {
    /// What the engine holds to.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            lateness: i64::from(self.lateness_seconds) * 1_000,
            stale: i64::from(self.stale_hours) * 3_600_000,
            groups: self.most_groups as usize,
        }
    }
}

/// How receivers are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlertWebSettings {
    /// Also send to private, loopback and link-local addresses, as those of a mail server or an Alertmanager in your own network
    /// are. Leave it off where receivers come from people you do not know: an address could lead into your own network.
    pub allow_private_addresses: bool,
    /// Hosts with an address and port of your own in the place of the one that their name has, such as
    /// `"mail.example" = "10.0.0.5:587"`. They may be sent to though private addresses may not.
    pub hosts: BTreeMap<String, SocketAddr>,
    /// File in PEM format with certificates of authorities of your own, which are trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
}
