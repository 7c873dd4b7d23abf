//! Who and where: names from the lists, names made of a role and capitals, and what links their mentions.

mod capitals;
mod cast;
mod evidence;
mod groups;
mod metonymy;
mod names;
mod persons;
mod scene;

pub(crate) use cast::{Cast, Found};
pub(crate) use scene::read_cast;
