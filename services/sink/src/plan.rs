//! What a batch changes, worked out before anything is written. No I/O.
//!
//! Which revision of an article is current:
//!
//! - a revision not seen before becomes current unless it was taken in (`fetched_at`) before the current one; of two
//!   taken in at the same time, the one that arrives later wins;
//! - a revision seen before changes nothing, but for two cases: a publisher who returns to an earlier wording (it
//!   comes again, taken in later than the current one: it becomes current again), and an article read again by
//!   another version of the analysis (its tags replace the earlier ones);
//! - every revision is kept, current or not.
//!
//! An article counts as taken in when the earliest of its messages was, whatever became of that one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::rows::Prepared;

/// An article as the store has it.
#[derive(Debug, Clone)]
pub(crate) struct Existing {
    pub(crate) key: i64,
    pub(crate) current: String,
    pub(crate) fetched_at: i64,
    pub(crate) at: i64,
    pub(crate) taken_in: i64,
    /// Revision to the analyzer that read it.
    pub(crate) revisions: FxHashMap<String, String>,
}

/// An article whose rows are replaced.
#[derive(Debug)]
pub(crate) struct Replaced<'a> {
    pub(crate) key: i64,
    /// The revision whose rows and contributions go, and the time it counted under.
    pub(crate) before: Option<(String, i64)>,
    pub(crate) fetched_at: i64,
    pub(crate) taken_in: i64,
    pub(crate) rows: &'a Prepared,
}

/// An article whose rows stay, but which was taken in earlier than was known.
#[derive(Debug)]
pub(crate) struct Predated<'a> {
    pub(crate) key: i64,
    pub(crate) id: &'a str,
    pub(crate) at: i64,
    pub(crate) taken_in: i64,
}

/// What a batch changes.
#[derive(Debug, Default)]
pub(crate) struct Plan<'a> {
    pub(crate) articles: Vec<Replaced<'a>>,
    pub(crate) predated: Vec<Predated<'a>>,
    /// Revisions to write, under their article's key; those known already are overwritten.
    pub(crate) revisions: Vec<(i64, &'a Prepared)>,
}

/// An article while the plan is made.
struct State<'a> {
    key: i64,
    before: Option<(String, i64)>,
    current: String,
    fetched_at: i64,
    id: &'a str,
    taken_in: i64,
    rows: Option<&'a Prepared>,
    known: FxHashMap<String, String>,
    writes: BTreeMap<&'a str, &'a Prepared>,
}

impl<'a> State<'a> {
    fn known(id: &'a str, existing: &Existing) -> Self {
        Self {
            key: existing.key,
            before: Some((existing.current.clone(), existing.at)),
            current: existing.current.clone(),
            fetched_at: existing.fetched_at,
            id,
            taken_in: existing.taken_in,
            rows: None,
            known: existing.revisions.clone(),
            writes: BTreeMap::new(),
        }
    }

    fn unknown(id: &'a str, key: i64) -> Self {
        Self {
            key,
            before: None,
            current: String::new(),
            fetched_at: i64::MIN,
            id,
            taken_in: i64::MAX,
            rows: None,
            known: FxHashMap::default(),
            writes: BTreeMap::new(),
        }
    }

    fn take(&mut self, rows: &'a Prepared) {
        self.taken_in = self.taken_in.min(rows.fetched_at);
        let is_current = rows.revision == self.current;
        let becomes_current = match self.known.get(&rows.revision) {
            None => rows.fetched_at >= self.fetched_at,
            Some(analyzer) => {
                let read_again = *analyzer != rows.analyzer;
                let returned = !is_current && rows.fetched_at_given && rows.fetched_at > self.fetched_at;
                if !read_again && !returned {
                    return;
                }
                is_current || returned
            }
        };
        self.known.insert(rows.revision.clone(), rows.analyzer.clone());
        self.writes.insert(&rows.revision, rows);
        if becomes_current {
            self.current.clone_from(&rows.revision);
            self.fetched_at = self.fetched_at.max(rows.fetched_at);
            self.rows = Some(rows);
        }
    }
}

impl<'a> Plan<'a> {
    /// Plans `batch`, in its order. `existing` holds what the store has of its articles, `keys` one unused key for
    /// each article that the store does not have.
    pub(crate) fn new(
        batch: &[&'a Prepared],
        existing: &FxHashMap<String, Existing>,
        mut keys: impl Iterator<Item = i64>,
    ) -> Self {
        let mut states: Vec<State<'a>> = Vec::new();
        let mut index: FxHashMap<&str, usize> = FxHashMap::default();
        for rows in batch {
            let at = match index.get(rows.id.as_str()) {
                Some(&at) => at,
                None => {
                    let known = existing.get(&rows.id).map(|existing| State::known(&rows.id, existing));
                    let unknown = || keys.next().map(|key| State::unknown(&rows.id, key));
                    let Some(state) = known.or_else(unknown) else { continue };
                    index.insert(&rows.id, states.len());
                    states.push(state);
                    states.len() - 1
                }
            };
            states[at].take(rows);
        }
        let mut plan = Self::default();
        for state in states {
            plan.revisions.extend(state.writes.into_values().map(|rows| (state.key, rows)));
            let State { key, before, fetched_at, id, taken_in, .. } = state;
            if let Some(rows) = state.rows {
                plan.articles.push(Replaced { key, before, fetched_at, taken_in, rows });
            } else if let Some(known) = existing.get(id).filter(|known| taken_in < known.taken_in) {
                plan.predated.push(Predated { key, id, at: known.at, taken_in });
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Dialect;
    use crate::rows::tests::document;

    /// Revision, minute it was taken in (none: not given), analyzer.
    fn rows(revision: &str, minute: Option<u32>, analyzer: &str) -> Prepared {
        let mut document = document("a", revision);
        document.article.fetched_at = minute.map(|minute| format!("2022-08-01T11:{minute:02}:00Z"));
        document.provenance.analyzer = analyzer.into();
        Prepared::new(&serde_json::to_vec(&document).unwrap(), Dialect::Sqlite, 1_659_351_600_000).unwrap()
    }

    /// Applies batches one after the other, as a store would, and returns the current revision and how often the
    /// article's rows were replaced.
    fn follow(batches: &[Vec<Prepared>]) -> (String, usize) {
        let mut existing: FxHashMap<String, Existing> = FxHashMap::default();
        let mut replaced = 0;
        for batch in batches {
            let plan = Plan::new(&batch.iter().collect::<Vec<_>>(), &existing, [7].into_iter());
            replaced += plan.articles.len();
            let article = existing.entry("a".into()).or_insert(Existing {
                key: 7,
                current: String::new(),
                fetched_at: 0,
                at: 0,
                taken_in: i64::MAX,
                revisions: FxHashMap::default(),
            });
            for (_, rows) in &plan.revisions {
                article.revisions.insert(rows.revision.clone(), rows.analyzer.clone());
            }
            for change in &plan.articles {
                article.current.clone_from(&change.rows.revision);
                (article.fetched_at, article.at) = (change.fetched_at, change.rows.at);
                article.taken_in = change.taken_in;
            }
        }
        (existing["a"].current.clone(), replaced)
    }

    #[test]
    fn the_revision_taken_in_last_is_current() {
        let table: Vec<(&str, Vec<Prepared>, &str, usize)> = vec![
            ("a correction", vec![rows("1", Some(1), "x"), rows("2", Some(2), "x")], "2", 2),
            ("an older one arriving late", vec![rows("2", Some(2), "x"), rows("1", Some(1), "x")], "2", 1),
            ("the same again", vec![rows("1", Some(1), "x"), rows("1", Some(9), "x")], "1", 1),
            ("taken in at the same time", vec![rows("1", Some(1), "x"), rows("2", Some(1), "x")], "2", 2),
            ("all sent twice", vec![rows("1", None, "x"), rows("2", None, "x"), rows("1", None, "x")], "2", 2),
            ("returned to", vec![rows("1", Some(1), "x"), rows("2", Some(2), "x"), rows("1", Some(3), "x")], "1", 3),
            ("read again", vec![rows("1", Some(1), "x"), rows("1", Some(1), "y")], "1", 2),
            (
                "an old one read again",
                vec![rows("1", Some(1), "x"), rows("2", Some(2), "x"), rows("1", Some(1), "y")],
                "2",
                2,
            ),
        ];
        for (what, arrivals, current, replaced) in table {
            let batch: Vec<Vec<Prepared>> = vec![arrivals];
            let in_one = follow(&batch);
            assert_eq!(in_one, (current.to_owned(), 1), "{what}, in one batch");
            let one_by_one: Vec<Vec<Prepared>> = batch.into_iter().flatten().map(|rows| vec![rows]).collect();
            assert_eq!(follow(&one_by_one), (current.to_owned(), replaced), "{what}, one by one");
        }
    }

    #[test]
    fn an_article_was_taken_in_when_its_earliest_message_was() {
        let (second, first) = (rows("1", Some(2), "x"), rows("1", Some(1), "x"));
        let revisions = FxHashMap::from_iter([("1".to_owned(), second.analyzer.clone())]);
        let (current, fetched_at) = ("1".to_owned(), second.fetched_at);
        let stored = Existing { key: 7, current, fetched_at, at: 0, taken_in: fetched_at, revisions };
        let existing = FxHashMap::from_iter([("a".to_owned(), stored)]);
        let plan = Plan::new(&[&first], &existing, [].into_iter());
        assert_eq!((plan.articles.len(), plan.revisions.len()), (0, 0));
        assert_eq!((plan.predated[0].key, plan.predated[0].taken_in), (7, first.fetched_at));
        assert!(Plan::new(&[&second], &existing, [].into_iter()).predated.is_empty());
        let both = Plan::new(&[&second, &first], &FxHashMap::default(), [7].into_iter());
        assert_eq!((both.articles[0].taken_in, both.articles[0].fetched_at), (first.fetched_at, second.fetched_at));
    }

    #[test]
    fn a_batch_seen_before_changes_nothing() {
        let batch = || vec![rows("1", Some(1), "x"), rows("2", Some(2), "x")];
        assert_eq!(follow(&[batch(), batch(), batch()]), ("2".to_owned(), 1));
    }
}
