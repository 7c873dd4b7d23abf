//! Which rules are worth trying on an article.
//!
//! Each rule names a few keys (a word, an actor, a dyad, a kind of event) of which an article must hold one, or else the rule
//! cannot match: of what must all hold the rarest part, of what may hold either each part. Rules are kept in lists by key; an
//! article's keys give the rules to try. A rule that names no key (`not: …` alone, a range of numbers alone) is always tried.

use std::hash::{Hash as _, Hasher as _};

use faultline_schemas::{Enriched, Level};
use rustc_hash::{FxHashMap, FxHasher};

use crate::rules::{Expression, Leaf, Vocabulary, Words};
use crate::seen::{Seen, WordIndex, countries};

/// Hash of what is looked up. Two that fall together make a rule be tried in vain, and no more.
pub(crate) type Key = u64;

/// What a key is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Term,
    Actor,
    /// What stands before the first `/` of an actor's id.
    ActorRoot,
    Country,
    Place,
    Source,
    Language,
    Signal,
    Level,
    Dyad,
    EventType,
    /// First two digits.
    CameoRoot,
}

fn key(kind: Kind, of: &str) -> Key {
    let mut hasher = FxHasher::default();
    (kind, of).hash(&mut hasher);
    hasher.finish()
}

fn term_key(term: u32) -> Key {
    let mut hasher = FxHasher::default();
    (Kind::Term, term).hash(&mut hasher);
    hasher.finish()
}

fn root(id: &str) -> &str {
    id.split('/').next().unwrap_or(id)
}

/// Everything an article may be looked up by.
pub(crate) fn keys_of(document: &Enriched, words: &WordIndex) -> Vec<Key> {
    let mut keys: Vec<Key> = words.terms().map(term_key).collect();
    for actor in &document.actors {
        keys.extend([key(Kind::Actor, &actor.id), key(Kind::ActorRoot, root(&actor.id))]);
    }
    keys.extend(countries(document).into_iter().map(|country| key(Kind::Country, country)));
    let names = document.places.iter().map(|place| faultline_analysis::words::fold(&place.name));
    keys.extend(names.map(|name| key(Kind::Place, &name)));
    keys.extend(document.article.source.iter().map(|source| key(Kind::Source, source)));
    keys.extend(document.article.language.iter().map(|language| key(Kind::Language, language)));
    keys.extend(document.escalation.signals.iter().map(|signal| key(Kind::Signal, &signal.category)));
    keys.push(key(Kind::Level, document.escalation.level.as_str()));
    for event in &document.events {
        keys.push(key(Kind::EventType, &format!("{:?}", event.plover)));
        keys.extend(event.cameo.get(..2).map(|root| key(Kind::CameoRoot, root)));
        let country = |side: &Option<faultline_schemas::Participant>| side.as_ref()?.country.clone();
        if let (Some(source), Some(target)) = (country(&event.source), country(&event.target)) {
            keys.push(key(Kind::Dyad, &format!("{source}-{target}")));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Keys of which an article must hold one, and in what share of articles one of them stands, roughly.
struct Access {
    keys: Vec<Key>,
    share: f32,
}

impl Access {
    fn each<'a>(of: impl Iterator<Item = &'a str>, kind: Kind, share: impl Fn(&str) -> f32) -> Option<Self> {
        of.map(|text| Self { keys: vec![key(kind, text)], share: share(text) }).reduce(Self::either)
    }

    fn either(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self.share += other.share;
        self
    }

    /// Of two that must both hold, the rarer.
    fn rarer(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.share < one.share { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}

fn all(parts: impl Iterator<Item = Option<Access>>) -> Option<Access> {
    parts.fold(None, Access::rarer)
}

fn any(mut parts: impl Iterator<Item = Option<Access>>) -> Option<Access> {
    let first = parts.next()??;
    parts.try_fold(first, |access, part| Some(access.either(part?)))
}

fn of_expression(expression: &Expression, vocabulary: &Vocabulary) -> Option<Access> {
    match expression {
        Expression::All(parts) => all(parts.iter().map(|part| of_expression(part, vocabulary))),
        Expression::Any(parts) => any(parts.iter().map(|part| of_expression(part, vocabulary))),
        Expression::Not(_) => None,
        Expression::Leaf(leaf) => of_leaf(leaf, vocabulary),
    }
}

fn of_leaf(leaf: &Leaf, vocabulary: &Vocabulary) -> Option<Access> {
    let texts = |texts: &'_ [String], kind, share: f32| Access::each(texts.iter().map(String::as_str), kind, |_| share);
    match leaf {
        Leaf::Words(words, _) => of_words(words, vocabulary),
        Leaf::Actor(ids) | Leaf::Towards(ids, _) => any(ids.texts().map(of_actor)),
        Leaf::Country(countries) => texts(countries, Kind::Country, 0.05),
        Leaf::Place(names) => texts(names, Kind::Place, 0.02),
        Leaf::Source(sources) => any(sources.texts().map(|source| {
            (!has_wildcard(source)).then(|| Access { keys: vec![key(Kind::Source, source)], share: 0.02 })
        })),
        Leaf::Language(codes) => {
            Access::each(codes.iter().map(String::as_str), Kind::Language, |code| if code == "en" { 0.9 } else { 0.05 })
        }
        Leaf::Signal(categories) => texts(categories, Kind::Signal, 0.1),
        Leaf::Level(levels) => Access::each(levels.iter().map(|level| level.as_str()), Kind::Level, |level| {
            if level == Level::Calm.as_str() { 0.7 } else { 0.1 }
        }),
        Leaf::Event(event) => {
            let dyads = event.dyads.iter().flat_map(|dyad| {
                let there = format!("{}-{}", dyad.source, dyad.target);
                let back = dyad.either_way.then(|| format!("{}-{}", dyad.target, dyad.source));
                std::iter::once(there).chain(back)
            });
            let dyads: Vec<String> = dyads.collect();
            let types: Vec<String> = event.plover.iter().map(|plover| format!("{plover:?}")).collect();
            let codes = any(event
                .cameo
                .iter()
                .map(|code| code.get(..2).map(|root| Access { keys: vec![key(Kind::CameoRoot, root)], share: 0.1 })));
            let parts = [texts(&dyads, Kind::Dyad, 0.01), texts(&types, Kind::EventType, 0.15), codes];
            all(parts.into_iter())
        }
        Leaf::Escalation(_) | Leaf::Sentiment(_) => None,
    }
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

fn of_actor(id: &str) -> Option<Access> {
    if !has_wildcard(id) {
        return Some(Access { keys: vec![key(Kind::Actor, id)], share: 0.01 });
    }
    let (before, _) = id.split_once('/')?;
    (!has_wildcard(before)).then(|| Access { keys: vec![key(Kind::ActorRoot, before)], share: 0.1 })
}

fn of_words(words: &Words, vocabulary: &Vocabulary) -> Option<Access> {
    let term = |term: &u32| Some(Access { keys: vec![term_key(*term)], share: vocabulary.share_of(*term) });
    match words {
        Words::Term(id) => term(id),
        Words::Phrase(terms) => all(terms.iter().map(term)),
        Words::Near(left, right, _) => Access::rarer(of_words(left, vocabulary), of_words(right, vocabulary)),
        Words::All(parts) => all(parts.iter().map(|part| of_words(part, vocabulary))),
        Words::Any(parts) => any(parts.iter().map(|part| of_words(part, vocabulary))),
        Words::Not(_) => None,
    }
}

/// The lists of rules by key.
#[derive(Debug, Default)]
pub(crate) struct Percolator {
    lists: FxHashMap<Key, Vec<u32>>,
    always: Vec<u32>,
}

impl Percolator {
    /// For expressions by the number of their rule.
    pub(crate) fn new<'a>(rules: impl Iterator<Item = (u32, &'a Expression)>, vocabulary: &Vocabulary) -> Self {
        let mut percolator = Self::default();
        for (number, expression) in rules {
            match of_expression(expression, vocabulary) {
                Some(access) => {
                    for key in access.keys {
                        percolator.lists.entry(key).or_default().push(number);
                    }
                }
                None => percolator.always.push(number),
            }
        }
        percolator
    }

    /// The rules to try on an article, in order.
    pub(crate) fn candidates(&self, seen: &Seen) -> Vec<u32> {
        let lists = seen.keys.iter().filter_map(|key| self.lists.get(key));
        let mut candidates: Vec<u32> = lists.flatten().chain(&self.always).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}
