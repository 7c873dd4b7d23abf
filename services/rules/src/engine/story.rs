//! Reports of the same happening, in memory: the method of the store (`faultline_sink::stories`), by the same sketches.

use std::collections::VecDeque;
use std::sync::Arc;

use faultline_analysis::story::Sketch;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::seen::Seen;

/// Reports of the same happening appear within so many milliseconds of another one.
pub(super) const WINDOW_MS: i64 = 3 * 86_400_000;
/// Articles that are found under a word.
const SLOTS: usize = 16;

struct Report {
    at: i64,
    article: Arc<str>,
    sketch: Option<Sketch>,
    content: String,
    story: Arc<str>,
}

/// The reports of the last days.
#[derive(Default)]
pub(super) struct Stories {
    reports: FxHashMap<u64, Report>,
    next: u64,
    terms: FxHashMap<i64, VecDeque<u64>>,
    by_article: FxHashMap<Arc<str>, u64>,
    by_content: FxHashMap<String, u64>,
    /// In order of time.
    order: VecDeque<u64>,
}

impl Stories {
    /// The id of the story that an article tells: that of its first report. Articles come in order of time; one that comes again
    /// stays in its story.
    pub(super) fn tell(&mut self, seen: &Seen) -> Arc<str> {
        self.forget(seen.at - WINDOW_MS);
        let document = &*seen.document;
        if let Some(report) = self.by_article.get(&*document.article.id).and_then(|number| self.reports.get(number)) {
            return report.story.clone();
        }
        let article: Arc<str> = document.article.id.as_str().into();
        let story = self.nearest(seen).unwrap_or_else(|| article.clone());
        let number = self.next;
        self.next += 1;
        for term in seen.sketch.iter().flat_map(Sketch::terms) {
            let slots = self.terms.entry(term).or_default();
            slots.push_back(number);
            if slots.len() > SLOTS {
                slots.pop_front();
            }
        }
        let content = document.fingerprint.content.clone();
        self.by_article.insert(article.clone(), number);
        self.by_content.insert(content.clone(), number);
        self.order.push_back(number);
        self.reports.insert(
            number,
            Report { at: seen.at, article, sketch: seen.sketch.clone(), content, story: story.clone() },
        );
        story
    }

    fn nearest(&self, seen: &Seen) -> Option<Arc<str>> {
        let story_of = |number: &u64| self.reports.get(number).map(|report| report.story.clone());
        if let Some(story) = self.by_content.get(&seen.document.fingerprint.content).and_then(story_of) {
            return Some(story);
        }
        let sketch = seen.sketch.as_ref()?;
        let found: FxHashSet<u64> =
            sketch.terms().filter_map(|term| self.terms.get(&term)).flatten().copied().collect();
        let likeness = |number: u64| Some((sketch.likeness(self.reports.get(&number)?.sketch.as_ref()?)?, number));
        // Of equals the earlier.
        let best = found.into_iter().filter_map(likeness).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        best.and_then(|(_, number)| story_of(&number))
    }

    fn forget(&mut self, until: i64) {
        while let Some(number) = self.order.front().copied() {
            if self.reports.get(&number).is_some_and(|report| report.at >= until) {
                return;
            }
            self.order.pop_front();
            let Some(report) = self.reports.remove(&number) else { continue };
            self.by_article.remove(&report.article);
            if self.by_content.get(&report.content) == Some(&number) {
                self.by_content.remove(&report.content);
            }
            for term in report.sketch.iter().flat_map(Sketch::terms) {
                if let Some(slots) = self.terms.get_mut(&term) {
                    slots.retain(|other| *other != number);
                    if slots.is_empty() {
                        self.terms.remove(&term);
                    }
                }
            }
        }
    }
}
