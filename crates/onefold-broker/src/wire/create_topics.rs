//! CreateTopics (19), versions 2 to 7.
//!
//! Served: partitions (-1 takes the default), configs, manual assignments (they can only name this node), validate_only.
//! The topic is in Metadata before the answer. A replication factor other than 1 or -1 is refused. A topic that the
//! request names twice is refused, and not created. Ignored: the timeout.

use std::collections::BTreeMap;

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn, TopicId};
use uuid::Uuid;

use super::creation::{self, NewTopic};
use super::node::{Node, is_only_here};
use super::refusal::{Refusal, verdict};
use super::shape::{INTS, Shape, fixed, string, structs};
use super::{Call, Fault, topic_configs};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 5,
    fields: &[
        structs(&[string(), fixed(4), fixed(2), structs(&[fixed(4), INTS]), structs(&[string(), string()])]),
        fixed(4),
        fixed(1),
    ],
};

pub(super) fn answer(call: Call<'_>, request: CreateTopicsRequest) -> Result<(CreateTopicsResponse, Lsn), Fault> {
    let mut times: BTreeMap<TopicName, usize> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.clone()).or_default() += 1;
    }
    let mut depends = Lsn::NONE;
    let mut results = Vec::with_capacity(times.len());
    for topic in request.topics {
        match times.remove(&topic.name) {
            None => continue, // answered already, with its twin
            Some(1) => results.push(one(call, &topic, request.validate_only, &mut depends)?),
            Some(_) => {
                let twice = Refusal::new(ErrorCode::INVALID_REQUEST, "the request names this topic more than once");
                results.push(result(&topic.name, &Err(twice)));
            }
        }
    }
    Ok((CreateTopicsResponse::default().with_topics(results), depends))
}

/// What there is to say about a topic that was created, or would be.
struct Created {
    id: TopicId,
    topic: NewTopic,
}

fn one(
    call: Call<'_>,
    topic: &CreatableTopic,
    validate_only: bool,
    depends: &mut Lsn,
) -> Result<CreatableTopicResult, Fault> {
    let wanted = match wanted(call.node, topic) {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(result(&topic.name, &Err(refusal))),
    };
    let (created, lsn) = match validate_only {
        true => call.node.log.view(|state, _| {
            let checked = creation::check(call.node, state, &wanted);
            (checked.map(|()| TopicId([0; 16])), state.topics_changed())
        }),
        false => creation::create(call.node, &wanted)?,
    };
    *depends = (*depends).max(lsn);
    Ok(result(&topic.name, &created.map(|id| Created { id, topic: wanted })))
}

fn wanted(node: &Node, topic: &CreatableTopic) -> Result<NewTopic, Refusal> {
    creation::check_name(&topic.name)?;
    let partitions = match topic.assignments.is_empty() {
        true => without_assignments(node, topic)?,
        false => assigned(topic)?,
    };
    creation::check_count(partitions)?;
    let pairs = topic.configs.iter().map(|config| (config.name.as_str(), config.value.as_deref()));
    let configs = topic_configs::check_all(pairs)?;
    Ok(NewTopic { name: topic.name.to_string(), partitions, configs })
}

fn without_assignments(node: &Node, topic: &CreatableTopic) -> Result<i32, Refusal> {
    if !matches!(topic.replication_factor, 1 | -1) {
        let text = format!("Replication factor: {} larger than available brokers: 1.", topic.replication_factor);
        let text = if topic.replication_factor > 1 { text } else { "Replication factor must be larger than 0.".into() };
        return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, text));
    }
    Ok(if topic.num_partitions == -1 { node.settings.default_partitions } else { topic.num_partitions })
}

/// Manual assignments must number the partitions from 0 without gaps and name this node for each.
fn assigned(topic: &CreatableTopic) -> Result<i32, Refusal> {
    let refuse = |code, why: &'static str| Err(Refusal::new(code, why));
    if topic.num_partitions != -1 || topic.replication_factor != -1 {
        return refuse(
            ErrorCode::INVALID_REQUEST,
            "with manual assignments, the number of partitions and the replication factor must be -1",
        );
    }
    let mut numbers: Vec<i32> = topic.assignments.iter().map(|assignment| assignment.partition_index).collect();
    numbers.sort_unstable();
    if !numbers.iter().copied().eq(0..numbers.len() as i32) {
        return refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, "partitions must be numbered from 0 without gaps");
    }
    match topic.assignments.iter().all(|assignment| is_only_here(&assignment.broker_ids)) {
        true => Ok(numbers.len() as i32),
        false => {
            refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, "the only broker is 1, and each partition has one replica")
        }
    }
}

fn result(name: &TopicName, created: &Result<Created, Refusal>) -> CreatableTopicResult {
    let (error, message) = verdict(created);
    let result = CreatableTopicResult::default()
        .with_name(name.clone())
        .with_error_code(error)
        .with_error_message(message)
        .with_num_partitions(-1)
        .with_replication_factor(-1);
    match created {
        Err(_) => result.with_configs(Some(Vec::new())),
        Ok(Created { id, topic }) => result
            .with_topic_id(Uuid::from_bytes(id.0))
            .with_num_partitions(topic.partitions)
            .with_replication_factor(1)
            .with_configs(Some(configs(topic))),
    }
}

fn configs(topic: &NewTopic) -> Vec<CreatableTopicConfigs> {
    topic_configs::effective(&topic.configs)
        .map(|config| {
            CreatableTopicConfigs::default()
                .with_name(StrBytes::from_static_str(config.name))
                .with_value(Some(StrBytes::from_string(config.value.to_owned())))
                .with_config_source(config.source())
        })
        .collect()
}
