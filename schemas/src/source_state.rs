//! Where the producer stopped in a source.

use std::collections::BTreeMap;

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
    /// When this was written, RFC 3339.
    #[serde(default)]
    pub at: String,
}

/// How far a file has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileCursor {
    /// Bytes read, of the decompressed content: always at the end of an article.
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
