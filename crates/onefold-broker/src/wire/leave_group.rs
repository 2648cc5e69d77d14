//! LeaveGroup (13), versions 0 to 5. From version 3 on several members at once, also by their instance ids.
//!
//! Ignored: the reasons.

use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use onefold_broker_core::group::{GroupEvent, GroupReply, LeaveRequest, Leaver, Left};

use super::reply::Answer;
use super::shape::{Shape, string, structs};
use super::text::{own, own_option, put, put_option};
use super::{Call, Fault, groups};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 4,
    fields: &[string(), string().until(2), structs(&[string(), string(), string().since(5)]).since(3)],
};

pub(super) fn answer(call: Call<'_>, request: LeaveGroupRequest) -> Result<Answer, Fault> {
    let version = call.header.version;
    let group = own(&request.group_id);
    let members = match version {
        ..=2 => vec![Leaver { member_id: own(&request.member_id), instance_id: None }],
        _ => request
            .members
            .iter()
            .map(|one| Leaver {
                member_id: own(&one.member_id),
                instance_id: own_option(one.group_instance_id.as_ref()),
            })
            .collect(),
    };
    let request = LeaveRequest { group: group.clone(), members };
    groups::reply::answer(
        call,
        group,
        |token| GroupEvent::Leave { token, request },
        move |reply| response(version, reply),
    )
}

fn response(version: i16, reply: GroupReply) -> LeaveGroupResponse {
    let response = LeaveGroupResponse::default();
    match reply {
        GroupReply::Leave(Ok(left)) if version <= 2 => response.with_error_code(left.first().map_or(0, code)),
        GroupReply::Leave(Ok(left)) => response.with_members(left.into_iter().map(member).collect()),
        GroupReply::Leave(Err(error)) => response.with_error_code(error.code()),
        _ => response.with_error_code(-1), // never: the coordinator answers what it was asked
    }
}

fn code(left: &Left) -> i16 {
    left.result.map_or_else(|error| error.code(), |()| 0)
}

fn member(left: Left) -> MemberResponse {
    MemberResponse::default()
        .with_error_code(code(&left))
        .with_member_id(put(left.member_id))
        .with_group_instance_id(put_option(left.instance_id))
}
