//! SyncGroup (14), versions 0 to 5. Answered when the leader's assignment is there and durable.
//!
//! From version 5 on a member must say which protocol it syncs under (KIP-559); a null is INCONSISTENT_GROUP_PROTOCOL,
//! before anything is looked at.

use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use onefold_broker_core::Lsn;
use onefold_broker_core::group::{GroupError, GroupEvent, GroupReply, SyncRequest};

use super::reply::{Answer, Reply};
use super::shape::{Shape, bytes, fixed, string, structs};
use super::text::{own, own_option, put_option};
use super::{Call, Fault, groups};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 4,
    fields: &[
        string(),
        fixed(4),
        string(),
        string().since(3),
        string().since(5),
        string().since(5),
        structs(&[string(), bytes()]),
    ],
};

/// The first version in which protocol type and name are mandatory.
const NAMES_PROTOCOL_SINCE: i16 = 5;

pub(super) fn answer(call: Call<'_>, request: SyncGroupRequest) -> Result<Answer, Fault> {
    let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
    if call.header.version >= NAMES_PROTOCOL_SINCE && !names_protocol {
        let refused = response(GroupReply::Sync(Err(GroupError::InconsistentGroupProtocol)));
        return Reply::encode(call.header, &refused, Lsn::NONE).map(Answer::Now);
    }
    let group = own(&request.group_id);
    let request = SyncRequest {
        group: group.clone(),
        member_id: own(&request.member_id),
        instance_id: own_option(request.group_instance_id.as_ref()),
        generation: request.generation_id,
        protocol_type: own_option(request.protocol_type.as_ref()),
        protocol_name: own_option(request.protocol_name.as_ref()),
        assignments: request
            .assignments
            .into_iter()
            // A copy: an assignment lives for as long as its generation, and must not keep the request's bytes.
            .map(|one| (own(&one.member_id), bytes::Bytes::copy_from_slice(&one.assignment)))
            .collect(),
    };
    groups::reply::answer(call, group, |token| GroupEvent::Sync { token, request }, response)
}

fn response(reply: GroupReply) -> SyncGroupResponse {
    match reply {
        GroupReply::Sync(Ok(synced)) => SyncGroupResponse::default()
            .with_protocol_type(put_option(synced.protocol_type))
            .with_protocol_name(put_option(synced.protocol_name))
            .with_assignment(synced.assignment),
        GroupReply::Sync(Err(error)) => SyncGroupResponse::default().with_error_code(error.code()),
        _ => SyncGroupResponse::default().with_error_code(-1), // never: the coordinator answers what it was asked
    }
}
