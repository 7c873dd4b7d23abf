//! What the operator may say about fetching.

use std::{collections::BTreeMap, net::SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fetching feeds and pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WebSettings {
    /// Where a publisher reaches whoever runs this, a page or an e-mail address. It is part of the User-Agent: set it
    /// before fetching from others.
    pub contact: Option<String>,
    /// Also fetch from private, loopback and link-local addresses. Leave it off where feeds come from people you do
    /// not know: an address could lead into your own network.
    pub allow_private_addresses: bool,
    /// Requests at a time, over all hosts.
    #[schemars(range(min = 1, max = 10_000))]
    pub requests: u32,
    /// Requests at a time to one host.
    #[schemars(range(min = 1, max = 100))]
    pub requests_per_host: u32,
    /// Milliseconds between the starts of two requests to one host.
    pub host_delay_ms: u32,
    /// Seconds that an answer may take in all, redirects included, waiting for its turn excluded.
    #[schemars(range(min = 1, max = 3_600))]
    pub timeout_seconds: u32,
    /// Redirects that are followed.
    #[schemars(range(max = 20))]
    pub max_redirects: u32,
    /// Largest feed or sitemap, in bytes after decompression.
    #[schemars(range(min = 1_024, max = 200_000_000))]
    pub max_feed_bytes: u32,
    /// Largest page, in bytes after decompression.
    #[schemars(range(min = 1_024, max = 200_000_000))]
    pub max_page_bytes: u32,
    /// Entries of one feed that are looked at, the newest first.
    #[schemars(range(min = 1, max = 50_000))]
    pub max_entries: u32,
    /// Shortest time between two checks of a feed, in seconds.
    #[schemars(range(min = 1))]
    pub shortest_interval_seconds: u32,
    /// Longest time between two checks of a feed, in seconds.
    #[schemars(range(min = 1))]
    pub longest_interval_seconds: u32,
    /// Hosts with an address and port of your own in the place of the one that their name has, such as
    /// `"paper.example" = "10.0.0.5:80"`. They may be fetched from though private addresses may not.
    pub hosts: BTreeMap<String, SocketAddr>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            contact: None,
            allow_private_addresses: false,
            requests: 64,
            requests_per_host: 2,
            host_delay_ms: 1_000,
            timeout_seconds: 30,
            max_redirects: 5,
            max_feed_bytes: 20_000_000,
            max_page_bytes: 5_000_000,
            max_entries: 500,
            shortest_interval_seconds: 300,
            longest_interval_seconds: 6 * 3_600,
            hosts: BTreeMap::new(),
        }
    }
}

impl WebSettings {
    /// How requests introduce themselves.
    pub(crate) fn user_agent(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        match self.contact.as_deref().map(str::trim).filter(|contact| !contact.is_empty()) {
            Some(contact) => format!("Faultline/{version} (news monitor; {contact})"),
            None => format!("Faultline/{version} (news monitor)"),
        }
    }
}
