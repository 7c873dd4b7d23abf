//! The groups of one rule, each with its window and its alert.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use faultline_schemas::{Alert, AlertState, Direction};
use rustc_hash::{FxHashMap, FxHasher};

use super::opened::Opened;
use super::reading::{Reading, read};
use super::report::{Report, Told, alert};
use super::standing::{Change, Past, Standing};
use super::window::{Item, Window};
use crate::rules::{Calm, Condition, Distinct, Rule};
use crate::seen::Seen;

/// Time, rule and group.
pub(super) type Timers = BTreeSet<(i64, usize, usize)>;

/// An article that a rule matches.
pub(super) struct Observation<'a> {
    pub(super) now: i64,
    pub(super) begun: i64,
    pub(super) seen: &'a Seen,
    pub(super) story: &'a str,
    pub(super) events: Option<&'a [usize]>,
    pub(super) report: Arc<Report>,
}

/// Values of what a rule groups by.
type Values = Box<[String]>;

struct Group {
    values: Values,
    window: Window,
    standing: Standing,
    /// The latest of each story, latest first.
    reports: VecDeque<Arc<Report>>,
    /// When it was last seen.
    last: Option<i64>,
    /// Until when it is new.
    fresh_until: Option<i64>,
    /// For a sequence: when what comes first was last seen.
    first: Option<i64>,
    /// For a change: what the field was.
    was: Option<Vec<String>>,
    due: Option<i64>,
}

impl Group {
    /// Whether an article is what the condition waits for: after long, after another, or unlike the one before.
    fn is_news(&mut self, rule: &Rule, observation: &Observation<'_>) -> bool {
        let Observation { now, seen, story, events, .. } = observation;
        match (rule.when.condition, &rule.when.steps) {
            (Condition::NewTerm { unseen_for, .. }, _) => self.last.is_none_or(|last| now - last >= unseen_for),
            (Condition::Sequence { within }, Some((first, then))) => {
                let follows = then.holds(seen) && self.first.is_some_and(|first| now - first <= within);
                if first.holds(seen) {
                    self.first = Some(*now);
                }
                follows
            }
            (Condition::Change { of }, _) => {
                let values = of.values(seen, *events, story);
                let before = self.was.replace(values);
                before.is_some() && before != self.was
            }
            _ => false,
        }
    }
}

/// Reports that an alert shows.
const SHOWN: usize = 8;
/// Combinations of values that one article adds to.
const MOST_COMBINATIONS: usize = 256;

/// The groups of one rule.
pub(super) struct Groups {
    most: usize,
    by_values: FxHashMap<Values, usize>,
    /// By number; empty where one was forgotten.
    groups: Vec<Option<Group>>,
    free: Vec<usize>,
    /// Times that a past was too short to judge by.
    learning: u64,
    opened: Opened,
}

pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Groups {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            by_values: FxHashMap::default(),
            groups: Vec::new(),
            free: Vec::new(),
            learning: 0,
            opened: Opened::default(),
        }
    }

    /// Times that a past was too short to judge by.
    pub(super) fn learning(&self) -> u64 {
        self.learning
    }

    /// Makes the alerts what they were at `at` by the last that was told of each; what then should be open and is not opens.
    #[expect(clippy::too_many_arguments, reason = "what a timer knows, and what it may change")]
    pub(super) fn restore(
        &mut self,
        rule: &Rule,
        at: i64,
        begun: i64,
        told: &[&Alert],
        number: usize,
        timers: &mut Timers,
        alerts: &mut Vec<Alert>,
    ) {
        let known = told.iter().filter_map(|alert| Some((values_of(rule, &alert.labels)?, past(alert)?)));
        let mut known: FxHashMap<Values, Past> = known.collect();
        let begun_at = known.values().map(|past| past.since).filter(|since| *since <= at);
        self.opened = Opened::of(begun_at.collect());
        let mut untold = Vec::new();
        for (number, group) in self.groups.iter_mut().enumerate() {
            let Some(group) = group else { continue };
            if group.standing.restore(at, known.remove(&group.values), &rule.calm) {
                untold.push(number);
            }
        }
        for (values, past) in known {
            // Of a group that came up after that, or is over, nothing is known yet or any more.
            if past.since >= at || past.ended.is_some_and(|ended| ended + rule.calm.rest <= at) {
                continue;
            }
            if let Some(group) = self.group(values).and_then(|group| self.groups[group].as_mut()) {
                group.standing.restore(at, Some(past), &rule.calm);
            }
        }
        untold.into_iter().for_each(|group| self.judge(rule, group, at, begun, alerts));
        for group in 0..self.groups.len() {
            self.schedule(rule, group, at, begun, number, timers);
        }
    }

    /// Sets the timers of a rule whose number has become another one.
    pub(super) fn set_timers(&self, number: usize, timers: &mut Timers) {
        let due =
            self.groups.iter().enumerate().filter_map(|(group, known)| Some((known.as_ref()?.due?, number, group)));
        timers.extend(due);
    }

    /// Makes the one group of a rule that does not group, before anything was seen.
    pub(super) fn watch_all(&mut self, rule: &Rule, now: i64, number: usize, timers: &mut Timers) {
        if let Some(group) = self.group(Box::default()) {
            self.schedule(rule, group, now, now, number, timers);
        }
    }

    /// Adds an article to its groups. Returns how many groups it was left out of.
    pub(super) fn observe(
        &mut self,
        rule: &Rule,
        observation: &Observation<'_>,
        number: usize,
        timers: &mut Timers,
        alerts: &mut Vec<Alert>,
    ) -> u64 {
        let mut left_out = 0;
        for (values, units) in combinations(rule, observation) {
            let Some(group) = self.group(values) else {
                left_out += 1;
                continue;
            };
            self.add(rule, group, observation, &units);
            self.judge(rule, group, observation.now, observation.begun, alerts);
            self.schedule(rule, group, observation.now, observation.begun, number, timers);
        }
        left_out
    }

    /// Time has passed.
    #[expect(clippy::too_many_arguments, reason = "what a timer knows, and what it may change")]
    pub(super) fn wake(
        &mut self,
        rule: &Rule,
        group: usize,
        now: i64,
        begun: i64,
        number: usize,
        timers: &mut Timers,
        alerts: &mut Vec<Alert>,
    ) {
        if let Some(known) = &mut self.groups[group] {
            known.due = None;
            self.judge(rule, group, now, begun, alerts);
            self.forget_idle(rule, group, now);
            self.schedule(rule, group, now, begun, number, timers);
        }
    }

    /// Number of the group with the values, new or known; none where there are too many.
    fn group(&mut self, values: Values) -> Option<usize> {
        if let Some(known) = self.by_values.get(&values) {
            return Some(*known);
        }
        if self.by_values.len() >= self.most {
            return None;
        }
        let group = Group {
            values: values.clone(),
            window: Window::default(),
            standing: Standing::default(),
            reports: VecDeque::new(),
            last: None,
            fresh_until: None,
            first: None,
            was: None,
            due: None,
        };
        let number = self.free.pop().unwrap_or(self.groups.len());
        if number == self.groups.len() {
            self.groups.push(Some(group));
        } else {
            self.groups[number] = Some(group);
        }
        self.by_values.insert(values, number);
        Some(number)
    }

    fn add(&mut self, rule: &Rule, group: usize, observation: &Observation<'_>, units: &[u64]) {
        let Some(group) = &mut self.groups[group] else { return };
        let Observation { now, seen, story, report, .. } = observation;
        let document = &*seen.document;
        let weight = |direction| {
            let signals = document.escalation.signals.iter().filter(|signal| signal.direction == direction);
            signals.map(|signal| signal.weight).sum::<f32>().min(1.0)
        };
        let article = hash(&document.article.id);
        for unit in units {
            group.window.add(Item {
                at: *now,
                unit: *unit,
                source: hash(document.article.source.as_deref().unwrap_or_default()),
                article,
                story: hash(story),
                escalating: weight(Direction::Escalation),
                calming: weight(Direction::DeEscalation),
            });
        }
        if group.is_news(rule, observation) {
            group.fresh_until = Some(now + rule.when.condition.within());
        }
        group.last = Some(*now);
        group.reports.retain(|other| &*other.story != *story);
        group.reports.push_front(report.clone());
        group.reports.truncate(SHOWN);
    }

    fn judge(&mut self, rule: &Rule, group: usize, now: i64, begun: i64, alerts: &mut Vec<Alert>) {
        let Some(group) = &mut self.groups[group] else { return };
        let condition = &rule.when.condition;
        group.window.expire(now - condition.within(), now - condition.kept());
        let mut reading: Reading = read(&rule.when, &group.window, now, begun, group.fresh_until);
        self.learning += u64::from(reading.learning);
        if !group.standing.is_open() {
            reading.opens &= self.opened.allows(now, &rule.calm);
        }
        let is_over = rule.expires.is_some_and(|end| now >= end);
        reading.opens &= !is_over;
        // What is watched no more closes at once.
        let calm = if is_over { &Calm::default() } else { &rule.calm };
        if let Some(change) = group.standing.step(now, &reading, calm) {
            if matches!(change, Change::Firing { times: 0, .. }) {
                self.opened.add(now, &rule.calm);
            }
            let told = Told {
                change,
                now,
                reading: &reading,
                labels: labels(rule, &group.values),
                reports: &group.reports,
                articles: group.window.articles(),
                stories: group.window.stories(),
                sources: group.window.sources(),
            };
            alerts.push(alert(rule, told));
        }
    }

    /// A group of which nothing is left is as good as one that never was.
    fn forget_idle(&mut self, rule: &Rule, number: usize, now: i64) {
        let Some(group) = &self.groups[number] else { return };
        let is_remembered = match rule.when.condition {
            Condition::Flatline { .. } => true,
            Condition::NewTerm { .. } | Condition::Sequence { .. } | Condition::Change { .. } => {
                group.last.is_some_and(|last| now - last < rule.when.condition.memory())
            }
            _ => false,
        };
        if group.standing.is_idle() && group.window.is_empty() && !is_remembered {
            self.by_values.remove(&group.values);
            self.groups[number] = None;
            self.free.push(number);
        }
    }

    fn schedule(&mut self, rule: &Rule, number: usize, now: i64, begun: i64, rule_number: usize, timers: &mut Timers) {
        let Some(group) = &mut self.groups[number] else { return };
        let condition = &rule.when.condition;
        let expires = group.window.first().map(|first| first + condition.within());
        let known = match condition {
            Condition::Flatline { within, .. } => Some(begun + within),
            _ => None,
        };
        // What is over is looked at once more when it may be forgotten.
        let forgotten = group.last.map(|last| last + condition.memory());
        let allowed = if group.standing.is_open() { rule.expires } else { self.opened.due(now, &rule.calm) };
        let due = [expires, known, forgotten, allowed, group.fresh_until, group.standing.due(&rule.calm)];
        let due = due.into_iter().flatten().filter(|due| *due > now).min();
        if due != group.due {
            if let Some(before) = group.due {
                timers.remove(&(before, rule_number, number));
            }
            timers.extend(due.map(|due| (due, rule_number, number)));
            group.due = due;
        }
    }
}

/// What a rule groups by, as it stands in the labels of one of its alerts; none where it groups by something else now.
fn values_of(rule: &Rule, labels: &BTreeMap<String, String>) -> Option<Values> {
    let new = match rule.when.condition {
        Condition::NewTerm { of, .. } if !rule.when.group_by.contains(&of) => Some(of),
        _ => None,
    };
    rule.when.group_by.iter().chain(&new).map(|key| labels.get(key.name()).cloned()).collect()
}

fn past(alert: &Alert) -> Option<Past> {
    let at = |time: &str| time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    let since = at(&alert.starts_at)?;
    let told = at(&alert.told_at).unwrap_or(since);
    let ended = (alert.state == AlertState::Resolved).then(|| alert.ends_at.as_deref().and_then(at).unwrap_or(told));
    Some(Past { since, told, times: alert.times, ended })
}

fn labels(rule: &Rule, values: &[String]) -> BTreeMap<String, String> {
    let groups = rule.when.group_by.iter().zip(values).map(|(key, value)| (key.name().to_owned(), value.clone()));
    let own = match (rule.when.condition, values.split_at_checked(rule.when.group_by.len())) {
        // What is new is a group of its own.
        (Condition::NewTerm { of, .. }, Some((_, [value]))) => Some((of.name().to_owned(), value.clone())),
        _ => None,
    };
    rule.labels.clone().into_iter().chain(groups).chain(own).collect()
}

/// The groups that an article belongs to, and what it adds to each.
fn combinations(rule: &Rule, observation: &Observation<'_>) -> Vec<(Values, Vec<u64>)> {
    let values_of = |key: &crate::group::GroupKey| key.values(observation.seen, observation.events, observation.story);
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    let new_term = match rule.when.condition {
        Condition::NewTerm { of, .. } if !rule.when.group_by.contains(&of) => Some(of),
        _ => None,
    };
    for key in rule.when.group_by.iter().chain(&new_term) {
        let values = values_of(key);
        combinations = combinations
            .iter()
            .flat_map(|before| {
                values.iter().map(move |value| [before.as_slice(), std::slice::from_ref(value)].concat())
            })
            .take(MOST_COMBINATIONS)
            .collect();
    }
    let units = match rule.when.condition {
        Condition::Cardinality { of, .. } => values_of(&of).iter().map(|value| hash(value)).collect(),
        _ => match rule.when.distinct {
            Distinct::Story => vec![hash(observation.story)],
            Distinct::Article => vec![hash(&observation.seen.document.article.id)],
        },
    };
    combinations.into_iter().map(|values| (values.into_boxed_slice(), units.clone())).collect()
}
