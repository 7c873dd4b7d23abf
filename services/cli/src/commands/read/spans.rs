//! A text with its tags as HTML: every stretch under the same tags is one element that says why it is tagged.

use std::fmt::Write as _;

use faultline_schemas::{Direction, Enriched, Mention, Signal};

use crate::commands::show::reasons;
use crate::look::{escape, spaced, word};

/// A tag on code points `start..end`.
pub(super) struct Tag {
    start: u32,
    end: u32,
    /// Classes of its element.
    class: String,
    /// What hovering says.
    why: String,
}

/// Every tag of the article's text.
pub(super) fn of_text(article: &Enriched) -> Vec<Tag> {
    let mut tags = Vec::new();
    for quote in &article.quotes {
        let speaker = reasons::speaker(article, quote).unwrap_or_else(|| "somebody".to_owned());
        let why = format!("said by {speaker}, tone {:+.2}", quote.sentiment.score);
        tags.push(Tag { start: quote.content.start, end: quote.content.end, class: "quote".to_owned(), why });
    }
    for place in &article.places {
        let country = place.country.as_deref().map_or_else(String::new, |country| format!(", {country}"));
        let at = match (place.latitude, place.longitude) {
            (Some(latitude), Some(longitude)) => format!(", {latitude:.2} {longitude:.2}"),
            _ => String::new(),
        };
        let why = format!("place: {}{country}{at}", place.name);
        tags.extend(place.mentions.iter().map(|m| mention(m, "place".to_owned(), why.clone())));
    }
    for (number, actor) in article.actors.iter().enumerate() {
        let mut facts = vec![word(&actor.kind)];
        facts.extend(actor.country.clone());
        facts.extend(actor.sectors.iter().cloned());
        let why = format!("{}: {}, tone {:+.2} towards it", actor.name, facts.join(" "), actor.sentiment.score);
        for found in &actor.mentions {
            let how = match (found.metonymic, found.coreference) {
                (true, _) => "\na place that stands for its government or people",
                (_, true) => "\na description or pronoun that stands for it",
                _ => "",
            };
            tags.push(mention(found, format!("actor a{number}"), format!("{why}{how}")));
        }
    }
    for event in &article.events {
        let why = format!("event: {}\n{}", reasons::sides(article, event), reasons::coded(event));
        let again = event.mentions.iter().map(|mention| (mention.trigger, format!("{why}\ntold again")));
        for (trigger, why) in std::iter::once((event.trigger, why.clone())).chain(again) {
            tags.push(Tag { start: trigger.start, end: trigger.end, class: "event".to_owned(), why });
        }
    }
    tags.extend(article.escalation.signals.iter().filter(|s| !s.in_title).map(signal));
    tags
}

/// The tags of its title.
pub(super) fn of_title(article: &Enriched) -> Vec<Tag> {
    article.escalation.signals.iter().filter(|s| s.in_title).map(signal).collect()
}

fn mention(mention: &Mention, class: String, why: String) -> Tag {
    Tag { start: mention.start, end: mention.end, class, why }
}

fn signal(signal: &Signal) -> Tag {
    let (class, does) = match signal.direction {
        Direction::Escalation => ("up", "raises tension"),
        Direction::DeEscalation => ("down", "lowers tension"),
    };
    let why = format!("{does}: {}, weight {:.2}\nrule {}", spaced(&signal.category), signal.weight, signal.rule);
    Tag { start: signal.span.start, end: signal.span.end, class: class.to_owned(), why }
}

/// The text with its tags; `number` keeps the anchors of several articles apart.
pub(super) fn render(text: &str, tags: &[Tag], number: usize) -> String {
    let mut starts: Vec<usize> = (0..tags.len()).filter(|tag| tags[*tag].start < tags[*tag].end).collect();
    starts.sort_by_key(|tag| tags[*tag].start);
    let mut cuts: Vec<u32> = starts.iter().flat_map(|tag| [tags[*tag].start, tags[*tag].end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    let (mut at, mut next, mut open) = (0, 0, Vec::<usize>::new());
    for cut in cuts.into_iter().chain([u32::MAX]) {
        let bytes = rest.char_indices().nth((cut - at) as usize).map_or(rest.len(), |(byte, _)| byte);
        let (piece, after) = rest.split_at(bytes);
        write_piece(&mut out, piece, &open, tags, number, at);
        (rest, at) = (after, cut);
        open.retain(|tag| tags[*tag].end > cut);
        while let Some(tag) = starts.get(next).filter(|tag| tags[**tag].start <= cut) {
            open.push(*tag);
            next += 1;
        }
    }
    out
}

fn write_piece(out: &mut String, piece: &str, open: &[usize], tags: &[Tag], number: usize, at: u32) {
    if piece.is_empty() {
        return;
    }
    if open.is_empty() {
        out.push_str(&escape(piece));
        return;
    }
    let classes: Vec<&str> = open.iter().map(|tag| tags[*tag].class.as_str()).collect();
    // What is tagged last says most of the words themselves.
    let why: Vec<&str> = open.iter().rev().map(|tag| tags[*tag].why.as_str()).collect();
    let why = escape(&why.join("\n\n")).replace('\n', "&#10;");
    write!(
        out,
        "<span id=\"t{number}-{at}\" class=\"{}\" tabindex=\"0\" data-why=\"{why}\">{}</span>",
        classes.join(" "),
        escape(piece)
    )
    .ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(start: u32, end: u32, class: &str) -> Tag {
        Tag { start, end, class: class.to_owned(), why: format!("<{class}>") }
    }

    #[test]
    fn overlapping_tags_are_cut_where_either_ends_and_no_character_is_lost() {
        let shown = render("Élite <army> moved", &[tag(0, 12, "quote"), tag(6, 99, "up")], 1);
        assert_eq!(
            shown,
            "<span id=\"t1-0\" class=\"quote\" tabindex=\"0\" data-why=\"&lt;quote&gt;\">Élite </span>\
             <span id=\"t1-6\" class=\"quote up\" tabindex=\"0\" data-why=\"&lt;up&gt;&#10;&#10;&lt;quote&gt;\">&lt;army&gt;</span>\
             <span id=\"t1-12\" class=\"up\" tabindex=\"0\" data-why=\"&lt;up&gt;\"> moved</span>"
        );
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        let shown = render("<script>alert('x')</script> & \"\u{0}\"", &[], 1);
        assert_eq!(shown, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;\u{fffd}&quot;");
    }
}
