//! Who and where: names from the lists, names made of a role and capitals, and what links their mentions.

mod cast;
mod names;

pub(crate) use cast::{ActorDraft, Cast, Found, PlaceDraft};
pub(crate) use names::read_cast;
