//! How an article stands among the others.

use serde::Serialize;

use crate::db::Row;
use crate::rows::clean;
use crate::{Store, StoreError};

/// Repeats of one article that are listed.
const LISTED: i64 = 100;

/// An article that is named beside another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brief {
    /// Article id.
    pub id: String,
    /// The outlet.
    pub source: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// When it appeared, or was taken in where that is not known; milliseconds since 1970 in UTC.
    pub at: i64,
}

/// What an article repeats, and what repeats it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The earliest article that it nearly repeats.
    pub duplicate_of: Option<Brief>,
    /// Articles that nearly repeat it, earliest first, at most 100.
    pub repeats: Vec<Brief>,
}

impl Store {
    /// What article `id` repeats, and what repeats it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn related(&self, id: &str) -> Result<Related, StoreError> {
        let failed = |error| self.failed("read what an article repeats")(error);
        let first = "SELECT f.id, f.source, f.title, f.at FROM articles a JOIN repeats r ON r.article_key = a.key \
                     JOIN articles f ON f.key = r.first_key WHERE a.id = ?";
        let first = self.db.fetch(first, vec![clean(id).into()]).await.map_err(failed)?;
        let repeats = "SELECT a.id, a.source, a.title, a.at FROM articles f JOIN repeats r ON r.first_key = f.key \
                       JOIN articles a ON a.key = r.article_key WHERE f.id = ? ORDER BY a.taken_in, a.id LIMIT ?";
        let repeats = self.db.fetch(repeats, vec![clean(id).into(), LISTED.into()]).await.map_err(failed)?;
        Ok(Related {
            duplicate_of: first.first().map(brief).transpose().map_err(failed)?,
            repeats: repeats.iter().map(brief).collect::<Result<_, _>>().map_err(failed)?,
        })
    }
}

pub(crate) fn brief(row: &Row) -> Result<Brief, sqlx::Error> {
    Ok(Brief { id: row.text(0)?, source: row.opt_text(1)?, title: row.opt_text(2)?, at: row.int(3)? })
}
