//! What in a text raises or lowers tension: matches of the tension lexicon, in the light of the words round them.

mod modality;
mod select;
mod standing;

pub(crate) use modality::Cues;
pub(crate) use select::{Trigger, is_sport, triggers};
