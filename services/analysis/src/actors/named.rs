//! From the names that the tagger found to actors and places: the tagger decides what is a name, the lists say whose.

use faultline_schemas::{ActorType, MentionLabel};
use rustc_hash::{FxHashMap, FxHashSet};

use super::cast::{Cast, Found};
use super::evidence::{describe, describe_body};
use super::names::Name;
use super::persons::Surnames;
use super::scene::{Scene, Tag, add_name};
use super::tagger::{Kind, Tagged};
use crate::knowledge::RoleKind;
use crate::lexicon::{Cue, Part};
use crate::text::{Gap, Shape, TokenKind};

/// Goes through the tagged names of a document.
pub(super) struct Named<'s, 'a> {
    scene: &'s mut Scene<'a>,
    cast: &'s mut Cast,
    surnames: &'s mut Surnames,
    /// Unlisted organisations by name, so that a name met again is the same actor.
    organisations: FxHashMap<&'a str, usize>,
    /// What an acronym was said to stand for, by its hash: "Rural Workers Union (RWU)".
    acronyms: FxHashMap<u64, usize>,
    /// Names of storms, by their hash.
    storms: FxHashSet<u64>,
    /// Who has an office in an unlisted body, and the token where the body's name ends.
    employees: Vec<(usize, usize)>,
}

impl<'s, 'a> Named<'s, 'a> {
    /// Adds every tagged name, and the listed people: in full first, so that a surname alone finds its bearer.
    pub(super) fn read(scene: &'s mut Scene<'a>, cast: &'s mut Cast, surnames: &'s mut Surnames, tagged: &[Tagged]) {
        let mut named = Self {
            scene,
            cast,
            surnames,
            organisations: FxHashMap::default(),
            acronyms: FxHashMap::default(),
            storms: FxHashSet::default(),
            employees: Vec::new(),
        };
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
        named.organisations_that_open_sentences();
        named.employed();
    }

    /// "Target, the retailer, said": the first word of a sentence, which has a capital anyway, where the text names a body so
    /// and tells what it is.
    fn organisations_that_open_sentences(&mut self) {
        for number in 0..self.scene.document.sentences.len() {
            let first = self.scene.document.sentences[number].first;
            let is_open = self.scene.tags[first] == Tag::Free && self.scene.document.tokens[first].is_capitalised();
            let named = self.organisations.get(self.scene.document.slice(first, first + 1)).filter(|_| is_open);
            let Some(sectors) = named.map(|actor| &self.cast.actors[*actor].sectors) else { continue };
            if sectors.is_empty() && describe_body(self.scene, first, first + 1).sectors.is_empty() {
                continue;
            }
            let next = first + 1;
            let parts = self.scene.token(next).map(|t| self.scene.knowledge.vocabulary.parts(t.word));
            let acts = parts.is_some_and(|parts| [Part::Auxiliary, Part::Modal].iter().any(|part| parts.has(*part)));
            let owns = self.scene.token(next).is_some_and(|t| t.kind == TokenKind::Possessive);
            if acts || owns || self.scene.is_mark(next, ',') || self.scene.has(next, Cue::Reporting) {
                self.organisation(&Tagged { first, end: next, kind: Kind::Organisation });
            }
        }
    }

    /// "Acme president X": who has an office in a body that no list has is of what the text tells of that body.
    fn employed(&mut self) {
        if self.employees.is_empty() {
            return;
        }
        let bodies: FxHashMap<usize, usize> = self.cast.found.iter().filter_map(|f| Some((f.end, f.actor?))).collect();
        for (person, body_end) in std::mem::take(&mut self.employees) {
            let Some(body) = bodies.get(&body_end).map(|body| &self.cast.actors[*body]) else { continue };
            if body.kind == ActorType::Organisation {
                let (country, sectors) = (body.country, body.sectors.clone());
                self.cast.learn(person, country, &sectors);
            }
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
        if self.scene.tags[span.first] == Tag::Taken {
            return None;
        }
        if self.is_part_of_title(&span) || self.is_people_of_place(&span) {
            return None;
        }
        let span = self.with_given_name(self.with_kind(span));
        if self.is_storm(&span) {
            self.take(&span);
            return None;
        }
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
            let is_person = name.person.is_some()
                && match span.kind {
                    Kind::Person => is_whole || name.end - name.first > 1,
                    // The list has single words where they mostly mean this person.
                    Kind::Other | Kind::Organisation => is_whole,
                    Kind::Location => false,
                };
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

    /// "Minister of Defence Colonel-General", "Interior Minister": a span that ends or begins within a title is none.
    fn is_part_of_title(&self, span: &Tagged) -> bool {
        match self.scene.tags[span.first] {
            Tag::Role(position) => {
                let hit = &self.scene.roles[position as usize];
                (hit.first < span.first || hit.end > span.end) && self.scene.kind_of(hit) != RoleKind::Group
            }
            _ => false,
        }
    }

    /// "Rakhine Buddhists", "Iraqi Kurds": the list knows both the place and the people.
    fn is_people_of_place(&self, span: &Tagged) -> bool {
        let mut names = self.names_in(span).map(|position| self.scene.names[position]);
        let (Some(place), Some(people), None) = (names.next(), names.next(), names.next()) else { return false };
        place.first == span.first
            && place.end == people.first
            && people.end == span.end
            && (place.place.is_some() || place.any_country().is_some())
            && people.organisation.is_some_and(|organisation| self.scene.is_people(organisation))
    }

    /// A first name and a word that reports make a person of what looks like a body: "Ann Roe reports". A name before "police"
    /// is a place.
    fn with_kind(&self, span: Tagged) -> Tagged {
        let is_plain = |at: usize| {
            !self.scene.has(at, Cue::OrganisationHead)
                && self.scene.tags[at] == Tag::Free
                && !self.scene.knowledge.name_words.contains_key(&self.scene.document.tokens[at].word)
        };
        let speaks = self.scene.has(span.end, Cue::Reporting) || self.scene.has(span.end, Cue::Speech);
        let is_person = span.kind == Kind::Organisation
            && span.end - span.first == 2
            && speaks
            && self.scene.has(span.first, Cue::FirstName)
            && (span.first..span.end).all(is_plain);
        if is_person {
            return Tagged { kind: Kind::Person, ..span };
        }
        // "Ahlu Sunna of Guriel": no person's name begins with a body's.
        let begins_as_body =
            self.names_in(&span).next().map(|position| self.scene.names[position]).is_some_and(|name| {
                name.first == span.first
                    && name.end < span.end
                    && name.end - name.first > 1
                    && name.organisation.is_some()
            });
        // "RTV Mir", but not "J.R. Roe" nor a heading.
        let begins_with_acronym = span.end - span.first > 1
            && self.scene.document.tokens[span.first].shape == Shape::AllUpper
            && self.scene.document.tokens[span.first + 1].shape == Shape::Upper
            && self.scene.document.slice(span.first, span.first + 1).chars().filter(|c| c.is_alphabetic()).count() > 2;
        if span.kind == Kind::Person && (begins_as_body || begins_with_acronym) {
            return Tagged { kind: Kind::Organisation, ..span };
        }
        // "LinkedIn", and "Acme, based in Ruritania".
        let is_single = span.end == span.first + 1 && self.scene.tags[span.first] == Tag::Free;
        if span.kind == Kind::Person && is_single && self.is_surely_body(&span) {
            return Tagged { kind: Kind::Organisation, ..span };
        }
        let is_of_place = span.end == span.first + 1
            && self.scene.is_word(span.end, "police")
            && matches!(self.scene.tags[span.first], Tag::Free)
            && self.scene.document.tokens[span.first].shape == Shape::Upper;
        if is_of_place { Tagged { kind: Kind::Location, ..span } } else { span }
    }

    fn is_surely_body(&self, span: &Tagged) -> bool {
        let is_based = self.scene.is_mark(span.end, ',') && self.scene.is_word(span.end + 1, "based");
        is_based || self.has_inner_capital(span.first)
    }

    /// "LinkedIn", but not "McCain", "DeVos", "O'Neil".
    fn has_inner_capital(&self, at: usize) -> bool {
        const LONGEST_PARTICLE: usize = 4;
        let word = self.scene.document.slice(at, at + 1);
        let inner = word.char_indices().skip(1).find(|(_, letter)| letter.is_uppercase());
        self.scene.document.tokens[at].shape == Shape::Upper
            && inner.is_some_and(|(start, _)| start >= LONGEST_PARTICLE)
    }

    /// "Kim Dong-yub", "Shin In-kyun": after a surname of East Asia the given name goes on past its hyphen.
    fn with_given_name(&self, span: Tagged) -> Tagged {
        let tokens = &self.scene.document.tokens;
        if span.kind != Kind::Person && span.end - span.first > 2 || !self.scene.has(span.first, Cue::FamilyName) {
            return span;
        }
        let is_split = |at: usize| {
            tokens.get(at).is_some_and(|t| t.kind == TokenKind::Hyphen)
                && tokens.get(at + 1).is_some_and(|t| t.shape == Shape::Lower && t.is_word())
        };
        let is_given = |at: usize| tokens.get(at).is_some_and(|t| t.is_capitalised() && t.gap == Gap::Space);
        match span.end - span.first {
            2 if is_split(span.end) => Tagged { end: span.end + 2, kind: Kind::Person, ..span },
            1 if is_given(span.end) && is_split(span.end + 1) => {
                Tagged { end: span.end + 3, kind: Kind::Person, ..span }
            }
            _ => span,
        }
    }

    /// "Hurricane Harvey", and "Harvey" after it.
    fn is_storm(&mut self, span: &Tagged) -> bool {
        let tokens = &self.scene.document.tokens;
        if let Some(head) = (span.first..span.end).find(|at| self.scene.has(*at, Cue::StormHead)) {
            let is_named = tokens[head].is_capitalised() && tokens.get(head + 1).is_some_and(|t| t.is_capitalised());
            if is_named {
                self.storms.insert(self.scene.document.hashes[head + 1]);
            }
            return is_named && head + 2 >= span.end;
        }
        let is_after_head = span.first.checked_sub(1).is_some_and(|before| self.scene.has(before, Cue::StormHead))
            && tokens[span.first - 1].is_capitalised();
        if is_after_head {
            self.storms.insert(self.scene.document.hashes[span.first]);
        }
        span.end == span.first + 1 && (is_after_head || self.storms.contains(&self.scene.document.hashes[span.first]))
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
                self.scene.absorbed[position as usize] = true;
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
        self.cast.actors[actor].is_abroad |= description.is_abroad;
        if let Some(title) = self.scene.title_before(span.first)
            && title.first > 0
            && self.scene.tags[title.first - 1] == Tag::Taken
        {
            self.employees.push((actor, title.first));
        }
        if let Some(role) = description.role {
            self.surnames.entitle(role, span.first, actor, description.country.is_some());
        }
        self.take(span);
        self.push(span, MentionLabel::Person, Some(actor), None);
    }

    fn organisation(&mut self, span: &Tagged) {
        if let Some((position, name)) = self.whole(span) {
            if name.person.is_some() && name.organisation.is_none() {
                return;
            }
            if name.organisation.is_none() && self.scene.margins.in_dateline(span.first) {
                return self.location(span);
            }
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
        let hash = self.scene.document.hashes[span.first];
        let acronym = (span.end == span.first + 1).then(|| self.acronyms.get(&hash).copied()).flatten();
        let is_single = span.end == span.first + 1;
        let person = is_single.then(|| self.surnames.namesake(self.scene, span.first)).flatten();
        if let Some(person) = person.filter(|_| acronym.is_none() && !self.is_surely_body(span)) {
            self.take(span);
            self.push(span, MentionLabel::Person, Some(person), None);
            return;
        }
        let known = acronym.or_else(|| self.organisations.get(name).copied());
        let actor = known.unwrap_or_else(|| {
            let (country, sectors) = (self.country_of(span), self.sectors_of(span));
            let is_armed = sectors.iter().any(|sector| matches!(sector.as_str(), "REB" | "UAF"));
            let kind = if is_armed { ActorType::ArmedGroup } else { ActorType::Organisation };
            let actor = self.cast.unlisted(name, kind, country, &sectors);
            self.organisations.insert(name, actor);
            actor
        });
        let description = describe_body(self.scene, span.first, span.end);
        self.cast.learn(actor, description.country, &description.sectors);
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
            self.scene.country_of_name(name).filter(|_| name.person.is_none())
        });
        own.or_else(|| self.scene.country_before(span.first))
    }

    /// What the roles within the name say: "Ruritanian Army" is an army.
    fn sectors_of(&self, span: &Tagged) -> Vec<String> {
        let listed = self.names_in(span).find_map(|position| self.scene.names[position].organisation);
        if let Some(organisation) = listed {
            return self.scene.knowledge.organisations[organisation as usize].sectors.clone();
        }
        self.scene.sectors_of_words(span.first, span.end)
    }

    /// "Rural Workers Union (RWU)": what stands in brackets after a name and spells its initials.
    fn remember_acronym(&mut self, span: &Tagged, actor: usize) {
        let tokens = &self.scene.document.tokens;
        let is_acronym = tokens.get(span.end + 1).is_some_and(|t| t.shape == Shape::AllUpper);
        if !is_acronym
            || !self.scene.is_mark(span.end, '(')
            || !self.scene.is_mark(span.end + 2, ')')
            || span.end - span.first < 2
        {
            return;
        }
        let mut initials = (span.first..span.end)
            .filter(|at| tokens[*at].is_word())
            .filter_map(|at| self.scene.document.slice(at, at + 1).chars().next())
            .flat_map(char::to_uppercase);
        let letters = self.scene.document.slice(span.end + 1, span.end + 2).chars().filter(|c| c.is_alphabetic());
        if letters.into_iter().all(|letter| initials.any(|initial| initial == letter)) {
            self.acronyms.insert(self.scene.document.hashes[span.end + 1], actor);
        }
    }

    /// The country of an unlisted place by what stands beside it: "X, Iraq", else the last place named in the sentence.
    fn country_near(&self, span: &Tagged) -> Option<u32> {
        if self.scene.is_mark(span.end, ',')
            && let Some(country) = self.scene.country_from(span.end + 1)
        {
            return Some(country);
        }
        let sentence = self.scene.document.sentences[self.scene.document.sentence_of(span.first)];
        let from = self.scene.names.partition_point(|name| name.first < sentence.first);
        let names = self.scene.names[from..].iter().take_while(|name| name.end <= span.first);
        let place = names.filter(|name| name.country.is_some() || name.place.is_some()).last()?;
        let is_placed = place.first.checked_sub(1).is_some_and(|at| self.scene.has(at, Cue::PlacePreposition));
        self.scene.country_of_name(place).filter(|_| is_placed)
    }

    fn location(&mut self, span: &Tagged) {
        let is_state = |o: &u32| self.scene.knowledge.organisations[*o as usize].kind == ActorType::Other;
        if let Some((_, name)) = self.whole(span)
            && name.organisation.is_some_and(|organisation| !is_state(&organisation))
            && name.any_country().is_none()
        {
            // "Firms like Nokia": a town is not meant unless a preposition of place says so.
            let is_placed = span.first.checked_sub(1).is_some_and(|at| self.scene.has(at, Cue::PlacePreposition));
            if name.place.is_none() || !is_placed {
                return;
            }
        }
        if let Some((position, name)) = self.whole(span)
            && (name.any_country().is_some() || name.place.is_some())
        {
            let name = Name { organisation: name.organisation.filter(is_state), ..name };
            self.scene.absorbed[position] = true;
            add_name(self.cast, self.scene, &name);
            return;
        }
        let country = self.country_of(span).or_else(|| self.country_near(span));
        let place = self.cast.unlisted_place(self.scene.document.slice(span.first, span.end), country);
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
