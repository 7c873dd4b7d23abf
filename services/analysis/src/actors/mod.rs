//! Who and where: names from the lists, names made of a role and capitals, and what links their mentions.

mod cast;
mod ethnic;
mod evidence;
mod groups;
mod margins;
mod members;
mod metonymy;
mod named;
mod names;
mod offices;
mod persons;
mod scene;
mod setting;
mod sexes;
mod tagger;

pub(crate) use cast::{Cast, Found};
pub(crate) use scene::read_cast;
pub(crate) use sexes::may_be;
pub(crate) use tagger::Model as NamesModel;
#[cfg(feature = "training")]
pub(crate) use {
    scene::name_chains,
    tagger::{BUCKETS as NAME_ROWS, Chain, Clusters, FEATURES, LABELS, NameLabel, to_bytes as names_to_bytes},
};
