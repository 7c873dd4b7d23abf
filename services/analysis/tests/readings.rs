//! Articles read by a person, and what must come out of them: `readings/*.txt`, whose format `readings/README.md` explains.
//!
//! The texts are not kept here: they come from the folder `shared` beside the repository, and a reading whose text is
//! missing is skipped, which is told on the error stream.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};

use faultline_analysis::Analyzer;
use faultline_schemas::{
    Article, Direction, Enriched, EventTag, Mention, Modality, Participant, Place, Quote, Signal, Span,
};

/// One expectation: where it stands, whether it is known not to be met, and its words.
struct Line {
    number: usize,
    gap: bool,
    words: Vec<String>,
}

struct Reading {
    file: String,
    /// `seeds/NAME` or `corpus/ID`.
    article: String,
    /// The first 16 hexadecimal digits of the text's BLAKE3.
    hash: String,
    lines: Vec<Line>,
}

/// The kinds of expectations: how many spans or labels follow the kind, and which keys may.
const KINDS: [(&str, usize, &[&str]); 15] = [
    ("actor", 1, &["country", "sector", "type"]),
    ("not-actor", 1, &[]),
    ("same", 2, &[]),
    ("place", 1, &["country"]),
    ("metonymic", 1, &[]),
    ("literal", 1, &[]),
    ("quote", 1, &["source", "speaker"]),
    ("event", 1, &["plover", "modality", "source", "target"]),
    ("not-event", 1, &["plover"]),
    ("alarms", 1, &["category"]),
    ("soothes", 1, &["category"]),
    ("calm", 1, &[]),
    ("at-least", 1, &[]),
    ("at-most", 1, &[]),
    ("tone", 1, &[]),
];

#[test]
fn every_article_is_read_as_an_analyst_reads_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = here.join("../../../shared");
    if !shared.join("seeds").is_dir() {
        tell("skipped: no folder 'shared' beside the repository, so no reading was checked");
        return;
    }
    let readings = read_folder(&here.join("tests/readings")).unwrap_or_else(|problem| panic!("{problem}"));
    let articles = load_articles(&shared, &readings);
    let (mut met, mut gaps, mut faults) = (0_usize, 0_usize, Vec::new());
    for reading in &readings {
        let Some(article) = articles.get(&reading.article) else {
            tell(&format!("skipped: {}: no text for {}", reading.file, reading.article));
            continue;
        };
        let hash = blake3::hash(article.text.as_bytes()).to_hex();
        assert_eq!(&hash.as_str()[..16], reading.hash, "{}: another text of {}", reading.file, reading.article);
        let enriched = Analyzer::bundled().enrich(article);
        for line in &reading.lines {
            let words = line.words.join(" ");
            let place = format!("{}:{}", reading.file, line.number);
            match (check(&enriched, &line.words), line.gap) {
                (Ok(()), false) => met += 1,
                (Err(_), true) => gaps += 1,
                (Ok(()), true) => faults.push(format!("{place}: now met, take the word 'gap' off: {words}")),
                (Err(read), false) => faults.push(format!("{place}: expected {words}; read {read}")),
            }
        }
    }
    tell(&format!("{} articles read: {met} expectations met, {gaps} known gaps", readings.len()));
    assert!(faults.is_empty(), "{} lines:\n{}", faults.len(), faults.join("\n"));
}

/// Says it past the harness, which keeps to itself what a passing test prints.
fn tell(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("the error stream");
}

fn read_folder(folder: &Path) -> Result<Vec<Reading>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths.iter().map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> Result<Reading, String> {
    let content = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut reading = Reading { file, article: String::new(), hash: String::new(), lines: Vec::new() };
    for (index, line) in content.lines().enumerate() {
        let told = line.split(" # ").next().unwrap_or_default();
        let mut words: Vec<String> = told.split_whitespace().map(str::to_owned).collect();
        match words.first().map(String::as_str) {
            None => {}
            Some(word) if word.starts_with('#') => {}
            Some("article") => reading.article = words.swap_remove(1),
            Some("text") => reading.hash = words.swap_remove(1),
            Some(first) => {
                let gap = first == "gap";
                words.drain(..usize::from(gap));
                // A slip of the pen must not pass for a gap.
                if !is_well_formed(&words) {
                    return Err(format!("{}:{}: not an expectation: {told}", reading.file, index + 1));
                }
                reading.lines.push(Line { number: index + 1, gap, words });
            }
        }
    }
    Ok(reading)
}

fn is_well_formed(words: &[String]) -> bool {
    let Some((kind, rest)) = words.split_first() else { return false };
    let Some((_, count, keys)) = KINDS.iter().find(|(name, ..)| name == kind) else { return false };
    let is_place = |word: &String| word.split_once("..").is_none() || parse_span(word).is_some();
    let is_known = |word: &String| word.split_once('=').is_some_and(|(key, _)| keys.contains(&key));
    rest.len() >= *count && rest[..*count].iter().all(is_place) && rest[*count..].iter().all(is_known)
}

/// The articles that the readings name, by that name; those that are missing are left out.
fn load_articles(shared: &Path, readings: &[Reading]) -> BTreeMap<String, Article> {
    let mut articles = BTreeMap::new();
    for name in readings.iter().filter_map(|reading| reading.article.strip_prefix("seeds/")) {
        if let Ok(text) = fs::read_to_string(shared.join("seeds").join(name)) {
            // The file opens with its date, which is no part of the article.
            let Some((day, text)) = text.trim_start().strip_prefix("date ").and_then(|rest| rest.split_once(' '))
            else {
                continue;
            };
            let (text, published_at) = (text.to_owned(), Some(format!("{day}T00:00:00Z")));
            articles.insert(format!("seeds/{name}"), Article { text, published_at, ..Article::default() });
        }
    }
    let Ok(corpus) = fs::File::open(shared.join("eval/data/corpus/articles.jsonl")) else { return articles };
    for line in BufReader::new(corpus).lines().map_while(Result::ok) {
        let Ok(row) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        let field = |name: &str| row[name].as_str().filter(|value| !value.is_empty()).map(str::to_owned);
        let name = format!("corpus/{}", field("ID").unwrap_or_default());
        if readings.iter().any(|reading| reading.article == name) {
            let text = field("content_original").unwrap_or_default();
            let published_at = field("date").map(|day| format!("{day}T00:00:00Z"));
            articles.insert(name, Article { text, title: field("title"), published_at, ..Article::default() });
        }
    }
    articles
}

/// Whether the expectation is met; else what was read instead.
fn check(enriched: &Enriched, words: &[String]) -> Result<(), String> {
    let kind = words.first().map_or("", String::as_str);
    let subject = words.get(1).map_or("", String::as_str);
    match kind {
        "at-most" | "at-least" | "tone" => return check_whole(enriched, kind, subject),
        _ => {}
    }
    let span = parse_span(subject).ok_or_else(|| format!("a span was expected, not '{subject}'"))?;
    let wants: Vec<(&str, &str)> = words.iter().skip(2).filter_map(|word| word.split_once('=')).collect();
    match kind {
        "actor" => check_actor(enriched, span, &wants),
        "not-actor" => found(actors_at(enriched, span).is_empty(), || format!("{:?}", names_at(enriched, span))),
        "same" => {
            let other = words.get(2).and_then(|word| parse_span(word)).ok_or("a second span was expected")?;
            let there = actors_at(enriched, other);
            let one = actors_at(enriched, span).iter().any(|actor| there.contains(actor));
            found(one, || format!("{:?} and {:?}", names_at(enriched, span), names_at(enriched, other)))
        }
        "place" => check_place(enriched, span, &wants),
        "metonymic" | "literal" => {
            let read: Vec<bool> = mentions(enriched).filter(|m| touches(of(m), span)).map(|m| m.metonymic).collect();
            found(read.contains(&(kind == "metonymic")), || format!("metonymic {read:?}"))
        }
        "quote" => check_quote(enriched, span, &wants),
        "event" => check_event(enriched, span, &wants),
        "not-event" => {
            let is_meant = |event: &&EventTag| wants.iter().all(|&(_, wanted)| wanted == word_of(&event.plover));
            let counted: Vec<&EventTag> =
                events_at(enriched, span).filter(|event| counts(event)).filter(is_meant).collect();
            found(counted.is_empty(), || counted.iter().map(|event| told(event)).collect())
        }
        "calm" | "alarms" => {
            let raising = signals_at(enriched, span, Direction::Escalation, &wants);
            found(raising.is_empty() == (kind == "calm"), || format!("{raising:?}"))
        }
        "soothes" => {
            let lowering = signals_at(enriched, span, Direction::DeEscalation, &wants);
            found(!lowering.is_empty(), || "no signal that lowers the score".to_owned())
        }
        _ => Err(format!("unknown kind '{kind}'")),
    }
}

fn found(met: bool, read: impl FnOnce() -> String) -> Result<(), String> {
    if met { Ok(()) } else { Err(read()) }
}

fn check_whole(enriched: &Enriched, kind: &str, wanted: &str) -> Result<(), String> {
    const LEVELS: [&str; 5] = ["calm", "watch", "elevated", "high", "critical"];
    if kind == "tone" {
        let read = word_of(&enriched.sentiment.label);
        return found(wanted.split('|').any(|label| label == read), || {
            format!("{read} ({})", enriched.sentiment.score)
        });
    }
    let level = word_of(&enriched.escalation.level);
    let rank = |name: &str| LEVELS.iter().position(|level| *level == name);
    let (Some(read), Some(bound)) = (rank(&level), rank(wanted)) else { return Err(format!("no level '{wanted}'")) };
    let met = if kind == "at-most" { read <= bound } else { read >= bound };
    found(met, || format!("{level} ({})", enriched.escalation.score))
}

fn check_actor(enriched: &Enriched, span: Span, wants: &[(&str, &str)]) -> Result<(), String> {
    let met = actors_at(enriched, span).iter().any(|&index| {
        let actor = &enriched.actors[index];
        wants.iter().all(|&(key, wanted)| match key {
            "country" => wanted.split('|').any(|code| code == actor.country.as_deref().unwrap_or("none")),
            "sector" => wanted.split('|').any(|code| actor.sectors.iter().any(|sector| sector == code)),
            "type" => wanted.split('|').any(|kind| kind == word_of(&actor.kind)),
            _ => false,
        })
    });
    found(met, || format!("{:?}", names_at(enriched, span)))
}

fn check_place(enriched: &Enriched, span: Span, wants: &[(&str, &str)]) -> Result<(), String> {
    let there = |place: &&Place| place.mentions.iter().any(|m| touches(of(m), span));
    let read: Vec<&str> =
        enriched.places.iter().filter(there).map(|place| place.country.as_deref().unwrap_or("none")).collect();
    let met = |wanted: &str| wanted.split('|').any(|country| read.contains(&country));
    found(!read.is_empty() && wants.iter().all(|&(_, wanted)| met(wanted)), || format!("places in {read:?}"))
}

/// A quote is met when it holds four fifths of the words asked for, or more, and begins or ends where they do, within 20 code
/// points: the parts of a split quote are one quote to the reader. Its source is met when they touch.
fn check_quote(enriched: &Enriched, span: Span, wants: &[(&str, &str)]) -> Result<(), String> {
    let shared = |quote: &&Quote| {
        let content = quote.content;
        let both = content.end.min(span.end).saturating_sub(content.start.max(span.start));
        let meets = content.start.abs_diff(span.start) <= 20 || content.end.abs_diff(span.end) <= 20;
        meets && both * 5 >= (span.end - span.start) * 4
    };
    let read: Vec<&Quote> = enriched.quotes.iter().filter(shared).collect();
    let met = read.iter().any(|quote| {
        wants.iter().all(|&(key, wanted)| match (key, parse_span(wanted)) {
            ("source", Some(wanted)) => quote.source.is_some_and(|source| touches(source, wanted)),
            ("speaker", Some(wanted)) => is_actor_at(enriched, quote.speaker.as_deref(), wanted),
            _ => false,
        })
    });
    let near = || {
        let near = enriched.quotes.iter().filter(|quote| touches(quote.content, span));
        near.map(|q| format!("[{:?} by {:?} ({:?})]", q.content, q.source, q.speaker)).collect()
    };
    found(met, near)
}

fn check_event(enriched: &Enriched, span: Span, wants: &[(&str, &str)]) -> Result<(), String> {
    let met = events_at(enriched, span).any(|event| {
        wants.iter().all(|&(key, wanted)| match key {
            "plover" => wanted.split('|').any(|root| root == word_of(&event.plover)),
            "modality" => wanted.split('|').any(|modality| modality == word_of(&event.modality)),
            "source" => is_participant(enriched, event.source.as_ref(), wanted),
            "target" => is_participant(enriched, event.target.as_ref(), wanted),
            _ => false,
        })
    });
    found(met, || events_at(enriched, span).map(told).collect())
}

/// Whether a side of an event is the country of that code, or the actor mentioned at that span.
fn is_participant(enriched: &Enriched, participant: Option<&Participant>, wanted: &str) -> bool {
    let Some(participant) = participant else { return wanted == "none" };
    let Some(span) = parse_span(wanted) else {
        return wanted.split('|').any(|country| participant.country.as_deref() == Some(country));
    };
    participant.span.is_some_and(|read| touches(read, span))
        || is_actor_at(enriched, participant.actor.as_deref(), span)
}

fn is_actor_at(enriched: &Enriched, id: Option<&str>, span: Span) -> bool {
    id.is_some_and(|id| actors_at(enriched, span).iter().any(|&index| enriched.actors[index].id == id))
}

fn actors_at(enriched: &Enriched, span: Span) -> Vec<usize> {
    let there = |index: &usize| enriched.actors[*index].mentions.iter().any(|m| touches(of(m), span));
    (0..enriched.actors.len()).filter(there).collect()
}

fn names_at(enriched: &Enriched, span: Span) -> Vec<String> {
    let told = |index: &usize| {
        let actor = &enriched.actors[*index];
        format!(
            "{} {} {:?} {}",
            actor.id,
            actor.country.as_deref().unwrap_or("none"),
            actor.sectors,
            word_of(&actor.kind)
        )
    };
    actors_at(enriched, span).iter().map(told).collect()
}

fn mentions(enriched: &Enriched) -> impl Iterator<Item = &Mention> {
    let of_actors = enriched.actors.iter().flat_map(|actor| &actor.mentions);
    of_actors.chain(enriched.places.iter().flat_map(|place| &place.mentions))
}

fn events_at(enriched: &Enriched, span: Span) -> impl Iterator<Item = &EventTag> {
    let tellings = |event: &EventTag| {
        let again: Vec<Span> = event.mentions.iter().map(|mention| mention.trigger).collect();
        std::iter::once(event.trigger).chain(again)
    };
    enriched.events.iter().filter(move |event| tellings(event).any(|trigger| touches(trigger, span)))
}

fn counts(event: &EventTag) -> bool {
    matches!(event.modality, Modality::Actual | Modality::Threatened)
}

fn told(event: &EventTag) -> String {
    let side = |side: Option<&Participant>| {
        side.map_or("nobody".to_owned(), |p| {
            format!("{}/{}", p.actor.as_deref().unwrap_or("?"), p.country.as_deref().unwrap_or("none"))
        })
    };
    let (source, target) = (side(event.source.as_ref()), side(event.target.as_ref()));
    format!("[{} {} {source} -> {target}]", word_of(&event.plover), word_of(&event.modality))
}

/// The text's signals there, of the category where one is wanted, but for those too faint to move a score.
fn signals_at(enriched: &Enriched, span: Span, direction: Direction, wants: &[(&str, &str)]) -> Vec<String> {
    let is_meant = |signal: &&Signal| wants.iter().all(|&(_, category)| signal.category == category);
    let signals = enriched.escalation.signals.iter().filter(|s| s.weight.abs() >= 0.05 && !s.in_title);
    let there = signals.filter(|signal| touches(signal.span, span) && signal.direction == direction);
    there.filter(is_meant).map(|signal| format!("{} {} {}", signal.category, signal.rule, signal.weight)).collect()
}

fn of(mention: &Mention) -> Span {
    Span { start: mention.start, end: mention.end }
}

fn touches(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}

fn parse_span(text: &str) -> Option<Span> {
    let (start, end) = text.split_once("..")?;
    Some(Span { start: start.parse().ok()?, end: end.parse().ok()? })
}

/// A value's name in the contract.
fn word_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
