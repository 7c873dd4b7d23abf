//! What a signal is worth for who takes part and how near the beginning it stands.

use faultline_schemas::ActorType;

use crate::actors::Cast;
use crate::knowledge::{RuleKind, TensionRule};
use crate::text::Sentence;

/// News tells the main thing first: sentences up to this one count in full.
const CENTRAL_SENTENCES: usize = 6;
/// What a signal further down is worth.
const LATE_FACTOR: f32 = 0.75;

/// Who takes part in a sentence.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Participants {
    /// Actors or places of two countries.
    crosses_border: bool,
    /// Soldiers, rebels, armed groups, spies.
    armed: bool,
    /// A state or a body of states.
    state: bool,
}

impl Participants {
    pub(crate) fn of(sentence: Sentence, cast: &Cast) -> Self {
        let mut all = Self::default();
        let mut first_country = None;
        for found in cast.within(sentence.first, sentence.end) {
            let actor = found.actor.map(|number| &cast.actors[number]);
            let country = actor.and_then(|a| a.country).or_else(|| found.place.and_then(|p| cast.country_of_place(p)));
            all.crosses_border |= matches!((first_country, country), (Some(known), Some(other)) if known != other);
            first_country = first_country.or(country);
            let Some(actor) = actor else { continue };
            all.state |= matches!(actor.kind, ActorType::Country | ActorType::InternationalOrganisation);
            all.armed |= actor.kind == ActorType::ArmedGroup
                || actor.sectors.iter().any(|s| matches!(s.as_str(), "MIL" | "REB" | "UAF" | "INS" | "SEP" | "SPY"));
        }
        all
    }

    /// These and those.
    pub(super) fn with(self, others: Self) -> Self {
        Self {
            crosses_border: self.crosses_border || others.crosses_border,
            armed: self.armed || others.armed,
            state: self.state || others.state,
        }
    }

    /// The share of a rule's weight that counts. Words between states weigh; a quarrel within a parliament or a boardroom hardly
    /// does. Force weighs most where states or armed groups use it, and still a good part where nobody says who did: crime is
    /// no conflict, but conflict is often told without names.
    fn share(self, kind: RuleKind) -> f32 {
        match kind {
            RuleKind::Words if self.crosses_border => 1.0,
            RuleKind::Words => 0.4,
            RuleKind::Threat if self.crosses_border || self.armed => 1.0,
            RuleKind::Threat => 0.5,
            RuleKind::Deed if self.crosses_border || self.armed => 1.0,
            RuleKind::Deed if self.state => 0.8,
            RuleKind::Deed => 0.6,
        }
    }
}

/// The share of a rule's weight that counts in this sentence of a text.
pub(super) fn standing(rule: &TensionRule, participants: Participants, sentence: usize) -> f32 {
    participants.share(rule.kind) * centrality(sentence)
}

/// What a signal is worth for where it stands.
pub(super) fn centrality(sentence: usize) -> f32 {
    if sentence < CENTRAL_SENTENCES { 1.0 } else { LATE_FACTOR }
}
