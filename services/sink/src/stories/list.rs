//! Stories as they are read.

use faultline_schemas::Level;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::db::{Row, Value, in_chunks};
use crate::query::{Compiled, Query, compile};
use crate::related::{Brief, brief};
use crate::rows::clean;
use crate::{Store, StoreError};

/// A happening that several articles report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// Id of the article that it was first seen in.
    pub id: String,
    /// The earliest report, by when it appeared.
    pub first: Brief,
    /// When the latest one appeared, milliseconds since 1970 in UTC.
    pub last_at: i64,
    /// Reports of it.
    pub articles: u64,
    /// Outlets that report it.
    pub sources: u64,
    /// The highest level of its reports.
    pub level: Level,
    /// How it moves: its reports in the order they appeared.
    pub reports: Vec<StoryReport>,
}

/// A report of a story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryReport {
    /// Article id.
    pub id: String,
    /// The outlet.
    pub source: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// When it appeared, milliseconds since 1970 in UTC.
    pub at: i64,
    /// Escalation in a word.
    pub level: Level,
    /// Escalation, 0 to 1.
    pub score: f64,
    /// Tone, -1 to 1.
    pub tone: f64,
}

const COLUMNS: &str = "f.id, f.source, f.title, f.at, s.id, s.last_at, s.articles, s.sources, s.level";

impl Store {
    /// The stories with a report that fits `query`, those with the latest report first, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn stories(&self, query: &Query, limit: usize) -> Result<Vec<Story>, StoreError> {
        let Compiled { condition, mut values, .. } = compile(query, self.dialect());
        let statement = format!(
            "SELECT {COLUMNS} FROM stories s JOIN articles f ON f.key = s.first_key WHERE s.id IN \
             (SELECT m.story FROM story_articles m JOIN articles a ON a.key = m.article_key WHERE {condition}) \
             ORDER BY s.last_at DESC, s.id LIMIT ?"
        );
        values.push(Value::Int(limit as i64));
        self.read_stories(&statement, values).await.map_err(self.failed("list stories"))
    }

    /// The story that article `id` belongs to; none where no other article reports the same.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn story_of(&self, id: &str) -> Result<Option<Story>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM articles a JOIN story_articles m ON m.article_key = a.key \
             JOIN stories s ON s.id = m.story JOIN articles f ON f.key = s.first_key WHERE a.id = ?"
        );
        let found = self.read_stories(&statement, vec![clean(id).into()]).await;
        Ok(found.map_err(self.failed("read a story"))?.into_iter().next())
    }

    async fn read_stories(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Story>, sqlx::Error> {
        let mut stories: Vec<Story> =
            self.db.fetch(statement, values).await?.iter().map(story).collect::<Result<_, _>>()?;
        let index: FxHashMap<String, usize> =
            stories.iter().enumerate().map(|(place, story)| (story.id.clone(), place)).collect();
        let reports = "SELECT m.story, a.id, a.source, a.title, a.at, a.level, a.score, a.sentiment FROM story_articles m \
                       JOIN articles a ON a.key = m.article_key WHERE m.story IN ({in}) ORDER BY a.at, a.taken_in, a.id";
        for (sql, chunk) in in_chunks(reports, stories.iter().map(|story| Value::from(&story.id)).collect()) {
            for row in self.db.fetch(&sql, chunk).await? {
                if let Some(story) = index.get(&row.text(0)?).and_then(|place| stories.get_mut(*place)) {
                    story.reports.push(report(&row)?);
                }
            }
        }
        Ok(stories)
    }
}

fn story(row: &Row) -> Result<Story, sqlx::Error> {
    Ok(Story {
        first: brief(row)?,
        id: row.text(4)?,
        last_at: row.int(5)?,
        articles: row.int(6)?.unsigned_abs(),
        // An outlet that is not named is one, too.
        sources: row.int(7)?.unsigned_abs().max(1),
        level: level(row.int(8)?),
        reports: Vec::new(),
    })
}

fn report(row: &Row) -> Result<StoryReport, sqlx::Error> {
    let (id, source, title) = (row.text(1)?, row.opt_text(2)?, row.opt_text(3)?);
    let (at, level) = (row.int(4)?, level(row.int(5)?));
    Ok(StoryReport { id, source, title, at, level, score: row.real(6)?, tone: row.real(7)? })
}

/// As it is stored.
fn level(number: i64) -> Level {
    match number {
        i64::MIN..=0 => Level::Calm,
        1 => Level::Watch,
        2 => Level::Elevated,
        3 => Level::High,
        _ => Level::Critical,
    }
}
