//! Where the producer stopped in a source.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One message on the compacted `sources` topic, keyed by source id (and by file, `id#path`, for sources of many
/// files). A null value forgets the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceState {
    /// `faultline.source-state/1`.
    pub schema: String,
    /// Id of the source as configured.
    pub source: String,
    /// Where each of its files was left; most sources have one.
    #[serde(default)]
    pub files: BTreeMap<String, FileCursor>,
    /// Validator of the last answer, for sources that are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified` of the last answer, for sources that are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Do not ask again before this, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// Revisions taken most recently, eight bytes each, base64: repeats of these are dropped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seen: String,
    /// How a source that is fetched stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<FetchState>,
    /// What an operator has said of it by `faultline sources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defined: Option<SourceDefinition>,
    /// When this was written, RFC 3339.
    #[serde(default)]
    pub at: String,
}

/// How a source that is fetched stands, for its next check and for people. Its validators, `not_before` and `failures`
/// are in the state itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FetchState {
    /// Where it has moved to for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Whose the validators are, where it is not the address that is asked but one that it redirects to for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validated: Option<String>,
    /// Its own title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Seconds between two checks, as they stand now.
    #[serde(default)]
    pub interval_seconds: u32,
    /// When it was last checked with success, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<String>,
    /// When it last had something new, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_new: Option<String>,
    /// Why the last check failed, or was not wholly a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// True once the publisher has said that it is gone for good: it is not asked again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// Articles taken on each of the latest days, by date in UTC.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub days: BTreeMap<String, u32>,
    /// Its subscription at a hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubState>,
}

/// A feed's subscription at its hub (WebSub), which sends what is new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HubState {
    /// Address of the hub.
    pub hub: String,
    /// What is subscribed to: the feed's address in its own words.
    pub topic: String,
    /// Address that the hub calls, which nobody else can guess.
    pub callback: String,
    /// What the hub signs with.
    pub secret: HubSecret,
    /// Until when the hub has promised to send what is new, RFC 3339; none where it has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<String>,
    /// When the hub is asked next, for the first time or to go on, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_at: Option<String>,
    /// Requests in a row that came to nothing.
    #[serde(default)]
    pub failures: u32,
    /// Why the latest came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A secret that no log shows.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct HubSecret(pub String);

impl fmt::Debug for HubSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubSecret(…)")
    }
}

/// A source that an operator added, or one of the configuration that an operator paused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceDefinition {
    /// Where it is fetched from; none for a source of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it is: `feed` or `sitemap`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Outlet of its articles, where they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlet: Option<String>,
    /// ISO 639-1 code of its articles, where they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Left alone until resumed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// When the operator said so, RFC 3339: what had retired before is tried again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub changed_at: String,
}

/// How far a file has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileCursor {
    /// Bytes read, of the decompressed content, always at the end of an article; rows of a Parquet file.
    pub offset: u64,
    /// Lines read, for messages to people.
    pub line: u64,
    /// Hash of the file's first bytes, hexadecimal: tells a file that grew from one that was replaced.
    pub head: String,
    /// How many bytes `head` covers.
    pub head_length: u32,
    /// True once the file was read to its end, as it was then.
    #[serde(default)]
    pub done: bool,
    /// Bytes on disk when it was read to its end: tells whether it has grown since.
    #[serde(default)]
    pub size: u64,
}
