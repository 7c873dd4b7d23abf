//! What in a text raises or lowers tension: matches of the tension lexicon, in the light of the words round them.

mod modality;
mod of_events;
mod select;
mod setting;
mod standing;

pub(crate) use modality::Cues;
pub(crate) use of_events::add_event_signals;
pub(crate) use select::{Trigger, triggers};
pub(crate) use setting::Setting;
pub(crate) use standing::Participants;
