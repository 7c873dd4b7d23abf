//! The country that a document is mostly about: who is named without one is most likely from there.

use rustc_hash::FxHashMap;

use super::cast::Cast;
use super::names::Name;
use super::scene::Scene;

/// Share of what names a country that makes it the one a document is about.
const MAIN_SHARE: f32 = 0.6;
/// Above this share hardly any other country has a part in the story.
const ONLY_SHARE: f32 = 0.8;
/// Fewer names of countries than this say nothing.
const FEWEST_NAMES: u32 = 2;

/// What is presumed of those whose country the text does not tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Setting {
    /// The country of most of what is named.
    pub(super) main: Option<u32>,
    /// The country of nearly all that is named.
    pub(super) only: Option<u32>,
}

impl Setting {
    /// Counts countries, their people, places, bodies and office holders, the first sentences most.
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let mut weights: FxHashMap<u32, (f32, u32)> = FxHashMap::default();
        let mut total = 0.0;
        for name in &scene.names {
            let sentence = scene.document.sentence_of(name.first);
            if scene.document.sentences[sentence].is_boilerplate || reports(scene, name) {
                continue;
            }
            let Some(country) = scene.country_of_name(name) else { continue };
            let weight = 1.0 + 2.0 / (1.0 + sentence as f32);
            let sum = weights.entry(country).or_default();
            *sum = (sum.0 + weight, sum.1 + 1);
            total += weight;
        }
        let most = weights.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0).then(b.0.cmp(a.0)));
        let Some((country, (weight, count))) = most else { return Self::default() };
        let is_more_than = |share: f32| (*count >= FEWEST_NAMES && *weight >= share * total).then_some(*country);
        Self { main: is_more_than(MAIN_SHARE), only: is_more_than(ONLY_SHARE) }
    }

    /// Gives actors and places that no mention gave a country the one they are most likely from. A place may also lie where
    /// the last place before it does; of actors such a guess would be wrong nearly as often as right.
    pub(super) fn presume(self, scene: &Scene<'_>, cast: &mut Cast) {
        cast.presume(|sectors, first| match sectors {
            Some(sectors) => self.presumed(sectors),
            None => self.main.or_else(|| scene.place_nearby(first)),
        });
    }

    /// The country of an actor that is known by these sectors alone: who governs, polices, judges or protests does it at
    /// home, where the story is; others only where no other country has a part in it.
    pub(super) fn presumed(self, sectors: &[String]) -> Option<u32> {
        const ABROAD: [&str; 7] = ["IGO", "NGO", "INT", "MNC", "BUS", "UAF", "CRM"];
        if sectors.iter().any(|sector| ABROAD.contains(&sector.as_str())) {
            None
        } else if is_at_home(sectors) {
            self.main
        } else {
            self.only
        }
    }
}

/// The press tells of all countries.
fn reports(scene: &Scene<'_>, name: &Name) -> bool {
    let sectors = name.organisation.map(|o| &scene.knowledge.organisations[o as usize].sectors);
    sectors.is_some_and(|sectors| sectors.iter().any(|sector| sector == "MED"))
}

/// Who governs, polices, judges or protests.
fn is_at_home(sectors: &[String]) -> bool {
    const AT_HOME: [&str; 8] = ["GOV", "COP", "JUD", "LEG", "OPP", "PTY", "MIL", "SPY"];
    sectors.iter().any(|sector| AT_HOME.contains(&sector.as_str()))
}
