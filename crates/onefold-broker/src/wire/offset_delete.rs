//! OffsetDelete (47), version 0: removes committed offsets of a group for topics that its members are not subscribed to.

use std::collections::BTreeMap;

use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse, TopicName};
use onefold_broker_core::group::{Coordinator, GroupError};
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, Record, TopicPartition};

use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, lookup};
use crate::log::LogStopped;

pub(super) const SHAPE: Shape =
    Shape { flexible_since: i16::MAX, fields: &[string(), structs(&[string(), structs(&[fixed(4)])])] };

/// For each topic whether its offsets may go.
type Allowed = BTreeMap<TopicName, Result<(), GroupError>>;

pub(super) fn answer(call: Call<'_>, request: OffsetDeleteRequest) -> Result<(OffsetDeleteResponse, Lsn), Fault> {
    let log = &call.node.log;
    // Under the coordinator's lock, so that nobody subscribes in between.
    let decided: Result<_, LogStopped> = call.node.groups.change(log, |coordinator, _| {
        let changed = coordinator.changed(&request.group_id);
        let allowed = match check(coordinator, &request) {
            Ok(allowed) => allowed,
            Err(error) => return Ok((OffsetDeleteResponse::default().with_error_code(error.code()), changed)),
        };
        let ((topics, seen), lsn) = log.sequence(|state, _| {
            let (topics, partitions) = decide(state, &request, &allowed);
            let group = request.group_id.to_string();
            let record = (!partitions.is_empty()).then_some(Record::OffsetsDeleted { group, partitions });
            ((topics, state.topics_changed().max(state.offsets_changed(&request.group_id))), record)
        })?;
        Ok((OffsetDeleteResponse::default().with_topics(topics), changed.max(seen).max(lsn)))
    })?;
    Ok(decided?)
}

fn check(coordinator: &Coordinator, request: &OffsetDeleteRequest) -> Result<Allowed, GroupError> {
    // A request that names no topic asks about the group alone.
    coordinator.check_group_of_offsets(&request.group_id)?;
    let mut allowed = Allowed::new();
    for topic in &request.topics {
        let verdict = coordinator.check_offset_delete(&request.group_id, &topic.name);
        if let Err(error @ (GroupError::GroupIdNotFound | GroupError::NonEmptyGroup)) = verdict {
            return Err(error); // of the whole group
        }
        allowed.insert(topic.name.clone(), verdict);
    }
    Ok(allowed)
}

fn decide(
    state: &State,
    request: &OffsetDeleteRequest,
    allowed: &Allowed,
) -> (Vec<OffsetDeleteResponseTopic>, Vec<TopicPartition>) {
    let mut deleted = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut lines = Vec::with_capacity(topic.partitions.len());
        let allowed = allowed.get(&topic.name);
        for partition in &topic.partitions {
            let verdict = match allowed {
                Some(Err(error)) => ErrorCode(error.code()),
                _ => match lookup::by_name(state, &topic.name, partition.partition_index) {
                    Ok(at) => {
                        deleted.push(at);
                        ErrorCode::NONE
                    }
                    Err(error) => error,
                },
            };
            lines.push(
                OffsetDeleteResponsePartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(verdict.0),
            );
        }
        topics.push(OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(lines));
    }
    (topics, deleted)
}
