//! JoinGroup (11), versions 0 to 9: the classic protocol, eager and cooperative, dynamic and static members.
//!
//! Answered when the rebalance completes. Version 4 on makes a dynamic member join twice (KIP-394), 5 on knows static
//! members, 9 on may tell the leader to keep the assignment (KIP-814). Ignored: the reason.

use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use onefold_broker_core::group::{GroupEvent, GroupReply, JoinRefused, JoinRequest, Joined, JoinedMember, Protocol};

use super::reply::Answer;
use super::shape::{Shape, bytes, fixed, string, structs};
use super::text::{own, own_option, put, put_option};
use super::{Call, Fault, groups};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 6,
    fields: &[
        string(),
        fixed(4),
        fixed(4).since(1),
        string(),
        string().since(5),
        string(),
        structs(&[string(), bytes()]),
        string().since(8),
    ],
};

pub(super) fn answer(call: Call<'_>, request: JoinGroupRequest) -> Result<Answer, Fault> {
    let version = call.header.version;
    let group = own(&request.group_id);
    let request = wanted(call, request);
    groups::reply::answer(
        call,
        group,
        |token| GroupEvent::Join { token, request },
        move |reply| match reply {
            GroupReply::Join(Ok(joined)) => accepted(version, joined),
            GroupReply::Join(Err(refused)) => refusal(version, refused),
            _ => JoinGroupResponse::default().with_error_code(-1), // never: the coordinator answers what it was asked
        },
    )
}

fn wanted(call: Call<'_>, request: JoinGroupRequest) -> JoinRequest {
    let version = call.header.version;
    JoinRequest {
        group: own(&request.group_id),
        member_id: own(&request.member_id),
        instance_id: own_option(request.group_instance_id.as_ref()),
        fresh_id: uuid::Uuid::new_v4().to_string(),
        client_id: call.header.client_id.clone().unwrap_or_default(),
        client_host: format!("/{}", call.peer.address.ip().to_canonical()),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: if version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms },
        protocol_type: own(&request.protocol_type),
        protocols: request
            .protocols
            .into_iter()
            .map(|protocol| Protocol {
                name: own(&protocol.name),
                // A copy: a subscription lives for as long as its member, and must not keep the request's bytes.
                metadata: bytes::Bytes::copy_from_slice(&protocol.metadata),
            })
            .collect(),
        requires_member_id: version >= 4,
        may_skip_assignment: version >= 9,
    }
}

fn accepted(version: i16, joined: Joined) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(put_option(joined.protocol_type))
        .with_protocol_name(protocol_name(version, joined.protocol_name))
        .with_leader(put(joined.leader))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(put(joined.member_id))
        .with_members(joined.members.into_iter().map(member).collect())
}

fn member(member: JoinedMember) -> JoinGroupResponseMember {
    JoinGroupResponseMember::default()
        .with_member_id(put(member.member_id))
        .with_group_instance_id(put_option(member.instance_id))
        .with_metadata(member.metadata)
}

fn refusal(version: i16, refused: JoinRefused) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(refused.error.code())
        .with_generation_id(-1)
        .with_protocol_name(protocol_name(version, None))
        .with_member_id(put(refused.member_id))
}

/// Nullable only from version 7 on.
fn protocol_name(version: i16, name: Option<String>) -> Option<kafka_protocol::protocol::StrBytes> {
    put_option(if version < 7 { Some(name.unwrap_or_default()) } else { name })
}
