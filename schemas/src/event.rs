//! One coded event on its own, for consumers that follow dyads rather than articles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EventTag, topic};

/// One message on the `events` topic, keyed by source and target country.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// `faultline.event/1`.
    pub schema: String,
    /// Id of the article it was read from.
    pub article: String,
    /// Revision of that article.
    pub revision: String,
    /// Where that article was published.
    #[serde(default)]
    pub url: Option<String>,
    /// The outlet.
    #[serde(default)]
    pub outlet: Option<String>,
    /// When the article appeared, RFC 3339.
    #[serde(default)]
    pub published_at: Option<String>,
    /// When Faultline took the article in, RFC 3339.
    #[serde(default)]
    pub fetched_at: Option<String>,
    /// The sentence that tells it.
    pub sentence_text: String,
    /// Name of the acting actor, where known.
    #[serde(default)]
    pub source_name: Option<String>,
    /// Name of the actor acted upon, where known.
    #[serde(default)]
    pub target_name: Option<String>,
    /// The event as the enriched article has it; spans point into that article's text.
    #[serde(flatten)]
    pub tag: EventTag,
}

impl Event {
    /// The value of [`Event::schema`] that this version writes.
    pub const SCHEMA: &'static str = topic::EVENTS.schema;

    /// Key on the topic: `SRB-XKX`, with `---` for a side without a country.
    #[must_use]
    pub fn key(&self) -> String {
        fn country(side: Option<&crate::Participant>) -> &str {
            side.and_then(|p| p.country.as_deref()).unwrap_or("---")
        }
        format!("{}-{}", country(self.tag.source.as_ref()), country(self.tag.target.as_ref()))
    }
}
