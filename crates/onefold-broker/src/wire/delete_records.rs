//! DeleteRecords (21), versions 0 to 2.
//!
//! Moves a partition's log start; -1 means up to the high watermark. Beyond the high watermark is out of range: what is
//! not durable yet is not there to delete. A topic that is only compacted is refused with POLICY_VIOLATION, as Kafka does. Producers' windows are not touched (I5). Ignored: the timeout.

use kafka_protocol::messages::delete_records_request::DeleteRecordsPartition;
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse, TopicName};
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, Record, TopicPartition};

use super::each_partition::{Asked, Named, each_partition};
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[structs(&[string(), structs(&[fixed(4), fixed(8)])]), fixed(4)] };

const TO_THE_END: i64 = -1;

pub(super) fn answer(call: Call<'_>, request: DeleteRecordsRequest) -> Result<(DeleteRecordsResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let asked = request.topics.into_iter().map(|topic| Asked { topic: topic.name, partitions: topic.partitions });
    let answered = each_partition(
        asked,
        |wanted| wanted.partition_index,
        |topic, wanted, named| {
            if named == Named::Again {
                return Ok(None);
            }
            let result = DeleteRecordsPartitionResult::default().with_partition_index(wanted.partition_index);
            Ok::<_, Fault>(Some(match one(call, topic, wanted, &mut depends)? {
                Ok(low_watermark) => result.with_low_watermark(low_watermark),
                Err(error) => result.with_error_code(error.0).with_low_watermark(-1),
            }))
        },
    )?;
    let topic = |(name, partitions)| DeleteRecordsTopicResult::default().with_name(name).with_partitions(partitions);
    let topics = answered.into_iter().map(topic).collect();
    Ok((DeleteRecordsResponse::default().with_topics(topics), depends))
}

fn one(
    call: Call<'_>,
    topic: &TopicName,
    wanted: &DeleteRecordsPartition,
    depends: &mut Lsn,
) -> Result<Result<i64, ErrorCode>, Fault> {
    let at = match lookup::leader(call.node, topic, wanted.partition_index, -1, depends) {
        Ok(at) => at,
        Err(error) => return Ok(Err(error)),
    };
    let Some(high_watermark) = call.node.log.high_watermark(at) else {
        return Ok(Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    };
    let to = if wanted.offset == TO_THE_END { high_watermark } else { wanted.offset };
    let ((result, before), lsn) = call.node.log.sequence(|state, _| match state.partition(at) {
        None => ((Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), state.topics_changed()), None),
        Some(_) if is_only_compacted(state, at) => ((Err(ErrorCode::POLICY_VIOLATION), state.topics_changed()), None),
        Some(_) if !(0..=high_watermark).contains(&to) => ((Err(ErrorCode::OFFSET_OUT_OF_RANGE), Lsn::NONE), None),
        Some(partition) if to <= partition.log_start() => ((Ok(partition.log_start()), partition.changed()), None),
        Some(_) => ((Ok(to), Lsn::NONE), Some(Record::LogStartMoved(vec![(at, to)]))),
    })?;
    *depends = (*depends).max(lsn).max(before);
    Ok(result)
}

fn is_only_compacted(state: &State, at: TopicPartition) -> bool {
    state.topic_by_id(at.topic).is_some_and(|topic| topic.settings.compacted && !topic.settings.deletes)
}
