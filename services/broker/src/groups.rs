//! Consumer groups: who is in one, and who reads what.
//!
//! The classic group protocol, as Kafka's coordinator keeps it: a rebalance begins when a member comes, goes or is not
//! heard of for its session timeout; it waits until every member has joined again, then until the leader has said who
//! reads what.
//!
//! Groups are in memory only: after a restart of the broker members join again. What they committed is in the database.

mod group;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

pub(crate) use self::group::{Described, Joining};
use self::group::{Group, Joined};

/// How often those who wait look for members that are overdue.
const LOOK: Duration = Duration::from_millis(250);

/// All groups that have members.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: Mutex<HashMap<String, Group>>,
    /// Changes when a group has.
    changed: watch::Sender<()>,
}

impl Groups {
    fn groups(&self) -> MutexGuard<'_, HashMap<String, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to a group as it is now, overdue members taken away, and tells those who wait.
    fn with<T>(&self, group_id: &str, act: impl FnOnce(&mut Group, Instant) -> T) -> T {
        let mut groups = self.groups();
        let group = groups.entry(group_id.to_owned()).or_default();
        let now = Instant::now();
        let before = group.version();
        group.sweep(now);
        let outcome = act(group, now);
        if group.version() != before {
            self.changed.send_replace(());
        }
        if group.is_deserted() {
            groups.remove(group_id);
        }
        outcome
    }

    /// Looks at a group until there is an answer.
    async fn wait<T>(&self, group_id: &str, mut look: impl FnMut(&mut Group, Instant) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if let Some(answer) = self.with(group_id, &mut look) {
                return answer;
            }
            // Time is a change too; the sender lives in `self`.
            timeout(LOOK, changed.changed()).await.ok();
        }
    }

    /// Joins, and waits until all others have; an error comes with the id that the member is to use.
    pub(crate) async fn join(&self, group_id: &str, joining: Joining) -> Result<Joined, (ResponseError, StrBytes)> {
        let member_id = self.with(group_id, |group, now| group.join(joining, now))?;
        let refused = |code| (code, member_id.clone());
        self.wait(group_id, |group, _| group.joined(&member_id)).await.map_err(refused)
    }

    /// What a member is to read, once the leader has said it: if this is the leader, that is said with it.
    pub(crate) async fn sync(
        &self,
        group_id: &str,
        member_id: &StrBytes,
        generation: i32,
        assignments: Vec<(StrBytes, Bytes)>,
    ) -> Result<Bytes, ResponseError> {
        self.with(group_id, |group, now| {
            group.check(member_id, generation, now)?;
            group.assign(member_id, assignments);
            Ok(())
        })?;
        self.wait(group_id, |group, now| group.synced(member_id, generation, now)).await
    }

    /// Notes that a member is there, and tells it whether it must join again.
    pub(crate) fn heartbeat(&self, group_id: &str, member_id: &StrBytes, generation: i32) -> Result<(), ResponseError> {
        self.with(group_id, |group, now| group.check(member_id, generation, now))
    }

    /// Takes a member out, by its id or by its instance's.
    pub(crate) fn leave(
        &self,
        group_id: &str,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
    ) -> Result<(), ResponseError> {
        self.with(group_id, |group, now| group.leave(member_id, instance_id, now))
    }

    /// Why what a member says does not count: it is out, or behind.
    pub(crate) fn refusal(&self, group_id: &str, member_id: &StrBytes, generation: i32) -> Option<ResponseError> {
        self.with(group_id, |group, _| group.refusal(member_id, generation))
    }

    /// A group as it is; empty where it has no members.
    pub(crate) fn described(&self, group_id: &str) -> Described {
        self.with(group_id, |group, _| group.described())
    }

    /// Groups that have members.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.groups().keys().cloned().collect()
    }
}
