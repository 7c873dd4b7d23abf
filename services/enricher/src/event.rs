//! The events of an article, as messages of their own.
//!
//! Only events whose two sides are known go to the topic: it is for those who follow pairs. The others stay in the
//! enriched article.

use std::ops::Range;

use faultline_schemas::{Enriched, Event, Participant};

/// One message for each event of the article whose two sides are known, in its order. `sentences` are the bytes of the
/// article's sentences.
pub(crate) fn messages(enriched: &Enriched, sentences: &[Range<usize>]) -> Vec<Event> {
    let sentence = |number: u32| {
        let bytes = sentences.get(number as usize).cloned().unwrap_or_default();
        enriched.text.get(bytes).unwrap_or_default().to_owned()
    };
    let name_of = |side: Option<&Participant>| {
        let id = side?.actor.as_deref()?;
        Some(enriched.actors.iter().find(|actor| actor.id == id)?.name.clone())
    };
    enriched
        .events
        .iter()
        .filter(|tag| [&tag.source, &tag.target].iter().all(|side| side.as_ref().is_some_and(is_known)))
        .map(|tag| Event {
            schema: Event::SCHEMA.to_owned(),
            article: enriched.article.id.clone(),
            revision: enriched.article.revision.clone(),
            url: enriched.article.url.clone(),
            outlet: enriched.article.source.clone(),
            published_at: enriched.article.published_at.clone(),
            fetched_at: enriched.article.fetched_at.clone(),
            sentence_text: sentence(tag.sentence),
            source_name: name_of(tag.source.as_ref()),
            target_name: name_of(tag.target.as_ref()),
            tag: tag.clone(),
        })
        .collect()
}

fn is_known(side: &Participant) -> bool {
    side.actor.is_some() || side.country.is_some()
}

#[cfg(test)]
mod tests {
    use faultline_analysis::Analyzer;
    use faultline_schemas::Article;

    use super::*;

    #[test]
    fn an_event_carries_the_sentence_that_tells_it() {
        let text = "Talks went on for hours — calmly. Serbia threatened Kosovo with military intervention on Monday. It rained.";
        let article = Article { id: "a".into(), text: text.into(), ..Article::default() };
        let (enriched, sentences) = Analyzer::bundled().read(&article);
        let messages = messages(&enriched, &sentences);
        assert!(messages.len() <= enriched.events.len());
        assert!(messages.iter().all(|event| event.tag.source.is_some() && event.tag.target.is_some()));
        let threat = messages.iter().find(|event| event.key() == "SRB-XKX").expect("Serbia to Kosovo");
        assert_eq!(threat.sentence_text, "Serbia threatened Kosovo with military intervention on Monday.");
        assert_eq!(threat.source_name.as_deref(), Some("Serbia"));
    }
}
