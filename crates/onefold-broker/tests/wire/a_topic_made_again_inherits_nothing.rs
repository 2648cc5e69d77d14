//! A topic that is deleted and made again under its name has another id, and nothing of the old one: no records, no
//! committed offsets, no producers' windows, no configs. Over a restart too, since replay goes by id.

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeConfigsRequest, FetchRequest, GroupId, OffsetCommitRequest,
    OffsetFetchRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::raw::{Raw, offsets, topic_name};
use crate::common::{batch, start};

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str("g"))
}

fn fill(raw: &mut Raw) {
    let config = CreatableTopicConfig::default()
        .with_name(StrBytes::from_static_str("retention.ms"))
        .with_value(Some(StrBytes::from_static_str("1234567")));
    let topic = CreatableTopic::default()
        .with_name(topic_name("t"))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(vec![config]);
    assert_eq!(raw.call(7, &CreateTopicsRequest::default().with_topics(vec![topic])).topics[0].error_code, 0);
    assert_eq!(raw.produce("t", 0, batch(&["old"]).by(7, 0, 0).bytes()).base_offset, 0);
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let topic = OffsetCommitRequestTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    let commit = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic]);
    assert_eq!(raw.call(7, &commit).topics[0].partitions[0].error_code, 0);
}

fn retention(raw: &mut Raw) -> String {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(StrBytes::from_static_str("t"))
        .with_configuration_keys(Some(vec![StrBytes::from_static_str("retention.ms")]));
    let answer = raw.call(4, &DescribeConfigsRequest::default().with_resources(vec![resource]));
    answer.results[0].configs[0].value.as_ref().unwrap().to_string()
}

fn fetch_by_id(raw: &mut Raw, id: uuid::Uuid) -> i16 {
    let topic = FetchTopic::default().with_topic_id(id).with_partitions(vec![FetchPartition::default()]);
    raw.call(13, &FetchRequest::default().with_max_bytes(1000).with_topics(vec![topic])).responses[0].partitions[0]
        .error_code
}

#[tokio::test(flavor = "multi_thread")]
async fn not_even_after_a_restart() {
    let here = start().await;
    let mut raw = here.connect();
    fill(&mut raw);
    assert_eq!(retention(&mut raw), "1234567");
    let gone = DeleteTopicState::default().with_name(Some(topic_name("t")));
    let deleted = raw.call(6, &DeleteTopicsRequest::default().with_topics(vec![gone]));
    assert_eq!(deleted.responses[0].error_code, 0);
    let (old, new) = (deleted.responses[0].topic_id, raw.create_topic("t", 1));
    assert_ne!(old, new);

    let here = here.restart().await;
    let mut raw = here.connect();
    assert_eq!(retention(&mut raw), "604800000", "Kafka's default");
    let all = raw.call(5, &OffsetFetchRequest::default().with_group_id(group()).with_topics(None));
    assert!(all.topics.is_empty(), "{all:?}");
    assert_eq!(fetch_by_id(&mut raw, old), 100, "UNKNOWN_TOPIC_ID");
    assert_eq!(fetch_by_id(&mut raw, new), 0);
    assert_eq!(
        raw.produce("t", 0, batch(&["new"]).by(7, 0, 1).bytes()).error_code,
        45,
        "its window is not the old one"
    );
    assert_eq!(raw.produce("t", 0, batch(&["new"]).by(7, 0, 0).bytes()).base_offset, 0);
    let records = raw.fetch("t", 0, 0).responses[0].partitions[0].records.clone().unwrap();
    assert_eq!(offsets(records), [0]);
}
