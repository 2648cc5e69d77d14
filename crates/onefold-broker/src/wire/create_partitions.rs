//! CreatePartitions (37), versions 0 to 3.
//!
//! The count is the new total and can only grow. Served: manual assignments (they can only name this node),
//! validate_only. A topic that the request names twice is refused, and left as it is. Ignored: the timeout.

use std::collections::BTreeMap;

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse, TopicName};
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, Record, TopicId};

use super::node::{Node, is_only_here};
use super::refusal::{NOT_HOSTED, Refusal, verdict};
use super::shape::{INTS, Shape, fixed, string, structs};
use super::{Call, Fault, creation};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[structs(&[string(), fixed(4), structs(&[INTS])]), fixed(4), fixed(1)] };

pub(super) fn answer(
    call: Call<'_>,
    request: CreatePartitionsRequest,
) -> Result<(CreatePartitionsResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let mut times: BTreeMap<TopicName, usize> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.clone()).or_default() += 1;
    }
    let mut results = Vec::with_capacity(times.len());
    for topic in &request.topics {
        match times.remove(&topic.name) {
            None => continue, // answered already, with its twin
            Some(1) => {}
            Some(_) => {
                results.push(result(topic, &Err(Refusal::new(ErrorCode::INVALID_REQUEST, "Duplicate topic name."))));
                continue;
            }
        }
        let ((checked, before), lsn) = call.node.log.sequence(|state, _| {
            let checked = check(call.node, state, topic);
            let record = match (&checked, request.validate_only) {
                (Ok(id), false) => Some(Record::PartitionsAdded { id: *id, total: topic.count }),
                _ => None,
            };
            ((checked, state.topics_changed()), record)
        })?;
        depends = depends.max(lsn).max(before);
        results.push(result(topic, &checked));
    }
    Ok((CreatePartitionsResponse::default().with_results(results), depends))
}

fn result(topic: &CreatePartitionsTopic, checked: &Result<TopicId, Refusal>) -> CreatePartitionsTopicResult {
    let (error, message) = verdict(checked);
    let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
    result.with_error_code(error).with_error_message(message)
}

fn check(node: &Node, state: &State, wanted: &CreatePartitionsTopic) -> Result<TopicId, Refusal> {
    let topic = state
        .topic_by_name(&wanted.name)
        .ok_or_else(|| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, NOT_HOSTED))?;
    creation::check_count(wanted.count)?;
    let now = topic.partitions.len() as i32; // at most MAX_PARTITIONS
    if wanted.count <= now {
        let text = match wanted.count == now {
            true => format!("Topic already has {now} partition(s)."),
            false => {
                let wanted = wanted.count;
                format!("The topic {} currently has {now} partition(s); {wanted} would not be an increase.", topic.name)
            }
        };
        return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, text));
    }
    check_assignments(wanted, now)?;
    creation::check_total(node, state, wanted.count - now)?;
    Ok(topic.id)
}

/// One assignment for each new partition, each to this node.
fn check_assignments(wanted: &CreatePartitionsTopic, now: i32) -> Result<(), Refusal> {
    let Some(assignments) = &wanted.assignments else { return Ok(()) };
    let refuse = |why: &'static str| Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, why));
    if assignments.len() as i64 != i64::from(wanted.count) - i64::from(now) {
        return refuse("the number of assignments must be the number of new partitions");
    }
    match assignments.iter().all(|assignment| is_only_here(&assignment.broker_ids)) {
        true => Ok(()),
        false => refuse("the only broker is 1, and each partition has one replica"),
    }
}
