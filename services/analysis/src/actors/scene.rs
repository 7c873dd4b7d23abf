//! Puts names, roles and capitals together into the cast of a document.

use faultline_schemas::{ActorType, MentionLabel};

use super::cast::{Cast, Found};
use super::ethnic::ethnic_group;
use super::groups::add_groups;
use super::margins::Margins;
use super::members::add_members;
use super::metonymy::is_metonymic;
use super::named::Named;
use super::names::{Name, RoleHit, drop_compounds, names, roles, settle_namesakes};
use super::persons::Surnames;
use super::setting::Setting;
use super::tagger;
#[cfg(feature = "training")]
use super::tagger::Chain;
use crate::knowledge::{Knowledge, RoleKind};
use crate::lexicon::{Cue, Match};
use crate::text::{Document, Gap, Token};

/// What the lists say of a token. Positions are small numbers: a text has as many tags as tokens, and every part reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Nothing, or only that a place may bear this name.
    Free,
    /// Part of the name at this position.
    Name(u32),
    /// Part of the role at this position.
    Role(u32),
    /// Part of a name that was made out from its form.
    Taken,
}

/// A document with what the lists find in it.
pub(super) struct Scene<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) knowledge: &'a Knowledge,
    pub(super) day: Option<u32>,
    pub(super) names: Vec<Name>,
    pub(super) roles: Vec<RoleHit>,
    pub(super) tags: Vec<Tag>,
    /// Names that a longer name took in, by position.
    pub(super) absorbed: Vec<bool>,
    pub(super) margins: Margins,
}

/// Everybody and everywhere in the document. In other languages than English only what the lists know.
pub(crate) fn read_cast(
    document: &Document<'_>,
    knowledge: &Knowledge,
    matches: &[Match],
    day: Option<u32>,
    is_english: bool,
) -> Cast {
    let mut scene = Scene::new(document, knowledge, matches, day);
    let mut cast = Cast::new();
    let mut surnames = Surnames::default();
    let tagged = if is_english { tagger::tag(&scene, &knowledge.names) } else { Vec::new() };
    let setting = Setting::of(&scene);
    Named::read(&mut scene, &mut cast, &mut surnames, &tagged);
    surnames.link(&mut scene, &mut cast);
    for position in 0..scene.names.len() {
        let name = scene.names[position];
        if !scene.absorbed[position] && name.person.is_none() {
            add_name(&mut cast, &scene, &name);
        }
    }
    add_groups(&scene, &mut cast, &surnames, setting);
    add_members(&scene, &mut cast);
    setting.presume(&scene, &mut cast);
    cast.found.retain(|found| !document.sentences[found.sentence].is_boilerplate);
    cast.complete(knowledge);
    cast
}

/// Calls `each` with what the tagger sees of the document, for its training.
#[cfg(feature = "training")]
pub(crate) fn name_chains(
    document: &Document<'_>,
    knowledge: &Knowledge,
    matches: &[Match],
    clusters: &tagger::Clusters,
    each: impl FnMut(&Chain),
) {
    tagger::chains(&Scene::new(document, knowledge, matches, None), clusters, each);
}

impl<'a> Scene<'a> {
    fn new(document: &'a Document<'a>, knowledge: &'a Knowledge, matches: &[Match], day: Option<u32>) -> Self {
        let mut names = names(matches, knowledge, day);
        drop_compounds(&mut names, matches);
        settle_namesakes(&mut names, knowledge);
        let roles = roles(matches, &names);
        let mut tags = vec![Tag::Free; document.tokens.len()];
        for (position, name) in names.iter().enumerate() {
            tags[name.first..name.end].fill(Tag::Name(position as u32));
        }
        for (position, role) in roles.iter().enumerate() {
            tags[role.first..role.end].fill(Tag::Role(position as u32));
        }
        let absorbed = vec![false; names.len()];
        let margins = Margins::find(document, knowledge, &names, &tags);
        let mut scene = Self { document, knowledge, day, names, roles, tags, absorbed, margins };
        scene.free_surnames_that_are_roles();
        scene.pass_over_credits();
        scene
    }

    /// Who wrote or took what is no part of the story.
    fn pass_over_credits(&mut self) {
        for credit in self.margins.credits() {
            for at in credit.clone() {
                if let Tag::Name(position) = self.tags[at] {
                    self.absorbed[position as usize] = true;
                }
                self.tags[at] = Tag::Taken;
            }
        }
    }

    /// "Stephen King": a role word after a first name is a surname.
    fn free_surnames_that_are_roles(&mut self) {
        for position in 0..self.roles.len() {
            let hit = self.roles[position];
            let is_surname = hit.end == hit.first + 1
                && self.token(hit.first).is_some_and(Token::is_capitalised)
                && hit.first.checked_sub(1).is_some_and(|before| {
                    self.tags[before] == Tag::Free
                        && self.has(before, Cue::FirstName)
                        && self.document.tokens[before].is_capitalised()
                        && self.document.tokens[hit.first].gap == Gap::Space
                })
                && !self.token(hit.end).is_some_and(Token::is_capitalised);
            if is_surname {
                self.tags[hit.first] = Tag::Free;
            }
        }
    }

    pub(super) fn token(&self, at: usize) -> Option<&Token> {
        self.document.tokens.get(at)
    }

    pub(super) fn has(&self, at: usize, cue: Cue) -> bool {
        self.token(at).is_some_and(|token| self.knowledge.vocabulary.has(token.word, cue))
    }

    pub(super) fn is_mark(&self, at: usize, mark: char) -> bool {
        self.token(at).is_some_and(|token| token.is_mark(mark))
    }

    /// The name of the lists that holds the token, also where a longer name took it in.
    pub(super) fn name_at(&self, at: usize) -> Option<&Name> {
        if self.tags.get(at)? == &Tag::Free {
            return None;
        }
        let next = self.names.partition_point(|name| name.end <= at);
        self.names.get(next).filter(|name| name.first <= at)
    }

    /// The name that holds the token and stands for a country.
    pub(super) fn country_at(&self, at: usize) -> Option<(&Name, u32)> {
        let name = self.name_at(at)?;
        name.any_country().map(|country| (name, country))
    }

    /// The role that ends right before the token, of a kind that stands before names.
    pub(super) fn title_before(&self, first: usize) -> Option<&RoleHit> {
        let before = first.checked_sub(1)?;
        match self.tags.get(before)? {
            Tag::Role(position) => {
                let hit = &self.roles[*position as usize];
                let kind = self.knowledge.roles[hit.role as usize].kind;
                (hit.end == first && kind != RoleKind::Group && self.token(first)?.gap == Gap::Space).then_some(hit)
            }
            _ => None,
        }
    }

    pub(super) fn is_word(&self, at: usize, word: &str) -> bool {
        self.document.slice(at, at + 1).eq_ignore_ascii_case(word)
    }

    pub(super) fn sectors_of(&self, hit: &RoleHit) -> &[String] {
        &self.knowledge.roles[hit.role as usize].sectors
    }

    pub(super) fn kind_of(&self, hit: &RoleHit) -> RoleKind {
        self.knowledge.roles[hit.role as usize].kind
    }

    pub(super) fn role_name(&self, hit: &RoleHit) -> &str {
        &self.knowledge.roles[hit.role as usize].name
    }

    pub(super) fn is_party(&self, name: &Name) -> bool {
        let sectors = name.organisation.map(|o| &self.knowledge.organisations[o as usize].sectors);
        sectors.is_some_and(|sectors| sectors.iter().any(|sector| sector == "PTY"))
    }

    /// The country that a name stands for, lies in or belongs to.
    pub(super) fn country_of_name(&self, name: &Name) -> Option<u32> {
        let of_place = || name.place.and_then(|place| self.knowledge.places[place as usize].country);
        let of_organisation = || name.organisation.and_then(|o| self.knowledge.organisations[o as usize].country);
        let of_person = || name.person.and_then(|p| self.knowledge.people.all[p as usize].office_on(self.day)?.country);
        name.any_country().or_else(of_organisation).or_else(of_person).or_else(of_place)
    }

    /// The country of the name that begins at the token, or after an article there. The name of a person says nothing.
    pub(super) fn country_from(&self, at: usize) -> Option<u32> {
        let after = self.after_the(at);
        let next = self.names.partition_point(|name| name.end <= after);
        let name = self.names.get(next).filter(|name| name.first <= after && name.person.is_none())?;
        self.region_after(name).or_else(|| self.country_of_name(name))
    }

    /// The country of the region told after a place: "Paris, Texas".
    fn region_after(&self, name: &Name) -> Option<u32> {
        if !self.is_mark(name.end, ',') || name.country.is_some() {
            return None;
        }
        let region = self.name_at(name.end + 1).filter(|region| region.first == name.end + 1)?;
        let country = region.country.or_else(|| self.knowledge.places[region.place? as usize].country)?;
        Some(country)
    }
}

/// Adds a name that the lists know.
pub(super) fn add_name(cast: &mut Cast, scene: &Scene<'_>, name: &Name) {
    let knowledge = scene.knowledge;
    let mut found = Found {
        first: name.first,
        end: name.end,
        sentence: scene.document.sentence_of(name.first),
        actor: None,
        place: None,
        label: MentionLabel::Gpe,
        metonymic: false,
        coreference: false,
    };
    if let Some(country) = name.country {
        found.metonymic = is_metonymic(scene, name);
        found.actor = Some(cast.country(country, knowledge));
        found.place = (!found.metonymic).then(|| cast.country_place(country, knowledge));
    } else if let Some(organisation) = name.organisation {
        found.actor = Some(match scene.other_country(organisation, name.first) {
            Some(country) => cast.counterpart(organisation, country, knowledge),
            None => cast.organisation(organisation, knowledge),
        });
        if let (Some(place), ActorType::Other) = (name.place, knowledge.organisations[organisation as usize].kind) {
            // A state that few recognise is an actor and a place, as countries are.
            found.place = Some(cast.listed_place(place, knowledge));
            cast.found.push(found);
            return;
        }
        found.label = match knowledge.organisations[organisation as usize].kind {
            ActorType::EthnicGroup | ActorType::ReligiousGroup => MentionLabel::Norp,
            _ => MentionLabel::Org,
        };
    } else if let Some(demonym) = name.demonym {
        found.actor = Some(match ethnic_group(scene, cast, name) {
            Some(group) => group,
            None => cast.country(demonym, knowledge),
        });
        found.label = MentionLabel::Norp;
    } else {
        found.metonymic = is_metonymic(scene, name);
        match (found.metonymic, name.metonym, name.place) {
            (true, Some(country), _) | (_, Some(country), None) => {
                let actor = cast.country(country, knowledge);
                cast.govern(actor);
                found.actor = Some(actor);
            }
            (_, _, Some(place)) => {
                let told =
                    scene.region_after(name).filter(|told| Some(*told) != knowledge.places[place as usize].country);
                found.place = Some(match told {
                    Some(told) => cast.unlisted_place(scene.document.slice(name.first, name.end), Some(told)),
                    None => cast.listed_place(place, knowledge),
                });
            }
            (_, None, None) => return,
        }
    }
    cast.found.push(found);
}
