//! DeleteGroups (42), versions 0 to 2. Deletes empty groups together with their committed offsets.

use std::collections::BTreeSet;

use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse, GroupId};
use onefold_broker_core::Lsn;

use super::shape::{STRINGS, Shape};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 2, fields: &[STRINGS] };

pub(super) fn answer(call: Call<'_>, request: DeleteGroupsRequest) -> Result<(DeleteGroupsResponse, Lsn), Fault> {
    let names: BTreeSet<GroupId> = request.groups_names.into_iter().collect();
    let mut depends = Lsn::NONE;
    let mut results = Vec::with_capacity(names.len());
    for name in names {
        let deleted =
            call.node.groups.change(&call.node.log, |coordinator, effects| coordinator.delete(&name, effects))?;
        depends = depends.max(call.node.groups.view(|coordinator| coordinator.changed(&name)));
        let error = deleted.map_or_else(|error| error.code(), |()| 0);
        results.push(DeletableGroupResult::default().with_group_id(name).with_error_code(error));
    }
    Ok((DeleteGroupsResponse::default().with_results(results), depends))
}
