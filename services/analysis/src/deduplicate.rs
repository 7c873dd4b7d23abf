//! Finding the earliest article that a new one nearly repeats.

use faultline_schemas::Fingerprint;
use rustc_hash::FxHashMap;

use crate::fingerprint::Print;

/// Remembers prints and names near repeats.
///
/// It remembers between half and all of `capacity` articles; older ones are forgotten.
///
/// ```
/// use faultline_analysis::{Analyzer, Deduplicator};
/// use faultline_schemas::Article;
/// let text = "Leaders of both sides met in Brussels on Thursday and agreed to hold another round next week.";
/// let article = Article { id: "a".into(), text: text.into(), ..Article::default() };
/// let print = Analyzer::bundled().enrich(&article).fingerprint;
/// let mut seen = Deduplicator::new(1000);
/// assert_eq!(seen.observe("a", &print), None);
/// assert_eq!(seen.observe("b", &print).as_deref(), Some("a"));
/// ```
#[derive(Debug)]
pub struct Deduplicator {
    half: usize,
    older: Generation,
    newer: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    articles: Vec<(String, Print)>,
    /// Earliest article by band.
    bands: FxHashMap<u64, u32>,
}

impl Deduplicator {
    /// An empty memory of at most `capacity` articles.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { half: (capacity / 2).max(1), older: Generation::default(), newer: Generation::default() }
    }

    /// Remembers an article, and gives the id of the earliest one that it nearly repeats. A later revision of the same
    /// article, by its id, is no repeat.
    pub fn observe(&mut self, id: &str, fingerprint: &Fingerprint) -> Option<String> {
        let print = Print::new(fingerprint, "");
        let earlier = [&self.older, &self.newer]
            .into_iter()
            .find_map(|generation| generation.earliest(id, &print))
            .map(str::to_owned);
        if self.newer.articles.len() >= self.half {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.remember(id, print);
        earlier
    }
}

impl Generation {
    fn earliest(&self, id: &str, print: &Print) -> Option<&str> {
        let known = print.bands().into_iter().filter_map(|band| self.bands.get(&band).copied());
        let near = known.filter(|number| {
            let (other_id, other) = &self.articles[*number as usize];
            other_id != id && print.is_near(other)
        });
        near.min().map(|number| self.articles[number as usize].0.as_str())
    }

    fn remember(&mut self, id: &str, print: Print) {
        let number = self.articles.len() as u32;
        for band in print.bands() {
            self.bands.entry(band).or_insert(number);
        }
        self.articles.push((id.to_owned(), print));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Analyzer;
    use faultline_schemas::Article;

    fn print(text: &str) -> Fingerprint {
        Analyzer::bundled().enrich(&Article { text: text.to_owned(), ..Article::default() }).fingerprint
    }

    fn story(changed: usize) -> String {
        (0..300).map(|n| if n < changed { format!("other{n} ") } else { format!("word{n} ") }).collect()
    }

    #[test]
    fn a_near_repeat_names_the_earliest_of_its_kind() {
        let mut seen = Deduplicator::new(100);
        assert_eq!(seen.observe("first", &print(&story(0))), None);
        assert_eq!(seen.observe("second", &print(&story(10))).as_deref(), Some("first"));
        assert_eq!(seen.observe("third", &print(&story(20))).as_deref(), Some("first"));
        assert_eq!(seen.observe("unlike", &print(&story(290))), None);
    }

    #[test]
    fn a_revision_of_the_same_article_is_no_repeat() {
        let mut seen = Deduplicator::new(100);
        assert_eq!(seen.observe("a", &print(&story(0))), None);
        assert_eq!(seen.observe("a", &print(&story(5))), None);
        assert_eq!(seen.observe("a", &print(&story(5))), None);
    }

    #[test]
    fn texts_too_short_for_a_signature_repeat_only_exactly() {
        let mut seen = Deduplicator::new(100);
        assert_eq!(seen.observe("a", &print("Talks resumed.")), None);
        assert_eq!(seen.observe("b", &print("Talks resumed.")).as_deref(), Some("a"));
        assert_eq!(seen.observe("c", &print("Talks ended.")), None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_are_forgotten() {
        let mut seen = Deduplicator::new(4);
        assert_eq!(seen.observe("old", &print("old text")), None);
        for n in 0..6 {
            assert_eq!(seen.observe(&format!("n{n}"), &print(&format!("text {n}"))), None);
        }
        assert_eq!(seen.observe("again", &print("old text")), None);
        assert!(seen.newer.articles.len() + seen.older.articles.len() <= 4);
    }
}
