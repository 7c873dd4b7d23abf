//! The articles that are measured with.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use anyhow::Context as _;
use faultline_platform::{Record, telemetry::TraceContext};
use faultline_producer::{
    FieldSettings, Format, Intake, ProducerSettings,
    reader::{Entries, ReadOptions},
};
use faultline_schemas::{Article, Enriched, header, topic};
use faultline_tests::shared;
use serde::Serialize;

/// How many articles the demo's are repeated to.
const ENOUGH: usize = 6_000;

/// Articles as the producer takes them in.
pub(crate) struct Corpus {
    pub(crate) articles: Vec<Article>,
    /// What they are, for the reader of the figures.
    pub(crate) origin: String,
}

impl Corpus {
    /// At most `most` articles, spread over the corpus.
    pub(crate) fn load(most: usize) -> anyhow::Result<Self> {
        let (mut articles, name) = match shared::file("eval/data/corpus/articles.jsonl") {
            Some(path) => (read(&path)?, "the corpus in ../shared"),
            None => {
                let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/cli/demo/articles.jsonl");
                (repeated(&read(&demo)?, ENOUGH), "the demo's articles, REPEATED under new addresses")
            }
        };
        let step = articles.len().div_ceil(most).max(1);
        if step > 1 {
            articles = articles.into_iter().step_by(step).collect();
        }
        anyhow::ensure!(!articles.is_empty(), "no articles to measure with");
        let characters: usize = articles.iter().map(|article| article.text.len()).sum();
        let origin = format!("{} articles of {} bytes on average: {name}", articles.len(), characters / articles.len());
        Ok(Self { articles, origin })
    }
}

/// What the producer would take in of a file.
fn read(path: &Path) -> anyhow::Result<Vec<Article>> {
    let limit = ProducerSettings::default().max_article_bytes;
    let fields = FieldSettings::default();
    let limits = (limit as usize, limit as usize);
    let options = ReadOptions { format: Format::Auto, fields: &fields, entry_limit: limits.0, page_limit: limits.1 };
    let mut entries = Entries::open(path, (0, 0), options, &Arc::new(AtomicU64::new(0)))
        .with_context(|| format!("failed to read {}", path.display()))?;
    let intake = Intake::new(FieldSettings::default(), limit);
    let mut articles = Vec::new();
    while let Some(entry) = entries.read_entry()? {
        // The demo has broken articles on purpose.
        if let Ok(taken) = intake.read(&entry, jiff::Timestamp::now()) {
            articles.push(taken.article);
        }
    }
    Ok(articles)
}

fn repeated(articles: &[Article], enough: usize) -> Vec<Article> {
    let repeats = enough.div_ceil(articles.len().max(1));
    (0..repeats).flat_map(|repeat| articles.iter().map(move |article| copy(article, repeat))).collect()
}

/// The same article under another id and address.
pub(crate) fn copy(article: &Article, number: usize) -> Article {
    let mut copy = article.clone();
    copy.id = format!("{}-{number}", article.id);
    copy.url = article.url.as_ref().map(|url| format!("{url}#{number}"));
    copy
}

/// An article's message, as the producer publishes it.
pub(crate) fn article_record(topic: &str, article: &Article) -> anyhow::Result<Record> {
    record(topic, topic::ARTICLES.schema, &article.id, article, article.fetched_at.as_deref())
}

/// A tagged article's message, as the enricher publishes it.
pub(crate) fn enriched_record(topic: &str, enriched: &Enriched) -> anyhow::Result<Record> {
    let article = &enriched.article;
    record(topic, topic::ENRICHED.schema, &article.id, enriched, article.fetched_at.as_deref())
}

fn record(
    topic: &str,
    schema: &str,
    key: &str,
    value: &impl Serialize,
    fetched_at: Option<&str>,
) -> anyhow::Result<Record> {
    let mut headers = vec![
        (header::SCHEMA.to_owned(), schema.to_owned()),
        (header::CONTENT_TYPE.to_owned(), header::JSON.to_owned()),
        (header::TRACEPARENT.to_owned(), TraceContext::new_root().to_string()),
    ];
    headers.extend(fetched_at.map(|at| (header::FETCHED_AT.to_owned(), at.to_owned())));
    let payload = Some(serde_json::to_vec(value)?);
    Ok(Record { topic: topic.to_owned(), key: key.as_bytes().to_vec(), payload, headers })
}
