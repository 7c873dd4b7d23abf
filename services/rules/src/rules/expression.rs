//! Which articles a rule is about.

use faultline_schemas::{Level, Span};

use super::events::EventMatch;
use super::ranges::Range;
use super::words::Words;
use crate::seen::Seen;

/// A condition on one article.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Leaf(Leaf),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// With what was written.
    Words(Words, String),
    Actor(Patterns),
    Country(Vec<String>),
    /// Folded names.
    Place(Vec<String>),
    Source(Patterns),
    Language(Vec<String>),
    Signal(Vec<String>),
    Level(Vec<Level>),
    Escalation(Vec<Range>),
    Sentiment(Vec<Range>),
    Towards(Patterns, Vec<Range>),
    Event(Box<EventMatch>),
}

/// Texts of which one must fit, with `*` for any part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patterns(Vec<glob::Pattern>);

impl Patterns {
    pub(super) fn new(texts: &[String]) -> Result<Self, String> {
        let pattern = |text: &String| glob::Pattern::new(text).map_err(|error| format!("{text:?}: {}", error.msg));
        texts.iter().map(pattern).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn fit(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(text))
    }

    /// As they were written.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(glob::Pattern::as_str)
    }
}

/// Words of an article that made a condition hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) in_title: bool,
    /// In bytes, of the title or the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Expression {
    pub(crate) fn holds(&self, seen: &Seen) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(seen)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(seen)),
            Self::Not(part) => !part.holds(seen),
            Self::Leaf(leaf) => leaf.holds(seen),
        }
    }

    /// The words that made it hold.
    pub(crate) fn spots(&self, seen: &Seen) -> Vec<Spot> {
        let mut spots = Vec::new();
        self.add_spots(seen, &mut spots);
        spots.sort_unstable();
        spots.dedup();
        spots
    }

    fn add_spots(&self, seen: &Seen, spots: &mut Vec<Spot>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.add_spots(seen, spots)),
            Self::Not(_) => {}
            Self::Leaf(leaf) => leaf.add_spots(seen, spots),
        }
    }

    /// Numbers of the events that it asks for; none where it asks for no event.
    pub(crate) fn events(&self, seen: &Seen) -> Option<Vec<usize>> {
        let mut found = None;
        self.add_events(seen, &mut found);
        found.map(|mut events: Vec<usize>| {
            events.sort_unstable();
            events.dedup();
            events
        })
    }

    fn add_events(&self, seen: &Seen, found: &mut Option<Vec<usize>>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.add_events(seen, found)),
            Self::Leaf(Leaf::Event(wanted)) => {
                let document = &*seen.document;
                let events = document.events.iter().enumerate().filter(|(_, event)| wanted.fits(event, document));
                found.get_or_insert_default().extend(events.map(|(number, _)| number));
            }
            Self::Not(_) | Self::Leaf(_) => {}
        }
    }
}

fn in_one(ranges: &[Range], value: f32) -> bool {
    ranges.iter().any(|range| range.holds(f64::from(value)))
}

impl Leaf {
    pub(crate) fn holds(&self, seen: &Seen) -> bool {
        let document = &*seen.document;
        match self {
            Self::Words(words, _) => words.holds(&seen.words),
            Self::Actor(ids) => document.actors.iter().any(|actor| ids.fit(&actor.id)),
            Self::Country(countries) => {
                let about = seen.countries();
                countries.iter().any(|country| about.contains(&**country))
            }
            Self::Place(names) => document.places.iter().any(|place| is_named(names, &place.name)),
            Self::Source(sources) => document.article.source.as_deref().is_some_and(|source| sources.fit(source)),
            Self::Language(codes) => {
                document.article.language.as_deref().is_some_and(|language| codes.iter().any(|code| code == language))
            }
            Self::Signal(categories) => document.escalation.signals.iter().any(|s| categories.contains(&s.category)),
            Self::Level(levels) => levels.contains(&document.escalation.level),
            Self::Escalation(ranges) => in_one(ranges, document.escalation.score),
            Self::Sentiment(ranges) => in_one(ranges, document.sentiment.score),
            Self::Towards(ids, ranges) => {
                document.actors.iter().any(|actor| ids.fit(&actor.id) && in_one(ranges, actor.sentiment.score))
            }
            Self::Event(wanted) => document.events.iter().any(|event| wanted.fits(event, document)),
        }
    }

    fn add_spots(&self, seen: &Seen, spots: &mut Vec<Spot>) {
        let document = &*seen.document;
        let bytes = seen.code_points();
        let mut add = |span: Span| {
            let (start, end) = (bytes.byte_of(span.start), bytes.byte_of(span.end));
            spots.push(Spot { in_title: false, start, end });
        };
        match self {
            Self::Words(words, _) => {
                for (first, last) in words.places(&seen.words) {
                    if let Some((start, end)) = seen.words.bytes(first, last) {
                        spots.push(Spot { in_title: seen.words.is_in_title(first), start, end });
                    }
                }
            }
            Self::Actor(ids) | Self::Towards(ids, _) => {
                let actors = document.actors.iter().filter(|actor| ids.fit(&actor.id));
                let firsts = actors.filter_map(|actor| actor.mentions.first());
                firsts.for_each(|mention| add(Span { start: mention.start, end: mention.end }));
            }
            Self::Place(names) => {
                let places = document.places.iter().filter(|place| is_named(names, &place.name));
                let firsts = places.filter_map(|place| place.mentions.first());
                firsts.for_each(|mention| add(Span { start: mention.start, end: mention.end }));
            }
            Self::Signal(categories) => {
                let signals = document.escalation.signals.iter();
                signals.filter(|s| categories.contains(&s.category) && !s.in_title).for_each(|s| add(s.span));
            }
            Self::Event(wanted) => {
                let events = document.events.iter().filter(|event| wanted.fits(event, document));
                events.for_each(|event| add(event.trigger));
            }
            Self::Level(_) | Self::Escalation(_) => {
                document.escalation.signals.iter().filter(|s| !s.in_title).for_each(|s| add(s.span));
            }
            Self::Country(_) | Self::Source(_) | Self::Language(_) | Self::Sentiment(_) => {}
        }
    }
}

fn is_named(folded: &[String], name: &str) -> bool {
    let name = faultline_analysis::words::fold(name);
    folded.contains(&name)
}

/// Finds bytes of code points, and code points of bytes.
#[derive(Clone, Copy)]
pub(crate) struct CodePoints<'a> {
    text: &'a str,
    /// First byte of every [`STEP`]th code point; none where each byte is one.
    marks: Option<&'a [u32]>,
}

/// Code points from mark to mark.
const STEP: usize = 64;

/// What [`CodePoints`] goes by; none for ASCII.
pub(crate) fn marks(text: &str) -> Option<Vec<u32>> {
    (!text.is_ascii()).then(|| text.char_indices().step_by(STEP).map(|(byte, _)| byte as u32).collect())
}

impl<'a> CodePoints<'a> {
    /// `marks` are those of the text.
    pub(crate) fn new(text: &'a str, marks: Option<&'a [u32]>) -> Self {
        Self { text, marks }
    }

    pub(crate) fn byte_of(&self, code_point: u32) -> usize {
        let number = code_point as usize;
        let Some(marks) = self.marks else { return number.min(self.text.len()) };
        let Some(from) = marks.get(number / STEP).map(|from| *from as usize) else { return self.text.len() };
        let rest = self.text.get(from..).unwrap_or_default();
        rest.char_indices().nth(number % STEP).map_or(self.text.len(), |(byte, _)| from + byte)
    }

    pub(crate) fn code_point_of(&self, byte: usize) -> u32 {
        let byte = byte.min(self.text.len());
        let Some(marks) = self.marks else { return byte as u32 };
        let before = marks.partition_point(|mark| *mark as usize <= byte).saturating_sub(1);
        let from = marks.get(before).map_or(0, |mark| *mark as usize);
        let rest = self.text.get(from..byte).unwrap_or_default();
        (before * STEP + rest.chars().count()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_and_code_points_are_found_in_any_text(text in "\\PC{0,300}") {
            let marks = marks(&text);
            let points = CodePoints::new(&text, marks.as_deref());
            for (number, (byte, _)) in text.char_indices().enumerate() {
                prop_assert_eq!(points.byte_of(number as u32), byte);
                prop_assert_eq!(points.code_point_of(byte), number as u32);
            }
            let end = text.chars().count() as u32;
            prop_assert_eq!((points.byte_of(end), points.byte_of(end + 999)), (text.len(), text.len()));
            prop_assert_eq!(points.code_point_of(text.len()), end);
        }
    }
}
