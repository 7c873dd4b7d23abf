//! The index of prints and their bands. An article's part of it is written under the lock of the article's own row.

use std::time::Duration;

use faultline_analysis::{Print, story::Sketch};
use rustc_hash::FxHashMap;

use crate::db::{Insert, Value, Write};
use crate::plan::Plan;
use crate::stories;
use crate::{Store, StoreError};

/// Articles taken out of the index in one transaction.
const BATCH: i64 = 500;
/// A rest between two of them.
const PAUSE: Duration = Duration::from_millis(50);

/// An article that may have other near repeats than before.
#[derive(Debug)]
pub(crate) struct Touched {
    pub(crate) key: i64,
    pub(crate) id: String,
    pub(crate) taken_in: i64,
    /// When it appeared.
    pub(crate) at: i64,
    /// None where it has no text to recognise.
    pub(crate) print: Option<Print>,
    /// What it is about.
    pub(crate) sketch: Option<Sketch>,
    /// What it was recognised by until now.
    before: Option<Print>,
    /// What it was about until now.
    pub(crate) sketch_before: Option<Sketch>,
    /// Whether the store has had it before this batch.
    pub(crate) is_known: bool,
}

impl Touched {
    /// Whether its bands are new to the index.
    pub(crate) fn is_fresh(&self) -> bool {
        self.print != self.before
    }
}

/// What the index has of an article.
struct Before {
    taken_in: i64,
    print: Option<Print>,
    sketch: Option<Sketch>,
}

/// The articles of the plan that have another text now, or another time of taking in.
pub(crate) async fn touched(tx: &mut Write, plan: &Plan<'_>) -> Result<Vec<Touched>, sqlx::Error> {
    let known = plan.articles.iter().filter(|article| article.before.is_some()).map(|article| article.key);
    let keys = known.chain(plan.predated.iter().map(|article| article.key)).map(Value::Int).collect();
    let mut before: FxHashMap<i64, Before> = FxHashMap::default();
    let statement = "SELECT article_key, taken_in, print, sketch FROM prints WHERE article_key IN ({in})";
    for row in tx.fetch_in(statement, keys).await? {
        let (print, sketch) = (Print::from_bytes(&row.bytes(2)?), Sketch::from_bytes(&row.bytes(3)?));
        before.insert(row.int(0)?, Before { taken_in: row.int(1)?, print, sketch });
    }
    let mut touched = Vec::with_capacity(plan.articles.len() + plan.predated.len());
    for article in &plan.articles {
        let before = before.remove(&article.key);
        let Before { taken_in, print: before, sketch: sketch_before } =
            before.unwrap_or(Before { taken_in: i64::MAX, print: None, sketch: None });
        let rows = article.rows;
        if rows.print != before || article.taken_in < taken_in {
            touched.push(Touched {
                key: article.key,
                id: rows.id.clone(),
                taken_in: article.taken_in,
                at: rows.at,
                print: rows.print.clone(),
                sketch: rows.sketch.clone(),
                before,
                sketch_before,
                is_known: article.before.is_some(),
            });
        }
    }
    for article in &plan.predated {
        // One without a print is out of the window, or has no text.
        let Some(Before { print: Some(print), sketch, .. }) = before.remove(&article.key) else { continue };
        touched.push(Touched {
            key: article.key,
            id: article.id.to_owned(),
            taken_in: article.taken_in,
            at: article.at,
            print: Some(print.clone()),
            sketch: sketch.clone(),
            before: Some(print),
            sketch_before: sketch,
            is_known: true,
        });
    }
    Ok(touched)
}

const PRINTS: Insert = Insert {
    table: "prints",
    columns: &["article_key", "taken_in", "print", "sketch"],
    conflict: "ON CONFLICT (article_key) DO UPDATE SET taken_in = excluded.taken_in, print = excluded.print, \
               sketch = excluded.sketch",
    row_by_row: false,
};

const BANDS: Insert = Insert {
    table: "bands",
    columns: &["band", "article_key"],
    conflict: "ON CONFLICT (band, article_key) DO NOTHING",
    row_by_row: false,
};

/// Puts the prints of the touched articles in the place of those before.
pub(crate) async fn replace_prints(tx: &mut Write, touched: &[Touched]) -> Result<(), sqlx::Error> {
    let outdated = touched.iter().filter(|article| article.is_fresh());
    let gone = outdated.filter_map(|article| Some((article.key, article.before.as_ref()?)));
    delete_bands(tx, gone.flat_map(|(key, print)| bands(print).map(move |band| (band, key)))).await?;
    let textless = touched.iter().filter(|article| article.print.is_none() && article.is_known);
    let textless = textless.map(|article| Value::Int(article.key)).collect();
    tx.execute_in("DELETE FROM prints WHERE article_key IN ({in})", textless).await?;
    let (mut print_rows, mut band_rows) = (Vec::new(), Vec::new());
    for article in touched {
        let Some(print) = &article.print else { continue };
        let sketch = article.sketch.as_ref().map(Sketch::to_bytes).unwrap_or_default();
        print_rows.extend([article.key.into(), article.taken_in.into(), print.to_bytes().into(), sketch.into()]);
        if article.is_fresh() {
            band_rows.extend(bands(print).flat_map(|band| [band.into(), article.key.into()]));
        }
    }
    tx.insert(&PRINTS, print_rows).await?;
    tx.insert(&BANDS, band_rows).await
}

/// As the databases hold them.
pub(super) fn bands(print: &Print) -> impl Iterator<Item = i64> + use<> {
    print.bands().into_iter().map(u64::cast_signed)
}

/// Takes articles out of bands.
pub(super) async fn delete_bands(tx: &mut Write, gone: impl Iterator<Item = (i64, i64)>) -> Result<(), sqlx::Error> {
    let values = gone.flat_map(|(band, key)| [band.into(), key.into()]).collect();
    tx.delete_pairs("bands", ["band", "article_key"], values).await
}

/// Takes articles, whose rows are locked, out of the index, and then takes the lock.
pub(crate) async fn forget(tx: &mut Write, keys: &[Value]) -> Result<(), sqlx::Error> {
    let (mut gone, mut terms) = (Vec::new(), Vec::new());
    let statement = "SELECT article_key, print, sketch FROM prints WHERE article_key IN ({in})";
    for row in tx.fetch_in(statement, keys.to_vec()).await? {
        let key = row.int(0)?;
        gone.extend(Print::from_bytes(&row.bytes(1)?).iter().flat_map(bands).map(|band| (band, key)));
        terms.extend(Sketch::from_bytes(&row.bytes(2)?).iter().flat_map(Sketch::terms).map(|term| (term, key)));
    }
    delete_bands(tx, gone.into_iter()).await?;
    tx.execute_in("DELETE FROM prints WHERE article_key IN ({in})", keys.to_vec()).await?;
    super::lock(tx).await?;
    stories::forget_terms(tx, &terms).await
}

impl Store {
    /// Takes the articles that nothing new can repeat any more out of the index, and says how many they were. The window is
    /// counted back from the newest article, so that a store that is being filled from an old topic keeps what it needs.
    ///
    /// # Errors
    /// [`StoreError::Database`]; what was done until then stays done.
    pub async fn prune_prints(&self) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let batch = self.prune_batch().await.map_err(self.failed("forget old texts"))?;
            pruned += batch;
            if batch < BATCH.unsigned_abs() {
                return Ok(pruned);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn prune_batch(&self) -> Result<u64, sqlx::Error> {
        let mut tx = self.db.begin().await?;
        let newest = tx.fetch("SELECT max(taken_in) FROM prints", Vec::new()).await?;
        let Some(newest) = newest.first().map_or(Ok(None), |row| row.opt_int(0))? else {
            tx.commit().await?;
            return Ok(0);
        };
        // A clock that is ahead somewhere must not empty the index.
        let newest = newest.min(jiff::Timestamp::now().as_millisecond());
        let statement = format!(
            "SELECT key FROM articles WHERE key IN (SELECT article_key FROM prints WHERE taken_in < ? ORDER BY taken_in \
             LIMIT ?) ORDER BY id{}",
            tx.dialect().for_update()
        );
        let cutoff = newest.saturating_sub(self.repeat_window);
        let rows = tx.fetch(&statement, vec![cutoff.into(), BATCH.into()]).await?;
        let keys: Vec<Value> = rows.iter().map(|row| row.int(0).map(Value::Int)).collect::<Result<_, _>>()?;
        forget(&mut tx, &keys).await?;
        tx.commit().await?;
        Ok(keys.len() as u64)
    }
}
