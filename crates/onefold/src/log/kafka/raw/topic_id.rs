//! The id of a topic, which a topic made again under the same name does not share.

use std::ffi::{CStr, CString};
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::Client;
use rdkafka::types::RDKafkaRespErr as Code;

use crate::log::LogError;
use crate::record::TopicId;

/// A question that is under way (DescribeTopics): its answer may come at any later time. It goes before its client does.
pub(in super::super) struct AskedTopicId {
    /// Null where no topic can have this name: there is nothing to ask.
    queue: *mut c::rd_kafka_queue_t,
    topic: String,
}

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl Send for AskedTopicId {}

impl AskedTopicId {
    /// Asks the cluster's controller, and does not wait.
    pub(in super::super) fn of<C: rdkafka::ClientContext>(client: &Client<C>, topic: &str) -> AskedTopicId {
        AskedTopicId::at(client, topic, None)
    }

    /// Asks this broker: any of them knows, also while the cluster has no controller.
    pub(in super::super) fn at<C: rdkafka::ClientContext>(
        client: &Client<C>,
        topic: &str,
        broker: Option<i32>,
    ) -> AskedTopicId {
        let Some(name) = CString::new(topic).ok().filter(|name| !name.is_empty()) else {
            return AskedTopicId { queue: std::ptr::null_mut(), topic: topic.to_owned() };
        };
        // SAFETY: the client is alive; librdkafka copies names and options, and keeps its own count of the queue, which is
        // ours until `drop`.
        let queue = unsafe {
            let mut names = [name.as_ptr()];
            let topics = c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            let queue = c::rd_kafka_queue_new(client.native_ptr());
            let options =
                c::rd_kafka_AdminOptions_new(client.native_ptr(), c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_ANY);
            if let Some(broker) = broker.filter(|broker| *broker >= 0) {
                // Refused, it is the controller that is asked.
                c::rd_kafka_AdminOptions_set_broker(options, broker, std::ptr::null_mut(), 0);
            }
            c::rd_kafka_DescribeTopics(client.native_ptr(), topics, options, queue);
            c::rd_kafka_AdminOptions_destroy(options);
            c::rd_kafka_TopicCollection_destroy(topics);
            queue
        };
        AskedTopicId { queue, topic: topic.to_owned() }
    }

    /// The answer, once; `None` while there is none. [`TopicId::UNKNOWN`]: the cluster gives topics no ids.
    ///
    /// # Errors
    /// There is no such topic, or the cluster did not say.
    pub(in super::super) fn answer(&self, wait: Duration) -> Option<Result<TopicId, LogError>> {
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        if self.queue.is_null() {
            return Some(Err(LogError::NoTopic(self.topic.clone())));
        }
        // SAFETY: the queue is ours; what the event owns is read before it goes.
        unsafe {
            let event = c::rd_kafka_queue_poll(self.queue, wait_ms);
            if event.is_null() {
                return None;
            }
            let described = match c::rd_kafka_event_error(event) {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR => described_id(event),
                code => Err(code),
            };
            c::rd_kafka_event_destroy(event);
            Some(described.map_err(|code| self.untold(code)))
        }
    }

    fn untold(&self, code: Code) -> LogError {
        match code {
            Code::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART => LogError::NoTopic(self.topic.clone()),
            // SAFETY: a static string.
            code => LogError::Unreachable(unsafe {
                let why = CStr::from_ptr(c::rd_kafka_err2str(code)).to_string_lossy();
                format!("the cluster does not tell the id of {}: {why}", self.topic)
            }),
        }
    }
}

impl Drop for AskedTopicId {
    fn drop(&mut self) {
        if !self.queue.is_null() {
            // SAFETY: the queue is ours. An answer that still comes finds nobody, and is thrown away.
            unsafe { c::rd_kafka_queue_destroy(self.queue) }
        }
    }
}

/// SAFETY: `event` is valid.
unsafe fn described_id(event: *mut c::rd_kafka_event_t) -> Result<TopicId, Code> {
    const NOTHING: Code = Code::RD_KAFKA_RESP_ERR__BAD_MSG;
    // SAFETY: the caller's; each pointer belongs to the event and is checked.
    unsafe {
        let result = c::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(NOTHING);
        }
        let mut count = 0;
        let topics = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 {
            return Err(NOTHING);
        }
        let error = c::rd_kafka_TopicDescription_error(*topics);
        if !error.is_null() && c::rd_kafka_error_code(error) != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(c::rd_kafka_error_code(error));
        }
        let id = c::rd_kafka_TopicDescription_topic_id(*topics);
        if id.is_null() {
            return Ok(TopicId::UNKNOWN);
        }
        let (high, low) = (c::rd_kafka_Uuid_most_significant_bits(id), c::rd_kafka_Uuid_least_significant_bits(id));
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Ok(TopicId(bytes))
    }
}
