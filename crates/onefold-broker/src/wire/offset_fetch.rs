//! OffsetFetch (9), versions 1 to 9. From version 2 on also all partitions of a group, from 8 on many groups at once.
//!
//! A partition without a commit answers offset -1 and no error, as does one that does not exist. Ignored: require_stable
//! (no transaction is ever open), member id and epoch (version 9: they only fence consumers of the new protocol).

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{GroupId, OffsetFetchRequest, OffsetFetchResponse, TopicName};
use onefold_broker_core::Lsn;
use onefold_broker_core::state::{State, StoredOffset};

use super::shape::{INTS, Shape, fixed, string, structs};
use super::text::put;
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 6,
    fields: &[
        string().until(7),
        structs(&[string(), INTS]).until(7),
        structs(&[string(), string().since(9), fixed(4).since(9), structs(&[string(), INTS])]).since(8),
        fixed(1).since(7),
    ],
};

pub(super) fn answer(call: Call<'_>, request: OffsetFetchRequest) -> Result<(OffsetFetchResponse, Lsn), Fault> {
    Ok(call.node.log.view(|state, _| match call.header.version {
        ..=7 => {
            let wanted = request.topics.map(|topics| {
                let renamed = |topic: kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic| {
                    OffsetFetchRequestTopics::default()
                        .with_name(topic.name)
                        .with_partition_indexes(topic.partition_indexes)
                };
                topics.into_iter().map(renamed).collect()
            });
            let group = OffsetFetchRequestGroup::default().with_group_id(request.group_id).with_topics(wanted);
            let (answered, lsn) = one_group(state, group);
            (OffsetFetchResponse::default().with_topics(answered.topics.into_iter().map(old_topic).collect()), lsn)
        }
        _ => {
            let mut depends = Lsn::NONE;
            let mut seen: BTreeSet<GroupId> = BTreeSet::new();
            let mut groups = Vec::new();
            for group in request.groups {
                // A group is answered once: its answer may be much longer than its name.
                if seen.insert(group.group_id.clone()) {
                    let (answered, lsn) = one_group(state, group);
                    groups.push(answered);
                    depends = depends.max(lsn);
                }
            }
            (OffsetFetchResponse::default().with_groups(groups), depends)
        }
    }))
}

fn one_group(state: &State, wanted: OffsetFetchRequestGroup) -> (OffsetFetchResponseGroup, Lsn) {
    let depends = state.offsets_changed(&wanted.group_id).max(state.topics_changed());
    let topics = match wanted.topics {
        Some(topics) => topics.into_iter().map(|topic| one_topic(state, &wanted.group_id, topic)).collect(),
        None => all_topics(state, &wanted.group_id),
    };
    (OffsetFetchResponseGroup::default().with_group_id(wanted.group_id).with_topics(topics), depends)
}

fn one_topic(state: &State, group: &str, topic: OffsetFetchRequestTopics) -> OffsetFetchResponseTopics {
    let offsets = state.group_offsets(group);
    let find = |index: &i32| {
        let stored = lookup::by_name(state, &topic.name, *index).ok().and_then(|at| offsets.get(&at));
        line(*index, stored)
    };
    let partitions = topic.partition_indexes.iter().map(find).collect();
    OffsetFetchResponseTopics::default().with_partitions(partitions).with_name(topic.name)
}

fn all_topics(state: &State, group: &str) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: BTreeMap<&str, Vec<OffsetFetchResponsePartitions>> = BTreeMap::new();
    for (at, stored) in state.group_offsets(group) {
        if let Some(topic) = state.topic_by_id(at.topic) {
            topics.entry(&topic.name).or_default().push(line(at.partition, Some(stored)));
        }
    }
    let topic = |(name, partitions): (&str, _)| {
        OffsetFetchResponseTopics::default().with_name(TopicName(put(name.to_owned()))).with_partitions(partitions)
    };
    topics.into_iter().map(topic).collect()
}

fn line(partition: i32, stored: Option<&StoredOffset>) -> OffsetFetchResponsePartitions {
    let line = OffsetFetchResponsePartitions::default().with_partition_index(partition);
    match stored {
        Some(stored) => line
            .with_committed_offset(stored.offset)
            .with_committed_leader_epoch(stored.leader_epoch)
            .with_metadata(Some(put(stored.metadata.clone()))),
        None => line.with_committed_offset(-1).with_committed_leader_epoch(-1).with_metadata(Some(put(String::new()))),
    }
}

/// Versions up to 7 name the same fields in types of their own.
fn old_topic(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let old_line = |line: OffsetFetchResponsePartitions| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(line.partition_index)
            .with_committed_offset(line.committed_offset)
            .with_committed_leader_epoch(line.committed_leader_epoch)
            .with_metadata(line.metadata)
    };
    OffsetFetchResponseTopic::default()
        .with_name(topic.name)
        .with_partitions(topic.partitions.into_iter().map(old_line).collect())
}
