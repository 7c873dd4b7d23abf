//! The two sides of a deed: which phrases, and which actors they name.

use faultline_schemas::{ActorType, MentionLabel, Participant, Plover, Quad};

use super::clause::{Clause, Kind, Phrase};
use super::deeds::Deed;
use super::referents::{owner, referents};
use crate::actors::Found;
use crate::knowledge::{DeedRule, SidePlace};
use crate::lexicon::WordForm;
use crate::reading::Reading;
use crate::text::TokenKind;

/// An actor, or a place that no actor stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) actor: Option<usize>,
    pub(super) place: Option<usize>,
}

impl Who {
    pub(super) fn of(found: &Found) -> Self {
        Self { actor: found.actor, place: found.place }
    }

    /// Position of the country that it is of.
    fn country(self, reading: &Reading<'_>) -> Option<u32> {
        let of_place = || self.place.and_then(|place| reading.cast.country_of_place(place));
        self.actor.map_or_else(of_place, |actor| reading.cast.actors[actor].country)
    }
}

/// One side: its words, and who they name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party {
    pub(super) phrase: Phrase,
    pub(super) who: Option<Who>,
    /// Position of the country that the words round it give somebody without one: "officials there", "its ambassador".
    lent_country: Option<u32>,
}

impl Party {
    fn new(phrase: Phrase, who: Option<Who>) -> Self {
        Self { phrase, who, lent_country: None }
    }

    pub(super) fn has_actor(&self) -> bool {
        self.who.is_some_and(|who| who.actor.is_some())
    }

    /// Whether it is an actor or lies in a country.
    pub(super) fn is_known(&self, reading: &Reading<'_>) -> bool {
        self.has_actor() || self.country(reading).is_some()
    }

    fn country(&self, reading: &Reading<'_>) -> Option<u32> {
        self.who.and_then(|who| who.country(reading)).or(self.lent_country)
    }

    /// As the contract has it. The span is that of the mention where it is what the phrase is about.
    pub(super) fn participant(&self, reading: &Reading<'_>) -> Participant {
        let actor = self.who.and_then(|who| who.actor).map(|number| &reading.cast.actors[number]);
        Participant {
            actor: actor.map(|a| a.id.clone()),
            country: self.country(reading).map(|c| reading.knowledge.countries.all[c as usize].iso3.clone()),
            span: Some(reading.document.span(self.phrase.first, self.phrase.end)),
        }
    }
}

/// Sources and targets of a deed, each nearest first.
pub(super) fn sides(reading: &Reading<'_>, deed: &Deed) -> (Vec<Party>, Vec<Party>) {
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
    let (sources, targets) = apart(sources, targets);
    finder.resolve(sources, targets)
}

/// Nobody does it to himself; two that act together on nobody else do it to each other.
fn apart(mut sources: Vec<Party>, mut targets: Vec<Party>) -> (Vec<Party>, Vec<Party>) {
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
    /// Puts those in that pronouns and the like stand for. A source that is one looks for its own subject, a target for
    /// anybody but the source.
    fn resolve(&self, sources: Vec<Party>, targets: Vec<Party>) -> (Vec<Party>, Vec<Party>) {
        let sources: Vec<Party> = sources.into_iter().flat_map(|party| self.resolved(party, &[])).collect();
        let acting: Vec<usize> = sources.iter().filter_map(|s| s.who.and_then(|who| who.actor)).collect();
        let targets = targets.into_iter().flat_map(|party| self.resolved(party, &acting)).collect();
        (sources, targets)
    }

    fn resolved(&self, party: Party, other: &[usize]) -> Vec<Party> {
        if party.who.is_some() {
            return vec![self.with_country(party)];
        }
        let all = referents(self.reading, &self.clause, party.phrase, other);
        if all.is_empty() {
            return vec![self.with_country(party)];
        }
        all.into_iter().map(|who| Party::new(party.phrase, Some(who))).collect()
    }

    /// Lends a country to somebody without one: "officials there", "its ambassador".
    fn with_country(&self, party: Party) -> Party {
        if party.country(self.reading).is_some() {
            return party;
        }
        let Phrase { first, end } = party.phrase;
        let there = (end < self.clause.sentence.end && self.clause.word(end) == "there")
            .then(|| referents(self.reading, &self.clause, Phrase { first: end, end: end + 1 }, &[]).first().copied())
            .flatten();
        let lender = there.or_else(|| owner(self.reading, &self.clause, first));
        Party { lent_country: lender.and_then(|who| who.country(self.reading)), ..party }
    }

    fn subjects(&self) -> Vec<Party> {
        let Some(group) = self.deed.group else {
            // Of a noun only where its rule asks for it: "knelt in protest of".
            let subject = self.clause.subject(self.deed.first, false);
            return subject.map(|phrase| self.parties(self.clause.joined_before(phrase))).unwrap_or_default();
        };
        let shares = group.infinitive || group.bare_participle && !group.passive;
        let subject = self.clause.subject(group.first, shares);
        // "Expressing unease, Obama warned …".
        let ahead = || (shares && !group.infinitive).then(|| self.clause.subject_ahead(self.deed.end)).flatten();
        subject.or_else(ahead).map(|phrase| self.parties(self.clause.joined_before(phrase))).unwrap_or_default()
    }

    /// Who did it, of a passive: "by …".
    fn agent(&self) -> Vec<Party> {
        let by = self.reading.knowledge.deeds.words.by;
        let phrase = self.clause.after_preposition(self.deed.head + 1, by);
        phrase.map(|phrase| self.joined(phrase)).unwrap_or_default()
    }

    fn active(&self) -> (Vec<Party>, Vec<Party>) {
        let reversed = self.rule.target.places.contains(&SidePlace::Subject);
        if reversed {
            return (self.at_places(&self.rule.source.places), self.subjects());
        }
        let sources = self.subjects();
        let mut targets = self.targets();
        // "Trump and Moon had been meeting with an agenda": one another.
        let meets = self.reading.knowledge.cameo.all[self.deed.cameo as usize].plover == Some(Plover::Consult);
        if meets && sources.len() > 1 && !targets.iter().any(|target| target.is_known(self.reading)) {
            return (sources, Vec::new());
        }
        if targets.is_empty() {
            targets = self.named_inside();
        }
        if targets.is_empty() && sources.len() < 2 {
            targets = self.named_next();
        }
        if !targets.iter().any(|target| target.is_known(self.reading)) && self.ends_with_that() {
            let told_of = self.named_in_clause(&sources);
            if !told_of.is_empty() {
                targets = told_of;
            }
        }
        (sources, targets)
    }

    fn targets(&self) -> Vec<Party> {
        let places = &self.rule.target.places;
        if places.contains(&SidePlace::None) {
            return Vec::new();
        }
        let inside = || self.object_inside().map(|phrase| vec![self.party(phrase)]);
        let first_of = |found: Vec<Party>| Some(found).filter(|f| !f.is_empty());
        if places.contains(&SidePlace::Object) {
            return first_of(self.at_places(places)).or_else(inside).unwrap_or_default();
        }
        inside().or_else(|| first_of(self.object())).unwrap_or_else(|| self.at_places(places))
    }

    fn object(&self) -> Vec<Party> {
        self.clause.object(self.complement_end()).map(|phrase| self.joined(phrase)).unwrap_or_default()
    }

    /// Past the verb of an infinitive that no rule has: "refused to *take* a call".
    fn complement_end(&self) -> usize {
        let end = self.deed.end;
        let is_verb = end + 1 < self.clause.sentence.end
            && self.clause.is_to(end - 1)
            && self.clause.kind(end) == Kind::Nominal
            && !self.reading.document.tokens[end].is_capitalised()
            && matches!(self.clause.kind(end + 1), Kind::Determiner | Kind::Pronoun);
        end + usize::from(is_verb)
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
    fn joined(&self, phrase: Phrase) -> Vec<Party> {
        self.parties(self.clause.joined_after(phrase, self.deed.group.is_some()))
    }

    fn at_places(&self, places: &[SidePlace]) -> Vec<Party> {
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
    fn named_inside(&self) -> Vec<Party> {
        let within = self.reading.cast.within(self.deed.head + 1, self.deed.end);
        let last = within.iter().rfind(|f| f.actor.is_some() && f.end <= self.deed.end);
        last.map(|f| self.named(f)).into_iter().collect()
    }

    /// Whoever is named next within the clause; after a deed of force, the place where it was done, too.
    fn named_next(&self) -> Vec<Party> {
        let is_force = self.reading.knowledge.cameo.all[self.deed.cameo as usize].quad == Quad::MaterialConflict;
        let limit = self.clause.clause_end(self.deed.end);
        let fits = |f: &&Found| f.end <= limit && (is_force || f.actor.is_some());
        let next = self.reading.cast.within(self.deed.end, limit).iter().find(fits);
        next.map(|f| self.named(f)).into_iter().collect()
    }

    /// "warned that a conflict with …".
    fn ends_with_that(&self) -> bool {
        let last = self.deed.end - 1;
        self.clause.word(last) == "that"
            || self.deed.end < self.clause.sentence.end && self.clause.word(last + 1) == "that"
    }

    /// Whoever else is named first in the rest of the sentence: what is warned of or claimed is about them.
    fn named_in_clause(&self, sources: &[Party]) -> Vec<Party> {
        let is_source = |f: &Found| sources.iter().any(|s| s.who.is_some_and(|who| who.actor == f.actor));
        let rest = self.reading.cast.within(self.deed.end, self.rest_end());
        let next = rest.iter().find(|f| f.actor.is_some() && !f.coreference && !is_source(f));
        next.map(|f| self.named(f)).into_iter().collect()
    }

    /// Of a noun: its owner or "by" acts, what follows its preposition suffers.
    fn nominal(&self) -> (Vec<Party>, Vec<Party>) {
        let between = self.reading.knowledge.deeds.words.between;
        let mut targets = self.at_places(&self.rule.target.places);
        if targets.is_empty() {
            targets = self.scene();
        }
        if self.rule.target.places.contains(&SidePlace::After(between)) && targets.len() > 1 {
            let mut both = targets;
            return (vec![both.remove(0)], both);
        }
        if !targets.iter().any(|target| target.is_known(self.reading)) && self.deed.answered_by.is_some() {
            targets = self.answering();
        }
        let mut sources = self.at_places(&self.agent_places());
        if sources.is_empty() {
            sources = self.owner().into_iter().collect();
        }
        (sources, targets)
    }

    /// "*China* failed to heed U.S. calls": whoever heeds or ignores it was asked.
    fn answering(&self) -> Vec<Party> {
        let Some(verb) = self.deed.answered_by else { return Vec::new() };
        let group = self.clause.verb_group(verb, WordForm::Base);
        let subject = self.clause.subject(group.first, group.infinitive);
        subject.map(|phrase| self.parties(self.clause.joined_before(phrase))).unwrap_or_default()
    }

    /// Where the rest of the sentence ends, as far as it is looked at.
    fn rest_end(&self) -> usize {
        const REACH: usize = 60;
        self.clause.sentence.end.min(self.deed.end + REACH)
    }

    /// Where a protest or an attack takes place, when that is all that is said of whom it is against.
    fn scene(&self) -> Vec<Party> {
        let plover = self.reading.knowledge.cameo.all[self.deed.cameo as usize].plover;
        if !matches!(plover, Some(Plover::Protest | Plover::Assault)) {
            return Vec::new();
        }
        let rest = self.reading.cast.within(self.deed.end, self.rest_end());
        let lies = |f: &&Found| f.place.is_some_and(|place| self.reading.cast.country_of_place(place).is_some());
        let follows_in = |f: &&Found| {
            f.first > self.deed.end && matches!(self.clause.word(f.first - 1), "in" | "at" | "near" | "of")
        };
        rest.iter().filter(lies).find(follows_in).map(|f| self.named(f)).into_iter().collect()
    }

    /// "of" leads to the agent of a noun only where the target is found otherwise.
    fn agent_places(&self) -> Vec<SidePlace> {
        let targets = &self.rule.target.places;
        self.rule.source.places.iter().filter(|place| !targets.contains(place)).copied().collect()
    }

    /// "Russia's invasion of", "Israeli air strikes on", "his meeting with".
    fn owner(&self) -> Option<Party> {
        let mut end = self.deed.first;
        // "the U.S.' airstrikes"
        let is_apostrophe = |at: usize| matches!(self.clause.word(at), "'" | "’") && at > self.clause.sentence.first;
        if end > self.clause.sentence.first && is_apostrophe(end - 1) {
            end -= 1;
        }
        let phrase = self.clause.phrase_before(end)?;
        let mut within = self.reading.cast.within(phrase.first, phrase.end).iter();
        if let Some(found) = within.rfind(|f| f.actor.is_some() && f.end <= end) {
            return Some(self.named(found));
        }
        let who = owner(self.reading, &self.clause, phrase.first)?;
        Some(Party::new(Phrase { first: phrase.first, end: phrase.first + 1 }, Some(who)))
    }

    /// A mention with the nationality before it: "Russian diplomats".
    fn named(&self, found: &Found) -> Party {
        const NATIONALITY_TOKENS: usize = 3;
        let before = self.reading.cast.within(found.first.saturating_sub(NATIONALITY_TOKENS), found.first);
        let first = before.iter().find(|f| f.end == found.first && found.coreference).map_or(found.first, |f| f.first);
        Party::new(Phrase { first, end: found.end }, Some(Who::of(found)))
    }

    fn parties(&self, phrases: Vec<Phrase>) -> Vec<Party> {
        phrases.into_iter().map(|phrase| self.party(phrase)).collect()
    }

    /// Whom the phrase names: the person in apposition ("The new head, Nikolay Krastev,"), the actor at its head ("Kosovo Prime
    /// Minister Albin Kurti"), or the one it belongs to ("Israel's decision", "residents of Gaza", "militants from Hamas").
    fn party(&self, phrase: Phrase) -> Party {
        let of = (phrase.first..phrase.end).find(|at| self.clause.word(*at) == "of").unwrap_or(phrase.end);
        let all: Vec<&Found> =
            self.reading.cast.within(phrase.first, phrase.end).iter().filter(|f| f.end <= phrase.end).collect();
        let owns = |f: &Found| self.reading.document.tokens.get(f.end).is_some_and(|t| t.kind == TokenKind::Possessive);
        let at_head = all.iter().rev().find(|f| f.actor.is_some() && f.end <= of && !owns(f)).copied();
        let is_unnamed = at_head.is_none_or(|f| f.coreference);
        if is_unnamed && let Some(person) = self.in_apposition(phrase) {
            return self.named(person);
        }
        if let Some(described) = at_head.filter(|f| self.is_of_nowhere(f)) {
            let body = self.belongs_to(phrase, &["of", "from"]).filter(|f| !f.coreference && self.is_body(f));
            if let Some(body) = body {
                return Party::new(Phrase { first: phrase.first, end: body.end }, Some(Who::of(body)));
            }
            let lender = self.belongs_to(phrase, &["of", "from", "for", "with", "in", "at"]);
            if let Some(country) = lender.and_then(|f| Who::of(f).country(self.reading)) {
                return Party { lent_country: Some(country), ..Party::new(phrase, Some(Who::of(described))) };
            }
        }
        if let Some(found) = at_head.filter(|f| f.end == of) {
            return if of == phrase.end { self.named(found) } else { Party::new(phrase, Some(Who::of(found))) };
        }
        let found =
            at_head.or_else(|| all.iter().find(|f| f.actor.is_some()).copied()).or_else(|| all.first().copied());
        let found = found.or_else(|| self.belongs_to(phrase, &["in", "of", "from", "by", "at"]));
        Party::new(phrase, found.map(Who::of))
    }

    /// The person named between commas right after the phrase.
    fn in_apposition(&self, phrase: Phrase) -> Option<&'r Found> {
        if phrase.end + 1 >= self.clause.sentence.end || self.clause.kind(phrase.end) != Kind::Comma {
            return None;
        }
        let named = self.reading.cast.within(phrase.end + 1, phrase.end + 2).iter().find(|f| {
            f.label == MentionLabel::Person && f.actor.is_some() && !f.coreference && f.end < self.clause.sentence.end
        })?;
        (self.clause.kind(named.end) == Kind::Comma).then_some(named)
    }

    /// Whether it names a body that has people: "militants from *Hamas*".
    fn is_body(&self, found: &Found) -> bool {
        let kind = found.actor.map(|actor| self.reading.cast.actors[actor].kind);
        kind.is_some_and(|kind| !matches!(kind, ActorType::Person | ActorType::Country))
    }

    /// A described actor whose country the description leaves open: "militants", "a spokesman".
    fn is_of_nowhere(&self, found: &Found) -> bool {
        let is_open = |actor: usize| {
            let draft = &self.reading.cast.actors[actor];
            draft.country.is_none() || draft.is_presumed
        };
        found.coreference && found.actor.is_some_and(is_open)
    }

    /// Whoever a preposition after the phrase leads to: "soldiers in Mali", "an attack by rebels".
    fn belongs_to(&self, phrase: Phrase, prepositions: &[&str]) -> Option<&'r Found> {
        let link = phrase.end;
        if link + 1 >= self.clause.sentence.end || self.clause.kind(link) != Kind::Preposition {
            return None;
        }
        if !prepositions.contains(&self.clause.word(link)) {
            return None;
        }
        let next = self.clause.phrase_at(link + 1)?;
        self.reading.cast.within(next.first, next.end).iter().find(|f| f.end <= next.end)
    }
}
