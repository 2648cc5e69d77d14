//! The id of a topic, which a topic made again under the same name does not share.

use std::ffi::CString;
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::Client;

use crate::record::TopicId;

/// The id of a topic (DescribeTopics). `None` where the cluster tells none, or not in time.
pub(in super::super) fn topic_id<C: rdkafka::ClientContext>(
    client: &Client<C>,
    topic: &str,
    wait: Duration,
) -> Option<TopicId> {
    let name = CString::new(topic).ok()?;
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: what is made here is destroyed here; what the event owns is read before it goes.
    unsafe {
        let mut names = [name.as_ptr()];
        let topics = c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let queue = c::rd_kafka_queue_new(client.native_ptr());
        c::rd_kafka_DescribeTopics(client.native_ptr(), topics, std::ptr::null(), queue);
        c::rd_kafka_TopicCollection_destroy(topics);
        let event = c::rd_kafka_queue_poll(queue, wait_ms);
        let id = (!event.is_null()).then(|| described_id(event)).flatten();
        if !event.is_null() {
            c::rd_kafka_event_destroy(event);
        }
        c::rd_kafka_queue_destroy(queue);
        id
    }
}

/// SAFETY: `event` is valid.
unsafe fn described_id(event: *mut c::rd_kafka_event_t) -> Option<TopicId> {
    // SAFETY: the caller's; each pointer belongs to the event and is checked.
    unsafe {
        let result = c::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return None;
        }
        let mut count = 0;
        let topics = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 {
            return None;
        }
        let id = c::rd_kafka_TopicDescription_topic_id(*topics);
        if id.is_null() {
            return None;
        }
        let (high, low) = (c::rd_kafka_Uuid_most_significant_bits(id), c::rd_kafka_Uuid_least_significant_bits(id));
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Some(TopicId(bytes)).filter(|id| *id != TopicId::UNKNOWN)
    }
}
