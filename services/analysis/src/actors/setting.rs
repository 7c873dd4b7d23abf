//! The country that a document is mostly about: who is named without one is most likely from there.

use rustc_hash::FxHashMap;

use super::cast::Cast;
use super::names::Name;
use super::scene::Scene;
use crate::lexicon::Cue;

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
    /// The country where most of it happens, whoever speaks of it: "in X", "into X".
    scene: Option<u32>,
}

impl Setting {
    /// Counts countries, their people, places, bodies and office holders, the first sentences most.
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let mut all = Tally::default();
        let mut places = Tally::default();
        for name in &scene.names {
            let sentence = scene.document.sentence_of(name.first);
            if scene.document.sentences[sentence].is_boilerplate || reports(scene, name) {
                continue;
            }
            let Some(country) = scene.country_of_name(name) else { continue };
            let weight = 1.0 + 2.0 / (1.0 + sentence as f32);
            all.add(country, weight);
            if name.first.checked_sub(1).is_some_and(|at| scene.has(at, Cue::PlacePreposition)) {
                places.add(country, weight);
            }
        }
        Self { main: all.most(MAIN_SHARE), only: all.most(ONLY_SHARE), scene: places.most(MAIN_SHARE) }
    }

    /// Gives actors and places that no mention gave a country the one they are most likely from. A place may also lie where
    /// the last place before it does; of actors such a guess would be wrong nearly as often as right.
    pub(super) fn presume(self, scene: &Scene<'_>, cast: &mut Cast) {
        cast.presume(|sectors, first| match sectors {
            Some(sectors) => self.presumed(sectors),
            None => self.main.or_else(|| scene.place_nearby(first)),
        });
    }

    /// The country of who is described by a role of that name and these sectors.
    pub(super) fn presumed_of_role(self, role: &str, sectors: &[String]) -> Option<u32> {
        self.presumed(sectors).or_else(|| self.scene.filter(|_| rises(role)))
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

/// Who rises against a government does it where things happen; terrorists may come from anywhere.
fn rises(role: &str) -> bool {
    ["rebel", "insurgent", "guerrilla", "mutineer"].iter().any(|word| role.contains(word))
}

/// Names counted by their countries.
#[derive(Default)]
struct Tally {
    weights: FxHashMap<u32, (f32, u32)>,
    total: f32,
}

impl Tally {
    fn add(&mut self, country: u32, weight: f32) {
        let sum = self.weights.entry(country).or_default();
        *sum = (sum.0 + weight, sum.1 + 1);
        self.total += weight;
    }

    /// The country of most names, if it has that share of them.
    fn most(&self, share: f32) -> Option<u32> {
        let most = self.weights.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0).then(b.0.cmp(a.0)));
        let (country, (weight, count)) = most?;
        (*count >= FEWEST_NAMES && *weight >= share * self.total).then_some(*country)
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
