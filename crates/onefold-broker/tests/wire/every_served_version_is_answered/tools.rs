//! What admin tools ask of a cluster.

use kafka_protocol::messages::*;

use super::{Ask, text};
use crate::common::raw::topic_name;

pub(super) fn tools(ask: &mut Ask<'_>) {
    ask.each(
        |_| {
            let topic = describe_log_dirs_request::DescribableLogDirTopic::default()
                .with_topic(topic_name("t"))
                .with_partitions(vec![0]);
            DescribeLogDirsRequest::default().with_topics(Some(vec![topic]))
        },
        |version, answer| {
            assert!(answer.results[0].topics[0].partitions[0].partition_size > 0);
            assert_eq!(answer.results[0].total_bytes > 0, version >= 4, "version {version}");
        },
    );
    ask.each(
        |_| {
            let topic = alter_replica_log_dirs_request::AlterReplicaLogDirTopic::default()
                .with_name(topic_name("t"))
                .with_partitions(vec![0]);
            let dir = alter_replica_log_dirs_request::AlterReplicaLogDir::default()
                .with_path(text("/elsewhere"))
                .with_topics(vec![topic]);
            AlterReplicaLogDirsRequest::default().with_dirs(vec![dir])
        },
        |_, answer| assert_eq!(answer.results[0].partitions[0].error_code, 57),
    );
    ask.each(
        |_| {
            let topic = describe_topic_partitions_request::TopicRequest::default().with_name(topic_name("t"));
            let cursor = describe_topic_partitions_request::Cursor::default().with_topic_name(topic_name("t"));
            DescribeTopicPartitionsRequest::default()
                .with_topics(vec![topic])
                .with_response_partition_limit(1)
                .with_cursor(Some(cursor))
        },
        |_, answer| assert_eq!(answer.next_cursor.unwrap().partition_index, 1),
    );
    ask.each(
        |version| {
            let topic =
                elect_leaders_request::TopicPartitions::default().with_topic(topic_name("t")).with_partitions(vec![0]);
            let request = ElectLeadersRequest::default().with_topic_partitions(Some(vec![topic]));
            if version >= 1 { request.with_election_type(1) } else { request }
        },
        |_, answer| assert_eq!(answer.replica_election_results[0].partition_result[0].error_code, 84),
    );
    reassignments(ask);
    ask.each(
        |_| {
            let topic = describe_producers_request::TopicRequest::default()
                .with_name(topic_name("t"))
                .with_partition_indexes(vec![0, 99]);
            DescribeProducersRequest::default().with_topics(vec![topic])
        },
        |_, answer| assert_eq!(answer.topics[0].partitions[1].error_code, 3),
    );
    ask.each(
        |version| {
            let request = ListTransactionsRequest::default().with_state_filters(vec![text("?")]);
            if version >= 1 { request.with_duration_filter(7) } else { request }
        },
        |_, answer| assert_eq!(answer.unknown_state_filters, [text("?")]),
    );
    ask.each(
        |version| {
            let request = ListConfigResourcesRequest::default();
            if version >= 1 { request.with_resource_types(vec![4]) } else { request }
        },
        |version, answer| assert_eq!(answer.config_resources.len(), usize::from(version >= 1)),
    );
    security(ask);
}

fn reassignments(ask: &mut Ask<'_>) {
    ask.each(
        |_| {
            let partition = |replicas| {
                alter_partition_reassignments_request::ReassignablePartition::default().with_replicas(replicas)
            };
            let topic = alter_partition_reassignments_request::ReassignableTopic::default()
                .with_name(topic_name("t"))
                .with_partitions(vec![partition(Some(vec![1.into()])), partition(None)]);
            AlterPartitionReassignmentsRequest::default().with_topics(vec![topic])
        },
        |_, answer| {
            let lines = &answer.responses[0].partitions;
            assert_eq!((lines[0].error_code, lines[1].error_code), (0, 85));
        },
    );
    ask.each(
        |_| {
            let topic = list_partition_reassignments_request::ListPartitionReassignmentsTopics::default()
                .with_name(topic_name("t"))
                .with_partition_indexes(vec![0]);
            ListPartitionReassignmentsRequest::default().with_topics(Some(vec![topic]))
        },
        |_, answer| assert_eq!(answer.topics, []),
    );
}

fn security(ask: &mut Ask<'_>) {
    ask.each(
        |_| DescribeAclsRequest::default().with_principal_filter(Some(text("User:a"))),
        |_, answer| assert_eq!(answer.error_code, 54),
    );
    ask.each(
        |_| {
            let acl = create_acls_request::AclCreation::default().with_principal(text("User:a")).with_host(text("*"));
            CreateAclsRequest::default().with_creations(vec![acl])
        },
        |_, answer| assert_eq!(answer.results[0].error_code, 54),
    );
    ask.each(
        |_| {
            let filter = delete_acls_request::DeleteAclsFilter::default().with_host_filter(Some(text("*")));
            DeleteAclsRequest::default().with_filters(vec![filter])
        },
        |_, answer| assert_eq!(answer.filter_results[0].error_code, 54),
    );
    ask.each(
        |_| {
            let user = describe_user_scram_credentials_request::UserName::default().with_name(text("a"));
            DescribeUserScramCredentialsRequest::default().with_users(Some(vec![user]))
        },
        |_, answer| assert_eq!(answer.results[0].error_code, 91),
    );
    ask.each(
        |_| {
            let component = describe_client_quotas_request::ComponentData::default()
                .with_entity_type(text("user"))
                .with_match(Some(text("a")));
            DescribeClientQuotasRequest::default().with_components(vec![component])
        },
        |_, answer| assert_eq!((answer.error_code, answer.entries.map(|entries| entries.len())), (0, Some(0))),
    );
}
