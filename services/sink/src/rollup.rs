//! Hourly roll-ups: what an article adds to its countries, dyads and actors.
//!
//! | kind | key | articles | escalating, calming | Goldstein, events | sentiment |
//! |---|---|---|---|---|---|
//! | country | `SRB` | that touch it | weights of the articles' signals | of events with it on either side | tone of the articles |
//! | dyad | `SRB-XKX`, who did it first | with such an event | confidence x \|Goldstein\| / 10 of its events | of its events | tone of the articles |
//! | actor | actor id | that name it | weights of the articles' signals | of events with it on either side | towards the actor |
//!
//! Events count when their modality is `actual` or `threatened`. Only the current revision of an article counts:
//! when another takes its place, what its predecessor added is worked out again from the stored document and taken
//! back. Sums are kept in whole millionths, so that what is taken back is exactly what was added.
//!
//! **A change to what an article adds needs a migration that builds the roll-ups anew.**

use std::collections::BTreeMap;

use faultline_schemas::{Direction, Enriched, EventTag, Modality, Participant};
use serde::Serialize;

use crate::rows::{clip, countries};

/// What a roll-up is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RollupKind {
    /// ISO 3166-1 alpha-3 code.
    Country,
    /// `SRB-XKX`: who acts, then upon whom.
    Dyad,
    /// Actor id.
    Actor,
}

impl RollupKind {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Dyad => "dyad",
            Self::Actor => "actor",
        }
    }
}

/// Milliseconds in an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Which row of the roll-ups: kind, key, and the hour's first millisecond.
pub(crate) type Bucket = (RollupKind, String, i64);

/// What is summed, in millionths but for the counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) articles: i64,
    pub(crate) events: i64,
    pub(crate) escalating: i64,
    pub(crate) calming: i64,
    pub(crate) goldstein: i64,
    pub(crate) sentiment: i64,
}

impl Sums {
    fn add(&mut self, other: Self, times: i64) {
        self.articles += times * other.articles;
        self.events += times * other.events;
        self.escalating += times * other.escalating;
        self.calming += times * other.calming;
        self.goldstein += times * other.goldstein;
        self.sentiment += times * other.sentiment;
    }
}

/// Changes to the roll-ups, gathered over a batch.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<Bucket, Sums>);

impl Changes {
    /// Counts what a revision adds.
    pub(crate) fn add(&mut self, contributions: &[(Bucket, Sums)]) {
        self.apply(contributions, 1);
    }

    /// Takes back what a revision added.
    pub(crate) fn take_back(&mut self, contributions: &[(Bucket, Sums)]) {
        self.apply(contributions, -1);
    }

    fn apply(&mut self, contributions: &[(Bucket, Sums)], times: i64) {
        for (bucket, sums) in contributions {
            self.0.entry(bucket.clone()).or_default().add(*sums, times);
        }
    }

    /// The changes that change something, in a fixed order: two writers that lock rows in the same order never wait
    /// for each other in a circle.
    pub(crate) fn into_rows(self) -> impl Iterator<Item = (Bucket, Sums)> {
        self.0.into_iter().filter(|(_, sums)| *sums != Sums::default())
    }
}

/// What the revision `document` adds to the hour that `at` (milliseconds) falls into.
pub(crate) fn contributions(document: &Enriched, at: i64) -> Vec<(Bucket, Sums)> {
    let hour = at.div_euclid(HOUR_MS) * HOUR_MS;
    let weight = |direction: Direction| -> i64 {
        document.escalation.signals.iter().filter(|s| s.direction == direction).map(|s| millionths(s.weight)).sum()
    };
    let article = Sums {
        articles: 1,
        escalating: weight(Direction::Escalation),
        calming: weight(Direction::DeEscalation),
        sentiment: millionths(document.sentiment.score),
        ..Sums::default()
    };
    let mut sums: BTreeMap<(RollupKind, String), Sums> = BTreeMap::new();
    for country in countries(document) {
        sums.insert((RollupKind::Country, country), article);
    }
    for actor in &document.actors {
        let sentiment = millionths(actor.sentiment.score);
        sums.insert((RollupKind::Actor, clip(&actor.id)), Sums { sentiment, ..article });
    }
    for event in document.events.iter().filter(|e| matches!(e.modality, Modality::Actual | Modality::Threatened)) {
        add_event(&mut sums, event, article.sentiment);
    }
    sums.into_iter().map(|((kind, key), sums)| ((kind, key, hour), sums)).collect()
}

fn add_event(sums: &mut BTreeMap<(RollupKind, String), Sums>, event: &EventTag, tone: i64) {
    let goldstein = millionths(event.goldstein);
    let mut sides: Vec<(RollupKind, String)> = Vec::new();
    for side in [&event.source, &event.target].into_iter().flatten() {
        sides.extend(side.country.as_deref().map(|country| (RollupKind::Country, clip(country))));
        sides.extend(side.actor.as_deref().map(|actor| (RollupKind::Actor, clip(actor))));
    }
    sides.sort();
    sides.dedup();
    for side in sides {
        // An event may name somebody that the list of actors does not.
        let sums = sums.entry(side).or_insert(Sums { articles: 1, sentiment: tone, ..Sums::default() });
        sums.events += 1;
        sums.goldstein += goldstein;
    }
    if let Some(key) = dyad(event) {
        let sums =
            sums.entry((RollupKind::Dyad, key)).or_insert(Sums { articles: 1, sentiment: tone, ..Sums::default() });
        let weight = millionths(event.confidence * event.goldstein.abs() / 10.0);
        sums.events += 1;
        sums.goldstein += goldstein;
        match event.direction {
            Some(Direction::Escalation) => sums.escalating += weight,
            Some(Direction::DeEscalation) => sums.calming += weight,
            None => {}
        }
    }
}

/// `SRB-XKX`, where both sides have a country.
fn dyad(event: &EventTag) -> Option<String> {
    let country = |side: &Option<Participant>| side.as_ref().and_then(|p| p.country.as_deref()).map(clip);
    Some(format!("{}-{}", country(&event.source)?, country(&event.target)?))
}

/// Whole millionths; zero for what is no number. The cast saturates.
fn millionths(value: f32) -> i64 {
    if value.is_finite() { (f64::from(value) * 1e6).round() as i64 } else { 0 }
}

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// First millisecond of the interval, since 1970 in UTC.
    pub at: i64,
    /// Articles.
    pub articles: i64,
    /// Events.
    pub events: i64,
    /// Sum of escalating weight.
    pub escalating: f64,
    /// Sum of calming weight.
    pub calming: f64,
    /// Sum of the events' Goldstein values.
    pub goldstein: f64,
    /// Sum of sentiment; divide by `articles` for the mean.
    pub sentiment: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::document;

    #[test]
    fn what_is_taken_back_is_exactly_what_was_added() {
        let mut document = document("a", "r");
        document.escalation.signals.iter_mut().for_each(|signal| signal.weight = 0.1 + 0.2);
        let contributions = contributions(&document, 7_200_123);
        let mut changes = Changes::default();
        for _ in 0..3 {
            changes.add(&contributions);
        }
        for _ in 0..3 {
            changes.take_back(&contributions);
        }
        assert_eq!(changes.into_rows().count(), 0);
        assert!(contributions.iter().all(|((_, _, hour), _)| *hour == 7_200_000));
    }

    #[test]
    fn countries_dyads_and_actors_get_their_share() {
        let sums: BTreeMap<String, Sums> = contributions(&document("a", "r"), 0)
            .into_iter()
            .map(|((kind, key, _), sums)| (format!("{}:{key}", kind.as_str()), sums))
            .collect();
        let keys: Vec<&str> = sums.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["actor:KSV/GOV/albin-kurti", "actor:SRB", "country:BEL", "country:SRB", "country:XKX", "dyad:SRB-XKX"]
        );
        let serbia = sums["country:SRB"];
        assert_eq!((serbia.events, serbia.goldstein, serbia.escalating), (1, -7_000_000, 800_000));
        assert_eq!((sums["country:BEL"].events, sums["country:BEL"].articles), (0, 1));
        assert_eq!(sums["actor:KSV/GOV/albin-kurti"].sentiment, -300_000);
        assert_eq!((sums["dyad:SRB-XKX"].escalating, sums["dyad:SRB-XKX"].calming), (560_000, 0));
    }

    #[test]
    fn events_that_did_not_happen_do_not_count() {
        for modality in [Modality::Negated, Modality::Hypothetical, Modality::Past] {
            let mut document = document("a", "r");
            document.events[0].modality = modality;
            assert!(contributions(&document, 0).iter().all(|(_, sums)| sums.events == 0), "{modality:?}");
        }
    }
}
