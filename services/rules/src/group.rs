//! What alerts are grouped by.

use faultline_schemas::{Direction, EventTag, Modality, Participant};

use crate::seen::Seen;

/// A property of articles of which each value makes an alert of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum GroupKey {
    Country,
    /// Who acts first.
    Dyad,
    /// Two countries, either of which acts.
    Pair,
    Actor,
    Source,
    Signal,
    Event,
    Place,
    Language,
    Level,
    Story,
}

impl GroupKey {
    pub(crate) const ALL: [Self; 11] = [
        Self::Country,
        Self::Dyad,
        Self::Pair,
        Self::Actor,
        Self::Source,
        Self::Signal,
        Self::Event,
        Self::Place,
        Self::Language,
        Self::Level,
        Self::Story,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Dyad => "dyad",
            Self::Pair => "pair",
            Self::Actor => "actor",
            Self::Source => "source",
            Self::Signal => "signal",
            Self::Event => "event",
            Self::Place => "place",
            Self::Language => "language",
            Self::Level => "level",
            Self::Story => "story",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The values that an article has, without repeats. `events` are those that its rule asks for; where it asks for none, those
    /// that happened or are threatened count.
    pub(crate) fn values(self, seen: &Seen, events: Option<&[usize]>, story: &str) -> Vec<String> {
        let document = &*seen.document;
        let told = || -> Vec<&EventTag> {
            match events {
                Some(numbers) => numbers.iter().filter_map(|number| document.events.get(*number)).collect(),
                None => {
                    let counts = |e: &&EventTag| matches!(e.modality, Modality::Actual | Modality::Threatened);
                    document.events.iter().filter(counts).collect()
                }
            }
        };
        let sides = |of: fn(&Participant) -> Option<&String>| -> Vec<String> {
            let sides = told().into_iter().flat_map(|event| [&event.source, &event.target]);
            sides.flatten().filter_map(of).cloned().collect()
        };
        let mut values: Vec<String> = match self {
            Self::Country if events.is_some() => sides(|side| side.country.as_ref()),
            Self::Country => seen.countries().into_iter().map(str::to_owned).collect(),
            Self::Actor if events.is_some() => sides(|side| side.actor.as_ref()),
            Self::Actor => document.actors.iter().map(|actor| actor.id.clone()).collect(),
            Self::Dyad => told().into_iter().filter_map(|event| dyad(event, false)).collect(),
            Self::Pair => told().into_iter().filter_map(|event| dyad(event, true)).collect(),
            Self::Event => told().into_iter().map(|event| format!("{:?}", event.plover).to_uppercase()).collect(),
            Self::Source => document.article.source.iter().cloned().collect(),
            Self::Signal => {
                let signals = document.escalation.signals.iter();
                signals.filter(|s| s.direction == Direction::Escalation).map(|s| s.category.clone()).collect()
            }
            Self::Place => document.places.iter().map(|place| place.name.clone()).collect(),
            Self::Language => document.article.language.iter().cloned().collect(),
            Self::Level => vec![document.escalation.level.as_str().to_owned()],
            Self::Story => vec![story.to_owned()],
        };
        values.sort_unstable();
        values.dedup();
        values
    }
}

/// `SRB-XKX`; `SRB~XKX`, in the order of the alphabet, where either may act. None within one country.
fn dyad(event: &EventTag, either_way: bool) -> Option<String> {
    let country = |side: &Option<Participant>| side.as_ref().and_then(|side| side.country.clone());
    let (source, target) = (country(&event.source)?, country(&event.target)?);
    match either_way {
        _ if source == target => None,
        true if target < source => Some(format!("{target}~{source}")),
        true => Some(format!("{source}~{target}")),
        false => Some(format!("{source}-{target}")),
    }
}
