//! The lists that the reading knows: actors, places, roles, tension, codes, tone and cues, each a text file.

mod actors;
mod codes;
mod deeds;
mod files;
mod inflect;
mod load;
mod table;
mod words;

pub(crate) use actors::{Office, Person, RoleKind};
pub(crate) use codes::{RuleKind, TensionRule};
pub(crate) use deeds::{DeedRule, SidePlace, stem};
pub use files::{KnowledgeFiles, UnknownFile};
pub(crate) use load::Knowledge;
pub use table::Problem;
