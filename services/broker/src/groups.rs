//! Consumer groups: who is in one, and who reads what.
//!
//! The classic group protocol, as Kafka's coordinator keeps it: a rebalance begins when a member comes, goes or is not
//! heard of for its session timeout; it waits until every member has joined again, then until the leader has said who
//! reads what. tansu's coordinator does not wait, and after members were killed it can keep a dead one as the leader for
//! ever, so that nobody is given anything.
//!
//! Groups are in memory only: after a restart of the broker members join again. What they committed is in the storage.

mod group;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tansu_broker::coordinator::group::administrator::Controller;
use tansu_broker::coordinator::group::{Coordinator, OffsetCommit};
use tansu_broker::{Error, Result};
use tansu_sans_io::join_group_request::JoinGroupRequestProtocol;
use tansu_sans_io::join_group_response::JoinGroupResponseMember;
use tansu_sans_io::leave_group_request::MemberIdentity;
use tansu_sans_io::leave_group_response::MemberResponse;
use tansu_sans_io::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use tansu_sans_io::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic};
use tansu_sans_io::sync_group_request::SyncGroupRequestAssignment;
use tansu_sans_io::{
    Body, ErrorCode, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, OffsetCommitResponse, SyncGroupResponse,
};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::group::{Group, Joined, Joining};
use crate::storage::Store;

/// How often those who wait look for members that are overdue.
const LOOK: Duration = Duration::from_millis(250);

/// All groups.
#[derive(Clone)]
pub(crate) struct Groups {
    /// Commits and fetches offsets.
    offsets: Controller<Store>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    groups: Mutex<HashMap<String, Group>>,
    /// Changes when a group has.
    changed: watch::Sender<()>,
}

impl std::fmt::Debug for Groups {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Groups")
    }
}

impl Groups {
    /// No group yet; offsets are in the store.
    pub(crate) fn new(store: Store) -> Result<Self> {
        Ok(Self { offsets: Controller::with_storage(store)?, shared: Arc::default() })
    }
}

impl Shared {
    /// Does something to a group as it is now, overdue members taken away, and tells those who wait.
    fn with<T>(&self, group_id: &str, act: impl FnOnce(&mut Group, Instant) -> T) -> T {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(group_id.to_owned()).or_default();
        let now = Instant::now();
        let before = group.version();
        group.sweep(now);
        let outcome = act(group, now);
        if group.version() != before {
            self.changed.send_replace(());
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

    async fn join(&self, group_id: &str, joining: Joining) -> std::result::Result<Joined, (ErrorCode, String)> {
        let member_id = self.with(group_id, |group, now| group.join(joining, now))?;
        let refused = |code| (code, member_id.clone());
        self.wait(group_id, |group, _| group.joined(&member_id)).await.map_err(refused)
    }

    async fn sync(
        &self,
        group_id: &str,
        member_id: &str,
        generation: i32,
        assignments: &[SyncGroupRequestAssignment],
    ) -> std::result::Result<Bytes, ErrorCode> {
        self.with(group_id, |group, now| {
            group.check(member_id, generation, now)?;
            group.assign(member_id, assignments);
            Ok(())
        })?;
        self.wait(group_id, |group, now| group.synced(member_id, generation, now)).await
    }
}

#[async_trait]
impl Coordinator for Groups {
    async fn join(
        &mut self,
        client_id: Option<&str>,
        group_id: &str,
        session_timeout_ms: i32,
        rebalance_timeout_ms: Option<i32>,
        member_id: &str,
        group_instance_id: Option<&str>,
        protocol_type: &str,
        protocols: Option<&[JoinGroupRequestProtocol]>,
        _reason: Option<&str>,
    ) -> Result<Body> {
        let milliseconds = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let protocols = protocols.unwrap_or_default();
        let joining = Joining {
            client_id: client_id.unwrap_or_default().to_owned(),
            member_id: member_id.to_owned(),
            instance_id: group_instance_id.map(str::to_owned),
            session_timeout: milliseconds(session_timeout_ms),
            rebalance_timeout: milliseconds(rebalance_timeout_ms.unwrap_or(session_timeout_ms)),
            protocols: protocols.iter().map(|protocol| (protocol.name.clone(), protocol.metadata.clone())).collect(),
        };
        let answer = JoinGroupResponse::default()
            .throttle_time_ms(Some(0))
            .protocol_type(Some(protocol_type.to_owned()))
            .skip_assignment(Some(false));
        Ok(match self.shared.join(group_id, joining).await {
            Ok(joined) => {
                let member = |(member_id, instance_id, metadata)| {
                    JoinGroupResponseMember::default()
                        .member_id(member_id)
                        .group_instance_id(instance_id)
                        .metadata(metadata)
                };
                answer
                    .error_code(ErrorCode::None.into())
                    .generation_id(joined.generation)
                    .protocol_name(Some(joined.protocol))
                    .leader(joined.leader)
                    .member_id(joined.member_id)
                    .members(Some(joined.members.into_iter().map(member).collect()))
            }
            Err((code, member_id)) => answer
                .error_code(code.into())
                .generation_id(-1)
                .protocol_name(Some(String::new()))
                .leader(String::new())
                .member_id(member_id)
                .members(Some([].into())),
        }
        .into())
    }

    async fn sync(
        &mut self,
        group_id: &str,
        generation_id: i32,
        member_id: &str,
        _group_instance_id: Option<&str>,
        protocol_type: Option<&str>,
        protocol_name: Option<&str>,
        assignments: Option<&[SyncGroupRequestAssignment]>,
    ) -> Result<Body> {
        let synced = self.shared.sync(group_id, member_id, generation_id, assignments.unwrap_or_default()).await;
        let (code, assignment) = match synced {
            Ok(assignment) => (ErrorCode::None, assignment),
            Err(code) => (code, Bytes::new()),
        };
        Ok(SyncGroupResponse::default()
            .throttle_time_ms(Some(0))
            .error_code(code.into())
            .protocol_type(protocol_type.map(str::to_owned))
            .protocol_name(protocol_name.map(str::to_owned))
            .assignment(assignment)
            .into())
    }

    async fn heartbeat(
        &mut self,
        group_id: &str,
        generation_id: i32,
        member_id: &str,
        _group_instance_id: Option<&str>,
    ) -> Result<Body> {
        let checked = self.shared.with(group_id, |group, now| group.check(member_id, generation_id, now));
        let code = checked.err().unwrap_or(ErrorCode::None);
        Ok(HeartbeatResponse::default().throttle_time_ms(Some(0)).error_code(code.into()).into())
    }

    async fn leave(
        &mut self,
        group_id: &str,
        member_id: Option<&str>,
        members: Option<&[MemberIdentity]>,
    ) -> Result<Body> {
        // One member before version 3 of the request, any number since.
        let alone = member_id.map(|id| MemberIdentity::default().member_id(id.to_owned()));
        let leaving = alone.as_slice().iter().chain(members.unwrap_or_default());
        let answers = self.shared.with(group_id, |group, now| {
            leaving
                .map(|member| {
                    let code = group.leave(&member.member_id, member.group_instance_id.as_deref(), now);
                    MemberResponse::default()
                        .member_id(member.member_id.clone())
                        .group_instance_id(member.group_instance_id.clone())
                        .error_code(code.into())
                })
                .collect()
        });
        Ok(LeaveGroupResponse::default()
            .throttle_time_ms(Some(0))
            .error_code(ErrorCode::None.into())
            .members(Some(answers))
            .into())
    }

    async fn offset_commit(&mut self, commit: OffsetCommit<'_>) -> Result<Body> {
        let member_id = commit.member_id.unwrap_or_default();
        let generation = commit.generation_id_or_member_epoch.unwrap_or(-1);
        let refusal = match generation {
            // A client that is no member, such as a tool.
            ..0 => None,
            _ => self.shared.with(commit.group_id, |group, _| group.refusal(member_id, generation)),
        };
        match refusal {
            Some(code) => Ok(refused_commit(&commit, code)),
            None => self.offsets.offset_commit(commit).await,
        }
    }

    async fn offset_fetch(
        &mut self,
        group_id: Option<&str>,
        topics: Option<&[OffsetFetchRequestTopic]>,
        groups: Option<&[OffsetFetchRequestGroup]>,
        require_stable: Option<bool>,
    ) -> std::result::Result<Body, Error> {
        self.offsets.offset_fetch(group_id, topics, groups, require_stable).await
    }
}

fn refused_commit(commit: &OffsetCommit<'_>, code: ErrorCode) -> Body {
    let topics = commit.topics.unwrap_or_default().iter().map(|topic| {
        let partitions = topic.partitions.iter().flatten().map(|partition| {
            OffsetCommitResponsePartition::default().partition_index(partition.partition_index).error_code(code.into())
        });
        OffsetCommitResponseTopic::default().name(topic.name.clone()).partitions(Some(partitions.collect()))
    });
    OffsetCommitResponse::default().throttle_time_ms(Some(0)).topics(Some(topics.collect())).into()
}
