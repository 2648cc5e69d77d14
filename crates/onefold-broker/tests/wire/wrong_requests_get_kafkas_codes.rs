//! Requests that no client should send, and tools sometimes do: each is answered with the code that Apache Kafka 4.3
//! answers (compared call by call), so that a client's own handling of it holds here too.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    CreatePartitionsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeGroupsRequest,
    GroupId, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest, OffsetDeleteRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::group::Member;
use crate::common::raw::{Raw, topic_name};
use crate::common::start;
use crate::common::topics::create_with;

const INVALID_REQUEST: i16 = 42;

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_asked_for_by_id_from_version_12_on() {
    let here = start().await;
    let mut raw = here.connect();
    let id = raw.create_topic("t", 1);
    let by_id = MetadataRequestTopic::default().with_topic_id(id).with_name(None);
    let both = MetadataRequestTopic::default().with_topic_id(id).with_name(Some(topic_name("t")));

    for version in [10, 11] {
        for topic in [&by_id, &both] {
            let answer = raw.call(version, &MetadataRequest::default().with_topics(Some(vec![topic.clone()])));
            assert_eq!(answer.topics[0].error_code, INVALID_REQUEST, "version {version}");
            assert!(answer.brokers.is_empty(), "version {version}");
        }
    }
    let answer = raw.call(12, &MetadataRequest::default().with_topics(Some(vec![by_id])));
    assert_eq!((answer.topics[0].error_code, answer.topics[0].name.clone()), (0, Some(topic_name("t"))));
}

/// The Java client's `describeTopics(TopicCollection.ofTopicIds(..))`: its request has an empty name beside each id
/// (MetadataRequest.json has no default of null for it).
#[tokio::test(flavor = "multi_thread")]
async fn with_a_topic_id_no_name_counts() {
    const UNKNOWN_TOPIC_ID: i16 = 100;
    let here = start().await;
    let mut raw = here.connect();
    let (id, unknown) = (raw.create_topic("t", 1), uuid::Uuid::from_bytes([3; 16]));
    raw.create_topic("other", 1);
    let asked = |name: &str, id| MetadataRequestTopic::default().with_topic_id(id).with_name(Some(topic_name(name)));
    let topics = vec![asked("", id), asked("other", unknown), asked("other", uuid::Uuid::nil())];

    for version in [12, 13] {
        let answer = raw.call(version, &MetadataRequest::default().with_topics(Some(topics.clone())));
        let mut told: Vec<_> = answer.topics.into_iter().map(|t| (t.error_code, t.name, t.topic_id)).collect();
        told.sort_by_key(|(code, ..)| *code);
        let expected = vec![(0, Some(topic_name("t")), id), (UNKNOWN_TOPIC_ID, None, unknown)];
        assert_eq!(told, expected, "version {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn controllers_are_not_asked_for_at_a_broker() {
    let here = start().await;
    let mut raw = here.connect();
    let mut code = |kind| raw.call(1, &DescribeClusterRequest::default().with_endpoint_type(kind)).error_code;

    assert_eq!((code(1), code(2), code(7)), (0, 114, 115), "MISMATCHED_ENDPOINT_TYPE, UNSUPPORTED_ENDPOINT_TYPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_twice_is_refused_and_left_as_it_is() {
    let here = start().await;
    let mut raw = here.connect();
    let id = raw.create_topic("t", 1);

    let more = |count| CreatePartitionsTopic::default().with_name(topic_name("t")).with_count(count);
    let grown = raw.call(3, &CreatePartitionsRequest::default().with_topics(vec![more(2), more(3)]));
    assert_eq!((grown.results.len(), grown.results[0].error_code), (1, INVALID_REQUEST));
    let by_name = DeleteTopicState::default().with_name(Some(topic_name("t")));
    let by_id = DeleteTopicState::default().with_topic_id(id);
    let neither = DeleteTopicState::default().with_name(None);
    for topics in [vec![by_name.clone(), by_name], vec![by_id.clone(), by_id], vec![neither]] {
        let deleted = raw.call(6, &DeleteTopicsRequest::default().with_topics(topics));
        assert_eq!((deleted.responses.len(), deleted.responses[0].error_code), (1, INVALID_REQUEST));
    }
    let asked = MetadataRequestTopic::default().with_name(Some(topic_name("t")));
    let seen = raw.call(9, &MetadataRequest::default().with_topics(Some(vec![asked])));
    assert_eq!(seen.topics[0].partitions.len(), 1, "still there, still one partition");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_id_and_its_epoch_come_together() {
    let here = start().await;
    let mut raw = here.connect();
    let mut code = |id: i64, epoch| {
        let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(1000);
        raw.call(4, &request.with_producer_id(id.into()).with_producer_epoch(epoch)).error_code
    };

    assert_eq!((code(-1, -1), code(7, 0)), (0, 0));
    assert_eq!((code(7, -1), code(-1, 3)), (INVALID_REQUEST, INVALID_REQUEST));
}

#[tokio::test(flavor = "multi_thread")]
async fn special_timestamps_came_with_their_versions() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let code = |raw: &mut Raw, version, timestamp| {
        let wanted = ListOffsetsPartition::default().with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default().with_name(topic_name("t")).with_partitions(vec![wanted]);
        let request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
        raw.call(version, &request).topics[0].partitions[0].error_code
    };

    for (timestamp, since) in [(-3, 7), (-4, 8), (-5, 9)] {
        assert_eq!(code(&mut raw, since, timestamp), 0, "{timestamp}");
        assert_eq!(code(&mut raw, since - 1, timestamp), 35, "{timestamp}: UNSUPPORTED_VERSION");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_compacted_topic_are_not_deleted_by_hand() {
    let here = start().await;
    let mut raw = here.connect();
    for (name, policy, code) in [("c", "compact", 44), ("both", "compact,delete", 0), ("d", "delete", 0)] {
        create_with(&mut raw, name, ("cleanup.policy", policy));
        let partition = DeleteRecordsPartition::default().with_offset(-1);
        let topic = DeleteRecordsTopic::default().with_name(topic_name(name)).with_partitions(vec![partition]);
        let answer = raw.call(2, &DeleteRecordsRequest::default().with_topics(vec![topic]));
        assert_eq!(answer.topics[0].partitions[0].error_code, code, "{policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_say_what_one_may_do_with_them_and_whether_they_are() {
    let here = start().await;
    let mut raw = here.connect();
    let group = GroupId(StrBytes::from_static_str("nobody"));

    let gone = raw.call(0, &OffsetDeleteRequest::default().with_group_id(group));
    assert_eq!(gone.error_code, 69, "GROUP_ID_NOT_FOUND, also where no topic is named");
    Member::joined(&mut raw, "g");
    let of_g = DescribeGroupsRequest::default()
        .with_groups(vec![GroupId(StrBytes::from_static_str("g"))])
        .with_include_authorized_operations(true);
    // READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, by the bits of Kafka's AclOperation.
    assert_eq!(raw.call(5, &of_g).groups[0].authorized_operations, 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11);
}
