//! Near repeats: for each article the earliest one that it nearly repeats, with the store as the index.
//!
//! An article repeats those of similar text ([`Print::is_near`]) that were taken in before it, at most
//! `sink.repeat_window_days` before; its row in `repeats` names the earliest of them (by time of taking in, then by id).
//! That depends on what is stored and not on the order in which it came: an article that comes late but was taken in early becomes the
//! first of those after it, and one whose text is corrected lets go of those that repeated what it said before.
//!
//! **Any number of writers.** Each adds its articles' bands to the index, then takes one lock ([`lock`]) and only under it
//! looks up who shares them, until it commits. Of two that write two copies at the same time the second sees the first.
//! What is written under the lock lies in tables that are written under no other, and everything else is written before it:
//! nobody who holds it waits for anybody. In SQLite the lock is the one that every transaction takes.
//!
//! **Bounds.** Two near repeats with no band in common are missed, as [`Print`] says. Each band keeps the first [`FULL`]
//! articles that were written; of a family larger than that, later ones find these, but an article that comes late is
//! made the first of these only, and a correction of the first makes its followers look again among these. Once it is out of
//! the window, counted back from the newest article, an article is out of the index, and its repeats stay as they are.

mod index;
mod links;

pub(crate) use index::{Touched, forget, replace_prints, touched};
pub(crate) use links::relink;

use crate::db::{Dialect, Write};

/// Articles that a band keeps.
const FULL: usize = 64;
/// Number of the lock in PostgreSQL, one of ours among those of other programs.
const LOCK: i64 = 0x0046_4155_4c54_0001;

/// Waits until no other transaction relates articles to each other, and keeps others from it until this one ends.
pub(crate) async fn lock(tx: &mut Write) -> Result<(), sqlx::Error> {
    if tx.dialect() == Dialect::Postgres {
        tx.execute("SELECT pg_advisory_xact_lock(?)", vec![LOCK.into()]).await?;
    }
    Ok(())
}
