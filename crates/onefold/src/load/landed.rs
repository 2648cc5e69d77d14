//! What an interrupted load left in the topic, read back from its partitions' ends.

use super::note::{Note, Reached};
use super::{HEADER, LoadError, PATIENCE};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// The cluster and the topic's ends, as a load finds them.
#[derive(Debug)]
pub(super) struct Cluster {
    pub id: String,
    pub ends: Vec<i64>,
}

impl Cluster {
    pub fn of(client: &ClientConfig, topic: &str) -> Result<Cluster, LoadError> {
        let consumer: BaseConsumer = client.clone().create()?;
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        let partitions = found.map_or(0, |found| found.partitions().len());
        if partitions == 0 {
            return Err(LoadError::NoTopic(topic.to_owned()));
        }
        let id = consumer.client().fetch_cluster_id(PATIENCE).unwrap_or_default();
        Ok(Cluster { id, ends: ends(&consumer, topic, partitions)? })
    }
}

fn ends(consumer: &BaseConsumer, topic: &str, partitions: usize) -> Result<Vec<i64>, KafkaError> {
    let one = |partition| Ok(consumer.fetch_watermarks(topic, partition, PATIENCE)?.1);
    (0..partitions as i32).map(one).collect()
}

/// Brings a note up to what the topic holds. Where the cluster may have outlived a killed load, that load's last
/// requests may still arrive: it is done when the ends stood still for `stragglers`.
pub(super) fn catch_up(client: &ClientConfig, note: &mut Note, stragglers: Option<Duration>) -> Result<(), LoadError> {
    let mut config = client.clone();
    config
        .set("group.id", "onefold-load")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_uncommitted");
    let consumer: BaseConsumer = config.create()?;
    loop {
        read_to_the_end(&consumer, note)?;
        let Some(stragglers) = stragglers else { return Ok(()) };
        std::thread::sleep(stragglers);
        let now = ends(&consumer, &note.topic, note.reached.len())?;
        if note.reached.iter().zip(now).all(|(reached, end)| reached.offset >= end) {
            return Ok(());
        }
    }
}

fn read_to_the_end(consumer: &BaseConsumer, note: &mut Note) -> Result<(), LoadError> {
    let mut assignment = TopicPartitionList::new();
    for (partition, reached) in note.reached.iter().enumerate() {
        assignment.add_partition_offset(&note.topic, partition as i32, Offset::Offset(reached.offset))?;
    }
    consumer.assign(&assignment)?;
    let (mut open, mut heard) = (vec![true; note.reached.len()], Instant::now());
    while open.iter().any(|open| *open) {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => take(&message, note),
            Some(Err(KafkaError::PartitionEOF(partition))) => open[partition as usize] = false,
            Some(Err(error)) if is_lasting(&error) => return Err(error.into()),
            _ if heard.elapsed() > PATIENCE => {
                return Err(KafkaError::Global(RDKafkaErrorCode::OperationTimedOut).into());
            }
            _ => continue,
        }
        heard = Instant::now();
    }
    Ok(())
}

fn take(message: &BorrowedMessage<'_>, note: &mut Note) {
    let reached = &mut note.reached[message.partition() as usize];
    let headers = crate::log::kafka::headers(message);
    let ours = headers.iter().find(|header| header.name == HEADER.as_bytes());
    let line = ours.and_then(|ours| {
        let text = std::str::from_utf8(ours.value.as_ref()?).ok()?;
        text.strip_prefix(&note.digest)?.strip_prefix(':')?.parse().ok()
    });
    *reached = Reached { line: reached.line.max(line.unwrap_or(0)), offset: message.offset() + 1 };
}

/// What waiting does not mend.
fn is_lasting(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    !matches!(
        code,
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
        )
    )
}
