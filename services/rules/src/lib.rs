//! Watches tagged articles by rules that analysts write, and says why it raises an alert.
//!
//! **In**: [`faultline_schemas::Enriched`] documents. **Out**: [`faultline_schemas::Alert`]s, firing and resolved, each with the
//! reports and the very words behind it.
//!
//! # How it works
//!
//! [`rules`] reads YAML files into a [`RuleSet`]: every mistake is told with file, line and column. Each rule has a *match* (which
//! articles), a *condition* (how many of them, of which distinct stories and sources, within what time, against which past),
//! and *calm* (when an alert opens, closes and is told again).
//!
//! An article is looked at once ([`seen`]): its words and tags become keys. A rule is tried only on articles that hold one of the
//! few keys without which it cannot match ([`percolator`]), so that the cost of an article hardly depends on the number of rules.
//!
//! The [`Engine`] takes articles in any order within the stated lateness, sorts them by event time (when they appeared), and
//! advances its clock to what the stream has reached: windows, baselines and timers see one order of things, whichever way the articles
//! came. It reads no clock and does no I/O: live, in tests and on the past it is the same code.
//!
//! **Event time.** An article that is later than the lateness is counted ([`Counts::late`]) and taken as if it had
//! appeared just now; one that is later than [`Limits::stale`] is counted ([`Counts::stale`]) and moves no window.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod engine;
mod group;
mod percolator;
mod rules;
mod seen;
mod template;
mod testing;

pub use engine::{Counts, Engine, Limits, Taken};
pub use rules::duration;
pub use rules::{Held, Problem, Problems, Rule, RuleSet};
pub use seen::Seen;
pub use testing::{Outcome, run_tests};

/// JSON Schemas of files of rules and of their tests, by name: editors complete and check by them.
#[must_use]
pub fn schema_files() -> Vec<(&'static str, String)> {
    let pretty = |schema: schemars::Schema| {
        // A schema is made of names, texts and lists: nothing in it can fail to be written.
        let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        text.push('\n');
        text
    };
    vec![
        ("rules.schema.json", pretty(rules::rule_schema())),
        ("rule-tests.schema.json", pretty(testing::test_schema())),
    ]
}
