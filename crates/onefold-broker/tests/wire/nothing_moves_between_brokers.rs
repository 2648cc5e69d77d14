//! There is one broker, which leads everything: elections are not needed, nothing is being reassigned, and a partition can
//! be put nowhere else. The codes are Apache Kafka's, so that a tool for clusters ends here as it does on one node there.

use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterPartitionReassignmentsRequest, BrokerId, ElectLeadersRequest,
    IncrementalAlterConfigsRequest, ListPartitionReassignmentsRequest, alter_configs_request,
    incremental_alter_configs_request,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::raw::{Raw, topic_name};
use crate::common::start;

const INVALID_REPLICA_ASSIGNMENT: i16 = 39;
const ELECTION_NOT_NEEDED: i16 = 84;
const NO_REASSIGNMENT_IN_PROGRESS: i16 = 85;

/// The error of the answer, and of each partition.
fn elect(raw: &mut Raw, kind: i8, wanted: Option<&[(&str, &[i32])]>) -> (i16, Vec<i16>) {
    let topic = |(name, partitions): &(&str, &[i32])| {
        TopicPartitions::default().with_topic(topic_name(name)).with_partitions(partitions.to_vec())
    };
    let request = ElectLeadersRequest::default()
        .with_election_type(kind)
        .with_topic_partitions(wanted.map(|wanted| wanted.iter().map(topic).collect()));
    let answer = raw.call(2, &request);
    let lines = answer.replica_election_results.iter().flat_map(|topic| &topic.partition_result);
    (answer.error_code, lines.map(|line| line.error_code).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_election_is_needed() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 2);
    for kind in [0, 1] {
        let some = [("t", &[1, 0, 7][..]), ("gone", &[0])];
        let codes = vec![ELECTION_NOT_NEEDED, ELECTION_NOT_NEEDED, 3, 3];
        assert_eq!(elect(&mut raw, kind, Some(&some)), (0, codes));
        assert_eq!(elect(&mut raw, kind, None), (0, vec![]));
    }
    assert_eq!(elect(&mut raw, 2, Some(&[("t", &[0])])), (42, vec![42]), "there is no such kind of election");
    assert_eq!(elect(&mut raw, 2, None), (42, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_where_it_is() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let mut code = |topic: &str, partition, replicas: Option<&[i32]>| {
        let replicas = replicas.map(|ids| ids.iter().map(|id| BrokerId(*id)).collect());
        let partition = ReassignablePartition::default().with_partition_index(partition).with_replicas(replicas);
        let topic = ReassignableTopic::default().with_name(topic_name(topic)).with_partitions(vec![partition]);
        let answer = raw.call(1, &AlterPartitionReassignmentsRequest::default().with_topics(vec![topic]));
        assert_eq!(answer.error_code, 0);
        answer.responses[0].partitions[0].error_code
    };

    assert_eq!(code("t", 0, Some(&[1])), 0);
    for elsewhere in [&[2][..], &[1, 2], &[1, 1], &[-1], &[]] {
        assert_eq!(code("t", 0, Some(elsewhere)), INVALID_REPLICA_ASSIGNMENT, "{elsewhere:?}");
    }
    assert_eq!(code("t", 0, None), NO_REASSIGNMENT_IN_PROGRESS);
    assert_eq!((code("t", 1, Some(&[1])), code("gone", 0, None)), (3, 3));

    let one = ListPartitionReassignmentsTopics::default().with_name(topic_name("t")).with_partition_indexes(vec![0]);
    for topics in [None, Some(vec![]), Some(vec![one])] {
        let answer = raw.call(0, &ListPartitionReassignmentsRequest::default().with_topics(topics));
        assert_eq!((answer.error_code, answer.error_message, answer.topics.len()), (0, None, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttles_that_were_never_set_can_be_cleared() {
    let here = start().await;
    let mut raw = here.connect();
    let (set, delete) = (0, 1);
    let mut code = |name: &str, changes: &[(i8, &str)]| {
        let change = |(operation, value): &(i8, &str)| {
            incremental_alter_configs_request::AlterableConfig::default()
                .with_name(StrBytes::from_static_str("leader.replication.throttled.rate"))
                .with_config_operation(*operation)
                .with_value(Some(StrBytes::from_string((*value).to_owned())))
        };
        let broker = incremental_alter_configs_request::AlterConfigsResource::default()
            .with_resource_type(4)
            .with_resource_name(StrBytes::from_string(name.to_owned()))
            .with_configs(changes.iter().map(change).collect());
        raw.call(1, &IncrementalAlterConfigsRequest::default().with_resources(vec![broker])).responses[0].error_code
    };
    for name in ["1", ""] {
        assert_eq!((code(name, &[]), code(name, &[(delete, "")]), code(name, &[(set, "7")])), (0, 0, 42), "{name:?}");
    }
    assert_eq!((code("2", &[(delete, "")]), code("x", &[])), (42, 42), "there is no such broker");

    let mut replace = |configs| {
        let broker = alter_configs_request::AlterConfigsResource::default()
            .with_resource_type(4)
            .with_resource_name(StrBytes::from_static_str("1"))
            .with_configs(configs);
        raw.call(2, &AlterConfigsRequest::default().with_resources(vec![broker])).responses[0].error_code
    };
    let retention = alter_configs_request::AlterableConfig::default()
        .with_name(StrBytes::from_static_str("retention.ms"))
        .with_value(Some(StrBytes::from_static_str("7")));
    assert_eq!((replace(vec![]), replace(vec![retention])), (0, 42));
}
