//! An article as rules see it.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use faultline_analysis::story::{Counts, Sketch};
use faultline_analysis::words::{spans, with_stem};
use faultline_schemas::Enriched;

use crate::percolator::{Key, keys_of};
use crate::rules::{CodePoints, TermId, Vocabulary, marks};

/// An article, with what rules ask for worked out once.
#[derive(Debug)]
pub struct Seen {
    pub(crate) document: Arc<Enriched>,
    /// When it appeared, in milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) words: WordIndex,
    /// What posting lists are kept under, without repeats.
    pub(crate) keys: Vec<Key>,
    pub(crate) sketch: Option<Sketch>,
    /// What bytes of the text are found by, once they are asked for.
    marks: OnceCell<Option<Vec<u32>>>,
}

impl Seen {
    /// An article that appeared at `at`, in milliseconds since 1970.
    pub(crate) fn new(document: Arc<Enriched>, at: i64, vocabulary: &Vocabulary) -> Self {
        let title = document.article.title.as_deref().unwrap_or_default();
        let mut counts = Counts::default();
        let words = WordIndex::counting(title, &document.text, vocabulary, &mut counts);
        let sketch = Sketch::new(&document, &counts);
        let keys = keys_of(&document, &words);
        Self { document, at, words, keys, sketch, marks: OnceCell::new() }
    }

    /// When an article appeared, or else when it was taken in, in milliseconds since 1970.
    #[must_use]
    pub fn time_of(document: &Enriched) -> Option<i64> {
        let article = &document.article;
        let parse = |time: &Option<String>| time.as_deref()?.parse::<jiff::Timestamp>().ok();
        let (published, fetched) = (parse(&article.published_at), parse(&article.fetched_at));
        published.or(fetched).map(jiff::Timestamp::as_millisecond)
    }

    /// Places in the text.
    pub(crate) fn code_points(&self) -> CodePoints<'_> {
        CodePoints::new(&self.document.text, self.marks.get_or_init(|| marks(&self.document.text)).as_deref())
    }

    /// Countries that the article is about: of its actors, places and events.
    pub(crate) fn countries(&self) -> BTreeSet<&str> {
        countries(&self.document)
    }
}

/// As [`Seen::countries`].
pub(crate) fn countries(document: &Enriched) -> BTreeSet<&str> {
    let actors = document.actors.iter().filter_map(|actor| actor.country.as_deref());
    let places = document.places.iter().filter_map(|place| place.country.as_deref());
    let sides = document.events.iter().flat_map(|event| [&event.source, &event.target]).flatten();
    actors.chain(places).chain(sides.filter_map(|side| side.country.as_deref())).collect()
}

/// A word that some rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) term: TermId,
    /// Number of the word, those of the title first.
    pub(crate) word: u32,
    /// First byte in title or text.
    pub(crate) start: u32,
    /// One past its last byte.
    pub(crate) end: u32,
}

/// Where the words stand that rules ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordIndex {
    /// By term and place.
    hits: Vec<Hit>,
    /// Number of the text's first word.
    text_from: u32,
}

/// Words that are numbered over between title and text, so that nothing is near across the two.
const GAP: u32 = 1_000;

impl WordIndex {
    #[cfg(test)]
    pub(crate) fn new(title: &str, text: &str, vocabulary: &Vocabulary) -> Self {
        Self::counting(title, text, vocabulary, &mut Counts::default())
    }

    /// Counts the stems, too, as they come by.
    fn counting(title: &str, text: &str, vocabulary: &Vocabulary, counts: &mut Counts) -> Self {
        let mut hits = Vec::new();
        let mut read = |text: &str, from: u32, count: &mut dyn FnMut(&str)| {
            let mut number = from;
            for (start, end) in spans(text) {
                let word = &text[start..end];
                with_stem(word, |stem| {
                    count(stem);
                    vocabulary.terms_of(word, stem, |term| {
                        hits.push(Hit { term, word: number, start: start as u32, end: end as u32 });
                    });
                });
                number += 1;
            }
            number
        };
        let title_end = read(title, 0, &mut |stem| counts.add_title(stem));
        let text_from = title_end + GAP;
        read(text, text_from, &mut |stem| counts.add_body(stem));
        hits.sort_unstable();
        Self { hits, text_from }
    }

    /// Where a term stands, in order.
    pub(crate) fn of(&self, term: TermId) -> &[Hit] {
        let from = self.hits.partition_point(|hit| hit.term < term);
        let length = self.hits[from..].partition_point(|hit| hit.term == term);
        &self.hits[from..from + length]
    }

    /// Whether the word of that number is the term.
    pub(crate) fn has(&self, term: TermId, word: u32) -> bool {
        self.of(term).binary_search_by_key(&word, |hit| hit.word).is_ok()
    }

    /// The terms that stand somewhere, without repeats.
    pub(crate) fn terms(&self) -> impl Iterator<Item = TermId> + '_ {
        self.hits.chunk_by(|a, b| a.term == b.term).filter_map(|hits| hits.first()).map(|hit| hit.term)
    }

    /// Whether a word stands in the title.
    pub(crate) fn is_in_title(&self, word: u32) -> bool {
        word < self.text_from
    }

    /// Bytes of the words from `first` to `last`; none where no rule asks for them.
    pub(crate) fn bytes(&self, first: u32, last: u32) -> Option<(usize, usize)> {
        let at = |word: u32| self.hits.iter().find(|hit| hit.word == word);
        Some((at(first)?.start as usize, at(last)?.end as usize))
    }
}
