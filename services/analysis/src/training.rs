//! For the programs in `training/` alone: what a model sees of a text, and an analyzer with a model of theirs.

use faultline_schemas::{Article, TargetSpan};

use crate::Analyzer;
use crate::actors::{Chain, Clusters, FEATURES, Found, LABELS, NameLabel, NamesModel, name_chains, names_to_bytes};
use crate::knowledge::{Knowledge, KnowledgeFiles};
use crate::reading::Reading;
use crate::sentiment::{SentimentModel, key_of_word};
use crate::text::{Document, normalise, stable_hash};

/// Features of one token: rows of the weight table.
pub type NameFeatures = [u32; FEATURES];
/// How many labels a token may have: outside, and first and later token of a person, organisation, location, other name.
pub const NAME_LABELS: usize = LABELS;

/// Tokens in a row that may belong to names.
pub struct NameChain {
    /// Code points of each token: first, and one past the last.
    pub spans: Vec<(u32, u32)>,
    /// Features of each token.
    pub features: Vec<NameFeatures>,
}

impl Analyzer {
    /// The bundled knowledge with a model of names in the place of the bundled one.
    ///
    /// # Panics
    /// Where the bytes are no model.
    #[must_use]
    pub fn with_names(model: &[u8]) -> Self {
        let mut knowledge = Knowledge::load(&KnowledgeFiles::bundled()).0;
        knowledge.names = NamesModel::from_bytes(model).expect("a model of names");
        Self { knowledge }
    }

    /// The bundled knowledge without the model of sentiment: nobody is spoken well or ill of, no word has a spread tone.
    #[must_use]
    pub fn without_sentiment_model() -> Self {
        let mut knowledge = Knowledge::load(&KnowledgeFiles::bundled()).0;
        knowledge.sentiment = SentimentModel::blank();
        Self { knowledge }
    }

    /// Every chain of the text, as the tagger reads it.
    #[must_use]
    pub fn name_chains(&self, text: &str, clusters: &WordClusters) -> Vec<NameChain> {
        let document = Document::read(text, &self.knowledge.vocabulary);
        let matches = self.knowledge.lexicon.find_all(&document);
        let mut chains = Vec::new();
        name_chains(&document, &self.knowledge, &matches, &clusters.clusters, |chain: &Chain| {
            let tokens = &document.tokens[chain.first..chain.first + chain.features.len()];
            let spans = tokens.iter().map(|token| (token.char_start, token.char_end)).collect();
            chains.push(NameChain { spans, features: chain.features.clone() });
        });
        chains
    }
}

/// Whether a token of label `to` may stand after one of label `from`.
#[must_use]
pub fn name_may_follow(to: u8, from: u8) -> bool {
    NameLabel(to).may_follow(NameLabel(from))
}

/// A model file: steps from label by to label, and weights by row, then label.
#[must_use]
pub fn names_file(steps: &[[f32; NAME_LABELS]; NAME_LABELS], weights: &[f32], words: &WordClusters) -> Vec<u8> {
    names_to_bytes(steps, weights, &words.words)
}

/// Words that are used alike.
pub struct WordClusters {
    words: Vec<(u32, u8)>,
    clusters: Clusters,
}

impl WordClusters {
    /// From words and their clusters; of words that fall together, the first counts.
    pub fn new<'w>(words: impl Iterator<Item = (&'w str, u8)>) -> Self {
        let mut normal = String::new();
        let hashed = words.map(|(word, cluster)| {
            normalise(word, &mut normal);
            (stable_hash(normal.as_bytes()) as u32, cluster)
        });
        let mut words: Vec<(u32, u8)> = hashed.collect();
        words.sort_by_key(|(hash, _)| *hash);
        words.dedup_by_key(|(hash, _)| *hash);
        let clusters = Clusters::new(words.iter().copied());
        Self { words, clusters }
    }
}

/// Rows of the weight table.
pub const NAME_ROWS: usize = crate::actors::NAME_ROWS;

/// What the model of sentiment sees of one unit of a sentence: its key, its signs, and its distance, company and speech.
pub type SentimentUnit = (u32, [f32; 6], [u8; 3]);

impl Analyzer {
    /// What the model of sentiment sees for each target of the article.
    #[must_use]
    pub fn sentiment_lessons(&self, article: &Article) -> Vec<Vec<SentimentUnit>> {
        let reading = Reading::new(&self.knowledge, article);
        let lesson = |target: &TargetSpan| {
            let units = reading.lesson(*target).into_iter();
            units.map(|(key, signs, place)| (key, signs, [place.distance, place.company, place.speech])).collect()
        };
        article.targets.iter().map(lesson).collect()
    }

    /// Code points of the first mentions of the article's actors that sentences of the story hold, at most `limit`.
    #[must_use]
    pub fn mention_spans(&self, article: &Article, limit: usize) -> Vec<TargetSpan> {
        let reading = Reading::new(&self.knowledge, article);
        let document = &reading.document;
        let mentions = reading.cast.found.iter().filter(|found| found.actor.is_some());
        let told = mentions.filter(|found| !document.sentences[found.sentence].is_boilerplate);
        let span = |found: &Found| document.span(found.first, found.end);
        told.take(limit).map(span).map(|span| TargetSpan { start: span.start, end: span.end }).collect()
    }
}

/// Key of a word in the model of sentiment.
#[must_use]
pub fn sentiment_key(word: &str) -> u32 {
    let mut normal = String::new();
    normalise(word, &mut normal);
    key_of_word(stable_hash(normal.as_bytes()))
}
