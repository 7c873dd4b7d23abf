//! What the HTTP endpoint for articles can be told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Articles handed in over HTTP, `POST /v1/articles`. Tokens are made by `faultline tokens add`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PushSettings {
    /// Address and port, such as `127.0.0.1:8620`; not served where left out. Other machines may reach it only once there is a
    /// token.
    pub listen: Option<String>,
    /// The address of this endpoint from outside, such as `https://desk.example`: hubs that feeds name (WebSub) send what is new
    /// to `/v1/websub/` below it, which a proxy has to lead here. Left out, feeds are only fetched.
    pub public_url: Option<String>,
    /// Most bytes of a request's body, before and after decompression.
    #[schemars(range(min = 1_000))]
    pub max_body_bytes: u32,
    /// Most articles in a request.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_articles: u32,
    /// Articles a second that each token may hand in, in the long run; a request's worth may come at once.
    #[schemars(range(min = 1))]
    pub articles_per_second: u32,
    /// Articles that may wait for Kafka's acknowledgement; with more, requests are answered 429.
    #[schemars(range(min = 1))]
    pub max_waiting: u32,
    /// How long a request waits for Kafka's acknowledgement before it is answered 503, in milliseconds.
    #[schemars(range(min = 100))]
    pub acknowledge_within_ms: u32,
    /// How long the body of a request may take to arrive, in milliseconds.
    #[schemars(range(min = 100))]
    pub receive_within_ms: u32,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            listen: None,
            public_url: None,
            max_body_bytes: 16 * 1024 * 1024,
            max_articles: 5_000,
            articles_per_second: 5_000,
            max_waiting: 20_000,
            acknowledge_within_ms: 30_000,
            receive_within_ms: 30_000,
        }
    }
}

impl PushSettings {
    /// Where to listen; none where it is not served.
    pub(crate) fn address(&self) -> Option<&str> {
        self.listen.as_deref().filter(|listen| !listen.is_empty())
    }

    /// Where hubs reach it; none where they do not.
    pub(crate) fn public_address(&self) -> Option<Url> {
        let url = Url::parse(self.public_url.as_deref()?.trim()).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()).then_some(url)
    }

    /// Whether `public_url` is left out or an address.
    pub(crate) fn has_good_public_url(&self) -> bool {
        self.public_url.as_deref().is_none_or(|url| url.is_empty()) || self.public_address().is_some()
    }
}
