//! What consumer groups have committed: the offset from which each goes on, by partition.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::Row as _;

use crate::database::{Change, Database, Writing};
use crate::error::Result;

const ALL: &str = "
    SELECT group_id, topic.name, number, next_offset, metadata
    FROM committed JOIN partition ON partition.id = committed.partition JOIN topic ON topic.id = partition.topic";
/// Nothing where the topic has been deleted meanwhile.
const PUT: &str = "
    INSERT INTO committed (group_id, partition, next_offset, metadata)
    SELECT ?1, id, ?3, ?4 FROM partition WHERE id = ?2
    ON CONFLICT (group_id, partition) DO UPDATE SET next_offset = ?3, metadata = ?4";
const DELETE: &str = "DELETE FROM committed WHERE group_id = ?1";

/// Where a group goes on in a partition, and what it noted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) metadata: String,
}

/// Topic and number.
type Place = (String, i32);
type Of = BTreeMap<Place, Committed>;

/// What all groups have committed.
#[derive(Debug)]
pub(crate) struct Offsets {
    database: Arc<Database>,
    groups: Mutex<HashMap<String, Of>>,
}

impl Offsets {
    /// Learns what is in the database.
    pub(crate) async fn open(database: Arc<Database>) -> Result<Self> {
        let rows = sqlx::query(ALL).fetch_all(&mut *database.reader().await).await?;
        let mut groups: HashMap<String, Of> = HashMap::new();
        for row in rows {
            let committed = Committed { offset: row.try_get(3)?, metadata: row.try_get(4)? };
            groups.entry(row.try_get(0)?).or_default().insert((row.try_get(1)?, row.try_get(2)?), committed);
        }
        Ok(Self { database, groups: Mutex::new(groups) })
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<String, Of>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a group commits for partitions, named with their ids, all at once.
    pub(crate) fn commit(&self, group: &str, places: Vec<(Place, i64, Committed)>) -> Writing {
        // Commits reach memory and the disk in the same order.
        let mut groups = self.groups();
        let committed = groups.entry(group.to_owned()).or_default();
        let mut changes: Vec<Change> = Vec::with_capacity(places.len());
        for (place, partition, at) in places {
            let put = sqlx::query(PUT).bind(group.to_owned()).bind(partition);
            changes.push(put.bind(at.offset).bind(at.metadata.clone()));
            committed.insert(place, at);
        }
        self.database.write(changes)
    }

    /// What a group has committed, for all partitions.
    pub(crate) fn of(&self, group: &str) -> Of {
        self.groups().get(group).cloned().unwrap_or_default()
    }

    /// Groups that have committed something.
    pub(crate) fn group_ids(&self) -> Vec<String> {
        self.groups().keys().cloned().collect()
    }

    /// Forgets a group; nothing where it is not known.
    pub(crate) fn forget(&self, group: &str) -> Option<Writing> {
        let mut groups = self.groups();
        groups.remove(group)?;
        Some(self.database.write(vec![sqlx::query(DELETE).bind(group.to_owned())]))
    }

    /// Forgets what was committed for a topic that is deleted; in the database it goes with the topic.
    pub(crate) fn forget_topic(&self, topic: &str) {
        let mut groups = self.groups();
        groups.values_mut().for_each(|of| of.retain(|(name, _), _| name != topic));
        groups.retain(|_, of| !of.is_empty());
    }
}
