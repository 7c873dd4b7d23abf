//! Watches the stream of tagged articles by an analyst's rules, and tells people.
//!
//! **In**: the `enriched` topic and a folder of rules. **Out**: the `alerts` topic, and from there e-mail, chat, webhooks, Alertmanager
//! and files ([`settings`]).

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod settings;
