//! The way from an article to its tags.

use std::ops::Range;
use std::sync::OnceLock;

use faultline_schemas::{Article, ArticleInfo, Enriched, Provenance, Sentiment};

use crate::escalation::escalation;
use crate::events::events;
use crate::fingerprint::fingerprint;
use crate::knowledge::{Knowledge, KnowledgeFiles, Problem};
use crate::quotes::quotes;
use crate::reading::Reading;

/// Reads tags out of articles. Made once, shared by all threads.
pub struct Analyzer {
    pub(crate) knowledge: Knowledge,
}

impl Analyzer {
    /// The analyzer with the knowledge compiled into this crate, made on first use.
    pub fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<Analyzer> = OnceLock::new();
        // A test holds that the bundled files have no bad entries; if one slips through, it is left out.
        BUNDLED.get_or_init(|| Self { knowledge: Knowledge::load(&KnowledgeFiles::bundled()).0 })
    }

    /// An analyzer with other knowledge.
    ///
    /// # Errors
    /// Every bad entry, with its file and line.
    pub fn with_knowledge(files: &KnowledgeFiles) -> Result<Self, Vec<Problem>> {
        let (knowledge, problems) = Knowledge::load(files);
        if problems.is_empty() { Ok(Self { knowledge }) } else { Err(problems) }
    }

    /// Every tag of the article. Pure: the same article and knowledge give the same tags. Never panics; time is linear in
    /// the length of the text. Languages other than English get names, places and fingerprints, and neutral tone.
    #[must_use]
    pub fn enrich(&self, article: &Article) -> Enriched {
        self.tags(article, &Reading::new(&self.knowledge, article))
    }

    /// As [`Analyzer::enrich`], with the sentences that events are numbered by: bytes of the article's text.
    #[must_use]
    pub fn read(&self, article: &Article) -> (Enriched, Vec<Range<usize>>) {
        let reading = Reading::new(&self.knowledge, article);
        (self.tags(article, &reading), reading.document.sentence_bytes())
    }

    fn tags(&self, article: &Article, reading: &Reading<'_>) -> Enriched {
        let words = reading.document.word_count();
        let (quotes, events) = (quotes(reading), events(reading, &article.id));
        let escalation = escalation(reading.signals(&events), words);
        Enriched {
            schema: Enriched::SCHEMA.to_owned(),
            article: info(article, reading.language.clone(), words),
            text: article.text.clone(),
            sentiment: Sentiment::from_score(reading.tone(escalation.score)),
            targets: article.targets.iter().map(|target| reading.target(*target)).collect(),
            actors: reading.actors(&quotes, &events),
            places: reading.cast.finish_places(&reading.document, &self.knowledge),
            quotes,
            events,
            escalation,
            fingerprint: fingerprint(&article.text, &reading.document),
            provenance: Provenance {
                analyzer: env!("CARGO_PKG_VERSION").to_owned(),
                knowledge: self.knowledge.hash.clone(),
            },
        }
    }

    #[cfg(test)]
    pub(crate) fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }
}

fn info(article: &Article, language: Option<String>, words: u32) -> ArticleInfo {
    ArticleInfo {
        id: article.id.clone(),
        revision: article.revision.clone(),
        url: article.url.clone(),
        source: article.source.clone(),
        title: article.title.clone(),
        authors: article.authors.clone(),
        published_at: article.published_at.clone(),
        fetched_at: article.fetched_at.clone(),
        language,
        feed: article.feed.clone(),
        words,
        partial: article.partial,
    }
}
