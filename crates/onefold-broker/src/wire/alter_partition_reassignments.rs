//! AlterPartitionReassignments (45), versions 0 and 1.
//!
//! A partition may be put where it is, on this broker alone, which is done at once; anything else is
//! INVALID_REPLICA_ASSIGNMENT. Cancelling (null replicas) finds nothing to cancel. Ignored: the timeout, and whether the
//! number of replicas may change, since it cannot.

use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use kafka_protocol::messages::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::node::is_only_here;
use super::refusal::NOT_HOSTED;
use super::shape::{INTS, Shape, fixed, string, structs};
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 0,
    fields: &[fixed(4), fixed(1).since(1), structs(&[string(), structs(&[fixed(4), INTS])])],
};

pub(super) fn answer(
    call: Call<'_>,
    request: AlterPartitionReassignmentsRequest,
) -> Result<(AlterPartitionReassignmentsResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let each = |topic: ReassignableTopic| {
        let one = |partition: &ReassignablePartition| {
            let found = lookup::leader(call.node, &topic.name, partition.partition_index, -1, &mut depends);
            let (error, text) = verdict(partition, found.err());
            ReassignablePartitionResponse::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(error.0)
                .with_error_message(text.map(StrBytes::from_static_str))
        };
        let partitions = topic.partitions.iter().map(one).collect();
        ReassignableTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    };
    let responses = request.topics.into_iter().map(each).collect();
    let response = AlterPartitionReassignmentsResponse::default().with_error_message(None).with_responses(responses);
    match call.header.version {
        0 => Ok((response, depends)),
        _ => Ok((response.with_allow_replication_factor_change(request.allow_replication_factor_change), depends)),
    }
}

fn verdict(wanted: &ReassignablePartition, missing: Option<ErrorCode>) -> (ErrorCode, Option<&'static str>) {
    match (missing, &wanted.replicas) {
        (Some(error), _) => (error, Some(NOT_HOSTED)),
        (None, None) => (ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, None),
        (None, Some(replicas)) if is_only_here(replicas) => (ErrorCode::NONE, None),
        (None, Some(_)) => {
            (ErrorCode::INVALID_REPLICA_ASSIGNMENT, Some("the only broker is 1, and each partition has one replica"))
        }
    }
}
