//! The actors and places of one document, with every mention.

use faultline_schemas::{Actor, ActorType, Mention, MentionLabel, Place, Sentiment};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::knowledge::{Knowledge, Office, Person};
use crate::text::{Document, normalise};

/// An actor that is only described and has less of the article's attention is left out.
const PASSER_BY_SHARE: f32 = 0.08;

/// A mention: tokens `first..end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) sentence: usize,
    /// Position of the actor it names.
    pub(crate) actor: Option<usize>,
    /// Position of the place it names.
    pub(crate) place: Option<usize>,
    pub(crate) label: MentionLabel,
    pub(crate) metonymic: bool,
    pub(crate) coreference: bool,
}

/// An actor before its figures are known.
#[derive(Debug, Clone)]
pub(crate) struct ActorDraft {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ActorType,
    pub(crate) country: Option<u32>,
    pub(crate) sectors: Vec<String>,
    pub(crate) cameo: Option<String>,
    /// In no list: what is learnt of it later completes it.
    pub(crate) is_unlisted: bool,
    /// No mention tells its country.
    pub(crate) is_presumed: bool,
    /// Sent to the country that is named, and so not from it.
    pub(crate) is_abroad: bool,
}

/// A place before its mentions are gathered.
#[derive(Debug, Clone)]
pub(crate) struct PlaceDraft {
    name: String,
    country: Option<u32>,
    latitude: Option<f32>,
    longitude: Option<f32>,
}

/// Everybody and everywhere in a document.
pub(crate) struct Cast {
    pub(crate) actors: Vec<ActorDraft>,
    places: Vec<PlaceDraft>,
    /// By first token.
    pub(crate) found: Vec<Found>,
    by_id: FxHashMap<String, usize>,
    places_by_key: FxHashMap<PlaceKey, usize>,
}

/// What makes two places one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum PlaceKey {
    Country(u32),
    Listed(u32),
    Unlisted(String),
}

impl Cast {
    pub(crate) fn new() -> Self {
        Self {
            actors: Vec::new(),
            places: Vec::new(),
            found: Vec::new(),
            by_id: FxHashMap::default(),
            places_by_key: FxHashMap::default(),
        }
    }

    /// The actor with the draft's id, new or known.
    pub(crate) fn actor(&mut self, draft: ActorDraft) -> usize {
        if let Some(known) = self.by_id.get(&draft.id) {
            return *known;
        }
        self.by_id.insert(draft.id.clone(), self.actors.len());
        self.actors.push(draft);
        self.actors.len() - 1
    }

    pub(crate) fn country(&mut self, country: u32, knowledge: &Knowledge) -> usize {
        let known = &knowledge.countries.all[country as usize];
        self.actor(ActorDraft {
            id: known.cameo.clone(),
            name: known.name.clone(),
            kind: ActorType::Country,
            country: Some(country),
            sectors: Vec::new(),
            cameo: Some(known.cameo.clone()),
            is_unlisted: false,
            is_presumed: false,
            is_abroad: false,
        })
    }

    pub(crate) fn organisation(&mut self, organisation: u32, knowledge: &Knowledge) -> usize {
        let known = &knowledge.organisations[organisation as usize];
        self.actor(ActorDraft {
            id: known.id.clone(),
            name: known.name.clone(),
            kind: known.kind,
            country: known.country,
            sectors: known.sectors.clone(),
            cameo: known.cameo.clone(),
            is_unlisted: false,
            is_presumed: false,
            is_abroad: false,
        })
    }

    /// The body of another country that bears a listed one's name.
    pub(crate) fn counterpart(&mut self, organisation: u32, country: u32, knowledge: &Knowledge) -> usize {
        let known = &knowledge.organisations[organisation as usize];
        let bearer = &knowledge.countries.all[country as usize];
        self.actor(ActorDraft {
            id: format!("{}/{}", bearer.cameo, known.id),
            name: format!("{} ({})", known.name, bearer.name),
            kind: known.kind,
            country: Some(country),
            sectors: known.sectors.clone(),
            cameo: known.sectors.first().map(|sector| format!("{}{sector}", bearer.cameo)),
            is_unlisted: false,
            is_presumed: false,
            is_abroad: false,
        })
    }

    /// A country that a capital stands for acts as its government.
    pub(crate) fn govern(&mut self, country: usize) {
        let sectors = &mut self.actors[country].sectors;
        if sectors.is_empty() {
            sectors.push("GOV".to_owned());
        }
    }

    /// A known person, in the office held on the day; one who holds none any more is of the elite too.
    pub(crate) fn person(&mut self, person: &Person, day: Option<u32>) -> usize {
        let office: Option<&Office> = person.office_on(day);
        let mut sectors = office.map(|o| o.sectors.clone()).unwrap_or_default();
        if sectors.iter().any(|sector| sector == "GOV") && !person.offices.iter().any(|office| office.is_held_on(day)) {
            sectors.push("ELI".to_owned());
        }
        self.actor(ActorDraft {
            id: person.id.clone(),
            name: person.name.clone(),
            kind: ActorType::Person,
            country: office.and_then(|o| o.country),
            sectors,
            cameo: office.and_then(|o| o.cameo.clone()),
            is_unlisted: false,
            is_presumed: false,
            is_abroad: false,
        })
    }

    /// Where a country lies.
    pub(crate) fn country_place(&mut self, country: u32, knowledge: &Knowledge) -> usize {
        let known = &knowledge.countries.all[country as usize];
        self.place(PlaceKey::Country(country), || PlaceDraft {
            name: known.name.clone(),
            country: Some(country),
            latitude: known.latitude,
            longitude: known.longitude,
        })
    }

    pub(crate) fn listed_place(&mut self, place: u32, knowledge: &Knowledge) -> usize {
        let known = &knowledge.places[place as usize];
        self.place(PlaceKey::Listed(place), || PlaceDraft {
            name: known.name.clone(),
            country: known.country,
            latitude: known.latitude,
            longitude: known.longitude,
        })
    }

    /// A place that no list has, by the words that name it.
    pub(crate) fn unlisted_place(&mut self, name: &str, country: Option<u32>) -> usize {
        self.place(PlaceKey::Unlisted(name.to_owned()), || PlaceDraft {
            name: name.to_owned(),
            country,
            latitude: None,
            longitude: None,
        })
    }

    /// Position of the country that a place lies in.
    pub(crate) fn country_of_place(&self, place: usize) -> Option<u32> {
        self.places.get(place).and_then(|draft| draft.country)
    }

    fn place(&mut self, key: PlaceKey, draft: impl FnOnce() -> PlaceDraft) -> usize {
        let next = self.places.len();
        let number = *self.places_by_key.entry(key).or_insert(next);
        if number == next {
            self.places.push(draft());
        }
        number
    }

    /// An actor that no list has. Its id is made when all is known of it: see [`Self::complete`].
    pub(crate) fn unlisted(&mut self, name: &str, kind: ActorType, country: Option<u32>, sectors: &[String]) -> usize {
        self.actors.push(ActorDraft {
            id: String::new(),
            name: name.to_owned(),
            kind,
            country,
            sectors: sectors.to_vec(),
            cameo: None,
            is_unlisted: true,
            is_presumed: false,
            is_abroad: false,
        });
        self.actors.len() - 1
    }

    /// Adds what the text calls somebody on the list: "Senator X", whatever X is today.
    pub(crate) fn learn_title(&mut self, actor: usize, sectors: &[String], is_in_office: bool) {
        let draft = &mut self.actors[actor];
        for sector in sectors {
            if !draft.sectors.contains(sector) {
                let at = if is_in_office { draft.sectors.len() } else { 0 };
                draft.sectors.insert(at, sector.clone());
            }
        }
    }

    /// Adds to an unlisted actor what a mention tells of it.
    pub(crate) fn learn(&mut self, actor: usize, country: Option<u32>, sectors: &[String]) {
        let draft = &mut self.actors[actor];
        if draft.is_unlisted {
            draft.country = draft.country.or(country);
            if draft.sectors.is_empty() {
                draft.sectors = sectors.to_vec();
            }
        }
    }

    /// Calls `presumed` with the sectors and the first token of every unlisted actor, and with no sectors for every place,
    /// that no mention gave a country, for the country it is most likely from.
    pub(super) fn presume(&mut self, presumed: impl Fn(Option<&[String]>, usize) -> Option<u32>) {
        for found in &self.found {
            if let Some(actor) = found.actor.map(|actor| &mut self.actors[actor])
                && actor.is_unlisted
                && actor.country.is_none()
                && !actor.is_abroad
            {
                actor.country = presumed(Some(&actor.sectors), found.first);
            }
            if let Some(place) = found.place.map(|place| &mut self.places[place]) {
                place.country = place.country.or_else(|| presumed(None, found.first));
            }
        }
    }

    /// Gives unlisted actors their ids and codes, and puts mentions in text order.
    pub(super) fn complete(&mut self, knowledge: &Knowledge) {
        for number in 0..self.actors.len() {
            if !self.actors[number].is_unlisted {
                continue;
            }
            let draft = &self.actors[number];
            let country = draft.country.map(|c| knowledge.countries.all[c as usize].cameo.as_str());
            let sector = draft.sectors.first().map(String::as_str);
            let kind = if draft.kind == ActorType::Person { "PER" } else { "ORG" };
            let mut id = format!("{}/{}/{}", country.unwrap_or("---"), sector.unwrap_or(kind), slug(&draft.name));
            let cameo = country.map(|c| format!("{c}{}", sector.unwrap_or(""))).or(sector.map(str::to_owned));
            while self.by_id.get(&id).is_some_and(|holder| *holder != number) {
                id.push('-');
            }
            self.by_id.insert(id.clone(), number);
            self.actors[number].id = id;
            self.actors[number].cameo = cameo;
        }
        self.found.sort_by_key(|f| (f.first, f.end));
    }

    /// Position of the actor with the id.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Mentions that start within tokens `first..end`.
    pub(crate) fn within(&self, first: usize, end: usize) -> &[Found] {
        let from = self.found.partition_point(|f| f.first < first);
        let to = self.found.partition_point(|f| f.first < end);
        self.found.get(from..to).unwrap_or_default()
    }

    /// The finished actors, most salient first, with what the article says of each (`opinions`). Left out are passers-by: actors without name and country ("officials",
    /// "leader") that hardly anything is said of and that are not among the `active` ids.
    pub(crate) fn finish_actors(
        &self,
        document: &Document<'_>,
        knowledge: &Knowledge,
        opinions: &[f32],
        title: &[bool],
        active: &FxHashSet<&str>,
    ) -> Vec<Actor> {
        let mut mentions: Vec<Vec<Mention>> = vec![Vec::new(); self.actors.len()];
        let mut attention = vec![0.0f32; self.actors.len()];
        for (position, found) in self.found.iter().enumerate() {
            let Some(actor) = found.actor else { continue };
            mentions[actor].push(mention(document, found));
            attention[actor] += attention_of(found) * self.share_of(position);
        }
        for (actor, weight) in attention.iter_mut().enumerate() {
            if title.get(actor).copied().unwrap_or(false) {
                *weight += 3.0;
            }
        }
        let total = attention.iter().sum::<f32>().max(1e-6);
        let mut actors: Vec<Actor> = self
            .actors
            .iter()
            .zip(mentions)
            .enumerate()
            .filter(|(number, (draft, mentions))| {
                let is_described_only =
                    (draft.country.is_none() || draft.is_presumed) && mentions.iter().all(|m| m.coreference);
                let is_passer_by = is_described_only && attention[*number] < PASSER_BY_SHARE * total;
                !mentions.is_empty() && (!is_passer_by || active.contains(draft.id.as_str()))
            })
            .map(|(number, (draft, mentions))| Actor {
                id: draft.id.clone(),
                name: shown_name(draft, knowledge, &mentions),
                kind: draft.kind,
                country: draft.country.map(|c| knowledge.countries.all[c as usize].iso3.clone()),
                sectors: draft.sectors.clone(),
                cameo: draft.cameo.clone(),
                salience: (attention[number] / total * 1e4).round() / 1e4,
                sentiment: Sentiment::from_score(opinions.get(number).copied().unwrap_or(0.0)),
                mentions,
            })
            .collect();
        actors.sort_by(|a, b| b.salience.total_cmp(&a.salience));
        actors
    }

    /// What a mention counts: a country that only says whose police it is, little; so does what an office is held in.
    fn share_of(&self, position: usize) -> f32 {
        const ATTRIBUTE_SHARE: f32 = 0.3;
        const REACH: usize = 2;
        let found = &self.found[position];
        let is_attribute = self.found.get(position + 1).is_some_and(|next| {
            next.first <= found.end + REACH
                && next.actor != found.actor
                && (self.is_of_country(next, found) || next.coreference && found.label == MentionLabel::Norp)
        });
        let is_object = position.checked_sub(1).is_some_and(|before| {
            let before = &self.found[before];
            before.coreference
                && found.first > before.end
                && found.first <= before.end + REACH
                && before.actor != found.actor
        });
        if is_attribute || is_object { ATTRIBUTE_SHARE } else { 1.0 }
    }

    /// Whether one mention's actor belongs to the country that the other names.
    fn is_of_country(&self, one: &Found, other: &Found) -> bool {
        match (one.actor, other.actor) {
            (Some(one), Some(other)) => {
                let country = &self.actors[other];
                country.kind == ActorType::Country && self.actors[one].country == country.country
            }
            _ => false,
        }
    }

    /// The finished places, in order of their first mention.
    pub(crate) fn finish_places(&self, document: &Document<'_>, knowledge: &Knowledge) -> Vec<Place> {
        let mut mentions: Vec<Vec<Mention>> = vec![Vec::new(); self.places.len()];
        for found in &self.found {
            if let Some(place) = found.place {
                mentions[place].push(mention(document, found));
            }
        }
        let drafts = self.places.iter().zip(mentions).filter(|(_, mentions)| !mentions.is_empty());
        let mut places: Vec<Place> = drafts
            .map(|(draft, mentions)| Place {
                name: draft.name.clone(),
                country: draft.country.map(|c| knowledge.countries.all[c as usize].iso3.clone()),
                latitude: draft.latitude,
                longitude: draft.longitude,
                mentions,
            })
            .collect();
        places.sort_by_key(|place| place.mentions.first().map_or(0, |m| m.start));
        places
    }
}

/// `albin-kurti` of "Albin Kurti".
pub(super) fn slug(name: &str) -> String {
    let mut folded = String::new();
    normalise(name, &mut folded);
    let mut slug = String::with_capacity(folded.len());
    for c in folded.chars() {
        match c {
            c if c.is_alphanumeric() => slug.push(c),
            '\'' => {}
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug
}

/// "Italian soldier" for the country's soldier, whose id has the country's name.
fn shown_name(draft: &ActorDraft, knowledge: &Knowledge, mentions: &[Mention]) -> String {
    let country = draft.country.map(|country| &knowledge.countries.all[country as usize]);
    let role = country.and_then(|country| draft.name.strip_prefix(&country.name)?.strip_prefix(' '));
    match (country, role) {
        (Some(country), Some(role)) if draft.is_unlisted && mentions.iter().all(|m| m.coreference) => {
            format!("{} {role}", country.adjective)
        }
        _ => draft.name.clone(),
    }
}

fn mention(document: &Document<'_>, found: &Found) -> Mention {
    let span = document.span(found.first, found.end);
    Mention {
        start: span.start,
        end: span.end,
        text: document.slice(found.first, found.end).to_owned(),
        label: found.label,
        metonymic: found.metonymic,
        coreference: found.coreference,
    }
}

/// Early sentences weigh more: news tells the main thing first.
fn attention_of(found: &Found) -> f32 {
    1.0 + 2.0 / (1.0 + found.sentence as f32)
}
