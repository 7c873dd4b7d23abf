//! From what is written to rules: every mistake is told, not only the first.

use std::collections::BTreeMap;
use std::path::Path;

use faultline_analysis::tension::Ears;
use faultline_schemas::{Modality, Plover, Quad};
use jiff::civil::Weekday;
use serde::de::DeserializeOwned;

use super::active::{self, Active};
use super::condition::{Baseline, Calm, Condition, Distinct, Rate, When};
use super::events::{Dyad, EventMatch, Side};
use super::expression::{Expression, Leaf, Patterns};
use super::problem::{Problems, unknown};
use super::ranges::{Range, duration, levels};
use super::raw::{At, Many, RawActive, RawCalm, RawEvent, RawMatch, RawRule, RawWhen, each};
use super::terms::Vocabulary;
use super::{Rule, words};
use crate::group::GroupKey;
use crate::template::Template;

/// Parts within parts of a match.
const DEEPEST: usize = 32;

/// What rules are checked against.
pub(super) struct Checker<'a> {
    pub(super) file: &'a Path,
    pub(super) vocabulary: &'a mut Vocabulary,
    pub(super) lists: &'a BTreeMap<String, Vec<String>>,
    pub(super) problems: &'a mut Problems,
}

type Place = (u64, u64);

impl Checker<'_> {
    fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.problems.add(self.file, place, message);
    }

    /// Tells the mistake of a value, if there is one.
    fn take<T>(&mut self, place: Place, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.problem(place, message)).ok()
    }

    /// The rule; what was wrong with it has been told, and a rule with mistakes is never used.
    pub(super) fn rule(&mut self, raw: At<RawRule>) -> Rule {
        let At { value: raw, place } = raw;
        let id = raw.id.value;
        let is_id = id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !is_id {
            self.problem(raw.id.place, format!("{id:?} is no id: write small letters, digits and hyphens"));
        }
        let expression = self.matches(&raw.matches, 0);
        let when = self.when(raw.when);
        let calm = self.calm(raw.calm, &when);
        let new = match when.condition {
            Condition::NewTerm { of, .. } => Some(of),
            _ => None,
        };
        let keys: Vec<&str> = when.group_by.iter().chain(&new).map(|key| key.name()).collect();
        let extra: Vec<String> = raw.labels.keys().cloned().collect();
        for (name, label) in &raw.labels {
            if keys.contains(&&**name) || matches!(&**name, "rule" | "severity") {
                self.problem(label.place, format!("the label {name} is set by the rule itself: choose another name"));
            }
        }
        let template = |checker: &mut Self, text: &At<String>| {
            let template = Template::new(&text.value, &keys, &extra);
            checker.take(text.place, template).unwrap_or_default()
        };
        let title = template(self, &raw.title);
        let annotations = raw.annotations.iter().map(|(name, text)| (name.clone(), template(self, text))).collect();
        let expires = raw.expires.and_then(|text| self.take(text.place, expiry(&text.value)));
        let names = |many: &Many| -> Vec<String> { each(many).map(|name| name.value).collect() };
        Rule {
            to: names(&raw.to),
            inhibits: names(&raw.inhibits),
            expires,
            definition: 0,
            id,
            severity: raw.severity,
            enabled: raw.enabled,
            owner: raw.owner,
            file: self.file.to_owned(),
            line: place.0,
            title,
            labels: raw.labels.into_iter().map(|(name, label)| (name, label.value)).collect(),
            annotations,
            expression,
            when,
            calm,
        }
    }

    fn matches(&mut self, raw: &At<RawMatch>, depth: usize) -> Expression {
        let (place, raw) = (raw.place, &raw.value);
        if depth > DEEPEST {
            self.problem(place, format!("more than {DEEPEST} parts within each other"));
            return Expression::Any(Vec::new());
        }
        let told = self.problems.0.len();
        let mut parts: Vec<Expression> = raw.all.iter().map(|part| self.matches(part, depth + 1)).collect();
        if !raw.any.is_empty() {
            parts.push(Expression::Any(raw.any.iter().map(|part| self.matches(part, depth + 1)).collect()));
        }
        parts.extend(raw.not.as_ref().map(|part| Expression::Not(Box::new(self.matches(part, depth + 1)))));
        parts.extend(self.leaves(raw).into_iter().map(Expression::Leaf));
        match parts.len() {
            0 => {
                // A part that has a mistake of its own is something in particular.
                if self.problems.0.len() == told {
                    self.problem(
                        place,
                        "this matches nothing in particular: name words, actors, countries, events or signals",
                    );
                }
                Expression::Any(parts)
            }
            1 => parts.swap_remove(0),
            _ => Expression::All(parts),
        }
    }

    fn leaves(&mut self, raw: &RawMatch) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        let texts = |many: &Many| -> Vec<String> { each(many).map(|text| text.value).collect() };
        if raw.words.is_some() {
            leaves.extend(self.words(&raw.words));
        }
        for (many, leaf) in [(&raw.actor, Leaf::Actor as fn(Patterns) -> Leaf), (&raw.source, Leaf::Source)] {
            leaves.extend(self.patterns(many).map(leaf));
        }
        if raw.country.is_some() {
            leaves.push(Leaf::Country(self.each_of(&raw.country, country)));
        }
        if raw.place.is_some() {
            leaves.push(Leaf::Place(
                texts(&raw.place).iter().map(|name| faultline_analysis::words::fold(name)).collect(),
            ));
        }
        if raw.language.is_some() {
            leaves.push(Leaf::Language(self.each_of(&raw.language, |code| {
                let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
                if is_code {
                    Ok(code.to_owned())
                } else {
                    Err(format!("{code:?} is no ISO 639-1 code: write two small letters, such as en"))
                }
            })));
        }
        if raw.signal.is_some() {
            leaves.push(Leaf::Signal(self.each_of(&raw.signal, signal)));
        }
        if let Some(level) = &raw.level {
            leaves.extend(self.take(level.place, levels(&level.value)).map(Leaf::Level));
        }
        if raw.escalation.is_some() {
            leaves.push(Leaf::Escalation(self.each_of(&raw.escalation, |text| Range::parse(text, 0.0, 1.0))));
        }
        if raw.sentiment.is_some() {
            leaves.push(Leaf::Sentiment(self.each_of(&raw.sentiment, |text| Range::parse(text, -1.0, 1.0))));
        }
        if let Some(towards) = &raw.towards {
            let ranges = self.each_of(&towards.value.sentiment, |text| Range::parse(text, -1.0, 1.0));
            leaves.extend(self.patterns(&towards.value.actor).map(|ids| Leaf::Towards(ids, ranges)));
        }
        if raw.dyad.is_some() {
            let dyads = self.each_of(&raw.dyad, dyad);
            leaves.push(Leaf::Event(Box::new(EventMatch { dyads, ..EventMatch::default() })));
        }
        if let Some(event) = &raw.event {
            leaves.push(Leaf::Event(Box::new(self.event(&event.value))));
        }
        leaves
    }

    fn each_of<T>(&mut self, many: &Many, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        each(many).filter_map(|text| self.take(text.place, read(text.value.trim()))).collect()
    }

    fn words(&mut self, many: &Many) -> Option<Leaf> {
        let lists = self.lists;
        let list = |name: &str| {
            let known: Vec<&str> = lists.keys().map(String::as_str).collect();
            lists.get(name).cloned().ok_or_else(|| match known[..] {
                [] => format!("there is no list {name:?}: put one into lists/{name}.txt, a term on each line"),
                _ => unknown("list", name, &known),
            })
        };
        let mut parts = Vec::new();
        let texts: Vec<At<String>> = each(many).collect();
        for text in &texts {
            match words::parse(&text.value, self.vocabulary, &list) {
                Ok(words) => parts.push(words),
                Err((at, message)) => {
                    self.problem(text.place, format!("{message} (at character {} of {:?})", at + 1, text.value))
                }
            }
        }
        let written = texts.into_iter().map(|text| text.value).collect::<Vec<_>>().join(", or ");
        let words = if parts.len() == 1 { parts.pop()? } else { words::Words::Any(parts) };
        Some(Leaf::Words(words, written))
    }

    fn patterns(&mut self, many: &Many) -> Option<Patterns> {
        let texts: Vec<At<String>> = each(many).collect();
        let first = texts.first()?.place;
        let texts: Vec<String> = texts.into_iter().map(|text| text.value).collect();
        self.take(first, Patterns::new(&texts))
    }

    fn event(&mut self, raw: &RawEvent) -> EventMatch {
        let known = EventMatch::default();
        let modality = self.each_of(&raw.modality, |text| named::<Modality>("modality", text, &MODALITIES));
        let mut side = |many: &Many| {
            self.each_of(many, |text| match country(text) {
                Ok(country) if !text.contains('/') => Ok(Side::Country(country)),
                _ => Patterns::new(&[text.to_owned()]).map(Side::Actor),
            })
        };
        let (source, target) = (side(&raw.source), side(&raw.target));
        EventMatch {
            plover: self.each_of(&raw.plover, |text| named::<Plover>("type of event", &text.to_uppercase(), &PLOVERS)),
            cameo: self.each_of(&raw.cameo, |text| {
                let is_code = (2..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                if is_code {
                    Ok(text.to_owned())
                } else {
                    Err(format!("{text:?} is no CAMEO code: write two to four digits, in quotes: \"138\", \"19\""))
                }
            }),
            quad: self.each_of(&raw.quad, |text| named::<Quad>("quad class", text, &QUADS)),
            modality: if raw.modality.is_some() { modality } else { known.modality },
            dyads: self.each_of(&raw.dyad, dyad),
            source,
            target,
            sectors: self.each_of(&raw.sector, |text| Ok(text.to_uppercase())),
            goldstein: self.each_of(&raw.goldstein, |text| Range::parse(text, -10.0, 10.0)),
        }
    }

    fn when(&mut self, raw: Option<At<RawWhen>>) -> When {
        let Some(At { value: raw, place }) = raw else {
            return When {
                condition: Condition::Any,
                group_by: Vec::new(),
                distinct: Distinct::Story,
                sources: 1,
                steps: None,
            };
        };
        let conditions = self.conditions(&raw);
        if conditions.len() > 1 {
            self.problem(place, "there are several conditions here: write a rule for each");
        }
        let condition = conditions.into_iter().next().unwrap_or(Condition::Any);
        let steps = raw.sequence.as_ref().map(|At { value, .. }| {
            let step = |checker: &mut Self, step: &At<RawMatch>| checker.matches(step, 0);
            (step(self, &value.first), step(self, &value.then))
        });
        let group_by = self.each_of(&raw.group_by, group_key);
        let distinct = raw.distinct.map_or(Some(Distinct::Story), |distinct| {
            let value = match &*distinct.value {
                "story" => Ok(Distinct::Story),
                "article" => Ok(Distinct::Article),
                other => Err(unknown("thing to count once", other, &["story", "article"])),
            };
            self.take(distinct.place, value)
        });
        let sources = raw.sources.map_or(1, |sources| {
            let is_bare = condition.is_bare();
            if sources.value > 1 && is_bare {
                self.problem(
                    sources.place,
                    "silence, what is new and what changes have no number of sources: leave it out",
                );
            } else if sources.value == 0 {
                self.problem(sources.place, "an alert rests on at least one source: write 1 or more");
            }
            sources.value
        });
        if let Condition::Cardinality { of: GroupKey::Source, at_least, .. } = condition
            && sources > at_least
        {
            self.problem(
                place,
                format!("{at_least} sources make the alert, and {sources} are asked for: these contradict"),
            );
        }
        When { condition, group_by, distinct: distinct.unwrap_or(Distinct::Story), sources, steps }
    }

    fn conditions(&mut self, raw: &RawWhen) -> Vec<Condition> {
        let mut found = Vec::new();
        if let Some(At { value, .. }) = &raw.frequency {
            let at_least = self.at_least(&value.at_least, 1);
            found.extend(self.time(&value.within).map(|within| Condition::Frequency { at_least, within }));
        }
        if let Some(At { value, .. }) = &raw.cardinality {
            let at_least = self.at_least(&value.at_least, 2);
            let of = self.take(value.of.place, group_key(&value.of.value));
            let within = self.time(&value.within);
            found.extend(of.zip(within).map(|(of, within)| Condition::Cardinality { of, at_least, within }));
        }
        if let Some(At { value, .. }) = &raw.spike {
            let at_least = value.at_least.as_ref().map_or(3, |least| self.at_least(least, 1));
            let baseline = value.baseline.as_ref().map_or(Some(Baseline::Ears(Ears::C2)), |baseline| {
                let known = match &*baseline.value {
                    "ears_c2" => Ok(Baseline::Ears(Ears::C2)),
                    "ears_c3" => Ok(Baseline::Ears(Ears::C3)),
                    "hour_of_week" => Ok(Baseline::HourOfWeek),
                    other => Err(unknown("baseline", other, &["ears_c2", "ears_c3", "hour_of_week"])),
                };
                self.take(baseline.place, known)
            });
            let within = self.time(&value.within);
            found.extend(baseline.zip(within).map(|(baseline, within)| Condition::Spike {
                within,
                baseline,
                at_least,
            }));
        }
        if let Some(At { value, .. }) = &raw.flatline {
            let below = value.below.as_ref().map_or(1, |below| self.at_least(below, 1));
            found.extend(self.time(&value.within).map(|within| Condition::Flatline { within, below }));
        }
        if let Some(At { value, .. }) = &raw.new_term {
            let of = self.take(value.of.place, group_key(&value.of.value));
            let unseen_for = self.time(&value.unseen_for);
            found.extend(of.zip(unseen_for).map(|(of, unseen_for)| Condition::NewTerm { of, unseen_for }));
        }
        if let Some(At { value, .. }) = &raw.sequence {
            found.extend(self.time(&value.within).map(|within| Condition::Sequence { within }));
        }
        if let Some(At { value, .. }) = &raw.change {
            found.extend(self.take(value.of.place, group_key(&value.of.value)).map(|of| Condition::Change { of }));
        }
        if let Some(At { value, .. }) = &raw.threshold {
            let above = value.above.value;
            if !(0.0..100.0).contains(&above) {
                self.problem(value.above.place, format!("the index goes from 0 to 100: it is never above {above}"));
            }
            found.extend(self.time(&value.within).map(|within| Condition::Threshold { above, within }));
        }
        found
    }

    fn at_least(&mut self, number: &At<u32>, least: u32) -> u32 {
        /// What would fill the memory with a single group.
        const MOST: u32 = 100_000;
        if !(least..=MOST).contains(&number.value) {
            self.problem(number.place, format!("write a number from {least} to {MOST}"));
        }
        number.value
    }

    fn time(&mut self, text: &At<String>) -> Option<i64> {
        self.take(text.place, duration(&text.value))
    }

    fn calm(&mut self, raw: Option<At<RawCalm>>, when: &When) -> Calm {
        let Some(At { value: raw, .. }) = raw else { return Calm::default() };
        let mut time = |text: Option<At<String>>| text.and_then(|text| self.time(&text));
        let (lasting, close_after) = (time(raw.lasting), time(raw.close_after));
        let (repeat, rest) = (time(raw.repeat), time(raw.rest));
        let opens_at = match when.condition {
            Condition::Frequency { at_least, .. } | Condition::Cardinality { at_least, .. } => {
                Some(f64::from(at_least))
            }
            Condition::Threshold { above, .. } => Some(above),
            Condition::Any
            | Condition::NewTerm { .. }
            | Condition::Spike { .. }
            | Condition::Flatline { .. }
            | Condition::Sequence { .. }
            | Condition::Change { .. } => None,
        };
        if let Some(below) = &raw.close_below {
            match opens_at {
                None => {
                    self.problem(below.place, "only frequency, cardinality and threshold have a figure to close below")
                }
                Some(opens) if below.value > opens => self.problem(
                    below.place,
                    format!("it opens at {opens} and would close below {}: it could never stay open", below.value),
                ),
                Some(_) if below.value.is_nan() || below.value <= 0.0 => {
                    self.problem(below.place, "no figure is below that: the alert would never close");
                }
                Some(_) => {}
            }
        }
        let active = raw.active.and_then(|active| self.active(active));
        let rate = raw.rate.and_then(|At { value, .. }| {
            let at_most = self.at_least(&value.at_most, 1) as usize;
            self.time(&value.within).map(|within| Rate { at_most, within })
        });
        Calm {
            active,
            rate,
            lasting: lasting.unwrap_or(0),
            close_below: raw.close_below.map(|below| below.value),
            close_after: close_after.unwrap_or(0),
            repeat,
            rest: rest.unwrap_or(0),
        }
    }
}

impl Checker<'_> {
    fn active(&mut self, raw: At<RawActive>) -> Option<Active> {
        let At { value: RawActive { days, from, to, zone }, place } = raw;
        let is_any_day = days.is_none();
        let days: Vec<Weekday> = self.each_of(&days, active::weekday);
        let days = if is_any_day { active::EVERY_DAY.to_vec() } else { days };
        let mut hour =
            |text: Option<At<String>>| text.and_then(|text| self.take(text.place, active::time_of_day(&text.value)));
        let (from, to) = (hour(from), hour(to));
        let zone = match zone {
            Some(name) => self.take(name.place, active::zone(&name.value))?,
            None => jiff::tz::TimeZone::UTC,
        };
        self.take(place, Active::new(&days, from, to, zone))
    }
}

/// The first moment at which a rule is watched no more.
fn expiry(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let day: jiff::civil::Date = text
        .parse()
        .map_err(|_| format!("{text:?} is no day: write 2026-12-31, or a time such as 2026-12-31T18:00:00Z"))?;
    let end = day.tomorrow().and_then(|next| next.to_zoned_datetime(jiff::tz::TimeZone::UTC));
    end.map(|end| end.timestamp().as_millisecond()).map_err(|error| error.to_string())
}

fn group_key(text: &str) -> Result<GroupKey, String> {
    let known = GroupKey::ALL.map(GroupKey::name);
    GroupKey::parse(text).ok_or_else(|| unknown("thing to group by", text, &known))
}

fn country(text: &str) -> Result<String, String> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is no country: write its ISO 3166-1 alpha-3 code in capitals, such as SRB, or XKX for Kosovo"
        ))
    }
}

fn dyad(text: &str) -> Result<Dyad, String> {
    let either_way = text.contains('~');
    let (source, target) = text
        .split_once(['-', '~'])
        .ok_or_else(|| format!("{text:?} is no dyad: write who acts, then upon whom: SRB-XKX; either way: SRB~XKX"))?;
    let (source, target) = (country(source)?, country(target)?);
    if source == target {
        Err(format!("{text:?}: a dyad has two countries"))
    } else {
        Ok(Dyad { source, target, either_way })
    }
}

fn signal(text: &str) -> Result<String, String> {
    let known = faultline_analysis::signal_categories();
    if known.contains(&text) { Ok(text.to_owned()) } else { Err(unknown("category of signals", text, &known)) }
}

const MODALITIES: [&str; 5] = ["actual", "threatened", "hypothetical", "negated", "past"];
const QUADS: [&str; 4] = ["verbal_cooperation", "material_cooperation", "verbal_conflict", "material_conflict"];
const PLOVERS: [&str; 16] = [
    "AGREE",
    "CONSULT",
    "SUPPORT",
    "CONCEDE",
    "COOPERATE",
    "AID",
    "RETREAT",
    "REQUEST",
    "ACCUSE",
    "REJECT",
    "THREATEN",
    "PROTEST",
    "SANCTION",
    "MOBILIZE",
    "COERCE",
    "ASSAULT",
];

/// A value by the name that it has in JSON.
fn named<T: DeserializeOwned>(what: &str, text: &str, known: &[&str]) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| unknown(what, text, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_messages() {
        PLOVERS.iter().for_each(|name| assert!(named::<Plover>("", name, &PLOVERS).is_ok(), "{name}"));
        QUADS.iter().for_each(|name| assert!(named::<Quad>("", name, &QUADS).is_ok(), "{name}"));
        MODALITIES.iter().for_each(|name| assert!(named::<Modality>("", name, &MODALITIES).is_ok(), "{name}"));
    }
}
