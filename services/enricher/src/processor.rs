//! From an article's message to the records that are published of it.

use faultline_analysis::Analyzer;
use faultline_platform::{Message, Record, Rejected, consume::Processor, settings::Common, telemetry::TraceContext};
use faultline_schemas::{Article, Enriched, Event, header, topic};
use serde::Serialize;

use crate::{EnricherSettings, event, knowledge, knowledge::KnowledgeError};

/// Room for key and headers in a message.
const HEADER_ROOM: usize = 64 * 1024;

/// Reads tags out of articles.
pub struct EnrichProcessor {
    analyzer: &'static Analyzer,
    enriched_topic: String,
    events_topic: Option<String>,
    /// Largest value that can be published, in bytes.
    largest: usize,
}

impl EnrichProcessor {
    /// A processor with the knowledge that the settings name.
    ///
    /// # Errors
    /// When the lists of `knowledge_dir` cannot be used.
    pub fn new(common: &Common, settings: &EnricherSettings) -> Result<Self, KnowledgeError> {
        Ok(Self {
            analyzer: knowledge::analyzer(settings.knowledge_dir.as_deref())?,
            enriched_topic: common.topics.name(&topic::ENRICHED),
            events_topic: settings.events.then(|| common.topics.name(&topic::EVENTS)),
            largest: (common.kafka.message_max_bytes as usize).saturating_sub(HEADER_ROOM),
        })
    }

    fn record(
        &self,
        topic: &str,
        schema: &str,
        key: String,
        value: &impl Serialize,
        carried: &Carried<'_>,
    ) -> Result<Record, Rejected> {
        let payload = serde_json::to_vec(value)
            .map_err(|error| Rejected::new("not_serialisable", format!("failed to write {schema}: {error}")))?;
        if payload.len() > self.largest {
            return Err(Rejected::new(
                "enriched_too_large",
                format!(
                    "the tagged article takes {} bytes and a message holds {}: raise kafka.message_max_bytes and the topics' \
                     max.message.bytes, or lower producer.max_article_bytes",
                    payload.len(),
                    self.largest
                ),
            ));
        }
        let mut headers = vec![
            (header::SCHEMA.to_owned(), schema.to_owned()),
            (header::CONTENT_TYPE.to_owned(), header::JSON.to_owned()),
            (header::TRACEPARENT.to_owned(), carried.trace.child().to_string()),
        ];
        if let Some(fetched_at) = carried.fetched_at {
            headers.push((header::FETCHED_AT.to_owned(), fetched_at.to_owned()));
        }
        Ok(Record { topic: topic.to_owned(), key: key.into_bytes(), payload: Some(payload), headers })
    }
}

/// What goes from a message's headers to those of the messages made of it.
struct Carried<'a> {
    trace: TraceContext,
    fetched_at: Option<&'a str>,
}

impl Processor for EnrichProcessor {
    type Output = Vec<Record>;

    fn process(&self, message: &Message) -> Result<Vec<Record>, Rejected> {
        let article = read_article(message.payload.as_deref().unwrap_or_default())?;
        let (enriched, sentences) = self.analyzer.read(&article);
        let carried = Carried {
            trace: message.trace(),
            fetched_at: message.header(header::FETCHED_AT).or(article.fetched_at.as_deref()),
        };
        let key = article.id.clone();
        let mut records = vec![self.record(&self.enriched_topic, Enriched::SCHEMA, key, &enriched, &carried)?];
        if let Some(events_topic) = &self.events_topic {
            for event in event::messages(&enriched, &sentences) {
                records.push(self.record(events_topic, Event::SCHEMA, event.key(), &event, &carried)?);
            }
        }
        Ok(records)
    }
}

/// Reads an article from the value of a message.
///
/// # Errors
/// [`Rejected`] where it is not JSON, not an article, or has no text: other tools may write to the topic, too.
pub fn read_article(value: &[u8]) -> Result<Article, Rejected> {
    let article: Article = serde_json::from_slice(value).map_err(|error| {
        let (reason, what) = match error.classify() {
            serde_json::error::Category::Data => ("not_an_article", "not an article"),
            _ => ("not_json", "not JSON"),
        };
        Rejected::new(reason, format!("{what}: {error}"))
    })?;
    if article.text.trim().is_empty() {
        return Err(Rejected::new("empty_text", "the article has no text: map the field that holds it"));
    }
    if article.id.is_empty() {
        return Err(Rejected::new("no_id", "the article has no id: publish through faultline, which gives it one"));
    }
    Ok(article)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_article_is_refused_with_its_reason_and_place() {
        for (value, reason, says) in [
            (&b"{\"id\": \"a\", \"text\": "[..], "not_json", "line 1 column"),
            (b"plain words", "not_json", "line 1 column 1"),
            (b"\xff\xfe", "not_json", "line 1 column 1"),
            (b"[1]", "not_an_article", "not an article"),
            (b"{\"id\": \"a\"}", "not_an_article", "text"),
            (b"{\"id\": \"a\", \"text\": \" \\n \"}", "empty_text", "no text"),
            (b"{\"text\": \"words\"}", "no_id", "no id"),
            (b"", "not_json", "EOF"),
        ] {
            let rejected = read_article(value).expect_err("refused");
            assert_eq!(rejected.reason, reason, "{value:?}: {}", rejected.error);
            assert!(rejected.error.contains(says), "{value:?}: {}", rejected.error);
        }
    }

    #[test]
    fn unknown_fields_are_tolerated() {
        assert!(read_article(br#"{"id": "a", "text": "words", "from_the_future": [1]}"#).is_ok());
    }
}
