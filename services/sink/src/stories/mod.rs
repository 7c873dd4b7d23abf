//! Stories: reports of the same happening, by whichever outlet.
//!
//! **Method.** Single-pass clustering (J. Allan et al., "Topic Detection and Tracking Pilot Study", 1998) by the nearest neighbour, with
//! the store as the index. Of an article the 24 words that tell it best from others are kept (by how often they stand in it and
//! how rare they are in news, TF-IDF; a word of the title counts thrice), and its 8 most salient actors. A new
//! article joins the story of the article that is most like it, where their cosine similarity (a tenth of it for the same actors,
//! by salience) is above 0.18 and they appeared within [`WINDOW_MS`] of each other; where that one is in no story yet, the
//! two are one. It is compared with those found under its 8 heaviest words: the last [`SLOTS`] articles of each.
//! `make score` says nothing of it; `tests/tests/stories.rs` measures it on labelled articles, beside simpler ways.
//!
//! **What holds.** An article is in one story at most and stays there, also when its text is corrected. Which one depends on the
//! order in which articles are written, and on nothing else. Stories never merge: a long affair may become several. English only:
//! in other languages common words would be taken for telling ones. What is near in time is looked for by when articles
//! appeared, so what is filled in from an archive finds its own time.

mod join;
mod list;

pub(crate) use join::{leave, tell};
pub use list::{Story, StoryReport};

use crate::db::Write;

/// Reports of the same happening appear within so many milliseconds of another one.
const WINDOW_MS: i64 = 3 * 86_400_000;
/// Articles that are found under a word.
const SLOTS: i64 = 16;

/// Takes articles out of the words under which they were found; under the lock of [`crate::repeats`].
pub(crate) async fn forget_terms(tx: &mut Write, terms: &[(i64, i64)]) -> Result<(), sqlx::Error> {
    let values = terms.iter().flat_map(|&(term, key)| [term.into(), key.into()]).collect();
    tx.delete_pairs("terms", ["term", "article_key"], values).await
}
