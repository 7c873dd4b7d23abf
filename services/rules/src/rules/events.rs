//! Conditions on one event.

use faultline_schemas::{Enriched, EventTag, Modality, Participant, Plover, Quad};

use super::expression::Patterns;
use super::ranges::Range;

/// One event of which all of this holds; an empty list asks nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventMatch {
    pub(crate) plover: Vec<Plover>,
    /// What the code begins with.
    pub(crate) cameo: Vec<String>,
    pub(crate) quad: Vec<Quad>,
    pub(crate) modality: Vec<Modality>,
    pub(crate) dyads: Vec<Dyad>,
    pub(crate) source: Vec<Side>,
    pub(crate) target: Vec<Side>,
    pub(crate) sectors: Vec<String>,
    pub(crate) goldstein: Vec<Range>,
}

impl Default for EventMatch {
    fn default() -> Self {
        Self {
            plover: Vec::new(),
            cameo: Vec::new(),
            quad: Vec::new(),
            modality: vec![Modality::Actual, Modality::Threatened],
            dyads: Vec::new(),
            source: Vec::new(),
            target: Vec::new(),
            sectors: Vec::new(),
            goldstein: Vec::new(),
        }
    }
}

/// Two countries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dyad {
    pub(crate) source: String,
    pub(crate) target: String,
    /// Either may act.
    pub(crate) either_way: bool,
}

/// Who stands on one side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Side {
    Country(String),
    Actor(Patterns),
}

impl Side {
    fn fits(&self, side: Option<&Participant>) -> bool {
        let Some(side) = side else { return false };
        match self {
            Self::Country(country) => side.country.as_ref() == Some(country),
            Self::Actor(patterns) => side.actor.as_deref().is_some_and(|actor| patterns.fit(actor)),
        }
    }
}

impl Dyad {
    fn fits(&self, event: &EventTag) -> bool {
        let (Some(source), Some(target)) = (country(event.source.as_ref()), country(event.target.as_ref())) else {
            return false;
        };
        source == self.source && target == self.target
            || self.either_way && source == self.target && target == self.source
    }
}

fn country(side: Option<&Participant>) -> Option<&str> {
    side.and_then(|side| side.country.as_deref())
}

fn is_one_of<T>(wanted: &[T], fits: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(fits)
}

impl EventMatch {
    pub(crate) fn fits(&self, event: &EventTag, document: &Enriched) -> bool {
        is_one_of(&self.modality, |modality| *modality == event.modality)
            && is_one_of(&self.plover, |plover| *plover == event.plover)
            && is_one_of(&self.quad, |quad| *quad == event.quad)
            && is_one_of(&self.cameo, |start| event.cameo.starts_with(&**start))
            && is_one_of(&self.dyads, |dyad| dyad.fits(event))
            && is_one_of(&self.source, |side| side.fits(event.source.as_ref()))
            && is_one_of(&self.target, |side| side.fits(event.target.as_ref()))
            && is_one_of(&self.goldstein, |range| range.holds(f64::from(event.goldstein)))
            && is_one_of(&self.sectors, |sector| has_sector(sector, event, document))
    }
}

fn has_sector(sector: &String, event: &EventTag, document: &Enriched) -> bool {
    let sides = [&event.source, &event.target].into_iter().flatten().filter_map(|side| side.actor.as_ref());
    sides.into_iter().any(|id| document.actors.iter().any(|actor| actor.id == *id && actor.sectors.contains(sector)))
}
