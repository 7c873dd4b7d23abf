//! What a role says: the country it is held for, and the body it is held in.

use faultline_schemas::ActorType;

use super::ethnic::is_called_ethnic;
use super::names::RoleHit;
use super::scene::{Scene, Tag};
use crate::knowledge::RoleKind;
use crate::lexicon::Cue;
use crate::text::{Gap, TokenKind};

impl Scene<'_> {
    /// "Serbia's president", "Mr. Obama's adviser": whoever works for an office holder is of that country.
    fn employer(&self, first: usize) -> Option<u32> {
        const ADJECTIVES: usize = 3;
        let from = first.saturating_sub(ADJECTIVES + 1);
        let owner = (from..first).rev().find(|at| self.document.tokens[*at].kind == TokenKind::Possessive)?;
        let is_described = (owner + 1..first).all(|at| self.document.tokens[at].is_word());
        let person = self.name_at(owner.checked_sub(1)?).filter(|_| is_described)?.person?;
        self.knowledge.people.all[person as usize].office_on(self.day)?.country
    }

    /// "Ruritania's ruling People's Party's newspaper": what a body owns is of the body's country.
    fn country_of_owner(&self, first: usize) -> Option<u32> {
        const LONGEST_NAME: usize = 6;
        let owner = first.checked_sub(1).filter(|at| self.document.tokens[*at].kind == TokenKind::Possessive)?;
        let in_name = |at: &usize| {
            let token = &self.document.tokens[*at];
            token.is_capitalised() || matches!(token.kind, TokenKind::Possessive | TokenKind::Mark('\'' | '’'))
        };
        let length = (owner.saturating_sub(LONGEST_NAME)..owner).rev().take_while(in_name).count();
        (length > 0).then(|| self.country_before(owner - length)).flatten()
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
    pub(super) fn other_country(&self, organisation: u32, first: usize) -> Option<u32> {
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
                let body = &self.knowledge.organisations[self.names[*position as usize].organisation? as usize];
                Some((body.country, &body.sectors))
            }
            Tag::Role(position) => {
                let body = &self.roles[*position as usize];
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
            Tag::Role(position) => {
                Some(&self.roles[position as usize]).filter(|hit| self.kind_of(hit) == RoleKind::Group)
            }
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

    pub(super) fn after_the(&self, at: usize) -> usize {
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
        let of_others = || self.employer(hit.first).or_else(|| self.country_of_owner(hit.first));
        if let Some(country) = before.or_else(of_others) {
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
