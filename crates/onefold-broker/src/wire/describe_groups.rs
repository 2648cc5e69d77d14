//! DescribeGroups (15), versions 0 to 6. A group that does not exist is `Dead`, and from version 6 on an error.
//!
//! A group that is named twice is described once.

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse, GroupId};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::group::{Coordinator, DescribedMember};
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{STRINGS, Shape, fixed};
use super::text::{put, put_option};
use super::{Call, Fault, authorized};

pub(super) const SHAPE: Shape = Shape { flexible_since: 5, fields: &[STRINGS, fixed(1).since(3)] };

pub(super) fn answer(call: Call<'_>, request: DescribeGroupsRequest) -> Result<(DescribeGroupsResponse, Lsn), Fault> {
    let names: BTreeSet<GroupId> = request.groups.into_iter().collect();
    let operations = authorized::group(request.include_authorized_operations);
    let (groups, depends) = call.node.groups.view(|coordinator| {
        let describe = |name| describe(coordinator, name, call.header.version).with_authorized_operations(operations);
        let depends = names.iter().map(|name| coordinator.changed(name)).max().unwrap_or_default();
        (names.iter().map(describe).collect(), depends)
    });
    Ok((DescribeGroupsResponse::default().with_groups(groups), depends))
}

fn describe(coordinator: &Coordinator, name: &GroupId, version: i16) -> DescribedGroup {
    let described = DescribedGroup::default().with_group_id(name.clone());
    match coordinator.describe(name) {
        Some(group) => described
            .with_group_state(StrBytes::from_static_str(group.state))
            .with_protocol_type(put(group.protocol_type))
            .with_protocol_data(put(group.protocol))
            .with_members(group.members.into_iter().map(member).collect()),
        None => {
            let dead = described.with_group_state(StrBytes::from_static_str("Dead"));
            match version {
                ..=5 => dead,
                _ => dead
                    .with_error_code(ErrorCode::GROUP_ID_NOT_FOUND.0)
                    .with_error_message(Some(put(format!("Group {} not found.", name.as_str())))),
            }
        }
    }
}

fn member(member: DescribedMember) -> DescribedGroupMember {
    DescribedGroupMember::default()
        .with_member_id(put(member.member_id))
        .with_group_instance_id(put_option(member.instance_id))
        .with_client_id(put(member.client_id))
        .with_client_host(put(member.client_host))
        .with_member_metadata(member.metadata)
        .with_member_assignment(member.assignment)
}
