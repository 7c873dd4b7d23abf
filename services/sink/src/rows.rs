//! From an enriched document to the rows that store it: CPU work, done off the writing thread.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use faultline_analysis::Print;
use faultline_analysis::story::{Counts, Sketch};
use faultline_schemas::{Direction, Enriched, EventTag, Participant};
use serde::Serialize;

use crate::StoreError;
use crate::db::Dialect;
use crate::rollup::{Bucket, Sums, contributions};
use crate::text::Indexed;

/// Longest article id and revision, in bytes: what both stores can index.
pub const MAX_ID_BYTES: usize = 512;
/// Longest other text in an index, in characters; longer ones are cut. The document keeps all of it.
const INDEXED_CHARS: usize = 120;
/// A publisher's date further ahead of the time of taking in than this is not believed, in milliseconds.
const FUTURE_TOLERANCE_MS: i64 = 86_400_000;
/// zstd level: higher ones cost more time than they save space.
const COMPRESSION: i32 = 1;

/// A document that cannot be stored, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unstorable {
    /// Stable name of the reason.
    pub reason: &'static str,
    /// What is wrong with it and where.
    pub problem: String,
}

/// An article ready to be written: every row of every table.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) id: String,
    pub(crate) revision: String,
    pub(crate) fetched_at: i64,
    /// Whether the document itself says so.
    pub(crate) fetched_at_given: bool,
    pub(crate) at: i64,
    pub(crate) analyzer: String,
    pub(crate) compressed: Vec<u8>,
    pub(crate) facts: Facts,
    pub(crate) actors: Vec<ActorRow>,
    pub(crate) countries: BTreeSet<String>,
    pub(crate) places: Vec<PlaceRow>,
    pub(crate) signals: Vec<SignalRow>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) text: Indexed,
    pub(crate) contributions: Vec<(Bucket, Sums)>,
    /// None where there is no text to recognise.
    pub(crate) print: Option<Print>,
    /// None where other reports of the same could not be told.
    pub(crate) sketch: Option<Sketch>,
}

/// The article's own columns.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) source: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) words: i64,
    pub(crate) sentiment: f32,
    pub(crate) score: f32,
    pub(crate) level: i64,
}

#[derive(Debug)]
pub(crate) struct ActorRow {
    pub(crate) actor: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) country: Option<String>,
    pub(crate) cameo: Option<String>,
    pub(crate) mentions: i64,
    pub(crate) salience: f32,
    pub(crate) sentiment: f32,
}

#[derive(Debug)]
pub(crate) struct PlaceRow {
    pub(crate) place: String,
    pub(crate) country: String,
    pub(crate) latitude: Option<f32>,
    pub(crate) longitude: Option<f32>,
    pub(crate) mentions: i64,
}

#[derive(Debug)]
pub(crate) struct SignalRow {
    pub(crate) category: String,
    pub(crate) direction: String,
    pub(crate) occurrences: i64,
    pub(crate) weight: f32,
}

#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) event: String,
    pub(crate) source_actor: Option<String>,
    pub(crate) source_country: Option<String>,
    pub(crate) target_actor: Option<String>,
    pub(crate) target_country: Option<String>,
    pub(crate) plover: String,
    pub(crate) cameo: String,
    pub(crate) quad: String,
    pub(crate) goldstein: f32,
    pub(crate) direction: Option<String>,
    pub(crate) modality: String,
    pub(crate) confidence: f32,
    pub(crate) sentence: i64,
}

impl Prepared {
    /// Reads the JSON of an [`Enriched`] document and works out its rows. `seen_ms` (milliseconds since 1970) dates
    /// an article that bears no date of its own.
    ///
    /// # Errors
    /// [`Unstorable`] when the bytes are no such document, or its id cannot be indexed.
    pub fn new(document: &[u8], dialect: Dialect, seen_ms: i64) -> Result<Self, Unstorable> {
        let enriched: Enriched = serde_json::from_slice(document).map_err(|error| Unstorable {
            reason: "not_enriched",
            problem: format!("not an enriched article: {error}"),
        })?;
        let id = identifier("id", &enriched.article.id)?;
        if id.is_empty() {
            return Err(Unstorable { reason: "no_id", problem: "the enriched article has no id".into() });
        }
        let revision = identifier("revision", revision_of(&enriched))?;
        let given = enriched.article.fetched_at.as_deref().and_then(milliseconds);
        let fetched_at = given.unwrap_or(seen_ms);
        let mut counts = Counts::default();
        let text = Indexed::new(
            dialect,
            enriched.article.title.as_deref().unwrap_or_default(),
            &enriched.text,
            enriched.actors.iter().map(|actor| actor.name.as_str()),
            &mut counts,
        );
        let at = time_of(&enriched, fetched_at);
        let print = print(&enriched);
        Ok(Self {
            fetched_at,
            fetched_at_given: given.is_some(),
            at,
            analyzer: analyzer_of(&enriched),
            compressed: compress(document),
            facts: facts(&enriched),
            actors: actor_rows(&enriched),
            countries: countries(&enriched),
            places: place_rows(&enriched),
            signals: signal_rows(&enriched),
            events: event_rows(&enriched),
            text,
            contributions: contributions(&enriched, at),
            sketch: print.is_some().then(|| Sketch::new(&enriched, &counts)).flatten(),
            print,
            id,
            revision,
        })
    }

    /// Article id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The document exactly as it came.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] cannot happen for what [`Prepared::new`] made.
    pub fn document(&self) -> Result<Vec<u8>, StoreError> {
        decompress(&self.id, &self.compressed)
    }
}

/// The revision of a document: its own, or the hash of its text where it has none.
fn revision_of(document: &Enriched) -> &str {
    match document.article.revision.as_str() {
        "" => &document.fingerprint.content,
        revision => revision,
    }
}

fn analyzer_of(document: &Enriched) -> String {
    clean(&format!("{} {}", document.provenance.analyzer, document.provenance.knowledge))
}

/// When the article appeared: as the publisher says, unless that lies in the future; else when it was taken in.
pub(crate) fn time_of(document: &Enriched, taken_in: i64) -> i64 {
    match document.article.published_at.as_deref().and_then(milliseconds) {
        Some(published) if published <= taken_in.saturating_add(FUTURE_TOLERANCE_MS) => published,
        _ => taken_in,
    }
}

/// Milliseconds since 1970 of an RFC 3339 time, or of midnight UTC of a plain date.
pub(crate) fn milliseconds(time: &str) -> Option<i64> {
    if let Ok(timestamp) = time.parse::<jiff::Timestamp>() {
        return Some(timestamp.as_millisecond());
    }
    let date: jiff::civil::Date = time.parse().ok()?;
    Some(date.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// Text that both stores can hold: PostgreSQL knows no NUL, and SQLite ends text there.
pub(crate) fn clean(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// [`clean`], and cut to what an index takes.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(INDEXED_CHARS) {
        Some((end, _)) => clean(&text[..end]),
        None => clean(text),
    }
}

fn identifier(what: &str, value: &str) -> Result<String, Unstorable> {
    if value.len() > MAX_ID_BYTES {
        let problem = format!("the article's {what} has {} bytes, at most {MAX_ID_BYTES} can be indexed", value.len());
        return Err(Unstorable { reason: "id_too_long", problem });
    }
    Ok(clean(value))
}

fn print(document: &Enriched) -> Option<Print> {
    let title = document.article.title.as_deref().unwrap_or_default();
    (!document.text.trim().is_empty()).then(|| Print::new(&document.fingerprint, title))
}

fn facts(document: &Enriched) -> Facts {
    let article = &document.article;
    Facts {
        source: article.source.as_deref().map(|source| clip(&source.to_lowercase())),
        url: article.url.as_deref().map(clean),
        title: article.title.as_deref().map(clean),
        language: article.language.as_deref().map(clean),
        words: i64::from(article.words),
        sentiment: document.sentiment.score,
        score: document.escalation.score,
        level: document.escalation.level as i64,
    }
}

/// Every country that an actor, a place or a side of an event belongs to.
pub(crate) fn countries(document: &Enriched) -> BTreeSet<String> {
    let actors = document.actors.iter().filter_map(|actor| actor.country.as_deref());
    let places = document.places.iter().filter_map(|place| place.country.as_deref());
    let sides = document.events.iter().flat_map(|event| [&event.source, &event.target]).flatten();
    actors.chain(places).chain(sides.filter_map(|side| side.country.as_deref())).map(clip).collect()
}

fn actor_rows(document: &Enriched) -> Vec<ActorRow> {
    let rows = document.actors.iter().map(|actor| ActorRow {
        actor: clip(&actor.id),
        name: clean(&actor.name),
        kind: name_of(&actor.kind),
        country: actor.country.as_deref().map(clip),
        cameo: actor.cameo.as_deref().map(clean),
        mentions: actor.mentions.len() as i64,
        salience: actor.salience,
        sentiment: actor.sentiment.score,
    });
    in_order(rows.collect(), |row| &row.actor)
}

fn place_rows(document: &Enriched) -> Vec<PlaceRow> {
    let mut seen = BTreeSet::new();
    let rows = document.places.iter().map(|place| PlaceRow {
        place: clip(&place.name),
        country: place.country.as_deref().map(clip).unwrap_or_default(),
        latitude: place.latitude,
        longitude: place.longitude,
        mentions: place.mentions.len() as i64,
    });
    rows.filter(|row| seen.insert((row.place.clone(), row.country.clone()))).collect()
}

fn signal_rows(document: &Enriched) -> Vec<SignalRow> {
    let mut rows: BTreeMap<(String, String), (i64, f32)> = BTreeMap::new();
    for signal in &document.escalation.signals {
        let row = rows.entry((clip(&signal.category), direction(signal.direction))).or_default();
        row.0 += 1;
        row.1 += signal.weight;
    }
    rows.into_iter()
        .map(|((category, direction), (occurrences, weight))| SignalRow { category, direction, occurrences, weight })
        .collect()
}

fn event_rows(document: &Enriched) -> Vec<EventRow> {
    in_order(document.events.iter().map(event_row).collect(), |row| &row.event)
}

/// The first row of each key, in the order of the keys: the one in which the tables are sorted, so that rows are added at
/// their ends.
fn in_order<R>(mut rows: Vec<R>, key: impl Fn(&R) -> &String) -> Vec<R> {
    rows.sort_by(|a, b| key(a).cmp(key(b)));
    rows.dedup_by(|a, b| key(a) == key(b));
    rows
}

fn event_row(event: &EventTag) -> EventRow {
    let actor = |side: &Option<Participant>| side.as_ref().and_then(|p| p.actor.as_deref()).map(clip);
    let country = |side: &Option<Participant>| side.as_ref().and_then(|p| p.country.as_deref()).map(clip);
    EventRow {
        event: clip(&event.id),
        source_actor: actor(&event.source),
        source_country: country(&event.source),
        target_actor: actor(&event.target),
        target_country: country(&event.target),
        plover: name_of(&event.plover),
        cameo: clean(&event.cameo),
        quad: name_of(&event.quad),
        goldstein: event.goldstein,
        direction: event.direction.map(direction),
        modality: name_of(&event.modality),
        confidence: event.confidence,
        sentence: i64::from(event.sentence),
    }
}

fn direction(direction: Direction) -> String {
    name_of(&direction)
}

/// A unit variant as JSON has it.
fn name_of(variant: &impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

thread_local! {
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses with a context that the thread keeps; without the content's size nothing could be read back, and
/// compressing into memory has no other way to fail than a lack of it.
fn compress(document: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        if compressor.is_none() {
            *compressor = zstd::bulk::Compressor::new(COMPRESSION).ok();
        }
        let compressed = compressor.as_mut().and_then(|compressor| compressor.compress(document).ok());
        compressed.or_else(|| zstd::encode_all(document, COMPRESSION).ok()).unwrap_or_default()
    })
}

/// The document of article `id` as it came.
pub(crate) fn decompress(id: &str, compressed: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::decode_all(compressed)
        .map_err(|error| StoreError::Damaged { id: id.to_owned(), problem: format!("zstd: {error}") })
}

/// The document of article `id`, parsed.
pub(crate) fn read_document(id: &str, compressed: &[u8]) -> Result<Enriched, StoreError> {
    let document = decompress(id, compressed)?;
    serde_json::from_slice(&document)
        .map_err(|error| StoreError::Damaged { id: id.to_owned(), problem: format!("JSON: {error}") })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An enriched article with one of everything.
    pub(crate) fn document(id: &str, revision: &str) -> Enriched {
        let text = "Serbia threatens Kosovo, Albin Kurti said in Brussels.";
        serde_json::from_value(serde_json::json!({
            "schema": "faultline.enriched/1",
            "article": {"id": id, "revision": revision, "source": "Example.org", "title": "Threat",
                "published_at": "2022-08-01T10:20:00Z", "fetched_at": "2022-08-01T11:00:00Z", "language": "en", "words": 9},
            "text": text,
            "sentiment": {"score": -0.4, "label": "negative"},
            "actors": [
                {"id": "SRB", "name": "Serbia", "type": "country", "country": "SRB", "sectors": [], "cameo": "SRB",
                 "salience": 0.5, "sentiment": {"score": -0.2, "label": "negative"},
                 "mentions": [{"start": 0, "end": 6, "text": "Serbia", "label": "GPE"}]},
                {"id": "KSV/GOV/albin-kurti", "name": "Albin Kurti", "type": "person", "country": "XKX",
                 "sectors": ["GOV"], "cameo": "KSVGOV", "salience": 0.5, "sentiment": {"score": -0.3, "label": "negative"},
                 "mentions": [{"start": 25, "end": 36, "text": "Albin Kurti", "label": "PERSON"}]}],
            "places": [{"name": "Brussels", "country": "BEL", "latitude": 50.85, "longitude": 4.35, "mentions": []}],
            "events": [{"id": format!("event-{id}"), "plover": "THREATEN", "cameo": "138", "quad": "verbal_conflict",
                "goldstein": -7.0, "direction": "escalation", "modality": "actual", "confidence": 0.8,
                "source": {"actor": "SRB", "country": "SRB", "span": null},
                "target": {"actor": null, "country": "XKX", "span": null},
                "trigger": {"start": 7, "end": 16}, "sentence": 0}],
            "escalation": {"score": 0.63, "level": "high", "signals": [
                {"category": "threat_of_force", "direction": "escalation", "weight": 0.8,
                 "span": {"start": 7, "end": 16}, "rule": "threaten"}]},
            "fingerprint": {"content": "c0ffee", "minhash": ""}
        }))
        .unwrap()
    }

    fn prepare(document: &Enriched) -> Prepared {
        Prepared::new(&serde_json::to_vec(document).unwrap(), Dialect::Sqlite, 99).unwrap()
    }

    #[test]
    fn the_time_of_an_article_is_the_publishers_unless_it_lies_in_the_future() {
        let taken_in = milliseconds("2022-08-01T11:00:00Z").unwrap();
        let table = [
            (Some("2022-08-01T10:20:00Z"), milliseconds("2022-08-01T10:20:00Z").unwrap()),
            (Some("2022-07-31"), milliseconds("2022-07-31T00:00:00Z").unwrap()),
            (Some("2099-01-01T00:00:00Z"), taken_in),
            (Some("yesterday"), taken_in),
            (None, taken_in),
        ];
        for (published, expected) in table {
            let mut document = document("a", "r");
            document.article.published_at = published.map(str::to_owned);
            assert_eq!(prepare(&document).at, expected, "{published:?}");
        }
        let mut undated = document("a", "r");
        (undated.article.published_at, undated.article.fetched_at) = (None, None);
        assert_eq!(prepare(&undated).at, 99);
    }

    #[test]
    fn an_article_without_a_revision_takes_the_hash_of_its_text() {
        assert_eq!(prepare(&document("a", "")).revision, "c0ffee");
    }

    #[test]
    fn what_no_store_can_hold_is_refused_or_made_to_fit() {
        let refuse = |id: &str| {
            Prepared::new(&serde_json::to_vec(&document(id, "r")).unwrap(), Dialect::Sqlite, 0).unwrap_err().reason
        };
        assert_eq!(refuse(&"x".repeat(MAX_ID_BYTES + 1)), "id_too_long");
        assert_eq!(refuse(""), "no_id");
        assert_eq!(Prepared::new(b"{\"schema\":", Dialect::Sqlite, 0).unwrap_err().reason, "not_enriched");
        let mut document = document("a\0b", "r");
        document.article.title = Some("nul\0here".into());
        document.article.source = Some("s".repeat(5000));
        let prepared = prepare(&document);
        assert_eq!((prepared.id(), prepared.facts.title.as_deref()), ("a\u{fffd}b", Some("nul\u{fffd}here")));
        assert_eq!(prepared.facts.source.map(|source| source.len()), Some(INDEXED_CHARS));
    }

    #[test]
    fn the_document_comes_back_byte_for_byte() {
        let bytes = serde_json::to_vec_pretty(&document("a\0b", "r")).unwrap();
        assert_eq!(Prepared::new(&bytes, Dialect::Postgres, 0).unwrap().document().unwrap(), bytes);
    }
}
