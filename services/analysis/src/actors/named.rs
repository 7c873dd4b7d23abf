//! From the names that the tagger found to actors and places: the tagger decides what is a name, the lists say whose.

use faultline_schemas::{ActorType, MentionLabel};
use rustc_hash::FxHashMap;

use super::cast::{Cast, Found};
use super::evidence::describe;
use super::names::Name;
use super::persons::Surnames;
use super::scene::{Scene, Tag, add_name};
use super::tagger::{Kind, Tagged};
use crate::lexicon::Cue;
use crate::text::Shape;

/// Goes through the tagged names of a document.
pub(super) struct Named<'s, 'a> {
    scene: &'s mut Scene<'a>,
    cast: &'s mut Cast,
    surnames: &'s mut Surnames,
    /// Unlisted organisations by name, so that a name met again is the same actor.
    organisations: FxHashMap<&'a str, usize>,
    /// What an acronym was said to stand for, by its hash: "Rural Workers Union (RWU)".
    acronyms: FxHashMap<u64, usize>,
}

impl<'s, 'a> Named<'s, 'a> {
    /// Adds every tagged name, and the listed people: in full first, so that a surname alone finds its bearer.
    pub(super) fn read(scene: &'s mut Scene<'a>, cast: &'s mut Cast, surnames: &'s mut Surnames, tagged: &[Tagged]) {
        let mut named =
            Self { scene, cast, surnames, organisations: FxHashMap::default(), acronyms: FxHashMap::default() };
        let spans: Vec<Tagged> = tagged.iter().filter_map(|span| named.settle(*span)).collect();
        named.listed_people();
        for span in &spans {
            match span.kind {
                Kind::Person if span.end - span.first > 1 => named.person(span),
                Kind::Person | Kind::Other => {}
                Kind::Organisation => named.organisation(span),
                Kind::Location => named.location(span),
            }
        }
        for span in spans.iter().filter(|span| span.kind == Kind::Person && span.end - span.first == 1) {
            named.person(span);
        }
    }

    /// Positions of the list's names that the span touches.
    fn names_in(&self, span: &Tagged) -> impl Iterator<Item = usize> + use<'_, 's, 'a> {
        let from = self.scene.names.partition_point(|name| name.end <= span.first);
        let end = span.end;
        let names = self.scene.names[from..].iter().take_while(move |name| name.first < end);
        names.enumerate().map(move |(offset, _)| from + offset)
    }

    /// Makes the span and the lists agree: a listed name that reaches further wins, those inside the span give way. None where
    /// the list's name stands in its own right.
    fn settle(&mut self, span: Tagged) -> Option<Tagged> {
        let inside: Vec<usize> = self.names_in(&span).collect();
        let reaches_further = |name: &Name| {
            (name.first < span.first || name.end > span.end) && name.end - name.first > span.end - span.first
        };
        if inside.iter().any(|position| reaches_further(&self.scene.names[*position])) {
            return None;
        }
        for position in inside {
            let name = self.scene.names[position];
            let is_whole = name.first == span.first && name.end == span.end;
            // A surname alone within a full name is somebody else's as well.
            let is_person =
                name.person.is_some() && span.kind == Kind::Person && (is_whole || name.end - name.first > 1);
            let stands = if span.kind == Kind::Other {
                name.demonym.is_some() || name.organisation.is_some() && is_whole
            } else {
                is_whole
            };
            if !stands && !is_person {
                self.scene.absorbed[position] = true;
            }
            if let (false, Kind::Other, Some(country)) = (stands, span.kind, name.country) {
                // "The Ruritanian War", "the 2004 Ruritania election": the country is told of, as by its adjective.
                let actor = self.cast.country(country, self.scene.knowledge);
                let part = Tagged { first: name.first, end: name.end, kind: Kind::Other };
                self.push(&part, MentionLabel::Norp, Some(actor), None);
            }
        }
        Some(span)
    }

    fn listed_people(&mut self) {
        for position in 0..self.scene.names.len() {
            let name = self.scene.names[position];
            if name.person.is_some() && !self.scene.absorbed[position] {
                self.surnames.add_listed(self.scene, self.cast, &name);
            }
        }
    }

    fn whole(&self, span: &Tagged) -> Option<(usize, Name)> {
        let position = self.names_in(span).next()?;
        let name = self.scene.names[position];
        (name.first == span.first && name.end == span.end).then_some((position, name))
    }

    fn take(&mut self, span: &Tagged) {
        for at in span.first..span.end {
            if let Tag::Name(position) = self.scene.tags[at] {
                self.scene.absorbed[position] = true;
            }
            self.scene.tags[at] = Tag::Taken;
        }
    }

    fn push(&mut self, span: &Tagged, label: MentionLabel, actor: Option<usize>, place: Option<usize>) {
        let sentence = self.scene.document.sentence_of(span.first);
        let (first, end) = (span.first, span.end);
        self.cast.found.push(Found { first, end, sentence, actor, place, label, metonymic: false, coreference: false });
    }

    fn person(&mut self, span: &Tagged) {
        let is_listed = |position: usize| {
            let name = &self.scene.names[position];
            let is_body = name.organisation.is_some() && name.first == span.first && name.end == span.end;
            !self.scene.absorbed[position] && (name.person.is_some() || is_body)
        };
        if self.names_in(span).any(is_listed) {
            return;
        }
        let description = describe(self.scene, span.first, span.end);
        let actor = self.surnames.person(self.scene, self.cast, span.first, span.end);
        self.cast.learn(actor, description.country, &description.sectors);
        self.take(span);
        self.push(span, MentionLabel::Person, Some(actor), None);
    }

    fn organisation(&mut self, span: &Tagged) {
        if let Some((position, name)) = self.whole(span) {
            if name.organisation.is_none() && (name.any_country().is_some() || name.place.is_some()) {
                // A country's or city's team stands for it.
                self.scene.absorbed[position] = true;
                let actor = name.any_country().map(|country| self.cast.country(country, self.scene.knowledge));
                let listed = name.place.filter(|_| actor.is_none());
                let place = listed.map(|place| self.cast.listed_place(place, self.scene.knowledge));
                self.take(span);
                self.push(span, MentionLabel::Org, actor, place);
                if let Some(found) = self.cast.found.last_mut() {
                    found.metonymic = true;
                }
                return;
            }
            if name.organisation.is_some() {
                return;
            }
        }
        if let Some(listed) = self.listed_core(span) {
            let actor = self.cast.organisation(listed, self.scene.knowledge);
            self.take(span);
            self.push(span, MentionLabel::Org, Some(actor), None);
            return;
        }
        let name = self.scene.document.slice(span.first, span.end);
        let token = &self.scene.document.tokens[span.first];
        let acronym = (span.end == span.first + 1).then(|| self.acronyms.get(&token.hash).copied()).flatten();
        let actor = match acronym.or_else(|| self.organisations.get(name).copied()) {
            Some(actor) => actor,
            None => {
                let country = self.country_of(span);
                let sectors = self.sectors_of(span);
                let actor = self.cast.unlisted(name, ActorType::Organisation, country, &sectors);
                self.organisations.insert(name, actor);
                actor
            }
        };
        self.remember_acronym(span, actor);
        self.take(span);
        self.push(span, MentionLabel::Org, Some(actor), None);
    }

    /// "Acme Security Service": a listed name with nothing after it but what kind of body it is.
    fn listed_core(&self, span: &Tagged) -> Option<u32> {
        let name = &self.scene.names[self.names_in(span).next()?];
        let is_kind =
            |at: usize| self.scene.has(at, Cue::OrganisationHead) || matches!(self.scene.tags[at], Tag::Role(_));
        let is_core = name.first == span.first && name.end < span.end && (name.end..span.end).all(is_kind);
        name.organisation.filter(|_| is_core)
    }

    /// The country that the name itself tells, or the adjective or possessive before it.
    fn country_of(&self, span: &Tagged) -> Option<u32> {
        let own = self.names_in(span).find_map(|position| {
            let name = &self.scene.names[position];
            let of_organisation =
                name.organisation.and_then(|o| self.scene.knowledge.organisations[o as usize].country);
            let of_place = name.place.and_then(|p| self.scene.knowledge.places[p as usize].country);
            name.any_country().or(of_organisation).or(of_place)
        });
        own.or_else(|| self.scene.country_before(span.first))
    }

    /// What the roles within the name say: "Ruritanian Army" is an army.
    fn sectors_of(&self, span: &Tagged) -> Vec<String> {
        let listed = self.names_in(span).find_map(|position| self.scene.names[position].organisation);
        if let Some(organisation) = listed {
            return self.scene.knowledge.organisations[organisation as usize].sectors.clone();
        }
        let role = (span.first..span.end).rev().find_map(|at| match self.scene.tags[at] {
            Tag::Role(position) => Some(self.scene.roles[position]),
            _ => None,
        });
        role.map(|role| self.scene.sectors_of(&role).to_vec()).unwrap_or_default()
    }

    /// "Rural Workers Union (RWU)": what stands in brackets after a name and spells its initials.
    fn remember_acronym(&mut self, span: &Tagged, actor: usize) {
        let tokens = &self.scene.document.tokens;
        let Some(token) = tokens.get(span.end + 1).filter(|t| t.shape == Shape::AllUpper) else { return };
        if !self.scene.is_mark(span.end, '(') || !self.scene.is_mark(span.end + 2, ')') || span.end - span.first < 2 {
            return;
        }
        let mut initials = (span.first..span.end)
            .filter(|at| tokens[*at].is_word())
            .filter_map(|at| self.scene.document.slice(at, at + 1).chars().next())
            .flat_map(char::to_uppercase);
        let letters = self.scene.document.slice(span.end + 1, span.end + 2).chars().filter(|c| c.is_alphabetic());
        if letters.into_iter().all(|letter| initials.any(|initial| initial == letter)) {
            self.acronyms.insert(token.hash, actor);
        }
    }

    fn location(&mut self, span: &Tagged) {
        if let Some((position, name)) = self.whole(span)
            && (name.any_country().is_some() || name.place.is_some())
        {
            let is_state = |o: &u32| self.scene.knowledge.organisations[*o as usize].kind == ActorType::Other;
            let name = Name { organisation: name.organisation.filter(is_state), ..name };
            self.scene.absorbed[position] = true;
            add_name(self.cast, self.scene, &name);
            return;
        }
        let place = self.cast.unlisted_place(self.scene.document.slice(span.first, span.end), self.country_of(span));
        let last = span.end - 1;
        let label = if self.scene.has(last, Cue::FacilityHead) {
            MentionLabel::Fac
        } else if self.scene.has(last, Cue::LocationHead) || self.scene.has(span.first, Cue::LocationLead) {
            MentionLabel::Loc
        } else {
            MentionLabel::Gpe
        };
        self.take(span);
        self.push(span, label, None, Some(place));
    }
}
