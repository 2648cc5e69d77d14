//! DeleteRecords (21), versions 0 to 2.
//!
//! Moves a partition's log start; -1 means up to the log end, beyond which is out of range. What is not durable yet can be
//! deleted too, as with Kafka, where acks=1 makes a lone replica's records readable: the answer comes when both are. A topic that is only compacted is refused with POLICY_VIOLATION, as Kafka does. Producers' windows are not touched (I5). Ignored: the timeout.

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
    let ((result, before), lsn) = call.node.log.sequence(|state, _| {
        let Some(partition) = state.partition(at) else {
            return ((Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), state.topics_changed()), None);
        };
        let to = if wanted.offset == TO_THE_END { partition.log_end() } else { wanted.offset };
        match to {
            _ if is_only_compacted(state, at) => ((Err(ErrorCode::POLICY_VIOLATION), state.topics_changed()), None),
            to if !(0..=partition.log_end()).contains(&to) => {
                ((Err(ErrorCode::OFFSET_OUT_OF_RANGE), partition.changed()), None)
            }
            to if to <= partition.log_start() => ((Ok(partition.log_start()), partition.changed()), None),
            to => ((Ok(to), Lsn::NONE), Some(Record::LogStartMoved(vec![(at, to)]))),
        }
    })?;
    *depends = (*depends).max(lsn).max(before);
    Ok(result)
}

fn is_only_compacted(state: &State, at: TopicPartition) -> bool {
    state.topic_by_id(at.topic).is_some_and(|topic| topic.settings.compacted && !topic.settings.deletes)
}
