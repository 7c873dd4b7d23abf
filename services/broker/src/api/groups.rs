//! Consumer groups, as clients see them.

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, GroupId, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::Caller;
use crate::broker::{Broker, NODE};
use crate::groups::{Described, Joining};

/// From this version on a request may be about several coordinators.
const SEVERAL_COORDINATORS: i16 = 4;
/// From this version on several members may leave at once.
const SEVERAL_LEAVE: i16 = 3;
/// The kind of coordinator that there is.
const OF_GROUP: i8 = 0;
/// The kind of group that there is.
const CLASSIC: StrBytes = StrBytes::from_static_str("classic");

impl Broker {
    pub(super) fn find_coordinator(&self, request: FindCoordinatorRequest, version: i16) -> FindCoordinatorResponse {
        let is_served = request.key_type == OF_GROUP;
        let code = if is_served { 0 } else { ResponseError::InvalidRequest.code() };
        let message =
            (!is_served).then_some(StrBytes::from_static_str("this broker coordinates groups, and nothing else"));
        if version < SEVERAL_COORDINATORS {
            return FindCoordinatorResponse::default()
                .with_error_code(code)
                .with_error_message(message)
                .with_node_id(NODE)
                .with_host(self.host())
                .with_port(self.port());
        }
        let coordinators = request.coordinator_keys.into_iter().map(|key| {
            Coordinator::default()
                .with_key(key)
                .with_error_code(code)
                .with_error_message(message.clone())
                .with_node_id(NODE)
                .with_host(self.host())
                .with_port(self.port())
        });
        FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
    }

    pub(super) async fn join_group(&self, request: JoinGroupRequest, caller: &Caller) -> JoinGroupResponse {
        let milliseconds = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let protocols = request.protocols.into_iter().map(|protocol| (protocol.name, protocol.metadata));
        let joining = Joining {
            client_id: caller.client_id.clone(),
            host: caller.host.clone(),
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            session_timeout: milliseconds(request.session_timeout_ms),
            rebalance_timeout: milliseconds(request.rebalance_timeout_ms),
            protocol_type: request.protocol_type.clone(),
            protocols: protocols.collect(),
        };
        let answer = JoinGroupResponse::default().with_protocol_type(Some(request.protocol_type));
        match self.groups.join(&request.group_id, joining).await {
            Ok(joined) => {
                let members = joined.members.into_iter().map(|(member_id, instance_id, metadata)| {
                    JoinGroupResponseMember::default()
                        .with_member_id(member_id)
                        .with_group_instance_id(instance_id)
                        .with_metadata(metadata)
                });
                answer
                    .with_generation_id(joined.generation)
                    .with_protocol_name(Some(joined.protocol))
                    .with_leader(joined.leader)
                    .with_member_id(joined.member_id)
                    .with_members(members.collect())
            }
            Err((code, member_id)) => answer
                .with_error_code(code.code())
                .with_generation_id(-1)
                .with_protocol_name(Some(StrBytes::new()))
                .with_member_id(member_id),
        }
    }

    pub(super) async fn sync_group(&self, request: SyncGroupRequest) -> SyncGroupResponse {
        let assignments = request.assignments.into_iter().map(|each| (each.member_id, each.assignment)).collect();
        let synced = self.groups.sync(&request.group_id, &request.member_id, request.generation_id, assignments).await;
        SyncGroupResponse::default()
            .with_error_code(synced.as_ref().err().map_or(0, ResponseError::code))
            .with_protocol_type(request.protocol_type)
            .with_protocol_name(request.protocol_name)
            .with_assignment(synced.unwrap_or_default())
    }

    pub(super) fn heartbeat(&self, request: HeartbeatRequest) -> HeartbeatResponse {
        let refusal = self.groups.heartbeat(&request.group_id, &request.member_id, request.generation_id).err();
        HeartbeatResponse::default().with_error_code(refusal.map_or(0, |code| code.code()))
    }

    pub(super) fn leave_group(&self, request: LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
        let leaving = match version {
            ..SEVERAL_LEAVE => vec![MemberIdentity::default().with_member_id(request.member_id)],
            SEVERAL_LEAVE.. => request.members,
        };
        let answers = leaving.into_iter().map(|member| {
            let left = self.groups.leave(&request.group_id, &member.member_id, member.group_instance_id.as_ref());
            MemberResponse::default()
                .with_member_id(member.member_id)
                .with_group_instance_id(member.group_instance_id)
                .with_error_code(left.err().map_or(0, |code| code.code()))
        });
        let answers: Vec<_> = answers.collect();
        let alone = answers.first().filter(|_| version < SEVERAL_LEAVE).map_or(0, |member| member.error_code);
        LeaveGroupResponse::default().with_error_code(alone).with_members(answers)
    }

    pub(super) fn list_groups(&self, request: ListGroupsRequest) -> ListGroupsResponse {
        let is_wanted = |filter: &[StrBytes], value: &str| {
            filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        let with_members = self.groups.ids();
        let all: BTreeSet<String> = with_members.into_iter().chain(self.offsets.group_ids()).collect();
        let listed = all.into_iter().map(|id| {
            let Described { state, protocol_type, .. } = self.groups.described(&id);
            ListedGroup::default()
                .with_group_id(GroupId(StrBytes::from_string(id)))
                .with_protocol_type(protocol_type)
                .with_group_state(StrBytes::from_static_str(state))
                .with_group_type(CLASSIC)
        });
        let wanted = listed.filter(|group| {
            is_wanted(&request.states_filter, &group.group_state) && is_wanted(&request.types_filter, &group.group_type)
        });
        ListGroupsResponse::default().with_groups(wanted.collect())
    }

    pub(super) fn describe_groups(&self, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
        let groups = request.groups.into_iter().map(|id| {
            let described = self.groups.described(&id);
            let is_known = !described.members.is_empty() || !self.offsets.of(&id).is_empty();
            let members = described.members.into_iter().map(|member| {
                DescribedGroupMember::default()
                    .with_member_id(member.id)
                    .with_group_instance_id(member.instance_id)
                    .with_client_id(member.client_id)
                    .with_client_host(member.host)
                    .with_member_metadata(member.metadata)
                    .with_member_assignment(member.assignment)
            });
            DescribedGroup::default()
                .with_group_id(id)
                .with_group_state(StrBytes::from_static_str(if is_known { described.state } else { "Dead" }))
                .with_protocol_type(described.protocol_type)
                .with_protocol_data(described.protocol)
                .with_members(members.collect())
        });
        DescribeGroupsResponse::default().with_groups(groups.collect())
    }

    pub(super) async fn delete_groups(&self, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
        let mut results = Vec::with_capacity(request.groups_names.len());
        for id in request.groups_names {
            let code = if !self.groups.described(&id).members.is_empty() {
                ResponseError::NonEmptyGroup.code()
            } else if let Some(writing) = self.offsets.forget(&id) {
                self.code(&writing.done().await)
            } else {
                ResponseError::GroupIdNotFound.code()
            };
            results.push(DeletableGroupResult::default().with_group_id(id).with_error_code(code));
        }
        DeleteGroupsResponse::default().with_results(results)
    }
}
