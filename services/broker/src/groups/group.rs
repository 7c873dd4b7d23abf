//! One group: a state machine without input or output, told what time it is.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;
use uuid::Uuid;

/// A request to join.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    pub(crate) client_id: StrBytes,
    pub(crate) host: StrBytes,
    /// Empty where the client has none yet.
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: StrBytes,
    /// Names and metadata of ways to share the work, the preferred one first.
    pub(crate) protocols: Vec<(StrBytes, Bytes)>,
}

/// A rebalance that a member has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol: StrBytes,
    pub(crate) leader: StrBytes,
    pub(crate) member_id: StrBytes,
    /// Id, instance and metadata of everybody, for the leader; empty for others.
    pub(crate) members: Vec<(StrBytes, Option<StrBytes>, Bytes)>,
}

/// A group as it is told to those who look on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) state: &'static str,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) members: Vec<DescribedMember>,
}

/// A member as it is told to those who look on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DescribedMember {
    pub(crate) id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) host: StrBytes,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

/// A member of a group.
#[derive(Debug)]
struct Member {
    request: Joining,
    /// When it was last heard of.
    seen: Instant,
    /// Waits for the rebalance in progress to go on: it cannot be heard of meanwhile.
    is_waiting: bool,
    assignment: Bytes,
}

/// Where a rebalance is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// Nobody is there.
    #[default]
    Empty,
    /// Members join; whoever has not by the deadline is out.
    Joining { until: Instant },
    /// The leader works out who reads what.
    Syncing,
    /// Everybody knows.
    Stable,
}

/// Members, and what they agreed on.
#[derive(Debug, Default)]
pub(super) struct Group {
    phase: Phase,
    generation: i32,
    protocol: StrBytes,
    leader: StrBytes,
    members: BTreeMap<StrBytes, Member>,
    /// Ids given to clients that have not joined with them yet, and when they are forgotten.
    promised: HashMap<StrBytes, Instant>,
    version: u64,
}

impl Group {
    /// Grows with every change that somebody may wait for.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether there is nobody left to remember.
    pub(super) fn is_deserted(&self) -> bool {
        self.members.is_empty() && self.promised.is_empty()
    }

    /// What is told to those who look on.
    pub(super) fn described(&self) -> Described {
        let state = match self.phase {
            _ if self.members.is_empty() => "Empty",
            Phase::Empty => "Empty",
            Phase::Joining { .. } => "PreparingRebalance",
            Phase::Syncing => "CompletingRebalance",
            Phase::Stable => "Stable",
        };
        let protocol_type = self.members.values().next().map(|member| member.request.protocol_type.clone());
        Described {
            state,
            protocol_type: protocol_type.unwrap_or_default(),
            protocol: self.protocol.clone(),
            members: self.members.iter().map(|(id, member)| member.described(id, &self.protocol)).collect(),
        }
    }

    /// Takes in a request to join and returns the member's id, under which the outcome is to be asked for.
    pub(super) fn join(&mut self, mut joining: Joining, now: Instant) -> Result<StrBytes, (ResponseError, StrBytes)> {
        let refused = |code, id: &StrBytes| Err((code, id.clone()));
        if !self.members.values().all(|member| shares_protocol(&member.request, &joining))
            || joining.protocols.is_empty()
        {
            return refused(ResponseError::InconsistentGroupProtocol, &joining.member_id);
        }
        if let Some(instance_id) = joining.instance_id.clone() {
            let former = self.members.iter().find(|(_, m)| m.request.instance_id.as_ref() == Some(&instance_id));
            let former = former.map(|(id, _)| id.clone());
            if joining.member_id.is_empty() {
                // The same instance, started again: it takes the place of the former one.
                former.map(|id| self.members.remove(&id));
                joining.member_id = StrBytes::from_string(format!("{instance_id}-{}", Uuid::new_v4()));
            } else if former.as_ref() != Some(&joining.member_id) {
                let code =
                    if former.is_some() { ResponseError::FencedInstanceId } else { ResponseError::UnknownMemberId };
                return refused(code, &joining.member_id);
            }
        } else if joining.member_id.is_empty() {
            let id = StrBytes::from_string(format!("{}-{}", joining.client_id, Uuid::new_v4()));
            self.promised.insert(id.clone(), now + joining.session_timeout);
            return refused(ResponseError::MemberIdRequired, &id);
        } else if self.promised.remove(&joining.member_id).is_none() && !self.members.contains_key(&joining.member_id) {
            return refused(ResponseError::UnknownMemberId, &joining.member_id);
        }
        let id = joining.member_id.clone();
        self.take_in(joining, now);
        Ok(id)
    }

    fn take_in(&mut self, joining: Joining, now: Instant) {
        let id = joining.member_id.clone();
        let is_joining = matches!(self.phase, Phase::Joining { .. });
        if let Some(member) = self.members.get_mut(&id) {
            member.seen = now;
            let is_repeat = member.request.protocols == joining.protocols;
            // The answer got lost, or a follower asks again: it is told what is agreed on.
            if !is_joining && is_repeat && (self.phase == Phase::Syncing || self.leader != id) {
                return;
            }
            member.request = joining;
        } else {
            let member = Member { request: joining, seen: now, is_waiting: true, assignment: Bytes::new() };
            self.members.insert(id.clone(), member);
        }
        if !is_joining {
            self.begin(now);
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.is_waiting = true;
        }
        self.go_on(now);
    }

    /// Begins a rebalance: everybody is to join again.
    fn begin(&mut self, now: Instant) {
        let patience = self.members.values().map(|member| member.request.rebalance_timeout).max().unwrap_or_default();
        self.phase = Phase::Joining { until: now + patience };
        for member in self.members.values_mut() {
            member.is_waiting = false;
        }
        self.version += 1;
    }

    /// Ends joining once everybody has joined, or time is up.
    fn go_on(&mut self, now: Instant) {
        let Phase::Joining { until } = self.phase else { return };
        if now >= until {
            self.members.retain(|_, member| member.is_waiting);
        }
        if !self.members.values().all(|member| member.is_waiting) {
            return;
        }
        self.version += 1;
        let Some((first, _)) = self.members.first_key_value() else {
            self.phase = Phase::Empty;
            return;
        };
        if !self.members.contains_key(&self.leader) {
            self.leader = first.clone();
        }
        self.protocol = self.common_protocol();
        self.generation = self.generation.wrapping_add(1).max(1);
        self.phase = Phase::Syncing;
        for member in self.members.values_mut() {
            member.seen = now;
            member.assignment = Bytes::new();
        }
    }

    /// What the leader prefers of that which everybody knows.
    fn common_protocol(&self) -> StrBytes {
        let preferred = self.members.get(&self.leader).map(|leader| leader.request.protocols.as_slice());
        let is_common =
            |name: &str| self.members.values().all(|m| m.request.protocols.iter().any(|(known, _)| known == name));
        let common = preferred.unwrap_or_default().iter().find(|(name, _)| is_common(name));
        common.map(|(name, _)| name.clone()).unwrap_or_default()
    }

    /// What came of joining; nothing while others are awaited.
    pub(super) fn joined(&mut self, member_id: &StrBytes) -> Option<Result<Joined, ResponseError>> {
        let Some(member) = self.members.get_mut(member_id) else { return Some(Err(ResponseError::UnknownMemberId)) };
        if matches!(self.phase, Phase::Joining { .. }) {
            // Another rebalance may have begun before this one was told of: then it takes part in that one.
            member.is_waiting = true;
            return None;
        }
        member.is_waiting = false;
        let members = match self.leader == *member_id {
            true => self.members.iter().map(|(id, member)| member.for_leader(id, &self.protocol)).collect(),
            false => Vec::new(),
        };
        Some(Ok(Joined {
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            member_id: member_id.to_owned(),
            members,
        }))
    }

    /// Notes that a member is there, and tells it whether it must join again.
    pub(super) fn check(&mut self, member_id: &StrBytes, generation: i32, now: Instant) -> Result<(), ResponseError> {
        if let Some(code) = self.refusal(member_id, generation) {
            return Err(code);
        }
        if let Some(member) = self.members.get_mut(member_id) {
            member.seen = now;
        }
        if matches!(self.phase, Phase::Joining { .. }) { Err(ResponseError::RebalanceInProgress) } else { Ok(()) }
    }

    /// Why what a member says does not count: it is out, or behind.
    pub(super) fn refusal(&self, member_id: &StrBytes, generation: i32) -> Option<ResponseError> {
        if !self.members.contains_key(member_id) {
            return Some(ResponseError::UnknownMemberId);
        }
        (generation != self.generation).then_some(ResponseError::IllegalGeneration)
    }

    /// Takes in who reads what, where the leader says it.
    pub(super) fn assign(&mut self, member_id: &StrBytes, assignments: Vec<(StrBytes, Bytes)>) {
        if self.phase != Phase::Syncing || self.leader != *member_id {
            return;
        }
        for (id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = assignment;
            }
        }
        self.phase = Phase::Stable;
        self.version += 1;
    }

    /// What a member is to read; nothing while the leader is awaited.
    pub(super) fn synced(
        &mut self,
        member_id: &StrBytes,
        generation: i32,
        now: Instant,
    ) -> Option<Result<Bytes, ResponseError>> {
        match self.check(member_id, generation, now) {
            // It is behind: another rebalance has begun.
            Err(ResponseError::IllegalGeneration) => return Some(Err(ResponseError::RebalanceInProgress)),
            Err(code) => return Some(Err(code)),
            Ok(()) => {}
        }
        let assignment = self.members.get(member_id).map(|member| member.assignment.clone());
        (self.phase == Phase::Stable).then(|| assignment.ok_or(ResponseError::UnknownMemberId))
    }

    /// Takes a member out, by its id or by its instance's.
    pub(super) fn leave(
        &mut self,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        let is_meant = |id: &StrBytes, member: &Member| match instance_id {
            Some(_) if member_id.is_empty() => member.request.instance_id.as_ref() == instance_id,
            _ => id == member_id,
        };
        let before = self.members.len();
        self.members.retain(|id, member| !is_meant(id, member));
        if self.members.len() == before {
            return Err(ResponseError::UnknownMemberId);
        }
        self.without_some(now);
        Ok(())
    }

    /// Takes out members that were not heard of for too long, and ends what has waited for them.
    pub(super) fn sweep(&mut self, now: Instant) {
        let is_joining = matches!(self.phase, Phase::Joining { .. });
        self.promised.retain(|_, until| now < *until);
        let before = self.members.len();
        self.members
            .retain(|_, member| is_joining && member.is_waiting || now < member.seen + member.request.session_timeout);
        if self.members.len() < before {
            self.without_some(now);
        } else {
            self.go_on(now);
        }
    }

    fn without_some(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Joining { .. }) {
            self.begin(now);
        }
        self.version += 1;
        self.go_on(now);
    }
}

impl Member {
    /// Its metadata for the protocol that was agreed on.
    fn metadata(&self, protocol: &StrBytes) -> Bytes {
        let metadata = self.request.protocols.iter().find(|(name, _)| name == protocol);
        metadata.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    fn for_leader(&self, id: &StrBytes, protocol: &StrBytes) -> (StrBytes, Option<StrBytes>, Bytes) {
        (id.clone(), self.request.instance_id.clone(), self.metadata(protocol))
    }

    fn described(&self, id: &StrBytes, protocol: &StrBytes) -> DescribedMember {
        DescribedMember {
            id: id.clone(),
            instance_id: self.request.instance_id.clone(),
            client_id: self.request.client_id.clone(),
            host: self.request.host.clone(),
            metadata: self.metadata(protocol),
            assignment: self.assignment.clone(),
        }
    }
}

fn shares_protocol(one: &Joining, other: &Joining) -> bool {
    one.protocols.iter().any(|(name, _)| other.protocols.iter().any(|(known, _)| known == name))
}
