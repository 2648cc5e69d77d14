//! ListGroups (16), versions 0 to 5, with filters by state (4 on) and type (5 on). All groups are of type `classic`.

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{GroupId, ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::Lsn;
use onefold_broker_core::group::{Listed, TYPE};

use super::shape::{STRINGS, Shape};
use super::text::put;
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 3, fields: &[STRINGS.since(4), STRINGS.since(5)] };

pub(super) fn answer(call: Call<'_>, request: ListGroupsRequest) -> Result<(ListGroupsResponse, Lsn), Fault> {
    let states: Vec<&str> = request.states_filter.iter().map(|state| state.as_str()).collect();
    let types: Vec<&str> = request.types_filter.iter().map(|kind| kind.as_str()).collect();
    let (listed, depends) =
        call.node.groups.view(|coordinator| (coordinator.list(&states, &types), coordinator.changed_any()));
    Ok((ListGroupsResponse::default().with_groups(listed.into_iter().map(line).collect()), depends))
}

fn line(group: Listed) -> ListedGroup {
    ListedGroup::default()
        .with_group_id(GroupId(put(group.group)))
        .with_protocol_type(put(group.protocol_type))
        .with_group_state(StrBytes::from_static_str(group.state))
        .with_group_type(StrBytes::from_static_str(TYPE))
}
