//! DescribeTopicPartitions (75), version 0 (KIP-966): topics by name, or all (an empty list), a page at a time.
//!
//! Topics come in the order of their names, each once. A page ends after the number of partitions that the request allows
//! (at least 1, at most 2000), and its cursor names the partition that the next one begins with. A cursor must name a
//! topic of the list. There is one replica, so nobody is eligible beside it.

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_topic_partitions_request::Cursor as From;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::state::State;
use onefold_broker_core::topic::Topic;
use onefold_broker_core::{ErrorCode, Lsn};
use uuid::Uuid;

use super::node::NODE_ID;
use super::shape::{Shape, fixed, maybe, string, structs};
use super::{Call, Fault, authorized, creation};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 0, fields: &[structs(&[string()]), fixed(4), maybe(&[string(), fixed(4)])] };

/// Kafka's default of `max.request.partition.size.limit`.
const LARGEST_PAGE: i32 = 2000;

pub(super) fn answer(
    call: Call<'_>,
    request: DescribeTopicPartitionsRequest,
) -> Result<(DescribeTopicPartitionsResponse, Lsn), Fault> {
    if !is_cursor_valid(&request) {
        let refused = |name| without_partitions(name, ErrorCode::INVALID_REQUEST);
        let topics = request.topics.into_iter().map(|topic| refused(topic.name)).collect();
        return Ok((DescribeTopicPartitionsResponse::default().with_topics(topics), Lsn::NONE));
    }
    let (page, depends) = call.node.log.view(|state, _| (Page::of(state, &request), state.topics_changed()));
    let response = DescribeTopicPartitionsResponse::default().with_topics(page.topics).with_next_cursor(page.next);
    Ok((response, depends))
}

fn is_cursor_valid(request: &DescribeTopicPartitionsRequest) -> bool {
    let Some(from) = &request.cursor else { return true };
    let is_named = request.topics.is_empty() || request.topics.iter().any(|topic| topic.name == from.topic_name);
    is_named && from.partition_index >= 0
}

/// An answer as it fills up.
struct Page {
    topics: Vec<DescribeTopicPartitionsResponseTopic>,
    /// How many partitions more fit in.
    left: usize,
    next: Option<Cursor>,
}

impl Page {
    fn of(state: &State, request: &DescribeTopicPartitionsRequest) -> Page {
        let limit = request.response_partition_limit.clamp(1, LARGEST_PAGE);
        let mut page = Page { topics: Vec::new(), left: usize::try_from(limit).unwrap_or(1), next: None };
        let from = request.cursor.as_ref();
        let is_before = |name: &str| from.is_some_and(|from| name < from.topic_name.as_str());
        if request.topics.is_empty() {
            let mut topics = state.topics().skip_while(|topic| is_before(&topic.name));
            while page.next.is_none()
                && let Some(topic) = topics.next()
            {
                page.add(state, &StrBytes::from_string(topic.name.to_string()), Some(topic), from);
            }
        } else {
            let names: BTreeSet<&StrBytes> = request.topics.iter().map(|topic| &topic.name.0).collect();
            let mut names = names.into_iter().skip_while(|name| is_before(name));
            while page.next.is_none()
                && let Some(name) = names.next()
            {
                page.add(state, name, state.topic_by_name(name), from);
            }
        }
        page
    }

    /// Adds what fits of a topic, or notes that the next page begins with it.
    fn add(&mut self, state: &State, name: &StrBytes, topic: Option<&Topic>, from: Option<&From>) {
        let name = TopicName(name.clone());
        if self.left == 0 {
            self.next = Some(cursor(name, 0));
            return;
        }
        let Some(topic) = topic else {
            let error = match creation::check_name(&name) {
                Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
            };
            let missing = without_partitions(name, error);
            self.topics.push(missing.with_topic_authorized_operations(authorized::topic(true)));
            return;
        };
        let total = topic.partitions.len();
        let first = from.filter(|from| from.topic_name == name).map_or(0, |from| from.partition_index);
        let first = usize::try_from(first).map_or(total, |first| first.min(total));
        let end = total.min(first + self.left);
        self.left -= end - first;
        self.topics.push(describe(state, topic, first..end));
        if end < total {
            self.next = Some(cursor(name, end));
        }
    }
}

fn cursor(topic: TopicName, partition: usize) -> Cursor {
    Cursor::default().with_topic_name(topic).with_partition_index(partition as i32) // at most MAX_PARTITIONS
}

fn describe(state: &State, topic: &Topic, partitions: std::ops::Range<usize>) -> DescribeTopicPartitionsResponseTopic {
    let partition = |index| {
        DescribeTopicPartitionsResponsePartition::default()
            .with_partition_index(index as i32) // at most MAX_PARTITIONS
            .with_leader_id(NODE_ID.into())
            .with_leader_epoch(state.leader_epoch())
            .with_replica_nodes(vec![NODE_ID.into()])
            .with_isr_nodes(vec![NODE_ID.into()])
            .with_eligible_leader_replicas(Some(Vec::new()))
            .with_last_known_elr(Some(Vec::new()))
    };
    DescribeTopicPartitionsResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.to_string()))))
        .with_topic_id(Uuid::from_bytes(topic.id.0))
        .with_partitions(partitions.map(partition).collect())
        .with_topic_authorized_operations(authorized::topic(true))
}

fn without_partitions(name: TopicName, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default().with_error_code(error.0).with_name(Some(name))
}
