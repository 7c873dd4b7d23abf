//! Which columns hold what: the statements that write each table, and the values for them.

use crate::db::{Dialect, Insert, Value, Write};
use crate::plan::{Plan, Replaced};
use crate::rows::{ActorRow, EventRow, PlaceRow, Prepared, SignalRow};
use crate::text::Indexed;

/// Every table that holds rows of an article's current revision.
pub(crate) fn of_an_article(dialect: Dialect) -> [(&'static str, &'static str); 6] {
    let text = match dialect {
        Dialect::Sqlite => ("article_text", "rowid"),
        Dialect::Postgres => ("article_text", "article_key"),
    };
    [
        ("article_actors", "article_key"),
        ("article_countries", "article_key"),
        ("article_places", "article_key"),
        ("article_signals", "article_key"),
        ("article_events", "article_key"),
        text,
    ]
}

/// Writes the planned revisions, and the rows of the articles that have another current revision now.
pub(crate) async fn replace(tx: &mut Write, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    let replaced: Vec<Value> =
        plan.articles.iter().filter(|article| article.before.is_some()).map(|a| Value::Int(a.key)).collect();
    for (table, column) in of_an_article(tx.dialect()) {
        tx.execute_in(&format!("DELETE FROM {table} WHERE {column} IN ({{in}})"), replaced.clone()).await?;
    }
    let now = jiff::Timestamp::now().as_millisecond();
    tx.insert(&REVISIONS, plan.revisions.iter().flat_map(|(key, rows)| revision(*key, rows, now)).collect()).await?;
    tx.insert(&ARTICLES, plan.articles.iter().flat_map(|article| facts(article, now)).collect()).await?;
    for article in &plan.predated {
        let statement = "UPDATE articles SET taken_in = ? WHERE key = ?";
        tx.execute(statement, vec![article.taken_in.into(), article.key.into()]).await?;
    }
    tx.insert(&ACTORS, children(plan, actors)).await?;
    tx.insert(&COUNTRIES, children(plan, countries)).await?;
    tx.insert(&PLACES, children(plan, places)).await?;
    tx.insert(&SIGNALS, children(plan, signals)).await?;
    tx.insert(&EVENTS, children(plan, events)).await?;
    match tx.dialect() {
        Dialect::Sqlite => tx.insert(&TEXT_SQLITE, children(plan, text)).await,
        Dialect::Postgres => tx.insert(&TEXT_POSTGRES, children(plan, text)).await,
    }
}

fn children(plan: &Plan<'_>, rows: impl Fn(i64, &Prepared) -> Vec<Value>) -> Vec<Value> {
    plan.articles.iter().flat_map(|article| rows(article.key, article.rows)).collect()
}

const REVISIONS: Insert = Insert {
    table: "revisions",
    columns: &["article_key", "revision", "fetched_at", "stored_at", "analyzer", "document"],
    conflict: "ON CONFLICT (article_key, revision) DO UPDATE SET fetched_at = excluded.fetched_at, \
     stored_at = excluded.stored_at, analyzer = excluded.analyzer, document = excluded.document",
    row_by_row: false,
};

fn revision(key: i64, rows: &Prepared, now: i64) -> [Value; 6] {
    let revision = (&rows.revision).into();
    [key.into(), revision, rows.fetched_at.into(), now.into(), (&rows.analyzer).into(), rows.compressed.clone().into()]
}

const ARTICLES: Insert = Insert {
    table: "articles",
    columns: &[
        "key",
        "id",
        "revision",
        "fetched_at",
        "at",
        "stored_at",
        "source",
        "url",
        "title",
        "language",
        "words",
        "sentiment",
        "score",
        "level",
        "taken_in",
    ],
    conflict: "ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, fetched_at = excluded.fetched_at, \
     at = excluded.at, stored_at = excluded.stored_at, source = excluded.source, url = excluded.url, \
     title = excluded.title, language = excluded.language, words = excluded.words, \
     sentiment = excluded.sentiment, score = excluded.score, level = excluded.level, taken_in = excluded.taken_in",
    row_by_row: false,
};

fn facts(article: &Replaced<'_>, now: i64) -> [Value; 15] {
    let (rows, facts) = (article.rows, &article.rows.facts);
    [
        article.key.into(),
        (&rows.id).into(),
        (&rows.revision).into(),
        article.fetched_at.into(),
        rows.at.into(),
        now.into(),
        (&facts.source).into(),
        (&facts.url).into(),
        (&facts.title).into(),
        (&facts.language).into(),
        facts.words.into(),
        facts.sentiment.into(),
        facts.score.into(),
        facts.level.into(),
        article.taken_in.into(),
    ]
}

const ACTORS: Insert = Insert {
    table: "article_actors",
    columns: &["article_key", "actor", "name", "kind", "country", "cameo", "mentions", "salience", "sentiment"],
    conflict: "",
    row_by_row: false,
};

fn actors(key: i64, rows: &Prepared) -> Vec<Value> {
    let row = |actor: &ActorRow| -> [Value; 9] {
        [
            key.into(),
            (&actor.actor).into(),
            (&actor.name).into(),
            (&actor.kind).into(),
            (&actor.country).into(),
            (&actor.cameo).into(),
            actor.mentions.into(),
            actor.salience.into(),
            actor.sentiment.into(),
        ]
    };
    rows.actors.iter().flat_map(row).collect()
}

const COUNTRIES: Insert =
    Insert { table: "article_countries", columns: &["article_key", "country"], conflict: "", row_by_row: false };

fn countries(key: i64, rows: &Prepared) -> Vec<Value> {
    rows.countries.iter().flat_map(|country| [key.into(), country.into()]).collect()
}

const PLACES: Insert = Insert {
    table: "article_places",
    columns: &["article_key", "place", "country", "latitude", "longitude", "mentions"],
    conflict: "",
    row_by_row: false,
};

fn places(key: i64, rows: &Prepared) -> Vec<Value> {
    let row = |place: &PlaceRow| -> [Value; 6] {
        let (latitude, longitude) = (place.latitude.into(), place.longitude.into());
        [key.into(), (&place.place).into(), (&place.country).into(), latitude, longitude, place.mentions.into()]
    };
    rows.places.iter().flat_map(row).collect()
}

const SIGNALS: Insert = Insert {
    table: "article_signals",
    columns: &["article_key", "category", "direction", "occurrences", "weight"],
    conflict: "",
    row_by_row: false,
};

fn signals(key: i64, rows: &Prepared) -> Vec<Value> {
    let row = |signal: &SignalRow| -> [Value; 5] {
        let (category, direction) = ((&signal.category).into(), (&signal.direction).into());
        [key.into(), category, direction, signal.occurrences.into(), signal.weight.into()]
    };
    rows.signals.iter().flat_map(row).collect()
}

const EVENTS: Insert = Insert {
    table: "article_events",
    columns: &[
        "article_key",
        "event",
        "source_actor",
        "source_country",
        "target_actor",
        "target_country",
        "plover",
        "cameo",
        "quad",
        "goldstein",
        "direction",
        "modality",
        "confidence",
        "sentence",
    ],
    conflict: "",
    row_by_row: false,
};

fn events(key: i64, rows: &Prepared) -> Vec<Value> {
    let row = |event: &EventRow| -> [Value; 14] {
        [
            key.into(),
            (&event.event).into(),
            (&event.source_actor).into(),
            (&event.source_country).into(),
            (&event.target_actor).into(),
            (&event.target_country).into(),
            (&event.plover).into(),
            (&event.cameo).into(),
            (&event.quad).into(),
            event.goldstein.into(),
            (&event.direction).into(),
            (&event.modality).into(),
            event.confidence.into(),
            event.sentence.into(),
        ]
    };
    rows.events.iter().flat_map(row).collect()
}

const TEXT_SQLITE: Insert =
    Insert { table: "article_text", columns: &["rowid", "title", "body", "names"], conflict: "", row_by_row: true };
const TEXT_POSTGRES: Insert =
    Insert { table: "article_text", columns: &["article_key", "words", "names"], conflict: "", row_by_row: false };

fn text(key: i64, rows: &Prepared) -> Vec<Value> {
    match &rows.text {
        Indexed::Sqlite { title, body, names } => vec![key.into(), title.into(), body.into(), names.into()],
        Indexed::Postgres { words, names } => {
            vec![key.into(), Value::Vector(words.clone()), Value::Vector(names.clone())]
        }
    }
}
