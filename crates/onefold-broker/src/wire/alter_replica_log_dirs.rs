//! AlterReplicaLogDirs (34), versions 1 and 2.
//!
//! There is one folder. A partition that shall be there is there already, which is success; any other path is
//! LOG_DIR_NOT_FOUND. A partition that is named twice is answered once, for the path that was named last, as Kafka does.

use std::collections::BTreeMap;

use kafka_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use kafka_protocol::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, TopicName};
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{INTS, Shape, string, structs};
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[structs(&[string(), structs(&[string(), INTS])])] };

pub(super) fn answer(
    call: Call<'_>,
    request: AlterReplicaLogDirsRequest,
) -> Result<(AlterReplicaLogDirsResponse, Lsn), Fault> {
    let here = call.node.log_dir();
    let mut wanted: BTreeMap<TopicName, BTreeMap<i32, bool>> = BTreeMap::new();
    for dir in request.dirs {
        let is_here = dir.path.as_str() == here;
        for topic in dir.topics {
            let partitions = topic.partitions.into_iter().map(|partition| (partition, is_here));
            wanted.entry(topic.name).or_default().extend(partitions);
        }
    }
    let mut depends = Lsn::NONE;
    let mut results = Vec::with_capacity(wanted.len());
    // A topic without a partition is not answered.
    for (name, partitions) in wanted.into_iter().filter(|(_, partitions)| !partitions.is_empty()) {
        let one = |(partition, is_here)| {
            let found = lookup::leader(call.node, &name, partition, -1, &mut depends);
            let error = match is_here {
                true => found.err().unwrap_or(ErrorCode::NONE),
                false => ErrorCode::LOG_DIR_NOT_FOUND,
            };
            AlterReplicaLogDirPartitionResult::default().with_partition_index(partition).with_error_code(error.0)
        };
        let partitions = partitions.into_iter().map(one).collect();
        results.push(AlterReplicaLogDirTopicResult::default().with_topic_name(name).with_partitions(partitions));
    }
    Ok((AlterReplicaLogDirsResponse::default().with_results(results), depends))
}
