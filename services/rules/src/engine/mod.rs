//! Rules, watched over a stream of articles.

mod groups;
mod opened;
mod reading;
mod report;
mod standing;
mod story;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use faultline_schemas::{Alert, Enriched};
use rustc_hash::FxHashMap;

use self::groups::{Groups, Observation};
use self::report::{About, Report};
use self::story::Stories;
use crate::percolator::Percolator;
use crate::rules::{Condition, RuleSet};
use crate::seen::Seen;

/// What the engine holds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Articles may come so many milliseconds out of order. With 0 each is taken as it comes.
    pub lateness: i64,
    /// Those that come later than this, in milliseconds, move no window.
    pub stale: i64,
    /// Groups of one rule: articles of further ones are counted and left out.
    pub groups: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lateness: 0, stale: 6 * 3_600_000, groups: 10_000 }
    }
}

/// What became of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It takes part, when the stream has reached its time.
    InTime,
    /// It came too late and takes part as if it had appeared now.
    Late,
    /// It came so late that it takes no part.
    Stale,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Articles that took part.
    pub articles: u64,
    /// Stories that they tell.
    pub stories: u64,
    /// Articles later than the lateness.
    pub late: u64,
    /// Articles too late to take part.
    pub stale: u64,
    /// Rules that were tried on articles.
    pub tried: u64,
    /// Rules that matched.
    pub matched: u64,
    /// Times that an article was left out of a group because its rule has too many.
    pub left_out: u64,
    /// Times that a group's past was too short to judge by, so that no alert could come of it.
    pub learning: u64,
}

/// Watches rules over articles: the same code live, in tests and on the past.
pub struct Engine {
    rules: RuleSet,
    percolator: Percolator,
    limits: Limits,
    groups: Vec<Groups>,
    stories: Stories,
    /// Articles that the stream has not reached, by time, id and revision.
    waiting: BTreeMap<(i64, String, String), Seen>,
    /// The latest time that was heard of.
    latest: Option<i64>,
    /// The time that everything is worked out up to.
    clock: Option<i64>,
    begun: i64,
    /// When a group may change by time alone: time, rule, group.
    timers: BTreeSet<(i64, usize, usize)>,
    counts: Counts,
}

impl Engine {
    /// Nothing is known of the past: baselines begin to learn with the first article.
    #[must_use]
    pub fn new(rules: RuleSet, limits: Limits) -> Self {
        let watched = (0..).zip(&rules.rules).filter(|(_, rule)| rule.enabled);
        let percolator = Percolator::new(watched.map(|(number, rule)| (number, &rule.expression)), &rules.vocabulary);
        let groups = rules.rules.iter().map(|_| Groups::new(limits.groups)).collect();
        Self {
            rules,
            percolator,
            limits,
            groups,
            stories: Stories::default(),
            waiting: BTreeMap::new(),
            latest: None,
            clock: None,
            begun: 0,
            timers: BTreeSet::new(),
            counts: Counts::default(),
        }
    }

    /// How far back, in milliseconds, articles are to be read again for stories, windows and baselines to be what they were.
    #[must_use]
    pub fn memory(&self) -> i64 {
        let watched = self.rules.rules.iter().filter(|rule| rule.enabled);
        let memories = watched.map(|rule| rule.when.condition.memory() + rule.calm.memory());
        memories.max().unwrap_or(0) + story::WINDOW_MS + self.limits.lateness
    }

    /// The time that everything is worked out up to, in milliseconds since 1970; none before the first article.
    #[must_use]
    pub fn clock(&self) -> Option<i64> {
        self.clock
    }

    /// After articles of the past were read again, makes every alert what it was at `at`, the time that everything had been worked out up
    /// to: by `told`, the last that was told of each. What then should be open and is not opens, into `alerts`.
    pub fn restore(&mut self, at: i64, told: &[Alert], alerts: &mut Vec<Alert>) {
        self.advance(at, &mut Vec::new());
        let mut by_rule: FxHashMap<&str, Vec<&Alert>> = FxHashMap::default();
        told.iter().for_each(|alert| by_rule.entry(&alert.rule).or_default().push(alert));
        for (number, rule) in self.rules.rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
            let told = by_rule.get(&*rule.id).map_or(&[][..], Vec::as_slice);
            self.groups[number].restore(rule, at, self.begun, told, number, &mut self.timers, alerts);
        }
    }

    /// Watches other rules from now on. Those that are what they were keep their windows and alerts; the others begin anew.
    pub fn replace(&mut self, rules: RuleSet) {
        let mut fresh = Self::new(rules, self.limits);
        (fresh.latest, fresh.clock, fresh.begun, fresh.counts) = (self.latest, self.clock, self.begun, self.counts);
        std::mem::swap(&mut fresh.stories, &mut self.stories);
        let before: FxHashMap<(&str, u64), usize> =
            (0..).zip(&self.rules.rules).map(|(number, rule)| ((&*rule.id, rule.definition), number)).collect();
        let known: Vec<Option<usize>> =
            fresh.rules.rules.iter().map(|rule| before.get(&(&*rule.id, rule.definition)).copied()).collect();
        for (number, known) in known.into_iter().enumerate() {
            match (known, self.clock) {
                (Some(known), _) => {
                    std::mem::swap(&mut fresh.groups[number], &mut self.groups[known]);
                    fresh.groups[number].set_timers(number, &mut fresh.timers);
                }
                (None, Some(now)) => fresh.watch_silence(number, now),
                (None, None) => {}
            }
        }
        for (key, seen) in std::mem::take(&mut self.waiting) {
            fresh.waiting.insert(key, Seen::new(seen.document.clone(), seen.at, &fresh.rules.vocabulary));
        }
        *self = fresh;
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { learning: self.groups.iter().map(Groups::learning).sum(), ..self.counts }
    }

    /// Takes an article in; `now`, in milliseconds since 1970, bounds what it says of its own time. What follows from it is told
    /// into `alerts`.
    pub fn push(&mut self, document: Arc<Enriched>, now: Option<i64>, alerts: &mut Vec<Alert>) -> Taken {
        let told = Seen::time_of(&document).or(self.latest).or(now).unwrap_or(0);
        let at = now.map_or(told, |now| told.min(now));
        let reached = self.latest.map_or(i64::MIN, |latest| latest.saturating_sub(self.limits.lateness));
        let (taken, at) = if at >= reached {
            (Taken::InTime, at)
        } else if at >= reached.saturating_sub(self.limits.stale) {
            self.counts.late += 1;
            (Taken::Late, reached)
        } else {
            self.counts.late += 1;
            self.counts.stale += 1;
            return Taken::Stale;
        };
        let seen = Seen::new(document, at, &self.rules.vocabulary);
        let article = &seen.document.article;
        self.waiting.insert((at, article.id.clone(), article.revision.clone()), seen);
        self.latest = self.latest.max(Some(at));
        self.catch_up(alerts);
        taken
    }

    /// Says that no article before `to`, in milliseconds since 1970, is to be waited for, and lets time pass up to it.
    pub fn advance(&mut self, to: i64, alerts: &mut Vec<Alert>) {
        let latest = to.saturating_add(self.limits.lateness);
        if self.latest.is_none_or(|known| known < latest) {
            self.latest = Some(latest);
        }
        self.catch_up(alerts);
        // Nothing that waits is earlier than that, so timers may run.
        if self.clock.is_some() {
            self.run_timers(to, alerts);
            self.clock = self.clock.max(Some(to));
        }
    }

    /// Takes what the stream has reached, in order.
    fn catch_up(&mut self, alerts: &mut Vec<Alert>) {
        let Some(latest) = self.latest else { return };
        let reached = latest.saturating_sub(self.limits.lateness);
        while let Some(first) = self.waiting.first_entry() {
            let at = first.key().0;
            // Another of the same time may still come, unless each is taken as it comes.
            if at > reached || at == reached && self.limits.lateness > 0 {
                break;
            }
            let seen = first.remove();
            self.take(&seen, alerts);
        }
    }

    fn take(&mut self, seen: &Seen, alerts: &mut Vec<Alert>) {
        let now = self.clock.map_or(seen.at, |clock| clock.max(seen.at));
        if self.clock.is_none() {
            self.begin(now);
        }
        self.run_timers(now, alerts);
        self.clock = Some(now);
        self.counts.articles += 1;
        let story = self.stories.tell(seen);
        self.counts.stories += u64::from(*story == *seen.document.article.id);
        let about = Arc::new(About::new(seen));
        for number in self.percolator.candidates(seen) {
            self.counts.tried += 1;
            let rule = &self.rules.rules[number as usize];
            if rule.expires.is_some_and(|end| now >= end) {
                continue;
            }
            if !rule.expression.holds(seen) {
                continue;
            }
            self.counts.matched += 1;
            let events = rule.expression.events(seen);
            let observation = Observation {
                now,
                begun: self.begun,
                seen,
                story: &story,
                events: events.as_deref(),
                report: Arc::new(Report::new(seen, &story, &about, &rule.expression)),
            };
            let groups = &mut self.groups[number as usize];
            self.counts.left_out += groups.observe(rule, &observation, number as usize, &mut self.timers, alerts);
        }
    }

    /// Silence is watched from the first article on.
    fn begin(&mut self, now: i64) {
        self.begun = now;
        (0..self.rules.rules.len()).for_each(|number| self.watch_silence(number, now));
    }

    fn watch_silence(&mut self, number: usize, now: i64) {
        let rule = &self.rules.rules[number];
        let watches_silence = matches!(rule.when.condition, Condition::Flatline { .. });
        if rule.enabled && watches_silence && rule.when.group_by.is_empty() {
            self.groups[number].watch_all(rule, now, number, &mut self.timers);
        }
    }

    fn run_timers(&mut self, until: i64, alerts: &mut Vec<Alert>) {
        while let Some((at, rule, group)) = self.timers.first().copied().filter(|(at, ..)| *at <= until) {
            self.timers.pop_first();
            self.groups[rule].wake(&self.rules.rules[rule], group, at, self.begun, rule, &mut self.timers, alerts);
        }
    }
}
