//! Settings of the alerter, `[alerter]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the alerter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlerterSettings {
    /// Folder of rules. Nothing is watched when unset.
    pub rules_dir: Option<PathBuf>,
}
