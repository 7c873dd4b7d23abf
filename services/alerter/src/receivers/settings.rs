//! Settings of receivers, `[alerter.receivers.NAME]`. The doc comments are what users read.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is told, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReceiverSettings {
    /// Prometheus Alertmanager, API version 2. It is told again and again until the alert is resolved.
    Alertmanager(AlertmanagerSettings),
    /// Anything that takes a POST: JSON of Faultline's own, or CloudEvents 1.0, signed as Standard Webhooks are.
    Webhook(WebhookSettings),
    /// E-mail by SMTP.
    Email(EmailSettings),
    /// A channel of Slack or Mattermost, by an incoming webhook.
    Chat(ChatSettings),
    /// JSON lines at the end of a file, one for each alert.
    File(FileSettings),
}

impl ReceiverSettings {
    /// The word that `kind` has.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Alertmanager(_) => "alertmanager",
            Self::Webhook(_) => "webhook",
            Self::Email(_) => "email",
            Self::Chat(_) => "chat",
            Self::File(_) => "file",
        }
    }
}

/// Prometheus Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertmanagerSettings {
    /// Its address, without `/api/v2`: `http://alertmanager.example:9093`.
    pub url: String,
    /// Seconds between two messages about an alert that fires. Alertmanager takes one for resolved that it has not heard of
    /// for four times as long.
    #[schemars(range(min = 5, max = 86_400))]
    pub every_seconds: u32,
    /// Labels that every alert is given beside its own.
    pub labels: BTreeMap<String, String>,
    /// Name to log in with.
    pub user: Option<String>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// Environment variable that holds the password.
    pub password_env: Option<String>,
    /// File that holds a bearer token, in the place of name and password.
    pub token_file: Option<PathBuf>,
    /// Environment variable that holds a bearer token.
    pub token_env: Option<String>,
    /// Seconds that an answer may take.
    #[schemars(range(min = 1, max = 300))]
    pub timeout_seconds: u32,
}

impl Default for AlertmanagerSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            every_seconds: 60,
            labels: BTreeMap::new(),
            user: None,
            password_file: None,
            password_env: None,
            token_file: None,
            token_env: None,
            timeout_seconds: 10,
        }
    }
}

/// Anything that takes a POST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where to send: `https://desk.example/alerts`.
    pub url: Option<String>,
    /// File that holds the address, where that is a secret.
    pub url_file: Option<PathBuf>,
    /// Environment variable that holds the address, where that is a secret.
    pub url_env: Option<String>,
    /// What is sent.
    pub format: WebhookFormat,
    /// File that holds the key to sign with. Unsigned where there is none.
    pub secret_file: Option<PathBuf>,
    /// Environment variable that holds the key to sign with.
    pub secret_env: Option<String>,
    /// File that holds a bearer token for the header `Authorization`.
    pub token_file: Option<PathBuf>,
    /// Environment variable that holds a bearer token.
    pub token_env: Option<String>,
    /// Headers to send along. None of them is a secret.
    pub headers: BTreeMap<String, String>,
    /// Labels by which alerts are gathered into messages of their own, `rule` and `severity` among them; all together
    /// where left out.
    pub group_by: Vec<String>,
    /// Seconds to gather further alerts before a message is sent.
    #[schemars(range(max = 86_400))]
    pub wait_seconds: u32,
    /// Seconds that an answer may take.
    #[schemars(range(min = 1, max = 300))]
    pub timeout_seconds: u32,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            url_env: None,
            format: WebhookFormat::Faultline,
            secret_file: None,
            secret_env: None,
            token_file: None,
            token_env: None,
            headers: BTreeMap::new(),
            group_by: Vec::new(),
            wait_seconds: 0,
            timeout_seconds: 10,
        }
    }
}

/// What a webhook is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormat {
    /// An object with the list `alerts`, each as on the `alerts` topic.
    #[default]
    Faultline,
    /// CloudEvents 1.0, structured; several as a batch.
    Cloudevents,
}

/// E-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmailSettings {
    /// The mail server: `mail.example.org`.
    pub host: String,
    /// Its port: 587, or 465 for `tls` and 25 without encryption, where left out.
    pub port: Option<u16>,
    /// Whether the connection is encrypted.
    pub encryption: Encryption,
    /// Name to log in with. No log-in where left out.
    pub user: Option<String>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// Environment variable that holds the password.
    pub password_env: Option<String>,
    /// Sender: `Faultline <faultline@example.org>`.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Subject, a template. Places to fill in are those of the most urgent alert (`title`, `severity`, `state`, `rule`,
    /// `reason`, `labels`, `annotations`, `fingerprint`, `value`, `threshold`, `articles`, `stories`, `sources`), how many there are
    /// (`count`, `firing`, `resolved`), and all of them (`alerts`).
    pub subject: String,
    /// Labels by which alerts are gathered into messages of their own, `rule` and `severity` among them; all together
    /// where left out.
    pub group_by: Vec<String>,
    /// Seconds to gather further alerts before a message is sent; 3600 and more make it a digest.
    #[schemars(range(max = 604_800))]
    pub wait_seconds: u32,
    /// Seconds that handing a message over may take.
    #[schemars(range(min = 1, max = 300))]
    pub timeout_seconds: u32,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            encryption: Encryption::default(),
            user: None,
            password_file: None,
            password_env: None,
            from: String::new(),
            to: Vec::new(),
            subject: "[{{ severity }}{% if state == 'resolved' %}, resolved{% endif %}] {{ title }}{% if count > 1 %} \
                      and {{ count - 1 }} more{% endif %}"
                .to_owned(),
            group_by: Vec::new(),
            wait_seconds: 0,
            timeout_seconds: 30,
        }
    }
}

/// Whether the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// By STARTTLS; nothing is sent to a server that does not offer it.
    #[default]
    Starttls,
    /// By STARTTLS where the server offers it. Passwords are not sent this way.
    StarttlsIfOffered,
    /// From the first byte.
    Tls,
    /// Not. Passwords are not sent this way.
    None,
}

/// A channel of Slack or Mattermost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSettings {
    /// File that holds the address of the incoming webhook: who knows it can write to the channel.
    pub url_file: Option<PathBuf>,
    /// Environment variable that holds the address of the incoming webhook.
    pub url_env: Option<String>,
    /// First line of a message, a template with the places of an e-mail's subject.
    pub text: String,
    /// Channel other than the webhook's own, where the server allows that.
    pub channel: Option<String>,
    /// Labels by which alerts are gathered into messages of their own, `rule` and `severity` among them; all together
    /// where left out.
    pub group_by: Vec<String>,
    /// Seconds to gather further alerts before a message is sent.
    #[schemars(range(max = 86_400))]
    pub wait_seconds: u32,
    /// Seconds that an answer may take.
    #[schemars(range(min = 1, max = 300))]
    pub timeout_seconds: u32,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            url_file: None,
            url_env: None,
            text: "{% if firing %}{{ firing }} firing{% endif %}{% if firing and resolved %}, {% endif %}{% if resolved \
                   %}{{ resolved }} resolved{% endif %}: {{ title }}{% if count > 1 %} and {{ count - 1 }} more{% endif %}"
                .to_owned(),
            channel: None,
            group_by: Vec::new(),
            wait_seconds: 0,
            timeout_seconds: 10,
        }
    }
}

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FileSettings {
    /// The file; created where missing.
    pub path: PathBuf,
}
