//! DescribeProducers (61), version 0 (KIP-664): who has a window in a partition.
//!
//! Those whose window has expired are left out. The time of the last batch is the broker's, which is what windows expire
//! by; Kafka's is the batch's. A partition that is named twice is answered once, since it may have very many producers.

use kafka_protocol::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse, TopicName};
use onefold_broker_core::producer::Window;
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn};

use super::each_partition::{Asked, Named, each_partition};
use super::refusal::{Refusal, verdict};
use super::shape::{INTS, Shape, string, structs};
use super::{Call, Fault, creation, lookup};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[structs(&[string(), INTS])] };

pub(super) fn answer(
    call: Call<'_>,
    request: DescribeProducersRequest,
) -> Result<(DescribeProducersResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let asked = request.topics.into_iter();
    let asked = asked.map(|topic| Asked { topic: topic.name, partitions: topic.partition_indexes });
    let answered = each_partition(
        asked,
        |partition| *partition,
        |topic, partition, named| {
            if named == Named::Again {
                return Ok(None);
            }
            // One look at the state each: everybody who produces waits while it lasts.
            call.node.log.view(|state, _| {
                depends = depends.max(state.lsn()); // an expiry is noted nowhere else
                Ok::<_, Fault>(Some(line(*partition, describe(state, topic, *partition))))
            })
        },
    )?;
    let topic = |(name, partitions)| TopicResponse::default().with_name(name).with_partitions(partitions);
    let topics = answered.into_iter().map(topic).collect();
    Ok((DescribeProducersResponse::default().with_topics(topics), depends))
}

fn line(partition: i32, described: Result<Vec<ProducerState>, Refusal>) -> PartitionResponse {
    let (error, message) = verdict(&described);
    PartitionResponse::default()
        .with_partition_index(partition)
        .with_error_code(error)
        .with_error_message(message)
        .with_active_producers(described.unwrap_or_default())
}

fn describe(state: &State, topic: &TopicName, partition: i32) -> Result<Vec<ProducerState>, Refusal> {
    creation::check_name(topic)?;
    let missing = |error: ErrorCode| Refusal::new(error, "This server does not host this topic-partition.");
    let at = lookup::by_name(state, topic, partition).map_err(missing)?;
    let partition = state.partition(at).ok_or_else(|| missing(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))?;
    let live = partition.producers().iter().filter(|(_, window)| !window.is_expired());
    Ok(live.map(|(id, window)| producer(id, window)).collect())
}

fn producer(id: i64, window: &Window) -> ProducerState {
    ProducerState::default()
        .with_producer_id(id.into())
        .with_producer_epoch(window.epoch().into())
        .with_last_sequence(window.sent().last().map_or(-1, |sent| sent.last_sequence))
        .with_last_timestamp(window.last_used_ms())
        .with_coordinator_epoch(window.coordinator_epoch())
        .with_current_txn_start_offset(window.open_transaction().unwrap_or(-1))
}
