//! The two sides of a deed: which phrases, and which actors they name.

use faultline_schemas::{Participant, Quad};

use super::clause::{Clause, Kind, Phrase};
use super::deeds::Deed;
use crate::actors::Found;
use crate::knowledge::{DeedRule, SidePlace};
use crate::reading::Reading;
use crate::text::TokenKind;

/// One side: its words, and who they name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'r> {
    pub(super) phrase: Phrase,
    /// The mention of the actor or place, where the phrase holds one.
    pub(super) found: Option<&'r Found>,
}

impl Party<'_> {
    pub(super) fn has_actor(&self) -> bool {
        self.found.is_some_and(|f| f.actor.is_some())
    }

    /// Whether it is an actor or lies in a country.
    pub(super) fn is_known(&self, reading: &Reading<'_>) -> bool {
        let lies_in_country = |f: &Found| f.place.is_some_and(|place| reading.cast.country_of_place(place).is_some());
        self.found.is_some_and(|f| f.actor.is_some() || lies_in_country(f))
    }

    /// As the contract has it. The span is that of the mention where it is what the phrase is about.
    pub(super) fn participant(&self, reading: &Reading<'_>) -> Participant {
        let actor = self.found.and_then(|f| f.actor).map(|number| &reading.cast.actors[number]);
        let of_place = || self.found.and_then(|f| f.place).and_then(|place| reading.cast.country_of_place(place));
        let country = actor
            .map_or_else(of_place, |a| a.country)
            .map(|c| reading.knowledge.countries.all[c as usize].iso3.clone());
        Participant {
            actor: actor.map(|a| a.id.clone()),
            country,
            span: Some(reading.document.span(self.phrase.first, self.phrase.end)),
        }
    }
}

/// Sources and targets of a deed, each nearest first.
pub(super) fn sides<'r>(reading: &'r Reading<'_>, deed: &Deed) -> (Vec<Party<'r>>, Vec<Party<'r>>) {
    let finder = Finder {
        reading,
        clause: Clause {
            document: &reading.document,
            knowledge: reading.knowledge,
            sentence: reading.document.sentences[deed.sentence],
        },
        deed: *deed,
        rule: &reading.knowledge.deeds.rules[deed.rule as usize],
    };
    let (sources, targets) = match deed.group {
        Some(group) if group.passive => (finder.agent(), finder.subjects()),
        Some(_) => finder.active(),
        None => finder.nominal(),
    };
    apart(sources, targets)
}

/// Nobody does it to himself; two that act together on nobody else do it to each other.
fn apart<'r>(mut sources: Vec<Party<'r>>, mut targets: Vec<Party<'r>>) -> (Vec<Party<'r>>, Vec<Party<'r>>) {
    targets.retain(|t| !sources.iter().any(|s| s.phrase == t.phrase));
    if targets.is_empty() && sources.len() > 1 {
        targets.push(sources.remove(0));
    }
    (sources, targets)
}

struct Finder<'r, 'a> {
    reading: &'r Reading<'a>,
    clause: Clause<'r>,
    deed: Deed,
    rule: &'r DeedRule,
}

impl<'r> Finder<'r, '_> {
    fn subjects(&self) -> Vec<Party<'r>> {
        let Some(group) = self.deed.group else { return Vec::new() };
        let shares = group.infinitive || group.bare_participle && !group.passive;
        let subject = self.clause.subject(group.first, shares);
        subject.map(|phrase| self.parties(self.clause.joined_before(phrase))).unwrap_or_default()
    }

    /// Who did it, of a passive: "by …".
    fn agent(&self) -> Vec<Party<'r>> {
        let by = self.reading.knowledge.deeds.words.by;
        let phrase = self.clause.after_preposition(self.deed.head + 1, by);
        phrase.map(|phrase| self.joined(phrase)).unwrap_or_default()
    }

    fn active(&self) -> (Vec<Party<'r>>, Vec<Party<'r>>) {
        let reversed = self.rule.target.places.contains(&SidePlace::Subject);
        if reversed {
            return (self.at_places(&self.rule.source.places), self.subjects());
        }
        let sources = self.subjects();
        let mut targets = self.targets();
        if targets.is_empty() {
            targets = self.named_inside();
        }
        if targets.is_empty() && sources.len() < 2 {
            targets = self.named_next();
        }
        (sources, targets)
    }

    fn targets(&self) -> Vec<Party<'r>> {
        let places = &self.rule.target.places;
        if places.contains(&SidePlace::None) {
            return Vec::new();
        }
        let inside = || self.object_inside().map(|phrase| vec![self.party(phrase)]);
        let first_of = |found: Vec<Party<'r>>| Some(found).filter(|f| !f.is_empty());
        if places.contains(&SidePlace::Object) {
            return first_of(self.at_places(places)).or_else(inside).unwrap_or_default();
        }
        inside().or_else(|| first_of(self.object())).unwrap_or_else(|| self.at_places(places))
    }

    fn object(&self) -> Vec<Party<'r>> {
        self.clause.object(self.deed.end).map(|phrase| self.joined(phrase)).unwrap_or_default()
    }

    /// The object that stands in the gap of the phrase: "accused *Israel* of", "threatened *Kosovo* with force".
    fn object_inside(&self) -> Option<Phrase> {
        let after_head = self.deed.head + 1;
        if self.deed.end < after_head + 2 {
            return None;
        }
        let mut phrase = self.clause.object(after_head)?;
        let last = self.deed.end - 1;
        if matches!(self.clause.kind(last), Kind::Preposition | Kind::Relative) {
            phrase.end = phrase.end.min(last);
        }
        (phrase.first < phrase.end && phrase.end <= last).then_some(phrase)
    }

    /// The phrase with those joined to it. After a verb, what acts itself is no further object ("attacked A and B fled").
    fn joined(&self, phrase: Phrase) -> Vec<Party<'r>> {
        self.parties(self.clause.joined_after(phrase, self.deed.group.is_some()))
    }

    fn at_places(&self, places: &[SidePlace]) -> Vec<Party<'r>> {
        for place in places {
            let found = match place {
                SidePlace::After(preposition) => {
                    // The phrase itself may end with the preposition: "called on".
                    let ends_with = self.reading.document.tokens[self.deed.end - 1].word == *preposition;
                    let phrase = if ends_with {
                        self.clause.object(self.deed.end)
                    } else {
                        self.clause.after_preposition(self.deed.end, *preposition)
                    };
                    phrase.map(|phrase| self.joined(phrase)).unwrap_or_default()
                }
                SidePlace::Object => self.object(),
                SidePlace::Subject => self.subjects(),
                SidePlace::None => return Vec::new(),
            };
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Whoever is named within the phrase itself: "expelled *Russian diplomats*".
    fn named_inside(&self) -> Vec<Party<'r>> {
        let within = self.reading.cast.within(self.deed.head + 1, self.deed.end);
        let last = within.iter().rfind(|f| f.actor.is_some() && f.end <= self.deed.end);
        last.map(|f| self.named(f)).into_iter().collect()
    }

    /// Whoever is named next within the clause; after a deed of force, the place where it was done, too.
    fn named_next(&self) -> Vec<Party<'r>> {
        let is_force = self.reading.knowledge.cameo.all[self.deed.cameo as usize].quad == Quad::MaterialConflict;
        let limit = self.clause.clause_end(self.deed.end);
        let fits = |f: &&Found| f.end <= limit && (is_force || f.actor.is_some());
        let next = self.reading.cast.within(self.deed.end, limit).iter().find(fits);
        next.map(|f| self.named(f)).into_iter().collect()
    }

    /// Of a noun: its owner or "by" acts, what follows its preposition suffers.
    fn nominal(&self) -> (Vec<Party<'r>>, Vec<Party<'r>>) {
        let between = self.reading.knowledge.deeds.words.between;
        let targets = self.at_places(&self.rule.target.places);
        if self.rule.target.places.contains(&SidePlace::After(between)) && targets.len() > 1 {
            let mut both = targets;
            return (vec![both.remove(0)], both);
        }
        let mut sources = self.at_places(&self.agent_places());
        if sources.is_empty() {
            sources = self.owner().into_iter().collect();
        }
        (sources, targets)
    }

    /// "of" leads to the agent of a noun only where the target is found otherwise.
    fn agent_places(&self) -> Vec<SidePlace> {
        let targets = &self.rule.target.places;
        self.rule.source.places.iter().filter(|place| !targets.contains(place)).copied().collect()
    }

    /// "Russia's invasion of", "Israeli air strikes on"; or the subject of the verb that the noun is the object of.
    fn owner(&self) -> Option<Party<'r>> {
        let phrase = self.clause.phrase_before(self.deed.first)?;
        let mut within = self.reading.cast.within(phrase.first, phrase.end).iter();
        let found = within.rfind(|f| f.actor.is_some() && f.end <= self.deed.first)?;
        Some(self.named(found))
    }

    /// A mention with the nationality before it: "Russian diplomats".
    fn named(&self, found: &'r Found) -> Party<'r> {
        const NATIONALITY_TOKENS: usize = 3;
        let before = self.reading.cast.within(found.first.saturating_sub(NATIONALITY_TOKENS), found.first);
        let first = before.iter().find(|f| f.end == found.first && found.coreference).map_or(found.first, |f| f.first);
        Party { phrase: Phrase { first, end: found.end }, found: Some(found) }
    }

    fn parties(&self, phrases: Vec<Phrase>) -> Vec<Party<'r>> {
        phrases.into_iter().map(|phrase| self.party(phrase)).collect()
    }

    /// Whom the phrase names: the actor at its head ("Kosovo Prime Minister Albin Kurti"), or the one it belongs to ("Israel's
    /// decision", "residents of Gaza").
    fn party(&self, phrase: Phrase) -> Party<'r> {
        let of = (phrase.first..phrase.end).find(|at| self.clause.word(*at) == "of").unwrap_or(phrase.end);
        let all: Vec<&Found> =
            self.reading.cast.within(phrase.first, phrase.end).iter().filter(|f| f.end <= phrase.end).collect();
        let owns = |f: &Found| self.reading.document.tokens.get(f.end).is_some_and(|t| t.kind == TokenKind::Possessive);
        let at_head = all.iter().rev().find(|f| f.actor.is_some() && f.end <= of && !owns(f));
        if let Some(found) = at_head
            && found.end == of
        {
            return if of == phrase.end { self.named(found) } else { Party { phrase, found: Some(found) } };
        }
        let found = at_head.or_else(|| all.iter().find(|f| f.actor.is_some())).or_else(|| all.first()).copied();
        Party { phrase, found: found.or_else(|| self.belongs_to(phrase)) }
    }

    /// "soldiers in Mali", "an attack by rebels".
    fn belongs_to(&self, phrase: Phrase) -> Option<&'r Found> {
        let link = phrase.end;
        if link + 1 >= self.clause.sentence.end || self.clause.kind(link) != Kind::Preposition {
            return None;
        }
        if !matches!(self.clause.word(link), "in" | "of" | "from" | "by" | "at") {
            return None;
        }
        let next = self.clause.phrase_at(link + 1)?;
        self.reading.cast.within(next.first, next.end).iter().find(|f| f.end <= next.end)
    }
}
