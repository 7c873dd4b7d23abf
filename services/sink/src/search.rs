//! Finding articles.

use faultline_schemas::{Direction, Enriched, Level, Partial, Sentiment, Span};
use serde::Serialize;

use crate::changes::{Edit, words as words_of};
use crate::db::{Dialect, Row, Value};
use crate::query::{Compiled, Query, compile};
use crate::rows::read_document;
use crate::{Store, StoreError};
use faultline_analysis::words::{Word, words};

/// Characters of a snippet on each side of the word found.
const SNIPPET_SIDE: usize = 90;
/// Actors and signals shown with a hit.
const SHOWN: usize = 5;

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Time,
    /// Best fit to the words first. Stores weigh words differently (BM25 in SQLite, `ts_rank` in PostgreSQL; a word in
    /// the title counts more in both), so the order is not the same in both. Without words in the query, as by time.
    Relevance,
}

/// A page of hits.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// At most as many as asked for.
    pub hits: Vec<Hit>,
    /// Pass it to [`Store::search`] for the next page; none on the last.
    pub next: Option<String>,
}

/// An article that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Hit {
    /// Article id.
    pub id: String,
    /// Current revision.
    pub revision: String,
    /// When it appeared, or was taken in where that is not known; milliseconds since 1970 in UTC.
    pub at: i64,
    /// The outlet.
    pub source: Option<String>,
    /// Where it was published.
    pub url: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// ISO 639-1 code.
    pub language: Option<String>,
    /// Tone.
    pub sentiment: Sentiment,
    /// Escalation, 0 to 1.
    pub score: f32,
    /// Escalation in a word.
    pub level: Level,
    /// Names of the most salient actors.
    pub actors: Vec<String>,
    /// The strongest signals with their words.
    pub signals: Vec<HitSignal>,
    /// Where the words asked for stand, or the start of the text.
    pub snippet: Snippet,
    /// Id of the earlier article that this one nearly repeats.
    pub duplicate_of: Option<String>,
    /// Id of its story; none where it is the only report.
    pub story: Option<String>,
    /// Sources that report the story: 1 where it is the only report.
    pub outlets: u32,
    /// Why there is only a part of it.
    pub partial: Option<Partial>,
    /// How the publisher edited it; none where it is as it first came.
    pub edit: Option<Edit>,
}

/// A signal of a hit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HitSignal {
    /// Category.
    pub category: String,
    /// Up or down.
    pub direction: Direction,
    /// 0 to 1.
    pub weight: f32,
    /// The words it was read from.
    pub words: String,
}

/// A piece of an article's text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// The piece, on one line.
    pub text: String,
    /// Words asked for, as code points of `text`.
    pub highlights: Vec<Span>,
}

impl Store {
    /// Finds the articles whose current revision fits `query`, at most `limit` of them, after the page that handed
    /// out `cursor`.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], [`StoreError::Database`], [`StoreError::Damaged`].
    pub async fn search(
        &self,
        query: &Query,
        order: Order,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page, StoreError> {
        let compiled = compile(query, self.dialect());
        let cursor = cursor.map(Cursor::parse).transpose()?;
        let (statement, values) = match (order, &compiled.ranked_by) {
            (Order::Relevance, Some(words)) => by_relevance(self.dialect(), words, &compiled, cursor, limit)?,
            _ => by_time(&compiled, cursor, limit)?,
        };
        let failed = |error| self.failed("search")(error);
        let rows = self.db.fetch(&statement, values).await.map_err(failed)?;
        let more = rows.len() > limit;
        let rows = &rows[..rows.len().min(limit)];
        let next = match (rows.last(), order, &compiled.ranked_by) {
            (Some(_), Order::Relevance, Some(_)) if more => {
                let before = if let Some(Cursor::Rank(before)) = cursor { before } else { 0 };
                Some(Cursor::Rank(before + limit as i64))
            }
            (Some(last), ..) if more => {
                Some(Cursor::Time { at: last.int(2).map_err(failed)?, key: last.int(0).map_err(failed)? })
            }
            _ => None,
        };
        let wanted = query.wanted_words();
        let mut hits: Vec<Hit> = rows.iter().map(|row| self.hit(row, &wanted)).collect::<Result<_, _>>()?;
        for (hit, row) in hits.iter_mut().zip(rows) {
            if row.int(5).map_err(failed)? > 1 {
                let revisions: Vec<Enriched> =
                    self.revisions(&hit.id).await?.into_iter().map(|revision| revision.document).collect();
                hit.edit = Edit::of(&revisions);
            }
        }
        Ok(Page { hits, next: next.map(|cursor| cursor.shown()) })
    }

    /// How many articles fit `query`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count(&self, query: &Query) -> Result<u64, StoreError> {
        let compiled = compile(query, self.dialect());
        let statement = format!("SELECT count(*) FROM articles a WHERE {}", compiled.condition);
        let failed = |error| self.failed("count articles")(error);
        let rows = self.db.fetch(&statement, compiled.values).await.map_err(failed)?;
        let count = rows.first().map_or(Ok(0), |row| row.int(0)).map_err(failed)?;
        Ok(count.unsigned_abs())
    }

    fn hit(&self, row: &Row, wanted: &[&[String]]) -> Result<Hit, StoreError> {
        let failed = |error| self.failed("read a hit")(error);
        let id = row.text(1).map_err(failed)?;
        let document = read_document(&id, &row.bytes(3).map_err(failed)?)?;
        Ok(Hit {
            id,
            at: row.int(2).map_err(failed)?,
            signals: signals(&document),
            snippet: snippet(&document.text, wanted),
            actors: document.actors.iter().take(SHOWN).map(|actor| actor.name.clone()).collect(),
            revision: document.article.revision,
            source: document.article.source,
            url: document.article.url,
            title: document.article.title,
            language: document.article.language,
            sentiment: document.sentiment,
            score: document.escalation.score,
            level: document.escalation.level,
            duplicate_of: row.opt_text(4).map_err(failed)?,
            story: row.opt_text(6).map_err(failed)?,
            outlets: u32::try_from(row.int(7).map_err(failed)?).unwrap_or(1),
            partial: document.article.partial,
            edit: None,
        })
    }
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    /// After this article, newest first.
    Time { at: i64, key: i64 },
    /// After this many, best first.
    Rank(i64),
}

impl Cursor {
    fn parse(text: &str) -> Result<Self, StoreError> {
        let parsed = match text.split_once('.') {
            Some(("r", rank)) => rank.parse().ok().filter(|&rank| rank >= 0).map(Self::Rank),
            Some((at, key)) => at.parse().ok().zip(key.parse().ok()).map(|(at, key)| Self::Time { at, key }),
            None => None,
        };
        parsed.ok_or_else(|| StoreError::BadCursor(text.to_owned()))
    }

    fn shown(self) -> String {
        match self {
            Self::Time { at, key } => format!("{at}.{key}"),
            Self::Rank(rank) => format!("r.{rank}"),
        }
    }
}

/// Of row `p`: id of the article that it repeats, how many revisions it has, its story and how many sources report that.
const BESIDE: &str = "(SELECT f.id FROM repeats d JOIN articles f ON f.key = d.first_key WHERE d.article_key = p.key), \
                      (SELECT count(*) FROM revisions v WHERE v.article_key = p.key), \
                      (SELECT s.id FROM story_articles m JOIN stories s ON s.id = m.story WHERE m.article_key = p.key), \
                      coalesce((SELECT s.sources FROM story_articles m JOIN stories s ON s.id = m.story \
                                WHERE m.article_key = p.key), 1)";

/// One row more than `limit` tells whether there is another page.
fn by_time(compiled: &Compiled, cursor: Option<Cursor>, limit: usize) -> Result<(String, Vec<Value>), StoreError> {
    let mut values = compiled.values.clone();
    let after = match cursor {
        None => "",
        Some(Cursor::Time { at, key }) => {
            values.extend([Value::Int(at), Value::Int(key)]);
            " AND (a.at, a.key) < (?, ?)"
        }
        Some(cursor) => return Err(StoreError::BadCursor(cursor.shown())),
    };
    values.push(Value::Int(limit as i64 + 1));
    // Documents are looked up for the page only, not for everything that is sorted.
    let statement = format!(
        "SELECT p.key, p.id, p.at, r.document, {BESIDE} FROM (SELECT a.key, a.id, a.at, a.revision FROM articles a \
         WHERE {}{after} ORDER BY a.at DESC, a.key DESC LIMIT ?) p \
         JOIN revisions r ON r.article_key = p.key AND r.revision = p.revision ORDER BY p.at DESC, p.key DESC",
        compiled.condition
    );
    Ok((statement, values))
}

fn by_relevance(
    dialect: Dialect,
    words: &str,
    compiled: &Compiled,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<(String, Vec<Value>), StoreError> {
    let before = match cursor {
        None => 0,
        Some(Cursor::Rank(before)) => before,
        Some(cursor) => return Err(StoreError::BadCursor(cursor.shown())),
    };
    let (ranks, mut values) = match dialect {
        // BM25 is negative, the better the smaller.
        Dialect::Sqlite => (
            "SELECT rowid AS key, -bm25(article_text, 4.0, 1.0, 0.0) AS fit FROM article_text WHERE article_text MATCH ?",
            vec![Value::from(words)],
        ),
        Dialect::Postgres => (
            "SELECT article_key AS key, ts_rank(words, CAST(? AS tsquery), 1) AS fit FROM article_text \
             WHERE words @@ CAST(? AS tsquery)",
            vec![Value::from(words), Value::from(words)],
        ),
    };
    values.extend(compiled.values.iter().cloned());
    values.extend([Value::Int(limit as i64 + 1), Value::Int(before)]);
    let statement = format!(
        "WITH ranks AS MATERIALIZED ({ranks}), \
         page AS MATERIALIZED (SELECT a.key, a.id, a.at, a.revision, coalesce(ranks.fit, 0) AS fit FROM articles a \
         LEFT JOIN ranks ON ranks.key = a.key WHERE {} ORDER BY fit DESC, a.at DESC, a.key DESC LIMIT ? OFFSET ?) \
         SELECT p.key, p.id, p.at, r.document, {BESIDE} FROM page p \
         JOIN revisions r ON r.article_key = p.key AND r.revision = p.revision ORDER BY p.fit DESC, p.at DESC, p.key DESC",
        compiled.condition
    );
    Ok((statement, values))
}

fn signals(document: &Enriched) -> Vec<HitSignal> {
    let mut signals: Vec<HitSignal> = document
        .escalation
        .signals
        .iter()
        .map(|signal| HitSignal {
            category: signal.category.clone(),
            direction: signal.direction,
            weight: signal.weight,
            words: words_of(document, signal),
        })
        .collect();
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    signals.truncate(SHOWN);
    signals
}

/// The surroundings of the first place where one of the wanted phrases stands, or the start of the text.
fn snippet(text: &str, wanted: &[&[String]]) -> Snippet {
    let words: Vec<Word> = words(text).collect();
    let found: Vec<(usize, usize)> = (0..words.len())
        .flat_map(|at| {
            let stands = |stems: &[String]| {
                words.get(at..at + stems.len()).is_some_and(|these| these.iter().map(|w| &w.stem).eq(stems.iter()))
            };
            let length = wanted.iter().filter(|stems| stands(stems)).map(|stems| stems.len()).max();
            length.map(|length| (words[at].start, words[at + length - 1].end))
        })
        .collect();
    let (first, last) = found.first().copied().unwrap_or((0, 0));
    let start = text[..first].char_indices().rev().nth(SNIPPET_SIDE - 1).map_or(0, |(at, _)| at);
    let end = text[last..].char_indices().nth(SNIPPET_SIDE).map_or(text.len(), |(at, _)| last + at);
    // Whole words, where the text was cut.
    let start = words.iter().find(|word| start > 0 && word.end > start).map_or(start, |word| word.start.max(start));
    let one_line = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let highlights = found
        .iter()
        .filter(|(from, to)| *from >= start && *to <= end)
        .map(|&(from, to)| {
            let before = text[start..from].chars().count() as u32;
            Span { start: before, end: before + text[from..to].chars().count() as u32 }
        })
        .collect();
    Snippet { text: text[start..end].chars().map(one_line).collect(), highlights }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faultline_analysis::words::stems;
    use proptest::prelude::*;

    #[test]
    fn a_snippet_shows_the_words_asked_for() {
        let text = format!("{}The armed\nforces of Vučić moved. {}", "padding ".repeat(50), "more ".repeat(50));
        let snippet = snippet(&text, &[&stems("armed force"), &stems("vucic")]);
        let shown: Vec<String> = snippet
            .highlights
            .iter()
            .map(|span| snippet.text.chars().skip(span.start as usize).take((span.end - span.start) as usize).collect())
            .collect();
        assert_eq!(shown, ["armed forces", "Vučić"]);
        assert!(snippet.text.len() < 250, "{}", snippet.text);
    }

    #[test]
    fn cursors_survive_a_round_trip_and_others_are_refused() {
        for cursor in [Cursor::Time { at: -5, key: 7 }, Cursor::Rank(40)] {
            assert_eq!(Cursor::parse(&cursor.shown()).unwrap(), cursor);
        }
        for bad in ["", "r.-1", "1", "a.b", "1.2.3"] {
            assert!(Cursor::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn snippets_of_any_text_point_into_themselves(text in "\\PC{0,300}", word in "[a-z]{1,3}") {
            let snippet = snippet(&text, &[&stems(&word)]);
            let length = snippet.text.chars().count() as u32;
            prop_assert!(snippet.highlights.iter().all(|span| span.start < span.end && span.end <= length));
        }
    }
}
