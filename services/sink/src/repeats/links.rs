//! Who repeats whom: looked up and written under the lock.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use faultline_analysis::Print;
use rustc_hash::{FxHashMap, FxHashSet};

use super::FULL;
use super::index::{Touched, bands, delete_bands};
use crate::db::{Insert, Value, Write};

/// An article among those that may repeat each other.
#[derive(Debug, Clone)]
struct Member {
    id: String,
    taken_in: i64,
    print: Print,
    /// The article that it repeats, as far as is known.
    first: Option<i64>,
}

impl Member {
    /// Of near repeats the one with the lowest rank is the first report.
    fn rank(&self) -> (i64, &str) {
        (self.taken_in, &self.id)
    }

    fn repeats(&self, earlier: &Self, window: i64) -> bool {
        earlier.rank() < self.rank()
            && self.taken_in.saturating_sub(earlier.taken_in) <= window
            && self.print.is_near(&earlier.print)
    }
}

const REPEATS: Insert = Insert {
    table: "repeats",
    columns: &["article_key", "first_key"],
    conflict: "ON CONFLICT (article_key) DO UPDATE SET first_key = excluded.first_key",
    row_by_row: false,
};

/// Works out anew what the touched articles repeat, and what repeats them. `gone` are articles that are no more.
pub(crate) async fn relink(tx: &mut Write, touched: &[Touched], gone: &[i64], window: i64) -> Result<(), sqlx::Error> {
    let known: Vec<i64> = touched.iter().filter(|article| article.is_known).map(|article| article.key).collect();
    let mut members = FxHashMap::default();
    for article in touched {
        if let Some(print) = article.print.clone() {
            let (id, taken_in) = (article.id.clone(), article.taken_in);
            members.insert(article.key, Member { id, taken_in, print, first: None });
        }
    }
    let followers = followers(tx, known.iter().chain(gone).copied()).await?;
    let unlinked: Vec<Value> = known.iter().chain(&followers).map(|&key| Value::Int(key)).collect();
    tx.execute_in("DELETE FROM repeats WHERE article_key IN ({in})", unlinked).await?;
    let missing = followers.into_iter().filter(|key| !members.contains_key(key)).collect();
    load(tx, &mut members, missing).await?;
    let open: FxHashSet<i64> = members.keys().copied().collect();

    let fresh: FxHashSet<i64> =
        touched.iter().filter(|article| article.is_fresh()).map(|article| article.key).collect();
    let sharing = sharing(tx, &members, &fresh).await?;
    let found: FxHashSet<i64> = sharing.values().flatten().copied().collect();
    load(tx, &mut members, found.into_iter().filter(|key| !open.contains(key)).collect()).await?;
    let firsts = load_firsts(tx, &members).await?;
    let links = links(&members, &open, &sharing, &firsts, window);
    let rows = links.into_iter().flat_map(|(key, first)| [key.into(), first.into()]).collect();
    tx.insert(&REPEATS, rows).await?;
    delete_bands(tx, crowded_out(&sharing, &fresh)).await
}

/// Articles that repeat one of `keys`.
async fn followers(tx: &mut Write, keys: impl Iterator<Item = i64>) -> Result<Vec<i64>, sqlx::Error> {
    let statement = "SELECT article_key FROM repeats WHERE first_key IN ({in})";
    let rows = tx.fetch_in(statement, keys.map(Value::Int).collect()).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Adds the articles `keys`, as far as they are in the index.
async fn load(tx: &mut Write, members: &mut FxHashMap<i64, Member>, keys: Vec<i64>) -> Result<(), sqlx::Error> {
    let statement = "SELECT p.article_key, a.id, p.taken_in, p.print, r.first_key FROM prints p \
                     JOIN articles a ON a.key = p.article_key LEFT JOIN repeats r ON r.article_key = p.article_key \
                     WHERE p.article_key IN ({in})";
    for row in tx.fetch_in(statement, keys.into_iter().map(Value::Int).collect()).await? {
        let Some(print) = Print::from_bytes(&row.bytes(3)?) else { continue };
        let member = Member { id: row.text(1)?, taken_in: row.int(2)?, print, first: row.opt_int(4)? };
        members.insert(row.int(0)?, member);
    }
    Ok(())
}

/// Ranks of what the members repeat by now.
async fn load_firsts(
    tx: &mut Write,
    members: &FxHashMap<i64, Member>,
) -> Result<FxHashMap<i64, (i64, String)>, sqlx::Error> {
    let mut firsts = FxHashMap::default();
    let keys: FxHashSet<i64> = members.values().filter_map(|member| member.first).collect();
    let statement = "SELECT key, taken_in, id FROM articles WHERE key IN ({in})";
    for row in tx.fetch_in(statement, keys.into_iter().map(Value::Int).collect()).await? {
        firsts.insert(row.int(0)?, (row.int(1)?, row.text(2)?));
    }
    Ok(firsts)
}

/// The articles in each band that a member shares with another. Of bands new to the index it is asked first which are
/// shared: nearly none are.
async fn sharing(
    tx: &mut Write,
    members: &FxHashMap<i64, Member>,
    fresh: &FxHashSet<i64>,
) -> Result<BTreeMap<i64, Vec<i64>>, sqlx::Error> {
    let (mut new, mut wanted) = (FxHashSet::default(), FxHashSet::default());
    for (key, member) in members {
        if fresh.contains(key) { &mut new } else { &mut wanted }.extend(bands(&member.print));
    }
    let statement = "SELECT band FROM bands WHERE band IN ({in}) GROUP BY band HAVING count(*) > 1";
    for row in tx.fetch_in(statement, new.into_iter().map(Value::Int).collect()).await? {
        wanted.insert(row.int(0)?);
    }
    let mut sharing: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let statement = "SELECT band, article_key FROM bands WHERE band IN ({in})";
    for row in tx.fetch_in(statement, wanted.into_iter().map(Value::Int).collect()).await? {
        sharing.entry(row.int(0)?).or_default().push(row.int(1)?);
    }
    for keys in sharing.values_mut() {
        keys.sort_unstable();
        // Lists are filled up by repeating their last value.
        keys.dedup();
    }
    Ok(sharing)
}

/// What each open member repeats, and which others repeat an open one rather than what they are known to repeat.
fn links(
    members: &FxHashMap<i64, Member>,
    open: &FxHashSet<i64>,
    sharing: &BTreeMap<i64, Vec<i64>>,
    firsts: &FxHashMap<i64, (i64, String)>,
    window: i64,
) -> BTreeMap<i64, i64> {
    let mut links: BTreeMap<i64, i64> = BTreeMap::new();
    for key in open {
        let Some(member) = members.get(key) else { continue };
        let near: FxHashSet<i64> = bands(&member.print)
            .filter_map(|band| sharing.get(&band))
            .flatten()
            .copied()
            .filter(|o| o != key)
            .collect();
        for other_key in near {
            let Some(other) = members.get(&other_key) else { continue };
            if member.repeats(other, window) {
                improve(&mut links, members, *key, other_key);
            } else if !open.contains(&other_key) && other.repeats(member, window) {
                let known = other.first.and_then(|first| firsts.get(&first));
                if known.is_none_or(|(taken_in, id)| member.rank() < (*taken_in, id)) {
                    improve(&mut links, members, other_key, *key);
                }
            }
        }
    }
    links
}

/// Links `key` to `first`, unless it is linked to an earlier one.
fn improve(links: &mut BTreeMap<i64, i64>, members: &FxHashMap<i64, Member>, key: i64, first: i64) {
    let rank = |key: &i64| members.get(key).map(Member::rank).map(Reverse);
    let link = links.entry(key).or_insert(first);
    if rank(&first) > rank(link) {
        *link = first;
    }
}

/// The bands that were full before these fresh articles came into them.
fn crowded_out<'a>(
    sharing: &'a BTreeMap<i64, Vec<i64>>,
    fresh: &'a FxHashSet<i64>,
) -> impl Iterator<Item = (i64, i64)> + 'a {
    sharing.iter().flat_map(move |(band, keys)| {
        keys.iter().skip(FULL).filter(|key| fresh.contains(key)).map(move |key| (*band, *key))
    })
}
