//! Whoever asks how much room a topic takes hears the bytes of its batches, wherever the broker has them, before and after
//! a restart; and that there is one folder, under the name that the broker's configs give it.

use kafka_protocol::messages::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::DescribeLogDirsResult;
use kafka_protocol::messages::{
    AlterReplicaLogDirsRequest, DeleteTopicsRequest, DescribeConfigsRequest, DescribeLogDirsRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::raw::{Raw, topic_name};
use crate::common::{batch, start};

/// The sizes of everything, as (topic, partition, bytes).
fn sizes(raw: &mut Raw, wanted: Option<Vec<DescribableLogDirTopic>>) -> Vec<(String, i32, i64)> {
    let mut sizes = Vec::new();
    for topic in dir(raw, wanted).topics {
        let of = |line: kafka_protocol::messages::describe_log_dirs_response::DescribeLogDirsPartition| {
            assert_eq!((line.offset_lag, line.is_future_key), (0, false));
            (topic.name.to_string(), line.partition_index, line.partition_size)
        };
        sizes.extend(topic.partitions.into_iter().map(of));
    }
    sizes
}

/// The only folder.
fn dir(raw: &mut Raw, wanted: Option<Vec<DescribableLogDirTopic>>) -> DescribeLogDirsResult {
    let mut answer = raw.call(4, &DescribeLogDirsRequest::default().with_topics(wanted));
    assert_eq!((answer.error_code, answer.results.len(), answer.results[0].error_code), (0, 1, 0));
    answer.results.remove(0)
}

fn wanted(topic: &str, partitions: &[i32]) -> DescribableLogDirTopic {
    DescribableLogDirTopic::default().with_topic(topic_name(topic)).with_partitions(partitions.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_its_batches_also_after_a_restart() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("a", 2);
    raw.create_topic("b", 1);
    let (one, two) = (batch(&["x"]).bytes(), batch(&["longer", "and two"]).bytes());
    raw.produce("a", 1, one.clone());
    raw.produce("a", 1, two.clone());
    raw.produce("b", 0, one.clone());

    let bytes = |batches: &[&bytes::Bytes]| batches.iter().map(|batch| batch.len() as i64).sum::<i64>();
    let expected =
        [("a".to_owned(), 0, 0), ("a".to_owned(), 1, bytes(&[&one, &two])), ("b".to_owned(), 0, bytes(&[&one]))];
    assert_eq!(sizes(&mut raw, None), expected);

    drop(raw);
    let here = here.restart().await;
    let mut raw = here.connect();
    assert_eq!(sizes(&mut raw, None), expected, "what was in memory is in segments now");
    raw.produce("b", 0, two.clone());
    let asked =
        vec![wanted("b", &[0, 0]), wanted("b", &[0]), wanted("b", &[7]), wanted("a", &[]), wanted("gone", &[0])];
    assert_eq!(sizes(&mut raw, Some(asked)), [("b".to_owned(), 0, bytes(&[&one, &two]))]);
    assert_eq!(sizes(&mut raw, Some(Vec::new())), []);

    let gone = DeleteTopicState::default().with_name(Some(topic_name("a")));
    raw.call(6, &DeleteTopicsRequest::default().with_topics(vec![gone]));
    assert_eq!(sizes(&mut raw, None), [("b".to_owned(), 0, bytes(&[&one, &two]))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_and_nothing_can_be_moved_to_another() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 2);
    let found = dir(&mut raw, None);
    assert!(found.usable_bytes > 0 && found.usable_bytes <= found.total_bytes, "{found:?}");
    assert_eq!(found.log_dir.as_str(), here.folder.path().join("broker").to_str().unwrap());

    let broker = DescribeConfigsResource::default()
        .with_resource_type(4)
        .with_resource_name(StrBytes::from_static_str("1"))
        .with_configuration_keys(Some(vec![StrBytes::from_static_str("log.dirs")]));
    let configs = raw.call(4, &DescribeConfigsRequest::default().with_resources(vec![broker]));
    assert_eq!(configs.results[0].configs[0].value.as_ref(), Some(&found.log_dir));

    let to = |path: &str, topic: &str, partitions: &[i32]| {
        let topic =
            AlterReplicaLogDirTopic::default().with_name(topic_name(topic)).with_partitions(partitions.to_vec());
        AlterReplicaLogDir::default().with_path(StrBytes::from_string(path.to_owned())).with_topics(vec![topic])
    };
    let mut codes = |dirs| {
        let answer = raw.call(2, &AlterReplicaLogDirsRequest::default().with_dirs(dirs));
        let lines = answer.results.iter().flat_map(|topic| &topic.partitions);
        lines.map(|line| (line.partition_index, line.error_code)).collect::<Vec<_>>()
    };
    let here = found.log_dir.as_str();
    assert_eq!(codes(vec![to(here, "t", &[0, 1, 9])]), [(0, 0), (1, 0), (9, 3)]);
    assert_eq!(codes(vec![to("/elsewhere", "t", &[0]), to("/elsewhere", "gone", &[1])]), [(1, 57), (0, 57)]);
    assert_eq!(codes(vec![to(here, "t", &[0]), to("/elsewhere", "t", &[0])]), [(0, 57)], "the last word counts");
}
