//! The words that rules ask for, numbered.

use faultline_analysis::{story, words};
use rustc_hash::{FxHashMap, FxHashSet};

/// Number of a word that a rule asks for.
pub(crate) type TermId = u32;

/// Letters that a word with `*` must begin with.
pub(super) const LEAST_PREFIX: usize = 3;

/// All words that rules ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    stems: FxHashMap<String, TermId>,
    exact: FxHashMap<String, TermId>,
    /// By their first letters.
    prefixes: FxHashMap<String, Vec<(String, TermId)>>,
    /// First letters of those, as they may stand in a text.
    initials: FxHashSet<char>,
    /// In what share of articles each may stand.
    shares: Vec<f32>,
}

impl Vocabulary {
    fn number(shares: &mut Vec<f32>, share: f32) -> TermId {
        shares.push(share);
        (shares.len() - 1) as TermId
    }

    /// A word in any form; none where it holds no letter or digit.
    pub(super) fn stem(&mut self, word: &str) -> Option<TermId> {
        let stem = words::with_stem(word, str::to_owned);
        if stem.is_empty() {
            return None;
        }
        let share = story::share_of(&stem);
        let shares = &mut self.shares;
        Some(*self.stems.entry(stem).or_insert_with(|| Self::number(shares, share)))
    }

    /// A word exactly so.
    pub(super) fn exact(&mut self, word: &str) -> TermId {
        let share = words::with_stem(word, story::share_of);
        let shares = &mut self.shares;
        *self.exact.entry(word.to_owned()).or_insert_with(|| Self::number(shares, share))
    }

    /// Words that begin so, folded; at least [`LEAST_PREFIX`] letters.
    pub(super) fn prefix(&mut self, start: &str) -> TermId {
        let folded = words::fold(start);
        self.initials.extend(folded.chars().next().into_iter().flat_map(|c| c.to_uppercase().chain([c])));
        let key: String = folded.chars().take(LEAST_PREFIX).collect();
        let known = self.prefixes.entry(key).or_default();
        if let Some((_, number)) = known.iter().find(|(prefix, _)| *prefix == folded) {
            return *number;
        }
        let number = Self::number(&mut self.shares, 0.02);
        known.push((folded, number));
        number
    }

    /// Calls `each` with every term that a word of a text is, given its stem.
    pub(crate) fn terms_of(&self, word: &str, stem: &str, mut each: impl FnMut(TermId)) {
        if let Some(term) = self.stems.get(stem) {
            each(*term);
        }
        if !self.exact.is_empty()
            && let Some(term) = self.exact.get(word)
        {
            each(*term);
        }
        // Accents of a first letter are folded away: such words are looked at more closely, too.
        let may_begin = |first: char| self.initials.contains(&first) || !first.is_ascii();
        if !self.prefixes.is_empty() && word.chars().next().is_some_and(may_begin) {
            let folded = words::fold(word);
            let key: String = folded.chars().take(LEAST_PREFIX).collect();
            let known = self.prefixes.get(&key).into_iter().flatten();
            known.filter(|(prefix, _)| folded.starts_with(&**prefix)).for_each(|(_, term)| each(*term));
        }
    }

    /// In what share of articles a term may stand, 0 to 1.
    pub(crate) fn share_of(&self, term: TermId) -> f32 {
        self.shares.get(term as usize).copied().unwrap_or(1.0)
    }
}
