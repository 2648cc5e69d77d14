//! The response: one line for each partition, in the order asked.

use bytes::{BufMut, Bytes};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{ProduceResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};
use uuid::Uuid;

use super::super::header::Header;
use super::super::reply::{Reply, finish, start};
use super::Outcome;
use super::request::{ProduceRequest, ProducedName};

/// The same outcome for every partition of the request.
pub(super) fn all(request: &ProduceRequest, outcome: &Outcome) -> Vec<Outcome> {
    request.topics.iter().flat_map(|topic| &topic.partitions).map(|_| outcome.clone()).collect()
}

/// `outcomes` are in the order of the request's partitions.
pub(super) fn build(request: ProduceRequest, outcomes: Vec<Outcome>) -> ProduceResponse {
    let mut outcomes = outcomes.into_iter();
    let topics = request.topics.into_iter().map(|topic| {
        let lines = topic.partitions.iter().zip(&mut outcomes).map(|(one, outcome)| line(one.partition, outcome));
        let answered = TopicProduceResponse::default().with_partition_responses(lines.collect());
        match topic.name {
            ProducedName::Name(name) => answered.with_name(TopicName(StrBytes::from_string(name))),
            ProducedName::Id(id) => answered.with_topic_id(Uuid::from_bytes(id)),
        }
    });
    ProduceResponse::default().with_responses(topics.collect())
}

fn line(partition: i32, outcome: Outcome) -> PartitionProduceResponse {
    let line = PartitionProduceResponse::default().with_index(partition);
    match outcome {
        Outcome::Stored { base_offset, append_time_ms, log_start } => {
            line.with_base_offset(base_offset).with_log_append_time_ms(append_time_ms).with_log_start_offset(log_start)
        }
        Outcome::Refused { refusal, records } => {
            let text = refusal.text();
            let at_record = records.into_iter().map(|index| {
                BatchIndexAndErrorMessage::default()
                    .with_batch_index(index)
                    .with_batch_index_error_message(text.clone())
            });
            line.with_error_code(refusal.code.0)
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_log_start_offset(-1)
                .with_record_errors(at_record.collect())
                .with_error_message(text)
        }
    }
}

/// Versions 0 to 2, which the codec does not know.
pub(super) fn old_version(header: &Header, request: &ProduceRequest) -> Reply {
    let mut out = start(header, 64);
    out.put_i32(request.topics.len() as i32); // bounded by the parser
    for topic in &request.topics {
        if let ProducedName::Name(name) = &topic.name {
            out.put_i16(name.len() as i16); // came with a length of this size
            out.put_slice(name.as_bytes());
        }
        out.put_i32(topic.partitions.len() as i32);
        for one in &topic.partitions {
            out.put_i32(one.partition);
            out.put_i16(ErrorCode::UNSUPPORTED_VERSION.0);
            out.put_i64(-1);
            if header.version >= 2 {
                out.put_i64(-1); // log append time
            }
        }
    }
    if header.version >= 1 {
        out.put_i32(0); // throttle time
    }
    Reply { depends: Lsn::NONE, parts: finish(out, Vec::<Bytes>::new()), held: Default::default() }
}
