//! What holds of the tags of any text, for the property tests and for the fuzz target.

use faultline_schemas::{Enriched, Mention, Span};

/// Panics where a tag lies outside its text, or says other words than stand there. `title_length` is in code points.
pub(crate) fn check(enriched: &Enriched, title_length: u32) {
    let chars: Vec<char> = enriched.text.chars().collect();
    let length = chars.len() as u32;
    let inside = |span: &Span| span.start <= span.end && span.end <= length;
    let mentions = |all: &[Mention]| {
        for mention in all {
            let words: String = chars[mention.start as usize..mention.end as usize].iter().collect();
            assert_eq!(words, mention.text);
            assert!(!mention.text.is_empty());
        }
    };
    for actor in &enriched.actors {
        mentions(&actor.mentions);
        assert!(!actor.mentions.is_empty() && !actor.id.is_empty(), "{actor:?}");
        assert!((0.0..=1.0).contains(&actor.salience));
    }
    enriched.places.iter().for_each(|place| mentions(&place.mentions));
    for quote in &enriched.quotes {
        let spans = [Some(quote.content), quote.cue, quote.source];
        assert!(spans.iter().flatten().all(inside), "{quote:?}");
        let speaks = |id: &String| enriched.actors.iter().any(|actor| actor.id == *id);
        assert!(quote.speaker.iter().all(speaks), "{quote:?}");
    }
    for event in &enriched.events {
        assert!(inside(&event.trigger));
        assert!(event.mentions.iter().all(|mention| inside(&mention.trigger)), "{event:?}");
        for side in [&event.source, &event.target].into_iter().flatten() {
            assert!(side.span.iter().all(inside));
            assert!(side.actor.iter().all(|id| enriched.actors.iter().any(|actor| actor.id == *id)), "{side:?}");
        }
    }
    for signal in &enriched.escalation.signals {
        let bound = if signal.in_title { title_length } else { length };
        assert!(signal.span.start < signal.span.end && signal.span.end <= bound, "{signal:?}");
        assert!(signal.weight > 0.0 && signal.weight <= 1.0);
    }
    assert!((0.0..=1.0).contains(&enriched.escalation.score));
    assert!((-1.0..=1.0).contains(&enriched.sentiment.score));
}
