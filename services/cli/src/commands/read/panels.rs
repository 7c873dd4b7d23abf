//! What stands beside the text: why the score is what it is, who does what to whom, who appears, who said what.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use faultline_schemas::{Direction, Enriched, EventTag};

use crate::commands::show::reasons;
use crate::look::{arrow, escape, signal_words, spaced, word, words};

/// Longest words shown of a quotation, in characters.
const QUOTED: usize = 160;

/// A titled list; nothing where there are no items.
fn panel(title: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    format!("<section><h2>{title} <small>{}</small></h2><ul>{}</ul></section>\n", items.len(), items.concat())
}

fn link(number: usize, at: u32, text: &str) -> String {
    format!("<a href=\"#t{number}-{at}\">{}</a>", escape(text))
}

/// Every panel of the article.
pub(super) fn all(article: &Enriched, number: usize) -> String {
    [
        signals(article, number),
        dyads(article),
        events(article, number),
        actors(article, number),
        quotes(article, number),
        places(article, number),
    ]
    .concat()
}

fn signals(article: &Enriched, number: usize) -> String {
    let mut signals: Vec<_> = article.escalation.signals.iter().collect();
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let item = |signal: &&faultline_schemas::Signal| {
        let said = signal_words(article, signal);
        let said = if signal.in_title { escape(&said) } else { link(number, signal.span.start, &said) };
        format!(
            "<li><b class=\"{}\">{} {:.2}</b> {} <q>{said}</q></li>",
            direction_class(Some(signal.direction)),
            arrow(signal.direction).0,
            signal.weight,
            escape(&spaced(&signal.category))
        )
    };
    panel("Why", &signals.iter().map(item).collect::<Vec<_>>())
}

fn direction_class(direction: Option<Direction>) -> &'static str {
    match direction {
        Some(Direction::Escalation) => "rises",
        Some(Direction::DeEscalation) => "calms",
        None => "",
    }
}

/// Who acts on whom, over all events between the two: how many, and their mean on Goldstein's scale.
fn dyads(article: &Enriched) -> String {
    let mut pairs: BTreeMap<String, (u32, f32)> = BTreeMap::new();
    for event in article.events.iter().filter(|event| event.source.is_some() && event.target.is_some()) {
        let (count, sum) = pairs.entry(reasons::sides(article, event)).or_default();
        *count += 1;
        *sum += event.goldstein;
    }
    let mut pairs: Vec<(String, (u32, f32))> = pairs.into_iter().collect();
    pairs.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let item = |(sides, (count, sum)): &(String, (u32, f32))| {
        let mean = sum / *count as f32;
        let class = if mean < 0.0 { "rises" } else { "calms" };
        let what = if *count == 1 { "event" } else { "events" };
        format!("<li><b class=\"{class}\">{mean:+.1}</b> {} <small>{count} {what}</small></li>", escape(sides))
    };
    panel("Dyads", &pairs.iter().map(item).collect::<Vec<_>>())
}

fn events(article: &Enriched, number: usize) -> String {
    let item = |event: &EventTag| {
        format!(
            "<li><b class=\"{}\">{}</b> {}: {}<br><small>{}</small></li>",
            direction_class(event.direction),
            event.direction.map_or('·', |direction| arrow(direction).0),
            escape(&reasons::sides(article, event)),
            link(number, event.trigger.start, &words(&article.text, event.trigger.start, event.trigger.end)),
            escape(&reasons::coded(event))
        )
    };
    panel("Events", &article.events.iter().map(item).collect::<Vec<_>>())
}

fn actors(article: &Enriched, number: usize) -> String {
    let mut items = Vec::new();
    for (position, actor) in article.actors.iter().enumerate() {
        let mut facts = vec![word(&actor.kind)];
        facts.extend(actor.country.clone());
        facts.extend(actor.sectors.iter().cloned());
        let first = actor.mentions.first().map_or(0, |mention| mention.start);
        let mut item = String::new();
        write!(
            item,
            "<li class=\"actor-line a{position}\"><b>{}</b> <small>{}</small> <span class=\"{}\">{:+.2}</span>\
             <meter min=\"0\" max=\"1\" value=\"{:.3}\" title=\"share of the article's attention\"></meter></li>",
            link(number, first, &actor.name),
            escape(&facts.join(" ")),
            word(&actor.sentiment.label),
            actor.sentiment.score,
            actor.salience
        )
        .ok();
        items.push(item);
    }
    panel("Actors", &items)
}

fn quotes(article: &Enriched, number: usize) -> String {
    let item = |quote: &faultline_schemas::Quote| {
        let said = words(&article.text, quote.content.start, quote.content.end);
        let said = if said.chars().count() > QUOTED {
            format!("{}…", said.chars().take(QUOTED).collect::<String>().trim_end())
        } else {
            said
        };
        format!(
            "<li><b>{}</b> <span class=\"{}\">{:+.2}</span> <q>{}</q></li>",
            escape(&reasons::speaker(article, quote).unwrap_or_else(|| "somebody".to_owned())),
            word(&quote.sentiment.label),
            quote.sentiment.score,
            link(number, quote.content.start, &said)
        )
    };
    panel("Quotes", &article.quotes.iter().map(item).collect::<Vec<_>>())
}

fn places(article: &Enriched, number: usize) -> String {
    let item = |place: &faultline_schemas::Place| {
        let first = place.mentions.first().map_or(0, |mention| mention.start);
        let country = place.country.as_deref().unwrap_or_default();
        format!("<li>{} <small>{}</small></li>", link(number, first, &place.name), escape(country))
    };
    panel("Places", &article.places.iter().map(item).collect::<Vec<_>>())
}
