//! DescribeProducers (61), version 0 (KIP-664): who has a window in a partition.
//!
//! Those whose window has expired are left out. The time of the last batch is the broker's, which is what windows expire
//! by; Kafka's is the batch's. A partition that is named twice is answered once, since it may have very many producers.
//! An answer takes its memory from the budget of Fetch answers; a partition that finds no room in it is refused whole.

use bytes::Bytes;
use kafka_protocol::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse, TopicName};
use onefold_broker_core::producer::Window;
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn};

use super::each_partition::{Asked, Named, each_partition};
use super::refusal::{NOT_HOSTED, Refusal, verdict};
use super::shape::{INTS, Shape, string, structs};
use super::{Answer, Call, Fault, Node, Reply, creation, lookup};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[structs(&[string(), INTS])] };

/// What an answer uses at most, in bytes: room for 32,768 producers.
const LARGEST: usize = 8 << 20;

/// What one producer takes while it is gathered and encoded, in bytes: no less than it does.
const A_PRODUCER: usize = 256;

/// How many windows are looked at in one go: everybody who produces waits while it lasts.
const A_LOOK: usize = 1_000;

/// Answers, and keeps a share of the budget until the answer is written.
pub(super) fn answer(call: Call<'_>, request: DescribeProducersRequest) -> Result<Answer, Fault> {
    let (budget, mut held) = call.node.fetching.take_up_to(LARGEST);
    let mut gathered = Gathered { room: budget / A_PRODUCER, depends: Lsn::NONE };
    let asked = request.topics.into_iter();
    let asked = asked.map(|topic| Asked { topic: topic.name, partitions: topic.partition_indexes });
    let answered = each_partition(
        asked,
        |partition| *partition,
        |topic, partition, named| {
            let described = || line(*partition, gathered.describe(call.node, topic, *partition));
            Ok::<_, Fault>((named == Named::First).then(described))
        },
    )?;
    let topic = |(name, partitions)| TopicResponse::default().with_name(name).with_partitions(partitions);
    let topics = answered.into_iter().map(topic).collect();
    let response = DescribeProducersResponse::default().with_topics(topics);
    let mut reply = Reply::encode(call.header, &response, gathered.depends)?;
    held.shrink_to(reply.parts.iter().map(Bytes::len).sum());
    reply.held = held;
    Ok(Answer::Now(reply))
}

fn line(partition: i32, described: Result<Vec<ProducerState>, Refusal>) -> PartitionResponse {
    let (error, message) = verdict(&described);
    PartitionResponse::default()
        .with_partition_index(partition)
        .with_error_code(error)
        .with_error_message(message)
        .with_active_producers(described.unwrap_or_default())
}

/// How far the answer is.
struct Gathered {
    /// For how many producers there still is room.
    room: usize,
    depends: Lsn,
}

impl Gathered {
    /// The producers of a partition, a look at a time: who comes, goes or is expired between two looks may be in it or not.
    fn describe(&mut self, node: &Node, topic: &TopicName, partition: i32) -> Result<Vec<ProducerState>, Refusal> {
        creation::check_name(topic)?;
        let (mut found, mut next) = (Vec::new(), Some(i64::MIN));
        while let Some(from) = next {
            next = node.log.view(|state, _| {
                self.depends = self.depends.max(state.lsn()); // an expiry is noted nowhere else
                look(state, topic, partition, from, &mut found)
            })?;
            if found.len() > self.room {
                return Err(Refusal::new(
                    ErrorCode::POLICY_VIOLATION,
                    "The partition has more producers than there is room for in this answer: ask for it alone, or later.",
                ));
            }
        }
        self.room -= found.len();
        Ok(found)
    }
}

/// Finds the next live producers from this id on; from which the next look goes on.
fn look(
    state: &State,
    topic: &TopicName,
    partition: i32,
    from: i64,
    found: &mut Vec<ProducerState>,
) -> Result<Option<i64>, Refusal> {
    let missing = |error: ErrorCode| Refusal::new(error, NOT_HOSTED);
    let at = lookup::by_name(state, topic, partition).map_err(missing)?;
    let partition = state.partition(at).ok_or_else(|| missing(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))?;
    let mut windows = partition.producers().iter_from(from);
    let live = windows.by_ref().take(A_LOOK).filter(|(_, window)| !window.is_expired());
    found.extend(live.map(|(id, window)| producer(id, window)));
    Ok(windows.next().map(|(id, _)| id))
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
