//! How tense a country, a dyad, an actor or the world is, and whether that is unusual: one way for alerts, stores and charts.

mod baseline;
mod index;

pub use baseline::{Band, Ears, Judgement, ears, hour_of_week, hour_of_week_of};
pub use index::{Tally, index};
