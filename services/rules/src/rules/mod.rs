//! Rules: how they are written, checked, and matched against one article.

mod active;
mod check;
mod condition;
mod events;
mod explain;
mod expression;
mod load;
mod problem;
mod ranges;
mod raw;
mod terms;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use condition::{Baseline, Calm, Condition, Distinct, WEEK_MS, WEEKS_BACK, When};
pub use explain::Held;
pub(crate) use expression::{CodePoints, Expression, Leaf, marks};
pub use load::{Rule, RuleSet};
pub(crate) use load::{files, yaml};
pub use problem::{Problem, Problems};
pub use ranges::duration;
pub(crate) use ranges::duration_text;
pub(crate) use raw::{At, rule_schema};
pub(crate) use terms::{TermId, Vocabulary};
pub(crate) use words::Words;
