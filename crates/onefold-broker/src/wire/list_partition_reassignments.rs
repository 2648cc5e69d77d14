//! ListPartitionReassignments (46), version 0: there is one broker, so nothing ever moves, and the list is empty. Kafka
//! leaves out what does not move or does not exist, too.

use kafka_protocol::messages::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};
use onefold_broker_core::Lsn;

use super::shape::{INTS, Shape, fixed, string, structs};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[fixed(4), structs(&[string(), INTS])] };

pub(super) fn answer(
    _: Call<'_>,
    _: ListPartitionReassignmentsRequest,
) -> Result<(ListPartitionReassignmentsResponse, Lsn), Fault> {
    Ok((ListPartitionReassignmentsResponse::default().with_error_message(None), Lsn::NONE))
}
