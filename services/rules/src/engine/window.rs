//! What counts, and for how long.

use std::collections::VecDeque;

use faultline_analysis::tension::{Tally, index};
use rustc_hash::FxHashMap;

/// Something that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) at: i64,
    /// Hash of what counts once: a story, an article, a value.
    pub(super) unit: u64,
    pub(super) source: u64,
    pub(super) article: u64,
    pub(super) story: u64,
    pub(super) escalating: f32,
    pub(super) calming: f32,
}

/// Items in order of time.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// All that the past is made of.
    items: VecDeque<Item>,
    /// Those before this position no longer count, and are kept for the past.
    from: usize,
    /// Kept once there are more than [`FEW`] to look through: most windows never are.
    counts: Option<Box<Counts>>,
}

/// How often each is among those that count.
#[derive(Debug, Default)]
struct Counts {
    units: FxHashMap<u64, u32>,
    sources: FxHashMap<u64, u32>,
    articles: FxHashMap<u64, u32>,
    stories: FxHashMap<u64, u32>,
}

impl Counts {
    fn add(&mut self, item: &Item) {
        count(&mut self.units, item.unit);
        count(&mut self.sources, item.source);
        count(&mut self.articles, item.article);
        count(&mut self.stories, item.story);
    }

    fn take_back(&mut self, item: &Item) {
        discount(&mut self.units, item.unit);
        discount(&mut self.sources, item.source);
        discount(&mut self.articles, item.article);
        discount(&mut self.stories, item.story);
    }
}

/// So many items are looked through.
const FEW: usize = 24;

/// Items of one group: a window that fills more is cut at its old end.
const MOST_ITEMS: usize = 100_000;

fn count(counts: &mut FxHashMap<u64, u32>, what: u64) {
    *counts.entry(what).or_default() += 1;
}

fn discount(counts: &mut FxHashMap<u64, u32>, what: u64) {
    if let Some(count) = counts.get_mut(&what) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&what);
        }
    }
}

impl Window {
    pub(super) fn add(&mut self, item: Item) {
        self.items.push_back(item);
        match &mut self.counts {
            Some(counts) => counts.add(&item),
            None if self.items.len() - self.from > FEW => {
                let mut counts = Box::<Counts>::default();
                self.items.range(self.from..).for_each(|item| counts.add(item));
                self.counts = Some(counts);
            }
            None => {}
        }
        if self.items.len() > MOST_ITEMS {
            if self.from == 0 {
                self.discount_first();
            }
            self.forget_first();
        }
    }

    /// Items up to `until` no longer count; those up to `forget` are forgotten.
    pub(super) fn expire(&mut self, until: i64, forget: i64) {
        while self.items.get(self.from).is_some_and(|item| item.at <= until) {
            self.discount_first();
        }
        while self.from > 0 && self.items.front().is_some_and(|item| item.at <= forget) {
            self.forget_first();
        }
    }

    fn discount_first(&mut self) {
        if let Some(item) = self.items.get(self.from).copied() {
            self.from += 1;
            if let Some(counts) = &mut self.counts {
                counts.take_back(&item);
            }
            if self.from == self.items.len() {
                self.counts = None;
            }
        }
    }

    fn forget_first(&mut self) {
        self.items.pop_front();
        self.from -= 1;
    }

    /// When the first of those that count appeared.
    pub(super) fn first(&self) -> Option<i64> {
        self.items.get(self.from).map(|item| item.at)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Different values among the few that count.
    fn different(&self, of: impl Fn(&Item) -> u64) -> usize {
        let mut seen = [0u64; FEW];
        let mut many = 0;
        for value in self.items.range(self.from..).map(of) {
            if many < FEW && !seen[..many].contains(&value) {
                seen[many] = value;
                many += 1;
            }
        }
        many
    }

    pub(super) fn units(&self) -> usize {
        self.counts.as_ref().map_or_else(|| self.different(|item| item.unit), |counts| counts.units.len())
    }

    pub(super) fn sources(&self) -> usize {
        self.counts.as_ref().map_or_else(|| self.different(|item| item.source), |counts| counts.sources.len())
    }

    pub(super) fn articles(&self) -> usize {
        self.counts.as_ref().map_or_else(|| self.different(|item| item.article), |counts| counts.articles.len())
    }

    pub(super) fn stories(&self) -> usize {
        self.counts.as_ref().map_or_else(|| self.different(|item| item.story), |counts| counts.stories.len())
    }

    /// Distinct units after `from` and up to `until`, in all that is kept.
    pub(super) fn units_between(&self, from: i64, until: i64) -> usize {
        let first = self.items.partition_point(|item| item.at <= from);
        let end = self.items.partition_point(|item| item.at <= until);
        let mut units: Vec<u64> = self.items.range(first..end.max(first)).map(|item| item.unit).collect();
        units.sort_unstable();
        units.dedup();
        units.len()
    }

    /// The tension index of what counts.
    pub(super) fn index(&self) -> f64 {
        let mut strongest: FxHashMap<u64, (f32, f32)> = FxHashMap::default();
        for item in self.items.range(self.from..) {
            let unit = strongest.entry(item.unit).or_default();
            *unit = (unit.0.max(item.escalating), unit.1.max(item.calming));
        }
        let mut tally = Tally::default();
        let mut stories: Vec<(f32, f32)> = strongest.into_values().collect();
        // The order of a sum shows in its last digits.
        stories.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        stories.into_iter().for_each(|(up, down)| tally.add(f64::from(up), f64::from(down), 1.0));
        index(tally)
    }
}
