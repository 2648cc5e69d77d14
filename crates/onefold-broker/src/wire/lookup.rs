//! From what a client names to what the journal names.

use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, TopicId, TopicPartition};

use super::node::Node;

/// Finds a partition by its topic's name and checks the leader epoch the client believes in. What the answer rests on
/// (that the topic is there, or is not) is added to `depends`.
pub(super) fn leader(
    node: &Node,
    topic: &str,
    partition: i32,
    leader_epoch: i32,
    depends: &mut Lsn,
) -> Result<TopicPartition, ErrorCode> {
    node.log.view(|state, _| {
        let found = by_name(state, topic, partition);
        *depends = (*depends).max(rests_on(state, &found));
        check_epoch(state, leader_epoch)?;
        found
    })
}

/// The record that what was found rests on: the topic's own, or, where there is none, the last that made or deleted one.
pub(super) fn rests_on(state: &State, found: &Result<TopicPartition, ErrorCode>) -> Lsn {
    let topic = found.ok().and_then(|at| state.topic_by_id(at.topic));
    topic.map_or(state.topics_changed(), |topic| topic.changed)
}

pub(super) fn by_name(state: &State, topic: &str, partition: i32) -> Result<TopicPartition, ErrorCode> {
    let topic = state.topic_by_name(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    topic.partition(partition).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    Ok(TopicPartition::new(topic.id, partition))
}

pub(super) fn by_id(state: &State, topic: [u8; 16], partition: i32) -> Result<TopicPartition, ErrorCode> {
    let topic = state.topic_by_id(TopicId(topic)).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
    topic.partition(partition).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    Ok(TopicPartition::new(topic.id, partition))
}

/// KIP-320: an older epoch means the client knows less than this start, a newer one that the broker does. -1 is unknown.
pub(super) fn check_epoch(state: &State, claimed: i32) -> Result<(), ErrorCode> {
    match claimed {
        ..0 => Ok(()),
        claimed if claimed < state.leader_epoch() => Err(ErrorCode::FENCED_LEADER_EPOCH),
        claimed if claimed > state.leader_epoch() => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
        _ => Ok(()),
    }
}
