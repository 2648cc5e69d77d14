//! DescribeTopicPartitions gives every partition of what is asked for exactly once, in order, however small the pages
//! are, also those of topics that come and go between two pages; and refuses a cursor that points nowhere.

use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

use crate::common::raw::{Raw, topic_name};
use crate::common::start;

fn request(topics: &[&str], limit: i32, cursor: Option<(&str, i32)>) -> DescribeTopicPartitionsRequest {
    let topic = |name: &&str| TopicRequest::default().with_name(topic_name(name));
    let cursor = cursor
        .map(|(topic, partition)| Cursor::default().with_topic_name(topic_name(topic)).with_partition_index(partition));
    DescribeTopicPartitionsRequest::default()
        .with_topics(topics.iter().map(topic).collect())
        .with_response_partition_limit(limit)
        .with_cursor(cursor)
}

/// Topic, error code, partitions.
type Line = (String, i16, Vec<i32>);

fn lines(answer: &DescribeTopicPartitionsResponse) -> Vec<Line> {
    let line =
        |topic: &kafka_protocol::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic| {
            let partitions = topic.partitions.iter().map(|partition| {
                assert_eq!((partition.error_code, partition.leader_id.0), (0, 1));
                assert!(partition.leader_epoch >= 0);
                assert_eq!((partition.replica_nodes.len(), partition.isr_nodes.len()), (1, 1));
                partition.partition_index
            });
            (topic.name.as_ref().unwrap().to_string(), topic.error_code, partitions.collect())
        };
    answer.topics.iter().map(line).collect()
}

/// All pages, as (topic, partition); each page has at most `limit` of them.
fn all(raw: &mut Raw, topics: &[&str], limit: i32) -> Vec<(String, i32)> {
    let mut found = Vec::new();
    let mut from: Option<(String, i32)> = None;
    loop {
        let cursor = from.as_ref().map(|(topic, partition)| (topic.as_str(), *partition));
        let answer = raw.call(0, &request(topics, limit, cursor));
        let page = lines(&answer)
            .into_iter()
            .flat_map(|(topic, _, partitions)| partitions.into_iter().map(move |partition| (topic.clone(), partition)));
        let before = found.len();
        found.extend(page);
        assert!(found.len() - before <= limit as usize);
        match answer.next_cursor {
            None => return found,
            Some(next) => from = Some((next.topic_name.to_string(), next.partition_index)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_partition_once_whatever_the_size_of_a_page() {
    let here = start().await;
    let mut raw = here.connect();
    let counts = [("a", 1), ("b", 5), ("c", 3)];
    for (name, count) in counts {
        raw.create_topic(name, count);
    }
    let every: Vec<(String, i32)> =
        counts.iter().flat_map(|(name, count)| (0..*count).map(|partition| ((*name).to_owned(), partition))).collect();
    for limit in 1..=10 {
        assert_eq!(all(&mut raw, &[], limit), every, "all, {limit} a page");
        assert_eq!(all(&mut raw, &["c", "a", "b", "a"], limit), every, "by name, {limit} a page");
        assert_eq!(all(&mut raw, &["c", "missing"], limit), every[6..], "one is missing, {limit} a page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_larger_than_kafkas_or_empty() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("big", 2001);
    let mut next = |limit| {
        let answer = raw.call(0, &request(&["big"], limit, None));
        (answer.topics[0].partitions.len(), answer.next_cursor.unwrap().partition_index)
    };
    assert_eq!((next(i32::MAX), next(0), next(-1), next(i32::MIN)), ((2000, 2000), (1, 1), (1, 1), (1, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_has_kafkas_codes() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("a", 1);
    raw.create_topic("b", 2);
    let mut ask = |topics: &[&str], cursor| lines(&raw.call(0, &request(topics, 10, cursor)));
    let line = |name: &str, code, partitions: &[i32]| (name.to_owned(), code, partitions.to_vec());

    assert_eq!(ask(&["a", "b?", "c"], None), [line("a", 0, &[0]), line("b?", 17, &[]), line("c", 3, &[])]);
    let refused = [line("b", 42, &[]), line("a", 42, &[])];
    for nowhere in [("c", 0), ("", 0), ("aa", 0), ("b", -1)] {
        assert_eq!(ask(&["b", "a"], Some(nowhere)), refused, "{nowhere:?}");
    }
    // A topic may have gone since the page before: it is missing, and what follows it is there.
    assert_eq!(ask(&["a", "aa", "b"], Some(("aa", 3))), [line("aa", 3, &[]), line("b", 0, &[0, 1])]);
    assert_eq!(ask(&[], Some(("aa", 3))), [line("b", 0, &[0, 1])]);
    for beyond in [2, i32::MAX] {
        assert_eq!(ask(&["b"], Some(("b", beyond))), [line("b", 0, &[])]);
    }
}
