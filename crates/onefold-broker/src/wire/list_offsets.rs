//! ListOffsets (2), versions 1 to 10.
//!
//! By time, and by the special timestamps: -1 latest (the log end, told when that is durable: whoever had an answer with
//! acks=1 finds its record counted), -2 earliest, -3
//! the record with the largest timestamp, -4 earliest local (the same as -2 here), -5 latest tiered (nothing is tiered:
//! not found). -3 may be asked from version 7 on, -4 from 8, -5 from 9; before, they are UNSUPPORTED_VERSION. "Not found"
//! is offset -1 with timestamp -1. Ignored: the isolation level (no transaction is ever open), the
//! replica id, the timeout.

use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use onefold_broker_core::partition::Partition;
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, TopicPartition};

use super::each_partition::{Asked, Named, each_partition};
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, lookup};
use crate::log::ReadError;

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 6,
    fields: &[
        fixed(4),
        fixed(1).since(2),
        structs(&[string(), structs(&[fixed(4), fixed(4).since(4), fixed(8)])]),
        fixed(4).since(10),
    ],
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// Where and when; `None` where there is no such record.
type Found = Option<(i64, i64)>;

pub(super) fn answer(call: Call<'_>, request: ListOffsetsRequest) -> Result<(ListOffsetsResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let asked = request.topics.into_iter().map(|topic| Asked { topic: topic.name, partitions: topic.partitions });
    let answered = each_partition(
        asked,
        |wanted| wanted.partition_index,
        |topic, wanted, named| {
            let answered = match named {
                Named::First => one(call, topic, wanted, &mut depends),
                Named::Again => Err(ErrorCode::INVALID_REQUEST),
            };
            Ok::<_, Fault>(Some(answered.unwrap_or_else(|error| refused(wanted.partition_index, error))))
        },
    )?;
    let topic = |(name, partitions)| ListOffsetsTopicResponse::default().with_name(name).with_partitions(partitions);
    let topics = answered.into_iter().map(topic).collect();
    Ok((ListOffsetsResponse::default().with_topics(topics), depends))
}

fn one(
    call: Call<'_>,
    topic: &str,
    wanted: &ListOffsetsPartition,
    depends: &mut Lsn,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    let at = lookup::leader(call.node, topic, wanted.partition_index, wanted.current_leader_epoch, depends)?;
    let found = find(call, at, wanted.timestamp, depends)?;
    let (offset, timestamp) = found.unwrap_or((-1, -1));
    let line = ListOffsetsPartitionResponse::default()
        .with_partition_index(wanted.partition_index)
        .with_offset(offset)
        .with_timestamp(timestamp);
    Ok(match call.header.version {
        ..=3 => line,
        _ => line.with_leader_epoch(epoch_at(call, at, offset)),
    })
}

/// The epoch that wrote the record there; -1 where there is none.
fn epoch_at(call: Call<'_>, at: TopicPartition, offset: i64) -> i32 {
    let epoch = |state: &State| state.partition(at)?.epochs().epoch_at(offset);
    call.node.log.view(|state, _| epoch(state)).unwrap_or(-1)
}

fn find(call: Call<'_>, at: TopicPartition, timestamp: i64, depends: &mut Lsn) -> Result<Found, ErrorCode> {
    let log = &call.node.log;
    if call.header.version < known_since(timestamp) {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    match timestamp {
        LATEST => edge(call, at, Partition::log_end, depends),
        EARLIEST | EARLIEST_LOCAL => edge(call, at, Partition::log_start, depends),
        MAX_TIMESTAMP => search(call, at, || log.max_timestamp(at)),
        LATEST_TIERED => Ok(None),
        0.. => search(call, at, || log.offset_for_time(at, timestamp)),
        _ => Err(ErrorCode::UNSUPPORTED_VERSION), // a special timestamp that this broker does not know
    }
}

/// Where the log ends or begins. The answer waits for the record that moved it there.
fn edge(call: Call<'_>, at: TopicPartition, of: fn(&Partition) -> i64, depends: &mut Lsn) -> Result<Found, ErrorCode> {
    let look = |state: &State| state.partition(at).map(|partition| (of(partition), partition.changed()));
    let (offset, lsn) = call.node.log.view(|state, _| look(state)).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    *depends = (*depends).max(lsn);
    Ok(Some((offset, -1)))
}

/// The version that brought a special timestamp.
fn known_since(timestamp: i64) -> i16 {
    match timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        _ => 1,
    }
}

/// Looks through the log, which may have to read segments. What is not durable yet is not found.
fn search(
    call: Call<'_>,
    at: TopicPartition,
    look: impl FnOnce() -> Result<Found, ReadError>,
) -> Result<Found, ErrorCode> {
    let found = tokio::task::block_in_place(look).map_err(storage)?;
    let durable = call.node.log.high_watermark(at).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    Ok(found.filter(|(offset, _)| *offset < durable))
}

fn storage(error: ReadError) -> ErrorCode {
    tracing::error!(%error, "cannot search a partition by time");
    ErrorCode::KAFKA_STORAGE_ERROR
}

fn refused(partition: i32, error: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse::default()
        .with_partition_index(partition)
        .with_error_code(error.0)
        .with_offset(-1)
        .with_timestamp(-1)
}
