//! Why an article has its tags: each with the words it was read from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use faultline_schemas::{Actor, Enriched, EventTag, Modality, Participant, Polarity, Quad, Quote};
use faultline_sink::StoredRevision;
use unicode_width::UnicodeWidthStr as _;

use crate::look::{
    BOLD, DIM, arrow, counted, level_style, one_line, signal_words, spaced, time, tone_style, word, words,
};
use crate::terminal::{Terminal, cut, fit, wrap};

pub(super) fn heading(text: &str, terminal: Terminal) -> String {
    format!("{}\n", terminal.paint(BOLD, text))
}

/// Writes `first` and then `rest`, wrapped to what is left of the line and indented below itself.
pub(super) fn push(out: &mut String, first: &str, shown: &str, rest: &str, terminal: Terminal) {
    let indent = first.width();
    for (number, line) in wrap(rest, terminal.width.saturating_sub(indent)).iter().enumerate() {
        match number {
            0 => writeln!(out, "{shown}{line}"),
            _ => writeln!(out, "{:indent$}{line}", ""),
        }
        .ok();
    }
}

/// A polarity as JSON has it.
pub(in crate::commands) fn polarity(polarity: Polarity) -> String {
    word(&polarity)
}

/// The score, and every signal behind it: the same words of the same category once, with how often.
pub(super) fn escalation(article: &Enriched, terminal: Terminal) -> String {
    let escalation = &article.escalation;
    let level = format!("{} {:.2}", escalation.level.as_str(), escalation.score);
    let painted = terminal.paint(level_style(escalation.level), &level);
    if escalation.signals.is_empty() {
        return format!("{} {painted}: nothing in it raises or lowers tension\n", terminal.paint(BOLD, "Why"));
    }
    let mut out = format!("{} {painted}\n", terminal.paint(BOLD, "Why"));
    let mut signals: Vec<_> = escalation.signals.iter().collect();
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut told: Vec<(String, String, usize, String)> = Vec::new();
    for signal in signals {
        let words = signal_words(article, signal);
        let (mark, style) = arrow(signal.direction);
        let plain = format!("  {mark} {:.2} {}", signal.weight, fit(&spaced(&signal.category), 24));
        match told.iter_mut().find(|(known, said, ..)| *known == plain && *said == words) {
            Some((_, _, times, _)) => *times += 1,
            None => {
                let shown = plain.replacen(mark, &terminal.paint(style, &mark.to_string()), 1);
                told.push((plain, words, 1, shown));
            }
        }
    }
    for (plain, words, times, shown) in told {
        let times = if times > 1 { format!(", {times} times") } else { String::new() };
        push(&mut out, &format!("{plain} "), &format!("{shown} "), &format!("“{words}”{times}"), terminal);
    }
    out
}

/// Who did what to whom.
pub(super) fn events(article: &Enriched, terminal: Terminal) -> String {
    if article.events.is_empty() {
        return String::new();
    }
    let mut out = heading("Events", terminal);
    for event in &article.events {
        let sides = sides(article, event);
        let said = words(&article.text, event.trigger.start, event.trigger.end);
        let mark = event.direction.map_or(' ', |direction| arrow(direction).0);
        let first = format!("  {mark} ");
        let shown = match event.direction {
            Some(direction) => format!("  {} ", terminal.paint(arrow(direction).1, &mark.to_string())),
            None => first.clone(),
        };
        push(&mut out, &first, &shown, &format!("{sides}: {} “{said}”", coded(event)), terminal);
    }
    out
}

/// `THREATEN 138, verbal conflict, Goldstein -7.0, threatened, 80 % sure`.
pub(in crate::commands) fn coded(event: &EventTag) -> String {
    let quad = match event.quad {
        Quad::VerbalCooperation => "verbal cooperation",
        Quad::MaterialCooperation => "material cooperation",
        Quad::VerbalConflict => "verbal conflict",
        Quad::MaterialConflict => "material conflict",
    };
    let modality = match event.modality {
        Modality::Actual => String::new(),
        other => format!(", {}", word(&other)),
    };
    format!(
        "{} {}, {quad}, Goldstein {:+.1}{modality}, {:.0} % sure",
        word(&event.plover),
        event.cameo,
        event.goldstein,
        event.confidence * 100.0
    )
}

/// `Serbia (SRB) → Kosovo (XKX)`.
pub(in crate::commands) fn sides(article: &Enriched, event: &EventTag) -> String {
    let known =
        |participant: &Option<Participant>| side(article, participant.as_ref()).unwrap_or_else(|| "?".to_owned());
    format!("{} → {}", known(&event.source), known(&event.target))
}

fn side(article: &Enriched, participant: Option<&Participant>) -> Option<String> {
    let participant = participant?;
    let id = participant.actor.as_deref();
    let named = id.and_then(|id| article.actors.iter().find(|actor| actor.id == id)).map(|actor| actor.name.clone());
    let spoken = participant.span.map(|span| words(&article.text, span.start, span.end));
    let name = named.or(spoken).or_else(|| id.map(str::to_owned));
    match (name, &participant.country) {
        (Some(name), Some(country)) => Some(format!("{name} ({country})")),
        (name, country) => name.or_else(|| country.clone()),
    }
}

/// Who appears: what each is, the tone towards it, and the words that name it.
pub(super) fn actors(article: &Enriched, terminal: Terminal) -> String {
    if article.actors.is_empty() {
        return String::new();
    }
    let mut out = heading("Actors", terminal);
    let widest = article.actors.iter().map(|actor| actor.name.width()).max().unwrap_or(0).min(28);
    for actor in &article.actors {
        let name = fit(&actor.name, widest);
        let tone = format!("{:+.2}", actor.sentiment.score);
        let salience = format!("{:>3.0} %", actor.salience * 100.0);
        let first = format!("  {name}  {tone}  {salience}  ");
        let shown = format!(
            "  {}  {}  {salience}  ",
            terminal.paint(BOLD, &name),
            terminal.paint(tone_style(actor.sentiment), &tone)
        );
        push(&mut out, &first, &shown, &described(actor), terminal);
    }
    let legend = "tone towards each, share of the article's attention, names in it";
    out.push_str(&format!("  {}\n", terminal.paint(DIM, &cut(legend, terminal.width.saturating_sub(2)))));
    out
}

/// `person, XKX, GOV, KSV/GOV/albin-kurti: “Kurti” 3 times, “Albin Kurti”`.
fn described(actor: &Actor) -> String {
    let mut facts = vec![word(&actor.kind)];
    facts.extend(actor.country.clone());
    facts.extend(actor.sectors.iter().cloned());
    if actor.country.as_deref() != Some(&actor.id) {
        facts.push(actor.id.clone());
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for mention in &actor.mentions {
        *names.entry(one_line(&mention.text)).or_default() += 1;
    }
    let mut names: Vec<(String, usize)> = names.into_iter().collect();
    names.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let names = names.into_iter().map(|(name, times)| match times {
        1 => format!("“{name}”"),
        times => format!("“{name}” {times} times"),
    });
    format!("{}: {}", facts.join(", "), names.collect::<Vec<_>>().join(", "))
}

/// The name of whoever said it, or the words that stand for it.
pub(in crate::commands) fn speaker(article: &Enriched, quote: &Quote) -> Option<String> {
    let id = quote.speaker.as_deref();
    let known = id.and_then(|id| article.actors.iter().find(|actor| actor.id == id)).map(|actor| actor.name.clone());
    known.or_else(|| quote.source.map(|span| words(&article.text, span.start, span.end)))
}

/// Who said what.
pub(super) fn quotes(article: &Enriched, terminal: Terminal) -> String {
    if article.quotes.is_empty() {
        return String::new();
    }
    let mut out = heading("Quotes", terminal);
    for quote in &article.quotes {
        let speaker = speaker(article, quote).unwrap_or_else(|| "somebody".to_owned());
        let cue = quote.cue.map_or_else(String::new, |span| format!(" {}", words(&article.text, span.start, span.end)));
        let content = words(&article.text, quote.content.start, quote.content.end);
        let content = content.trim_matches(['"', '“', '”', '\'', '‘', '’']).trim_end_matches(',');
        let rest = format!("{speaker}{cue}: “{content}” ({:+.2})", quote.sentiment.score);
        push(&mut out, "  ", "  ", &rest, terminal);
    }
    out
}

/// Where.
pub(super) fn places(article: &Enriched, terminal: Terminal) -> String {
    if article.places.is_empty() {
        return String::new();
    }
    let place = |place: &faultline_schemas::Place| match &place.country {
        Some(country) => format!("{} ({country})", place.name),
        None => place.name.clone(),
    };
    let mut out = heading("Places", terminal);
    push(&mut out, "  ", "  ", &article.places.iter().map(place).collect::<Vec<_>>().join(", "), terminal);
    out
}

/// When it was taken in and corrected.
pub(super) fn revisions(revisions: &[StoredRevision], terminal: Terminal) -> String {
    let mut out = heading("Revisions", terminal);
    for revision in revisions {
        let is_shown = if revision.current { "shown here" } else { "replaced" };
        let line = format!("  {}  taken in {}  {is_shown}", cut(&revision.revision, 16), time(revision.fetched_at));
        writeln!(out, "{}", cut(&line, terminal.width)).ok();
    }
    if revisions.len() > 1 {
        writeln!(out, "  {}: --changes shows what the publisher changed", counted(revisions.len(), "revision")).ok();
    }
    out
}
