//! Puts names, roles and capitals together into the cast of a document.

use faultline_schemas::{ActorType, MentionLabel};

use super::cast::{Cast, Found};
use super::ethnic::{ethnic_group, is_called_ethnic};
use super::groups::add_groups;
use super::margins::Margins;
use super::members::add_members;
use super::metonymy::is_metonymic;
use super::named::Named;
use super::names::{Name, RoleHit, names, roles};
use super::persons::Surnames;
use super::setting::Setting;
use super::tagger;
#[cfg(feature = "training")]
use super::tagger::Chain;
use crate::knowledge::{Knowledge, RoleKind};
use crate::lexicon::{Cue, Entry, Match};
use crate::text::{Document, Gap, Token, TokenKind};

/// What the lists say of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Nothing, or only that a place may bear this name.
    Free,
    /// Part of the name at this position.
    Name(usize),
    /// Part of the role at this position.
    Role(usize),
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
            tags[name.first..name.end].fill(Tag::Name(position));
        }
        for (position, role) in roles.iter().enumerate() {
            tags[role.first..role.end].fill(Tag::Role(position));
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
                    self.absorbed[position] = true;
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
                let hit = &self.roles[*position];
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

    /// "Serbia's president", "Mr. Obama's adviser": whoever works for an office holder is of that country.
    fn employer(&self, first: usize) -> Option<u32> {
        const ADJECTIVES: usize = 3;
        let from = first.saturating_sub(ADJECTIVES + 1);
        let owner = (from..first).rev().find(|at| self.document.tokens[*at].kind == TokenKind::Possessive)?;
        let is_described = (owner + 1..first).all(|at| self.document.tokens[at].is_word());
        let person = self.name_at(owner.checked_sub(1)?).filter(|_| is_described)?.person?;
        self.knowledge.people.all[person as usize].office_on(self.day)?.country
    }

    /// The country whose name, possessive or adjective stands before the token, with up to two other adjectives between:
    /// "Poland's current minister", "a Somalia-based armed group".
    pub(super) fn country_before(&self, first: usize) -> Option<u32> {
        const ADJECTIVES: usize = 2;
        let mut before = first.checked_sub(1)?;
        for _ in 0..ADJECTIVES {
            let is_adjective = self.tags[before] == Tag::Free
                && self.token(before).is_some_and(|t| t.is_word() && !t.is_capitalised())
                && !self.has(before, Cue::FunctionWord)
                && !self.has(before, Cue::Reporting);
            if !is_adjective {
                break;
            }
            before = before.checked_sub(1)?;
        }
        let is_direct = before + 1 == first;
        let is_possessive = match self.document.tokens[before].kind {
            TokenKind::Possessive => true,
            TokenKind::Hyphen => self.document.slice(before + 1, before + 2) == "based",
            _ => false,
        };
        if is_possessive {
            before = before.checked_sub(1)?;
        }
        let (name, country) = self.country_at(before)?;
        let is_adjective = name.demonym.is_some() && !self.document.slice(before, before + 1).ends_with('s');
        // "An ethnic Albanian resident of Kosovo".
        if name.demonym.is_some() && is_called_ethnic(self, name.first) {
            return None;
        }
        if self.is_stance(name.first) {
            return None;
        }
        (is_direct || is_possessive || is_adjective).then_some(country)
    }

    /// "Pro-Russian", "anti-Beijing": for or against a country, so hardly of it.
    fn is_stance(&self, first: usize) -> bool {
        let is_hyphenated = first.checked_sub(1).is_some_and(|at| self.document.tokens[at].kind == TokenKind::Hyphen);
        is_hyphenated
            && first.checked_sub(2).is_some_and(|at| ["pro", "anti"].iter().any(|word| self.is_word(at, word)))
    }

    /// "A Russia adviser", "the Ukraine expert": what somebody knows of, not where from.
    fn is_topic(&self, hit: &RoleHit) -> bool {
        self.has(hit.end - 1, Cue::TopicRole)
            && hit.first.checked_sub(1).and_then(|at| self.name_at(at)).is_some_and(|name| name.country.is_some())
    }

    /// The country of another body of the listed one's name ("Chile's Defense Department"), or of a part of a people that
    /// lives in several ("Iraqi Kurds").
    fn other_country(&self, organisation: u32, first: usize) -> Option<u32> {
        match self.knowledge.organisations[organisation as usize].country {
            Some(own) => self.country_before(first).filter(|country| *country != own),
            None if self.is_people(organisation) => self.country_before(first).or_else(|| self.place_before(first)),
            None => None,
        }
    }

    pub(super) fn is_people(&self, organisation: u32) -> bool {
        let kind = self.knowledge.organisations[organisation as usize].kind;
        matches!(kind, ActorType::EthnicGroup | ActorType::ReligiousGroup)
    }

    /// The country of a city or region right before the token: "Kyiv police".
    fn place_before(&self, first: usize) -> Option<u32> {
        let name = self.name_at(first.checked_sub(1)?)?;
        self.knowledge.places[name.place? as usize].country
    }

    /// Country and sectors of who fills a role. One that says what somebody is within a body ("chairman of the company's
    /// board", "ACLU director") leaves it to the body what that is.
    pub(super) fn reading_of(&self, hit: &RoleHit) -> (Option<u32>, Vec<String>) {
        let (of_body, body_sectors) = self.body_of_role(hit).unwrap_or((None, &[]));
        let country = self.country_of_role(hit).or(of_body);
        let own = self.sectors_of(hit);
        if self.kind_of(hit) == RoleKind::Office
            && body_sectors.is_empty()
            && let Some(of_name) = self.unlisted_body(hit)
        {
            let own = own.iter().filter(|sector| *sector != "GOV" && !of_name.contains(sector));
            let own: Vec<String> = own.cloned().collect();
            return (country, [of_name, own].concat());
        }
        if self.kind_of(hit) == RoleKind::Office && !body_sectors.is_empty() {
            let governs = body_sectors.iter().any(|sector| matches!(sector.as_str(), "GOV" | "IGO" | "LEG" | "PTY"));
            let own = own.iter().filter(|sector| governs && !body_sectors.contains(sector));
            return (country, body_sectors.iter().chain(own).cloned().collect());
        }
        let others = body_sectors.iter().filter(|sector| !own.contains(sector));
        (country, own.iter().chain(others).cloned().collect())
    }

    /// Country and sectors of the body that a role is held in: "president of the European Council", "chairman of the
    /// company's board", "NASA director".
    fn body_of_role(&self, hit: &RoleHit) -> Option<(Option<u32>, &[String])> {
        if let Some(organisation) = self.body_before(hit.first) {
            let body = &self.knowledge.organisations[organisation as usize];
            return Some((body.country, &body.sectors));
        }
        if !["of", "at", "for"].iter().any(|word| self.is_word(hit.end, word)) {
            return None;
        }
        match self.tags.get(self.after_the(hit.end + 1))? {
            Tag::Name(position) => {
                let body = &self.knowledge.organisations[self.names[*position].organisation? as usize];
                Some((body.country, &body.sectors))
            }
            Tag::Role(position) => {
                let body = &self.roles[*position];
                (self.kind_of(body) == RoleKind::Group).then(|| (self.country_of_role(body), self.sectors_of(body)))
            }
            _ => None,
        }
    }

    /// The organisation named right before a role: "NASA director", "the party's leader".
    fn body_before(&self, first: usize) -> Option<u32> {
        let before = first.checked_sub(1)?;
        let is_possessive = self.document.tokens[before].kind == TokenKind::Possessive;
        let last = before.checked_sub(usize::from(is_possessive))?;
        let name = self.name_at(last).filter(|name| name.end == last + 1 && name.demonym.is_none())?;
        name.organisation
    }

    /// What the name of a body that no list has says of who fills an office there: "director of the Iona Institute". None
    /// where the office is not held in such a body.
    fn unlisted_body(&self, hit: &RoleHit) -> Option<Vec<String>> {
        const ADJECTIVES: usize = 2;
        const LONGEST_NAME: usize = 8;
        if !["of", "at", "for"].iter().any(|word| self.is_word(hit.end, word)) {
            return self.is_of_unlisted(hit).then(Vec::new);
        }
        let from = self.after_the(hit.end + 1);
        let first =
            (from..=from + ADJECTIVES).find(|at| self.token(*at).is_none_or(|t| t.is_capitalised() || !t.is_word()))?;
        if !self.token(first)?.is_capitalised()
            || self.name_at(first).is_some_and(|name| self.country_of_name(name).is_some())
        {
            return None;
        }
        let is_part = |at: &usize| self.token(*at).is_some_and(|t| t.is_capitalised() || self.is_word(*at, "of"));
        let end = first + (first..first + LONGEST_NAME).take_while(is_part).count();
        Some(self.sectors_of_words(first, end))
    }

    /// What the words of a body's name say of it: the last role that names a group, else the last word that the list has.
    pub(super) fn sectors_of_words(&self, first: usize, end: usize) -> Vec<String> {
        let role = (first..end).rev().find_map(|at| match self.tags[at] {
            Tag::Role(position) => Some(&self.roles[position]).filter(|hit| self.kind_of(hit) == RoleKind::Group),
            _ => None,
        });
        if let Some(role) = role {
            return self.sectors_of(role).to_vec();
        }
        let kinds = &self.knowledge.name_words;
        let kind = (first..end).rev().find_map(|at| kinds.get(&self.document.tokens[at].word));
        kind.cloned().unwrap_or_default()
    }

    /// "The ambassador to Syria", "the special envoy to Syria".
    pub(super) fn is_abroad(&self, hit: &RoleHit) -> bool {
        self.is_word(hit.end, "to") && self.country_from(hit.end + 1).is_some()
    }

    /// The country of the last place named in the sentence before the token or the sentence before that.
    pub(super) fn place_nearby(&self, at: usize) -> Option<u32> {
        let sentence = self.document.sentence_of(at).saturating_sub(1);
        let floor = self.document.sentences.get(sentence)?.first;
        let end = self.names.partition_point(|name| name.first < at);
        let place = self.names[..end].iter().rev().take_while(|name| name.first >= floor);
        place
            .take(6)
            .find(|name| name.country.is_some() || name.place.is_some())
            .and_then(|name| self.country_of_name(name))
    }

    /// "Acme president": whoever Acme is, it need not govern.
    fn is_of_unlisted(&self, hit: &RoleHit) -> bool {
        hit.first.checked_sub(1).is_some_and(|before| {
            self.tags[before] == Tag::Taken
                && self.document.tokens[hit.first].gap == Gap::Space
                && self.document.tokens[before].is_capitalised()
        })
    }

    /// The country of the last place named before the token: "officials there".
    fn last_place(&self, at: usize) -> Option<u32> {
        const MOST_NAMES: usize = 6;
        let end = self.names.partition_point(|name| name.first < at);
        let mut names = self.names[..end].iter().rev().take(MOST_NAMES);
        let place = names.find(|name| name.country.is_some() || name.place.is_some())?;
        self.country_of_name(place)
    }

    fn after_the(&self, at: usize) -> usize {
        at + usize::from(self.is_word(at, "the"))
    }

    /// The country that a role is bound to by the words round it: "Kosovo Prime Minister", "Serbia's President", "president
    /// of Serbia", "mayor of Houston".
    pub(super) fn country_of_role(&self, hit: &RoleHit) -> Option<u32> {
        if self.sectors_of(hit).iter().any(|sector| sector == "IGO") {
            return None;
        }
        let before = self.country_before(hit.first).or_else(|| self.place_before(hit.first));
        let before = before.filter(|_| !self.is_topic(hit));
        if let Some(country) = before.or_else(|| self.employer(hit.first)) {
            return Some(country);
        }
        if self.is_word(hit.end, "there") {
            return self.last_place(hit.first);
        }
        // Within a longer name too: "president of the Chadian Rights League".
        let is_bound = ["of", "in", "for"].iter().any(|word| self.is_word(hit.end, word));
        if is_bound { self.country_from(hit.end + 1) } else { None }
    }
}

/// "Georgia" is a country and a state: the one whose country the document names more, and the country where it names neither.
fn settle_namesakes(names: &mut [Name], knowledge: &Knowledge) {
    let region = |name: &Name| knowledge.places[name.place? as usize].country.filter(|of| Some(*of) != name.country);
    let namesakes: Vec<(usize, u32, u32)> = names
        .iter()
        .enumerate()
        .filter_map(|(position, name)| Some((position, name.country?, region(name)?)))
        .collect();
    let Some((_, country, other)) = namesakes.first().copied() else { return };
    let told = |of: u32| {
        let is_told = |name: &&Name| match name.place {
            Some(place) => knowledge.places[place as usize].country == Some(of) && name.country.is_none(),
            None => name.any_country() == Some(of),
        };
        names.iter().filter(is_told).count()
    };
    let is_region = told(other) > told(country);
    for (position, ..) in namesakes.into_iter().filter(|(_, of, _)| *of == country) {
        let name = &mut names[position];
        if is_region { name.country = None } else { name.place = None }
    }
}

/// "German shepherd" names no German.
fn drop_compounds(names: &mut Vec<Name>, matches: &[Match]) {
    let mut compounds = matches.iter().filter(|m| m.entry == Entry::Cue(Cue::NoActor)).peekable();
    if compounds.peek().is_none() {
        return;
    }
    let compounds: Vec<&Match> = compounds.collect();
    names.retain(|name| {
        let next = compounds.partition_point(|compound| compound.first <= name.first);
        next.checked_sub(1).is_none_or(|at| compounds[at].end < name.end)
    });
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
