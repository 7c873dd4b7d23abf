//! Every message that crosses a Faultline topic, as a Rust type.
//!
//! The types here are the contract between services: producer, enricher, sink, alerter and web never call each
//! other, they read and write these. JSON Schema for each type and one AsyncAPI document for the topics are
//! generated from the types (`faultline schema --write schemas/generated`) and committed beside them; a test fails
//! when they drift.
//!
//! **Invariants.** No I/O, no clock, no Kafka. Reading tolerates unknown fields, so that an old reader survives a
//! newer minor version; a new *major* version is announced in the `schema` header (see [`header`]) and refused.
//! All spans are Unicode code points, end exclusive, into `text` (or into `title` where a field says so).
//!
//! ```
//! use faultline_schemas::Article;
//! let article: Article = serde_json::from_str(r#"{"id": "a1", "text": "Talks resumed.", "later": 1}"#).unwrap();
//! assert_eq!(article.text, "Talks resumed.");
//! ```

mod alert;
mod article;
mod dead_letter;
mod enriched;
mod event;
pub mod generate;
pub mod header;
mod silence;
mod source_state;
pub mod topic;

pub use alert::{Alert, AlertState, Evidence, Expected, Severity};
pub use article::{Article, Partial, TargetSpan};
pub use dead_letter::{DeadLetter, Stage};
pub use enriched::{
    Actor, ActorType, ArticleInfo, Direction, Enriched, Escalation, EventMention, EventTag, Fingerprint, Level,
    Mention, MentionLabel, Modality, Participant, Place, Plover, Polarity, Provenance, Quad, Quote, Sentiment, Signal,
    Span, TargetSentiment,
};
pub use event::Event;
pub use silence::Silence;
pub use source_state::{FetchState, FileCursor, HubSecret, HubState, SourceDefinition, SourceState};
