//! CreateTopics, Metadata and DeleteTopics agree: what was answered is visible to the next request on any connection
//! (gotcha 14), and nothing is created that nobody asked for.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest, MetadataResponse,
};

use crate::common::raw::{Raw, topic_name};
use crate::common::{start, start_with};

fn named(name: &str, create: bool) -> MetadataRequest {
    let topic = MetadataRequestTopic::default().with_name(Some(topic_name(name)));
    MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(create)
}

fn all(raw: &mut Raw) -> MetadataResponse {
    raw.call(12, &MetadataRequest::default().with_topics(None))
}

fn creation(name: &str, partitions: i32, replicas: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(replicas)
}

fn create(raw: &mut Raw, topics: Vec<CreatableTopic>, validate_only: bool) -> Vec<i16> {
    let request = CreateTopicsRequest::default().with_topics(topics).with_validate_only(validate_only);
    raw.call(7, &request).topics.iter().map(|topic| topic.error_code).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn created_topics_are_there_at_once() {
    let here = start().await;
    let (mut one, mut other) = (here.connect(), here.connect());
    for n in 0..20 {
        let name = format!("t{n}");
        let id = one.create_topic(&name, 3);
        let seen = other.call(12, &named(&name, false));
        assert_eq!((seen.topics[0].error_code, seen.topics[0].topic_id), (0, id));
        assert_eq!(seen.topics[0].partitions.len(), 3);
        let leader = &seen.topics[0].partitions[0];
        assert_eq!((leader.leader_id.0, leader.leader_epoch), (1, 1));
    }
    assert_eq!(all(&mut other).topics.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_creates_only_when_it_may() {
    let here = start_with(|settings| settings.default_partitions(2)).await;
    let mut raw = here.connect();

    assert_eq!(raw.call(12, &named("a", false)).topics[0].error_code, 3);
    let first = raw.call(12, &named("a", true));
    assert_eq!((first.topics[0].error_code, first.topics[0].partitions.len()), (5, 0), "not at once");
    let next = raw.call(12, &named("a", true));
    assert_eq!((next.topics[0].error_code, next.topics[0].partitions.len()), (0, 2), "made by the first");
    assert_eq!(raw.call(12, &named("no/name", true)).topics[0].error_code, 17);

    let here = start_with(|settings| settings.auto_create_topics(false)).await;
    assert_eq!(here.connect().call(12, &named("a", true)).topics[0].error_code, 3);
}

/// Clients that ask by an old version, which cannot say that nothing is to be created, look that way whether a topic
/// is gone: kafka-go's `DeleteTopics` tests do.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_topic_is_gone_for_who_may_create_it() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 3);
    let delete = DeleteTopicsRequest::default().with_topic_names(vec![topic_name("t")]);
    assert_eq!(raw.call(1, &delete).responses[0].error_code, 0);
    let asked = raw.call(1, &named("t", true));
    assert_eq!((asked.topics[0].error_code, asked.topics[0].partitions.len()), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_described_and_deleted_by_id() {
    let here = start().await;
    let mut raw = here.connect();
    let first = raw.create_topic("t", 1);
    let by_id = |id| {
        MetadataRequest::default()
            .with_topics(Some(vec![MetadataRequestTopic::default().with_topic_id(id).with_name(None)]))
    };
    assert_eq!(raw.call(12, &by_id(first)).topics[0].name, Some(topic_name("t")));

    let delete = DeleteTopicState::default().with_name(None).with_topic_id(first);
    let deleted = raw.call(6, &DeleteTopicsRequest::default().with_topics(vec![delete]));
    assert_eq!((deleted.responses[0].error_code, deleted.responses[0].topic_id), (0, first));

    assert_eq!(raw.call(12, &by_id(first)).topics[0].error_code, 100, "UNKNOWN_TOPIC_ID");
    let second = raw.create_topic("t", 1);
    assert_ne!(first, second, "a topic made again is another one");
    assert_eq!(raw.fetch("t", 0, 0).responses[0].partitions[0].high_watermark, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_are_refused_with_their_reason() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("there", 1);
    let assignment = |partition: i32, broker: i32| {
        CreatableReplicaAssignment::default().with_partition_index(partition).with_broker_ids(vec![broker.into()])
    };
    let assigned = |name, partitions: &[(i32, i32)]| {
        creation(name, -1, -1).with_assignments(partitions.iter().map(|(p, b)| assignment(*p, *b)).collect())
    };

    assert_eq!(create(&mut raw, vec![creation("there", 1, 1)], false), [36]);
    assert_eq!(create(&mut raw, vec![creation("a", 0, 1)], false), [37]);
    assert_eq!(create(&mut raw, vec![creation("a", 1_000_000, 1)], false), [37]);
    assert_eq!(create(&mut raw, vec![creation("a", 1, 3)], false), [38]);
    assert_eq!(create(&mut raw, vec![creation("a b", 1, 1)], false), [17]);
    assert_eq!(create(&mut raw, vec![creation("a", 1, 1), creation("a", 1, 1)], false), [42]);
    assert_eq!(create(&mut raw, vec![assigned("a", &[(0, 2)])], false), [39]);
    assert_eq!(create(&mut raw, vec![assigned("a", &[(1, 1)])], false), [39]);
    assert_eq!(create(&mut raw, vec![creation("a", 1, 1)], true), [0], "it could be");
    assert_eq!(all(&mut raw).topics.len(), 1, "nothing of that was created");
    assert_eq!(create(&mut raw, vec![assigned("a", &[(0, 1), (1, 1)])], false), [0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_added_and_never_removed() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 2);
    let grow = |raw: &mut Raw, name: &str, count, validate_only| {
        let topic =
            CreatePartitionsTopic::default().with_name(topic_name(name)).with_count(count).with_assignments(None);
        let request = CreatePartitionsRequest::default().with_topics(vec![topic]).with_validate_only(validate_only);
        raw.call(3, &request).results[0].error_code
    };

    assert_eq!(grow(&mut raw, "t", 1, false), 37);
    assert_eq!(grow(&mut raw, "t", 2, false), 37);
    assert_eq!(grow(&mut raw, "missing", 3, false), 3);
    assert_eq!(grow(&mut raw, "t", 5, true), 0);
    assert_eq!(all(&mut raw).topics[0].partitions.len(), 2, "it was only asked");
    assert_eq!(grow(&mut raw, "t", 5, false), 0);
    assert_eq!(all(&mut raw).topics[0].partitions.len(), 5);
}
