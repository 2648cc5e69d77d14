//! Heartbeat (12), versions 0 to 4.

use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use onefold_broker_core::group::{self, GroupEvent, GroupReply};

use super::reply::Answer;
use super::shape::{Shape, fixed, string};
use super::text::{own, own_option};
use super::{Call, Fault, groups};

pub(super) const SHAPE: Shape = Shape { flexible_since: 4, fields: &[string(), fixed(4), string(), string().since(3)] };

pub(super) fn answer(call: Call<'_>, request: HeartbeatRequest) -> Result<Answer, Fault> {
    let group = own(&request.group_id);
    let request = group::HeartbeatRequest {
        group: group.clone(),
        member_id: own(&request.member_id),
        instance_id: own_option(request.group_instance_id.as_ref()),
        generation: request.generation_id,
    };
    groups::reply::answer(call, group, |token| GroupEvent::Heartbeat { token, request }, response)
}

fn response(reply: GroupReply) -> HeartbeatResponse {
    let error = match reply {
        GroupReply::Heartbeat(result) => result.map_or_else(|error| error.code(), |()| 0),
        _ => -1, // never: the coordinator answers what it was asked
    };
    HeartbeatResponse::default().with_error_code(error)
}
