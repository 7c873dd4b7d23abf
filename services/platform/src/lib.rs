//! What every Faultline service needs.
//!
//! Kafka clients and the consume loop, dead letters, configuration, telemetry, health and shutdown. In go settings and a
//! role's own processing; out come a running role, its metrics, its health and its logs.
//!
//! **Invariants.** Only this crate names rdkafka. Nothing is skipped: a message is settled or it is in the dead letters.
//! CPU work never runs on the async runtime's threads. No secret is ever logged or shown.
//!
//! ```
//! use faultline_platform::{config, settings::Common};
//!
//! let environment = [("FAULTLINE__KAFKA__BROKERS".to_owned(), "kafka-1:9092".to_owned())];
//! let loaded = config::load::<Common>(None, environment, &[]).unwrap();
//! assert_eq!(loaded.value.kafka.brokers, "kafka-1:9092");
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod admin;
mod client;
pub mod compacted;
pub mod config;
pub mod consume;
mod context;
pub mod dead_letter;
pub mod health;
mod membership;
pub mod merged;
mod message;
pub mod metrics;
mod publisher;
pub mod queue;
pub mod settings;
mod shutdown;
pub mod tail;
pub mod telemetry;
pub mod tokens;
pub mod topics;

pub use client::ClientError;
pub use context::RoleContext;
pub use dead_letter::Rejected;
pub use membership::Membership;
pub use message::Message;
pub use publisher::{OnAck, PublishError, Publisher, Record};
pub use shutdown::{Stop, signals};
