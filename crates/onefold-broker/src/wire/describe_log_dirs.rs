//! DescribeLogDirs (35), versions 1 to 4: how many bytes each partition takes, and how many the disk has.
//!
//! There is one folder, the broker's data folder, under the name that the config `log.dirs` has. A partition's size is
//! that of its durable batches, wherever they are: in segments, whole as they are on disk, and of those that are only in
//! the journal still. Asked for nothing (null), all partitions are described; one that is not there is left out, as Kafka
//! does. Missing: `IsCordoned` (version 5).

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::state::State;
use onefold_broker_core::topic::Topic;
use onefold_broker_core::{Lsn, TopicPartition};

use super::node::Node;
use super::shape::{INTS, Shape, string, structs};
use super::text::put;
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 2, fields: &[structs(&[string(), INTS])] };

/// Partitions of one topic, by name.
type Found = Vec<(String, Vec<TopicPartition>)>;

pub(super) fn answer(call: Call<'_>, request: DescribeLogDirsRequest) -> Result<(DescribeLogDirsResponse, Lsn), Fault> {
    let (found, depends) = call.node.log.view(|state, _| {
        let found = match request.topics {
            None => state.topics().map(|topic| (topic.name.to_string(), all_of(topic))).collect(),
            Some(wanted) => find(state, &merged(wanted)),
        };
        (found, state.topics_changed())
    });
    let topics = found.into_iter().filter(|(_, partitions)| !partitions.is_empty());
    let topics = topics.map(|(name, partitions)| sizes(call.node, name, &partitions)).collect();
    let result = DescribeLogDirsResult::default().with_log_dir(put(call.node.log_dir())).with_topics(topics);
    let result = match call.header.version {
        ..=3 => result,
        _ => with_space(call.node, result),
    };
    Ok((DescribeLogDirsResponse::default().with_results(vec![result]), depends))
}

/// What is named twice is described once.
fn merged(wanted: Vec<DescribableLogDirTopic>) -> BTreeMap<TopicName, BTreeSet<i32>> {
    let mut merged: BTreeMap<TopicName, BTreeSet<i32>> = BTreeMap::new();
    for topic in wanted {
        merged.entry(topic.topic).or_default().extend(topic.partitions);
    }
    merged
}

fn find(state: &State, wanted: &BTreeMap<TopicName, BTreeSet<i32>>) -> Found {
    let there = |(name, partitions): (&TopicName, &BTreeSet<i32>)| {
        let topic = state.topic_by_name(name)?;
        let partitions = partitions.iter().filter(|partition| topic.partition(**partition).is_some());
        let partitions = partitions.map(|partition| TopicPartition::new(topic.id, *partition));
        Some((topic.name.to_string(), partitions.collect()))
    };
    wanted.iter().filter_map(there).collect()
}

fn all_of(topic: &Topic) -> Vec<TopicPartition> {
    (0i32..).zip(&topic.partitions).map(|(partition, _)| TopicPartition::new(topic.id, partition)).collect()
}

fn sizes(node: &Node, name: String, partitions: &[TopicPartition]) -> DescribeLogDirsTopic {
    let size = |at: &TopicPartition| {
        DescribeLogDirsPartition::default()
            .with_partition_index(at.partition)
            .with_partition_size(signed(node.log.stored_bytes(*at)))
    };
    DescribeLogDirsTopic::default()
        .with_name(TopicName(StrBytes::from_string(name)))
        .with_partitions(partitions.iter().map(size).collect())
}

/// The disk's size and what is free of it; -1, Kafka's number for "not known", where the system does not say.
fn with_space(node: &Node, result: DescribeLogDirsResult) -> DescribeLogDirsResult {
    match tokio::task::block_in_place(|| node.log.space()) {
        Ok(space) => result.with_total_bytes(signed(space.total_bytes)).with_usable_bytes(signed(space.usable_bytes)),
        Err(error) => {
            tracing::warn!(%error, "cannot ask the file system for its space");
            result
        }
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
