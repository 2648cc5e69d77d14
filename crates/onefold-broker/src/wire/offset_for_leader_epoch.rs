//! OffsetForLeaderEpoch (23), versions 2 to 4.
//!
//! The end of an epoch, from the partition's epoch table: librdkafka and Java validate their position with it after a
//! restart (KIP-320). An epoch older than the table answers with its first entry's start, one newer than the current with
//! UNKNOWN_LEADER_EPOCH. Ignored: the replica id.

use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, TopicName};
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 4,
    fields: &[fixed(4).since(3), structs(&[string(), structs(&[fixed(4), fixed(4), fixed(4)])])],
};

pub(super) fn answer(
    call: Call<'_>,
    request: OffsetForLeaderEpochRequest,
) -> Result<(OffsetForLeaderEpochResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let one = |wanted: &OffsetForLeaderPartition| {
            end_of_epoch(call, &topic.topic, wanted, &mut depends)
                .unwrap_or_else(|error| EpochEndOffset::default().with_error_code(error.0))
                .with_partition(wanted.partition)
        };
        let partitions = topic.partitions.iter().map(one).collect();
        topics.push(OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions));
    }
    Ok((OffsetForLeaderEpochResponse::default().with_topics(topics), depends))
}

fn end_of_epoch(
    call: Call<'_>,
    topic: &TopicName,
    wanted: &OffsetForLeaderPartition,
    depends: &mut Lsn,
) -> Result<EpochEndOffset, ErrorCode> {
    let log = &call.node.log;
    let at = lookup::leader(call.node, topic, wanted.partition, wanted.current_leader_epoch, depends)?;
    // What a consumer may rely on ends at the high watermark, so that is where the current epoch ends for it.
    let durable = log.high_watermark(at).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    log.view(|state, _| {
        let partition = state.partition(at).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let epochs = partition.epochs();
        let end = epochs.end_of(wanted.leader_epoch, durable);
        if epochs.latest() != Some(wanted.leader_epoch) {
            // It tells where the table says that an epoch began, and DeleteRecords moves that.
            *depends = (*depends).max(partition.changed());
        }
        // Without one: an epoch that has not been (-1 and -1, as Kafka answers it).
        Ok(end.map_or_else(EpochEndOffset::default, |end| {
            EpochEndOffset::default().with_leader_epoch(end.epoch).with_end_offset(end.end_offset)
        }))
    })
}
