//! Finding the earliest article that a new one nearly repeats.

use faultline_schemas::Fingerprint;
use rustc_hash::FxHashMap;

use crate::fingerprint::{BINS, Signature, from_hex, similarity};

/// Bins in a band: two texts are compared when all bins of one band agree.
const ROWS: usize = 4;
const BANDS: usize = BINS / ROWS;

/// Remembers fingerprints and names near repeats, by locality-sensitive hashing with bands (P. Indyk and R. Motwani, STOC
/// 1998): 32 bands of 4 bins find a pair of similarity 0.5 in 87 and of 0.6 in 99 of 100 cases.
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
    articles: Vec<(String, Option<Signature>)>,
    /// Earliest article by band and its bins.
    bands: FxHashMap<(u8, u64), u32>,
    by_content: FxHashMap<String, u32>,
}

impl Deduplicator {
    /// Texts at least this similar (Jaccard, of shingles of three words) count as near repeats.
    pub const THRESHOLD: f32 = 0.5;

    /// An empty memory of at most `capacity` articles.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { half: (capacity / 2).max(1), older: Generation::default(), newer: Generation::default() }
    }

    /// Remembers an article, and gives the id of the earliest one that it nearly repeats. A later revision of the same
    /// article, by its id, is no repeat.
    pub fn observe(&mut self, id: &str, fingerprint: &Fingerprint) -> Option<String> {
        let signature = from_hex(&fingerprint.minhash);
        let earlier = [&self.older, &self.newer]
            .into_iter()
            .find_map(|generation| generation.earliest(id, fingerprint, signature.as_ref()))
            .map(str::to_owned);
        if self.newer.articles.len() >= self.half {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.remember(id, fingerprint, signature);
        earlier
    }
}

impl Generation {
    fn earliest(&self, id: &str, fingerprint: &Fingerprint, signature: Option<&Signature>) -> Option<&str> {
        let same = self.by_content.get(&fingerprint.content).copied().filter(|n| self.articles[*n as usize].0 != id);
        let mut best = same;
        if let Some(signature) = signature {
            for (band, key) in band_keys(signature) {
                let Some(candidate) = self.bands.get(&(band, key)).copied() else { continue };
                let (candidate_id, other) = &self.articles[candidate as usize];
                let near = other.as_ref().is_some_and(|o| similarity(signature, o) >= Deduplicator::THRESHOLD);
                if near && candidate_id != id && best.is_none_or(|b| candidate < b) {
                    best = Some(candidate);
                }
            }
        }
        best.map(|number| self.articles[number as usize].0.as_str())
    }

    fn remember(&mut self, id: &str, fingerprint: &Fingerprint, signature: Option<Signature>) {
        let number = self.articles.len() as u32;
        self.by_content.entry(fingerprint.content.clone()).or_insert(number);
        for (band, key) in signature.iter().flat_map(band_keys) {
            self.bands.entry((band, key)).or_insert(number);
        }
        self.articles.push((id.to_owned(), signature));
    }
}

fn band_keys(signature: &Signature) -> impl Iterator<Item = (u8, u64)> + use<'_> {
    (0..BANDS as u8)
        .zip(signature.chunks_exact(ROWS))
        .map(|(band, bins)| (band, bins.iter().fold(0u64, |key, bin| key << 16 | u64::from(*bin))))
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
