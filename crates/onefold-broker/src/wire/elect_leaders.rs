//! ElectLeaders (43), versions 0 to 2.
//!
//! This node leads every partition, which is also what everybody prefers, so no election is ever needed. Asked for all
//! partitions (null), each topic is named without a partition: Kafka leaves out those whose leader stays. Ignored: the
//! timeout, since nothing is waited for.

use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use kafka_protocol::messages::{ElectLeadersRequest, ElectLeadersResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::refusal::NOT_HOSTED;
use super::shape::{INTS, Shape, fixed, string, structs};
use super::text::put;
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[fixed(1).since(1), structs(&[string(), INTS]), fixed(4)] };

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

pub(super) fn answer(call: Call<'_>, request: ElectLeadersRequest) -> Result<(ElectLeadersResponse, Lsn), Fault> {
    let is_known = matches!(request.election_type, PREFERRED | UNCLEAN);
    let mut depends = Lsn::NONE;
    let results = match request.topic_partitions {
        None if is_known => every_topic(call, &mut depends),
        None => Vec::new(),
        // Kafka looks at the type when there is something to elect.
        Some(topics) if topics.is_empty() => return Ok((ElectLeadersResponse::default(), Lsn::NONE)),
        Some(topics) => topics.into_iter().map(|topic| elect(call, topic, is_known, &mut depends)).collect(),
    };
    let error = if is_known { ErrorCode::NONE } else { ErrorCode::INVALID_REQUEST };
    let response = ElectLeadersResponse::default().with_replica_election_results(results);
    match call.header.version {
        0 => Ok((response, depends)), // it has no type, and no error of its own
        _ => Ok((response.with_error_code(error.0), depends)),
    }
}

fn every_topic(call: Call<'_>, depends: &mut Lsn) -> Vec<ReplicaElectionResult> {
    let topic = |name: &str| ReplicaElectionResult::default().with_topic(TopicName(put(name.to_owned())));
    call.node.log.view(|state, _| {
        *depends = state.topics_changed();
        state.topic_names().map(topic).collect()
    })
}

fn elect(call: Call<'_>, topic: TopicPartitions, is_known: bool, depends: &mut Lsn) -> ReplicaElectionResult {
    let mut one = |partition| {
        let (error, text) = match lookup::leader(call.node, &topic.topic, partition, -1, depends) {
            _ if !is_known => {
                (ErrorCode::INVALID_REQUEST, "Unknown election type; there are 0 (preferred) and 1 (unclean)")
            }
            Ok(_) => (ErrorCode::ELECTION_NOT_NEEDED, "Leader election not needed for topic partition."),
            Err(error) => (error, NOT_HOSTED),
        };
        PartitionResult::default()
            .with_partition_id(partition)
            .with_error_code(error.0)
            .with_error_message(Some(StrBytes::from_static_str(text)))
    };
    let results = topic.partitions.into_iter().map(&mut one).collect();
    ReplicaElectionResult::default().with_topic(topic.topic).with_partition_result(results)
}
