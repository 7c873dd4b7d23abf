//! What is not to be told for a while.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One message on the compacted `silences` topic, keyed by id; a tombstone ends it before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// `faultline.silence/1`.
    pub schema: String,
    /// Its name.
    pub id: String,
    /// Labels that an alert must have, with their values, in which `*` stands for any part. `rule`, `severity` and `fingerprint` stand for
    /// those of the alert itself.
    pub matchers: BTreeMap<String, String>,
    /// From when on alerts are held back, RFC 3339.
    pub starts_at: String,
    /// Until when, RFC 3339. None: until the alert of the fingerprint that it names is resolved, which makes it an acknowledgement.
    #[serde(default)]
    pub ends_at: Option<String>,
    /// Who asked for it.
    #[serde(default)]
    pub created_by: String,
    /// Why.
    #[serde(default)]
    pub comment: String,
}
