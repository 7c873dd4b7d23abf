//! Whom "he", "it", "the country" or "we" stands for: the subject of the sentence, or of one shortly before it.
//!
//! No learning: English keeps its topic in the subject, so the first actor of the nearest sentence that has one of the right
//! kind is taken, and nothing where that is too far away. Within quotation marks "I" and "we" are the speaker.

use faultline_schemas::{ActorType, MentionLabel};

use super::clause::{Clause, Kind, Phrase};
use super::sides::Who;
use crate::actors::{Found, may_be};
use crate::reading::Reading;
use crate::text::{Sentence, TokenKind};

/// How many sentences back the subject may stand.
const REACH: usize = 3;
/// How much of a sentence is looked at, in tokens: more would make endless sentences take quadratic time.
const SENTENCE_REACH: usize = 200;

/// What a word that names nobody can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Man,
    Woman,
    /// A state or body: "it", "the group".
    Body,
    /// "they", "the two countries".
    Several,
    /// "the country", "officials there".
    Country,
    /// "I", "we": who speaks.
    Speaker,
}

/// Everybody that the phrase stands for; empty where it is no pronoun or nobody fits. Never `other`, the deed's other side.
pub(super) fn referents(reading: &Reading<'_>, clause: &Clause<'_>, phrase: Phrase, other: &[usize]) -> Vec<Who> {
    let Some(class) = class_of(clause, phrase) else { return Vec::new() };
    let number = reading.document.sentence_of(phrase.first);
    match class {
        Class::Speaker => speaker(reading, phrase.first).into_iter().collect(),
        Class::Country => country_before(reading, number, phrase.first).into_iter().collect(),
        _ => antecedent(reading, number, phrase.first, class, other),
    }
}

fn class_of(clause: &Clause<'_>, phrase: Phrase) -> Option<Class> {
    let lower = |at: usize| clause.word(at).to_ascii_lowercase();
    let last = lower(phrase.end - 1);
    match phrase.end - phrase.first {
        1 => pronoun(&last),
        2 | 3 if lower(phrase.first) == "the" || lower(phrase.first) == "both" => match last.as_str() {
            "country" | "nation" => Some(Class::Country),
            "countries" | "nations" | "sides" | "leaders" | "pair" => Some(Class::Several),
            "group" | "organisation" | "organization" | "agency" | "company" | "paper" | "newspaper" | "ministry"
            | "party" | "alliance" | "bloc" | "firm" | "commission" => Some(Class::Body),
            _ => None,
        },
        _ => None,
    }
}

fn pronoun(word: &str) -> Option<Class> {
    Some(match word {
        "he" | "him" | "his" | "himself" => Class::Man,
        "she" | "her" | "herself" => Class::Woman,
        "it" | "its" | "itself" => Class::Body,
        "they" | "them" | "their" | "themselves" => Class::Several,
        "there" => Class::Country,
        "i" | "me" | "my" | "we" | "us" | "our" => Class::Speaker,
        _ => return None,
    })
}

/// Whom a possessive pronoun at the token stands for: "his meeting with".
pub(super) fn owner(reading: &Reading<'_>, clause: &Clause<'_>, at: usize) -> Option<Who> {
    let is_possessive =
        matches!(clause.word(at), "his" | "her" | "its" | "their" | "our" | "His" | "Her" | "Its" | "Their");
    let phrase = Phrase { first: at, end: at + 1 };
    is_possessive.then(|| referents(reading, clause, phrase, &[]).first().copied()).flatten()
}

/// The place named last before the token, or the country that acts.
fn country_before(reading: &Reading<'_>, number: usize, at: usize) -> Option<Who> {
    let from = reading.document.sentences[number.saturating_sub(REACH)].first.max(at.saturating_sub(SENTENCE_REACH));
    let is_country = |f: &&Found| {
        f.place.is_some_and(|place| reading.cast.country_of_place(place).is_some())
            || f.actor.is_some_and(|actor| reading.cast.actors[actor].kind == ActorType::Country)
    };
    reading.cast.within(from, at).iter().rfind(is_country).map(Who::of)
}

/// Who says it, for a token within a statement.
fn speaker(reading: &Reading<'_>, at: usize) -> Option<Who> {
    let next = reading.statements.partition_point(|s| s.content.1 <= at);
    let statement = reading.statements.get(next).filter(|s| s.content.0 <= at)?;
    statement.speaker.map(|actor| Who { actor: Some(actor), place: None })
}

fn antecedent(reading: &Reading<'_>, number: usize, at: usize, class: Class, other: &[usize]) -> Vec<Who> {
    let fits = |f: &Found| is_of_class(reading, f, class) && !f.actor.is_some_and(|actor| other.contains(&actor));
    let mut end = at;
    for back in 0..=REACH.min(number) {
        let sentence = reading.document.sentences[number - back];
        // Who spoke in the sentence before is who "he" is in the next.
        let said =
            (back > 0 && matches!(class, Class::Man | Class::Woman)).then(|| said_in(reading, sentence)).flatten();
        if let Some(actor) = said.filter(|actor| !other.contains(actor)) {
            return vec![Who { actor: Some(actor), place: None }];
        }
        let clause = Clause { document: &reading.document, knowledge: reading.knowledge, sentence };
        if let Some(found) = topic(reading, &clause, end, &fits) {
            let mut all = vec![Who::of(found)];
            if class == Class::Several {
                let phrase = Phrase { first: found.first, end: found.end };
                all.extend(partners(reading, &clause, phrase, found).iter().map(|f| Who::of(f)));
            }
            return all;
        }
        if class == Class::Several && back == 0 {
            let all = all_before(reading, sentence.first, at, other);
            if all.len() > 1 {
                return all;
            }
        }
        end = sentence.first;
    }
    Vec::new()
}

/// The persons and states named in the sentence before "they": "In a statement with Moon, Trump said that they …".
fn all_before(reading: &Reading<'_>, first: usize, at: usize, other: &[usize]) -> Vec<Who> {
    const MOST: usize = 3;
    let mut all: Vec<Who> = Vec::new();
    let first = first.max(at.saturating_sub(SENTENCE_REACH));
    for found in reading.cast.within(first, at).iter().filter(|f| !f.coreference && f.label != MentionLabel::Norp) {
        let Some(actor) = found.actor else { continue };
        let acts = matches!(reading.cast.actors[actor].kind, ActorType::Person | ActorType::Country);
        let is_new = !other.contains(&actor) && !all.iter().any(|who| who.actor == Some(actor));
        if acts && is_new && all.len() < MOST {
            all.push(Who::of(found));
        }
    }
    all
}

/// The subject of the last main clause before token `end`: the first mention that fits, or one that a later clause begins with.
/// What follows a preposition is taken only where nothing else is named.
fn topic<'r>(
    reading: &'r Reading<'_>,
    clause: &Clause<'_>,
    end: usize,
    fits: &impl Fn(&Found) -> bool,
) -> Option<&'r Found> {
    let mut chosen: Option<(&Found, bool)> = None;
    let end = end.min(clause.sentence.end);
    let first = clause.sentence.first.max(end.saturating_sub(SENTENCE_REACH));
    for found in reading.cast.within(first, end) {
        let owns = reading.document.tokens.get(found.end).is_some_and(|t| t.kind == TokenKind::Possessive);
        if owns || !fits(found) {
            continue;
        }
        let is_led = is_led(clause, found);
        match chosen {
            Some((_, was_led)) if (is_led || !was_led) && !opens_clause(clause, found) => {}
            _ => chosen = Some((found, is_led)),
        }
    }
    chosen.map(|(found, _)| found)
}

/// "for France", "of the Taliban".
fn is_led(clause: &Clause<'_>, found: &Found) -> bool {
    let mut before = found.first;
    while before > clause.sentence.first && matches!(clause.kind(before - 1), Kind::Determiner | Kind::Nominal) {
        before -= 1;
        if found.first - before > 4 {
            return false;
        }
    }
    before > clause.sentence.first && clause.kind(before - 1) == Kind::Preposition
}

/// ", but Serbia …".
fn opens_clause(clause: &Clause<'_>, found: &Found) -> bool {
    let Some(link) = found.first.checked_sub(1).filter(|link| *link > clause.sentence.first) else { return false };
    clause.kind(link) == Kind::Conjunction && clause.kind(link - 1) == Kind::Comma
}

/// Those joined to the first: "Russia and Iran".
fn partners<'r>(reading: &'r Reading<'_>, clause: &Clause<'_>, phrase: Phrase, first: &Found) -> Vec<&'r Found> {
    let joined = clause.joined_after(phrase, false);
    let named = |phrase: &Phrase| {
        let within = reading.cast.within(phrase.first, phrase.end);
        within.iter().rfind(|f| f.actor.is_some() && f.end <= phrase.end && f.actor != first.actor)
    };
    joined[1..].iter().filter_map(named).collect()
}

/// The person who speaks in the sentence.
fn said_in(reading: &Reading<'_>, sentence: Sentence) -> Option<usize> {
    let next = reading.statements.partition_point(|s| s.content.1 <= sentence.first);
    let near = reading.statements[next..].iter().take(3);
    let speaks =
        near.filter(|s| s.source_tokens().is_some_and(|(first, _)| sentence.first <= first && first < sentence.end));
    speaks.filter_map(|s| s.speaker).find(|actor| reading.cast.actors[*actor].kind == ActorType::Person)
}

fn is_of_class(reading: &Reading<'_>, found: &Found, class: Class) -> bool {
    let Some(actor) = found.actor else { return false };
    // "a man": that "he" is one says nothing more.
    if class != Class::Several && found.coreference && reading.cast.actors[actor].country.is_none() {
        return false;
    }
    let kind = reading.cast.actors[actor].kind;
    let is_plural = || {
        let last = reading.document.slice(found.end - 1, found.end);
        last.ends_with('s') && found.label != MentionLabel::Gpe || matches!(last, "police" | "people")
    };
    match class {
        Class::Man | Class::Woman => {
            kind == ActorType::Person
                && may_be(reading.knowledge, &reading.document, &reading.cast, found, class == Class::Woman)
        }
        // "the demonstrators" are persons, and several.
        Class::Several => (kind != ActorType::Person || found.coreference) && is_plural() || is_joined(reading, found),
        Class::Body => kind != ActorType::Person && !is_plural(),
        Class::Country | Class::Speaker => false,
    }
}

/// "Russia and Iran": the first of two.
fn is_joined(reading: &Reading<'_>, found: &Found) -> bool {
    let follows = reading.document.slice(found.end, found.end + 1);
    follows == "and"
        && reading.cast.within(found.end, found.end + 8).iter().any(|f| f.actor.is_some() && f.actor != found.actor)
}
