//! Which story an article belongs to: looked up and written under the lock of [`crate::repeats`].

use std::collections::{BTreeMap, BTreeSet};

use faultline_analysis::story::Sketch;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{SLOTS, WINDOW_MS, forget_terms};
use crate::db::{Insert, Value, Write};
use crate::plan::Plan;
use crate::repeats::Touched;

/// An article that others may be like.
struct Report {
    id: String,
    at: i64,
    sketch: Sketch,
    story: Option<String>,
}

const TERMS: Insert = Insert {
    table: "terms",
    columns: &["term", "slot", "article_key"],
    conflict: "ON CONFLICT (term, slot) DO UPDATE SET article_key = excluded.article_key",
    row_by_row: false,
};

const STORY_ARTICLES: Insert =
    Insert { table: "story_articles", columns: &["article_key", "story"], conflict: "", row_by_row: false };

const STORIES: Insert = Insert {
    table: "stories",
    columns: &["id", "first_key", "first_at", "last_at", "articles", "sources", "level"],
    conflict: "",
    row_by_row: false,
};

/// Finds the stories of the touched articles that are in none, and sums up anew the stories that the plan changes.
pub(crate) async fn tell(tx: &mut Write, plan: &Plan<'_>, touched: &[Touched]) -> Result<(), sqlx::Error> {
    let known = plan.articles.iter().filter(|article| article.before.is_some()).map(|article| Value::Int(article.key));
    let stories = stories_of(tx, known.collect()).await?;
    let newcomers: Vec<(&Touched, &Sketch)> = touched
        .iter()
        .filter(|article| article.is_fresh() && !stories.contains_key(&article.key))
        .filter_map(|article| Some((article, article.sketch.as_ref()?)))
        .collect();
    let mut changed: BTreeSet<String> = stories.into_values().collect();
    if !newcomers.is_empty() {
        let joined = join(tx, &newcomers).await?;
        changed.extend(joined.values().cloned());
        let rows = joined.into_iter().flat_map(|(key, story)| [key.into(), story.into()]).collect();
        tx.insert(&STORY_ARTICLES, rows).await?;
    }
    replace_terms(tx, touched).await?;
    sum_up(tx, changed).await
}

/// Takes articles out of their stories.
pub(crate) async fn leave(tx: &mut Write, keys: &[Value]) -> Result<(), sqlx::Error> {
    let stories = stories_of(tx, keys.to_vec()).await?;
    tx.execute_in("DELETE FROM story_articles WHERE article_key IN ({in})", keys.to_vec()).await?;
    sum_up(tx, stories.into_values().collect()).await
}

async fn stories_of(tx: &mut Write, keys: Vec<Value>) -> Result<FxHashMap<i64, String>, sqlx::Error> {
    let statement = "SELECT article_key, story FROM story_articles WHERE article_key IN ({in})";
    tx.fetch_in(statement, keys).await?.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
}

/// The stories of the newcomers that are like another article, and of those others that were in none.
async fn join(tx: &mut Write, newcomers: &[(&Touched, &Sketch)]) -> Result<BTreeMap<i64, String>, sqlx::Error> {
    let mut found = found_under(tx, newcomers).await?;
    let mut reports = load(tx, found.values().flatten().copied().collect()).await?;
    let mut joined = BTreeMap::new();
    for (article, sketch) in newcomers {
        let alike: FxHashSet<i64> = sketch
            .terms()
            .filter_map(|term| found.get(&term))
            .flatten()
            .copied()
            .filter(|key| *key != article.key)
            .collect();
        let nearest = nearest(article.at, sketch, &alike, &reports);
        let story = nearest.and_then(|key| {
            let report = reports.get_mut(&key)?;
            let story = report.story.get_or_insert_with(|| {
                joined.insert(key, report.id.clone());
                report.id.clone()
            });
            Some(story.clone())
        });
        if let Some(story) = &story {
            joined.insert(article.key, story.clone());
        }
        let (id, at, sketch) = (article.id.clone(), article.at, (*sketch).clone());
        for term in sketch.terms() {
            found.entry(term).or_default().push(article.key);
        }
        reports.insert(article.key, Report { id, at, sketch, story });
    }
    Ok(joined)
}

/// Articles found under the newcomers' words.
async fn found_under(
    tx: &mut Write,
    newcomers: &[(&Touched, &Sketch)],
) -> Result<FxHashMap<i64, Vec<i64>>, sqlx::Error> {
    let terms: BTreeSet<i64> = newcomers.iter().flat_map(|(_, sketch)| sketch.terms()).collect();
    let mut found: FxHashMap<i64, Vec<i64>> = FxHashMap::default();
    let statement = "SELECT term, article_key FROM terms WHERE term IN ({in})";
    for row in tx.fetch_in(statement, terms.into_iter().map(Value::Int).collect()).await? {
        found.entry(row.int(0)?).or_default().push(row.int(1)?);
    }
    Ok(found)
}

async fn load(tx: &mut Write, keys: FxHashSet<i64>) -> Result<FxHashMap<i64, Report>, sqlx::Error> {
    let statement = "SELECT p.article_key, a.id, a.at, p.sketch, s.story FROM prints p \
                     JOIN articles a ON a.key = p.article_key LEFT JOIN story_articles s ON s.article_key = p.article_key \
                     WHERE p.article_key IN ({in})";
    let mut reports = FxHashMap::default();
    for row in tx.fetch_in(statement, keys.into_iter().map(Value::Int).collect()).await? {
        let Some(sketch) = Sketch::from_bytes(&row.bytes(3)?) else { continue };
        reports.insert(row.int(0)?, Report { id: row.text(1)?, at: row.int(2)?, sketch, story: row.opt_text(4)? });
    }
    Ok(reports)
}

/// The article that is most like this one; of several the nearest in time.
fn nearest(at: i64, sketch: &Sketch, keys: &FxHashSet<i64>, reports: &FxHashMap<i64, Report>) -> Option<i64> {
    let near = keys.iter().filter_map(|key| {
        let report = reports.get(key)?;
        let apart = at.abs_diff(report.at);
        let likeness = sketch.likeness(&report.sketch)?;
        (apart <= WINDOW_MS.unsigned_abs()).then_some((likeness, apart, *key))
    });
    let (.., key) = near.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)).then(b.2.cmp(&a.2)))?;
    Some(key)
}

/// Puts the touched articles under their words, and takes them away from those that they no longer tell of.
async fn replace_terms(tx: &mut Write, touched: &[Touched]) -> Result<(), sqlx::Error> {
    let (mut gone, mut slots) = (Vec::new(), BTreeMap::new());
    for article in touched {
        let terms = |sketch: &Option<Sketch>| -> BTreeSet<i64> { sketch.iter().flat_map(Sketch::terms).collect() };
        let (before, now) = (terms(&article.sketch_before), terms(&article.sketch));
        gone.extend(before.difference(&now).map(|&term| (term, article.key)));
        slots.extend(now.difference(&before).map(|&term| ((term, article.key.rem_euclid(SLOTS)), article.key)));
    }
    forget_terms(tx, &gone).await?;
    let rows = slots.into_iter().flat_map(|((term, slot), key)| [term.into(), slot.into(), key.into()]).collect();
    tx.insert(&TERMS, rows).await
}

async fn sum_up(tx: &mut Write, stories: BTreeSet<String>) -> Result<(), sqlx::Error> {
    let ids: Vec<Value> = stories.into_iter().map(Value::Text).collect();
    tx.execute_in("DELETE FROM stories WHERE id IN ({in})", ids.clone()).await?;
    let first = "SELECT story, key FROM (SELECT s.story, a.key, row_number() OVER \
                 (PARTITION BY s.story ORDER BY a.at, a.taken_in, a.id) AS place FROM story_articles s \
                 JOIN articles a ON a.key = s.article_key WHERE s.story IN ({in})) AS placed WHERE place = 1";
    let mut firsts: FxHashMap<String, i64> = FxHashMap::default();
    for row in tx.fetch_in(first, ids.clone()).await? {
        firsts.insert(row.text(0)?, row.int(1)?);
    }
    let sums = "SELECT s.story, min(a.at), max(a.at), count(*), count(DISTINCT a.source), max(a.level) \
                FROM story_articles s JOIN articles a ON a.key = s.article_key WHERE s.story IN ({in}) GROUP BY s.story \
                HAVING count(*) > 1";
    let mut rows = Vec::new();
    for row in tx.fetch_in(sums, ids).await? {
        let id = row.text(0)?;
        let Some(first) = firsts.get(&id) else { continue };
        rows.extend([id.into(), (*first).into()]);
        for column in 1..=5 {
            rows.push(row.int(column)?.into());
        }
    }
    tx.insert(&STORIES, rows).await
}
