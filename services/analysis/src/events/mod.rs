//! Who did what to whom.
//!
//! `events.tsv` names the verbs and nouns; [`deeds`] picks those that tell a deed, [`clause`] says who stands before and after
//! them, [`sides`] which actors these are, and [`referents`] whom
//! pronouns stand for; [`retold`] makes one event of a deed told twice. Where the tension lexicon has a CAMEO code for words that tell no deed of
//! `events.tsv`, they make an event, too.

mod clause;
mod coder;
mod deeds;
mod referents;
mod retold;
mod sides;
mod triggers;

pub(crate) use coder::events;
pub(crate) use deeds::{Deed, deeds};
