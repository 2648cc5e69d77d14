//! A queue of messages, read many at a time.

use std::ffi::{CStr, CString, c_void};
use std::sync::Arc;

use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaRespErr as Code;

use super::super::context::Events;
use super::messages::Batch;
use crate::record::{Record, TopicId};

/// What comes through a message queue besides records.
pub(in super::super) enum Polled {
    End { partition: i32, offset: i64 },
    OutOfRange { partition: i32, reason: String },
    Error(String),
}

type Wake = Arc<dyn Fn() + Send + Sync>;

/// A queue that partitions of one consumer deliver to, read many messages at a time.
pub(in super::super) struct MessageQueue {
    queue: *mut c::rd_kafka_queue_t,
    buffer: Vec<*mut c::rd_kafka_message_t>,
    /// What the callback points at; boxed, so that it stays where it is.
    wake: Option<Box<Wake>>,
}

// SAFETY: librdkafka's queues may be used from any thread; the buffer is empty between calls.
unsafe impl Send for MessageQueue {}

impl MessageQueue {
    pub(in super::super) fn of(consumer: &BaseConsumer<Events>) -> MessageQueue {
        // SAFETY: the client is alive; the new queue is ours until `drop`.
        let queue = unsafe { c::rd_kafka_queue_new(consumer.client().native_ptr()) };
        MessageQueue { queue, buffer: Vec::new(), wake: None }
    }

    /// Calls `wake` from a thread of librdkafka whenever the queue gets its first message.
    pub(in super::super) fn set_nonempty_callback(&mut self, wake: Wake) {
        unsafe extern "C" fn nonempty(_: *mut c::rd_kafka_t, opaque: *mut c_void) {
            // SAFETY: `opaque` is the boxed waker, which lives until the callback is taken away.
            let wake = unsafe { &*opaque.cast::<Wake>() };
            wake();
        }
        let wake = Box::new(wake);
        let opaque = std::ptr::from_ref::<Wake>(&wake).cast_mut().cast::<c_void>();
        // SAFETY: the queue is ours, and `opaque` outlives the registration: it is replaced or removed before it goes.
        unsafe { c::rd_kafka_queue_cb_event_enable(self.queue, Some(nonempty), opaque) };
        self.wake = Some(wake);
    }

    /// Sends what the partition delivers here. To be called before the partition is assigned: from then on it counts.
    pub(in super::super) fn take_from(&self, consumer: &BaseConsumer<Events>, topic: &str, partition: i32) {
        let Ok(topic) = CString::new(topic) else { return };
        // SAFETY: the client is alive; the partition's queue is released again, librdkafka keeps its own reference.
        unsafe {
            let from = c::rd_kafka_queue_get_partition(consumer.client().native_ptr(), topic.as_ptr(), partition);
            if !from.is_null() {
                c::rd_kafka_queue_forward(from, self.queue);
                c::rd_kafka_queue_destroy(from);
            }
        }
    }

    /// Takes what is there, at most so many messages, without waiting.
    ///
    /// librdkafka's own count of what was consumed is wrong afterwards where the end of a partition, or an error, was
    /// among it: this call (of 2.12) counts them as messages. See [`super::seek()`].
    pub(in super::super) fn read(
        &mut self,
        consumer: &Arc<BaseConsumer<Events>>,
        topic: &Arc<str>,
        topic_id: TopicId,
        records: &mut Vec<Record>,
        at_most: usize,
    ) -> Vec<Polled> {
        self.buffer.reserve(at_most);
        // SAFETY: the queue is ours, and so is what comes; the buffer has room for as much as is asked for.
        unsafe {
            let came = c::rd_kafka_consume_batch_queue(self.queue, 0, self.buffer.as_mut_ptr(), at_most);
            self.buffer.set_len(usize::try_from(came).unwrap_or(0));
        }
        let mut polled = Vec::new();
        // SAFETY: each is valid; one with an error is destroyed here, and not kept.
        self.buffer.retain(|message| unsafe {
            let is_record = (**message).err == Code::RD_KAFKA_RESP_ERR_NO_ERROR;
            if !is_record {
                polled.push(polled_of(*message));
                c::rd_kafka_message_destroy(*message);
            }
            is_record
        });
        if !self.buffer.is_empty() {
            // SAFETY: valid, without errors, and not used here any more.
            unsafe { Batch::of(self.buffer.drain(..), consumer) }.records(topic, topic_id, records);
        }
        polled
    }
}

impl Drop for MessageQueue {
    fn drop(&mut self) {
        // SAFETY: the queue is ours; the callback goes before what it points at.
        unsafe {
            c::rd_kafka_queue_cb_event_enable(self.queue, None, std::ptr::null_mut());
            c::rd_kafka_queue_destroy(self.queue);
        }
    }
}

/// SAFETY: `message` is valid and carries an error.
unsafe fn polled_of(message: *mut c::rd_kafka_message_t) -> Polled {
    // SAFETY: the caller's.
    let (err, partition, offset) = unsafe { ((*message).err, (*message).partition, (*message).offset) };
    // SAFETY: a static or message-owned string, copied at once.
    let reason = unsafe {
        let text = c::rd_kafka_message_errstr(message);
        if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    };
    match err {
        Code::RD_KAFKA_RESP_ERR__PARTITION_EOF => Polled::End { partition, offset },
        Code::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
        | Code::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
        | Code::RD_KAFKA_RESP_ERR__LOG_TRUNCATION => Polled::OutOfRange { partition, reason },
        _ => Polled::Error(format!("partition {partition}: {reason}")),
    }
}
