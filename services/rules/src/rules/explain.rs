//! Which parts of a rule hold of one article.

use std::fmt;

use super::expression::{Expression, Leaf};
use crate::seen::Seen;

/// A part of a rule, whether it holds, and its own parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// As the rule has it.
    pub what: String,
    /// Whether it holds.
    pub holds: bool,
    /// What the article has instead, or the words that made it hold.
    pub because: String,
    /// The parts.
    pub parts: Vec<Held>,
}

impl Held {
    pub(crate) fn of(expression: &Expression, seen: &Seen) -> Self {
        let (what, parts) = match expression {
            Expression::All(parts) => ("all of".to_owned(), parts.iter().map(|part| Self::of(part, seen)).collect()),
            Expression::Any(parts) => ("one of".to_owned(), parts.iter().map(|part| Self::of(part, seen)).collect()),
            Expression::Not(part) => ("not".to_owned(), vec![Self::of(part, seen)]),
            Expression::Leaf(leaf) => (describe(leaf), Vec::new()),
        };
        let holds = expression.holds(seen);
        let because = match expression {
            Expression::Leaf(leaf) if holds => words_of(expression, seen).unwrap_or_else(|| has(leaf, seen)),
            Expression::Leaf(leaf) => has(leaf, seen),
            _ => String::new(),
        };
        Self { what, holds, because, parts }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let mark = if self.holds { "yes" } else { "no " };
        let because = if self.because.is_empty() { String::new() } else { format!("   ({})", self.because) };
        writeln!(f, "{mark}  {:indent$}{}{because}", "", self.what, indent = depth * 2)?;
        self.parts.iter().try_for_each(|part| part.write(f, depth + 1))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// The first few words that made it hold.
fn words_of(expression: &Expression, seen: &Seen) -> Option<String> {
    const SHOWN: usize = 3;
    let spots = expression.spots(seen);
    let title = seen.document.article.title.as_deref().unwrap_or_default();
    let text = |in_title: bool| if in_title { title } else { &seen.document.text };
    let words: Vec<String> = spots
        .iter()
        .take(SHOWN)
        .filter_map(|spot| text(spot.in_title).get(spot.start..spot.end).map(|words| format!("“{words}”")))
        .collect();
    let more = if spots.len() > SHOWN { format!(" and {} more", spots.len() - SHOWN) } else { String::new() };
    (!words.is_empty()).then(|| format!("{}{more}", words.join(", ")))
}

fn describe(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Words(_, written) => format!("words: {written}"),
        Leaf::Actor(ids) => format!("actor: {}", ids.texts().collect::<Vec<_>>().join(", ")),
        Leaf::Country(codes) => format!("country: {}", codes.join(", ")),
        Leaf::Place(names) => format!("place: {}", names.join(", ")),
        Leaf::Source(sources) => format!("source: {}", sources.texts().collect::<Vec<_>>().join(", ")),
        Leaf::Language(codes) => format!("language: {}", codes.join(", ")),
        Leaf::Signal(categories) => format!("signal: {}", categories.join(", ")),
        Leaf::Level(levels) => format!("level: {}", levels.iter().map(|l| l.as_str()).collect::<Vec<_>>().join(", ")),
        Leaf::Escalation(_) => "escalation in the range".to_owned(),
        Leaf::Sentiment(_) => "sentiment in the range".to_owned(),
        Leaf::Towards(ids, _) => {
            format!("sentiment towards {} in the range", ids.texts().collect::<Vec<_>>().join(", "))
        }
        Leaf::Event(event) => {
            let mut parts: Vec<String> =
                event.plover.iter().map(|plover| format!("{plover:?}").to_uppercase()).collect();
            parts.extend(event.cameo.iter().map(|code| format!("CAMEO {code}")));
            parts.extend(
                event
                    .dyads
                    .iter()
                    .map(|dyad| format!("{}{}{}", dyad.source, if dyad.either_way { "~" } else { "-" }, dyad.target)),
            );
            format!("event: {}", if parts.is_empty() { "one that fits".to_owned() } else { parts.join(", ") })
        }
    }
}

/// What the article has in that field.
fn has(leaf: &Leaf, seen: &Seen) -> String {
    const SHOWN: usize = 8;
    let document = &*seen.document;
    let listed = |values: Vec<String>| match values.len() {
        0 => "the article has none".to_owned(),
        1..=SHOWN => format!("the article has {}", values.join(", ")),
        more => format!("the article has {} and {} more", values[..SHOWN].join(", "), more - SHOWN),
    };
    match leaf {
        Leaf::Words(..) => "they do not stand in title or text".to_owned(),
        Leaf::Actor(_) => listed(document.actors.iter().map(|actor| actor.id.clone()).collect()),
        Leaf::Towards(ids, _) => listed(
            document
                .actors
                .iter()
                .filter(|actor| ids.fit(&actor.id))
                .map(|actor| format!("{} {:+.2}", actor.id, actor.sentiment.score))
                .collect(),
        ),
        Leaf::Country(_) => listed(seen.countries().into_iter().map(str::to_owned).collect()),
        Leaf::Place(_) => listed(document.places.iter().map(|place| place.name.clone()).collect()),
        Leaf::Source(_) => listed(document.article.source.iter().cloned().collect()),
        Leaf::Language(_) => listed(document.article.language.iter().cloned().collect()),
        Leaf::Signal(_) => {
            let mut categories: Vec<String> = document.escalation.signals.iter().map(|s| s.category.clone()).collect();
            categories.sort_unstable();
            categories.dedup();
            listed(categories)
        }
        Leaf::Level(_) => format!("the article is {}", document.escalation.level.as_str()),
        Leaf::Escalation(_) => format!("the article has {:.2}", document.escalation.score),
        Leaf::Sentiment(_) => format!("the article has {:+.2}", document.sentiment.score),
        Leaf::Event(_) => {
            let event = |e: &faultline_schemas::EventTag| {
                let side = |side: &Option<faultline_schemas::Participant>| {
                    side.as_ref().and_then(|side| side.country.clone()).unwrap_or_else(|| "---".to_owned())
                };
                let modality = format!("{:?}", e.modality).to_lowercase();
                format!("{:?} {} {}-{} {modality}", e.plover, e.cameo, side(&e.source), side(&e.target))
            };
            listed(document.events.iter().map(event).collect())
        }
    }
}
