//! From librdkafka's messages to records with bytes of their own.

use std::ffi::{CStr, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rdkafka::bindings as c;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr as Code;

use super::super::context::Events;
use crate::record::{Header, HeaderSource, Headers, Record, TopicId};

type Message = *mut c::rd_kafka_message_t;

/// Messages that came together, until the headers of each are read or not wanted any more.
pub(super) struct Batch {
    messages: Mutex<Vec<Message>>,
    /// A client must not go before its messages.
    _consumer: Arc<BaseConsumer<Events>>,
}

// SAFETY: librdkafka's messages may be read and destroyed on any thread, by one at a time: the lock.
unsafe impl Send for Batch {}
// SAFETY: as above.
unsafe impl Sync for Batch {}

/// Records share the memory of their bytes in blocks of this size: what one that is kept for long keeps from being freed.
const BLOCK_BYTES: usize = 128 * 1024;

impl Batch {
    /// SAFETY: the messages are valid, carry no error, and belong to the batch from here on.
    pub(super) unsafe fn of(messages: impl Iterator<Item = Message>, consumer: &Arc<BaseConsumer<Events>>) -> Batch {
        Batch { messages: Mutex::new(messages.collect()), _consumer: consumer.clone() }
    }

    /// Copies keys and values; headers stay with the messages until somebody asks.
    pub(super) fn records(self, topic: &Arc<str>, topic_id: TopicId, records: &mut Vec<Record>) {
        let batch = Arc::new(self);
        let source: Arc<dyn HeaderSource> = batch.clone();
        let messages = batch.messages();
        let (mut rest, mut nth) = (messages.as_slice(), 0);
        while !rest.is_empty() {
            // SAFETY: the batch's messages are valid.
            let (block, used) = unsafe { fill_block(rest) };
            let (now, later) = rest.split_at(used);
            let mut at = 0;
            for message in now {
                // SAFETY: as above; the block holds their bytes in this order.
                records.push(unsafe {
                    record(*message, topic, topic_id, &block, &mut at, Headers::later(source.clone(), nth))
                });
                nth += 1;
            }
            rest = later;
        }
    }

    fn messages(&self) -> std::sync::MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeaderSource for Batch {
    fn headers(&self, nth: u32) -> Vec<Header> {
        // SAFETY: the batch's messages are valid, and the lock is held.
        self.messages().get(nth as usize).map(|message| unsafe { headers_of(*message) }).unwrap_or_default()
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for message in self.messages().drain(..) {
            // SAFETY: the batch's own, destroyed once.
            unsafe { c::rd_kafka_message_destroy(message) };
        }
    }
}

/// A message that came by the consumer's own queue.
pub(in super::super) fn read_stray(message: &BorrowedMessage<'_>, topic: &Arc<str>, id: TopicId) -> Record {
    // SAFETY: the borrowed message keeps the pointer valid.
    unsafe {
        let (block, _) = fill_block(&[message.ptr()]);
        record(message.ptr(), topic, id, &block, &mut 0, headers_of(message.ptr()).into())
    }
}

/// A message's headers with their names as bytes, which need not be UTF-8: rdkafka's own reader panics on such.
pub fn headers(message: &BorrowedMessage<'_>) -> Vec<Header> {
    // SAFETY: the borrowed message keeps the pointer valid.
    unsafe { headers_of(message.ptr()) }
}

/// Keys and values of the first messages, one after the other; of how many messages.
///
/// SAFETY: the messages are valid and carry no error.
unsafe fn fill_block(messages: &[Message]) -> (Bytes, usize) {
    let (mut size, mut used) = (0, 0);
    for message in messages {
        // SAFETY: the caller's.
        let more = unsafe { (**message).key_len + (**message).len };
        if used > 0 && size + more > BLOCK_BYTES {
            break;
        }
        (size, used) = (size + more, used + 1);
    }
    let mut block = Vec::with_capacity(size);
    for message in &messages[..used] {
        // SAFETY: the caller's; lengths are librdkafka's own.
        unsafe {
            block.extend_from_slice(bytes_of((**message).key, (**message).key_len));
            block.extend_from_slice(bytes_of((**message).payload, (**message).len));
        }
    }
    (block.into(), used)
}

/// SAFETY: `message` is valid and carries no error; its bytes are in the block, from `at` on.
unsafe fn record(
    message: Message,
    topic: &Arc<str>,
    topic_id: TopicId,
    block: &Bytes,
    at: &mut usize,
    headers: Headers,
) -> Record {
    let mut part = |is_null: bool, length: usize| {
        *at += length;
        (!is_null).then(|| block.slice(*at - length..*at))
    };
    // SAFETY: the caller's.
    unsafe {
        let mut kind = c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        let written_at = c::rd_kafka_message_timestamp(message, &raw mut kind);
        let leader_epoch = c::rd_kafka_message_leader_epoch(message);
        Record {
            topic: topic.clone(),
            topic_id,
            partition: (*message).partition,
            offset: (*message).offset,
            leader_epoch: (leader_epoch >= 0).then_some(leader_epoch),
            timestamp_ms: (written_at >= 0).then_some(written_at),
            key: part((*message).key.is_null(), (*message).key_len),
            value: part((*message).payload.is_null(), (*message).len),
            headers,
        }
    }
}

/// SAFETY: `from` is null or has `length` bytes, for as long as the result is used.
pub(super) unsafe fn bytes_of<'a>(from: *const c_void, length: usize) -> &'a [u8] {
    // SAFETY: the caller's.
    if from.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) } }
}

/// SAFETY: `message` is valid, and nobody else reads its headers meanwhile.
unsafe fn headers_of(message: Message) -> Vec<Header> {
    let mut all = Vec::new();
    // SAFETY: the headers belong to the message; names end in a NUL that librdkafka adds.
    unsafe {
        let mut headers = std::ptr::null_mut();
        if c::rd_kafka_message_headers(message, &raw mut headers) != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return all;
        }
        let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null(), 0usize);
        while c::rd_kafka_header_get_all(headers, all.len(), &raw mut name, &raw mut value, &raw mut size)
            == Code::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let name = Bytes::copy_from_slice(CStr::from_ptr(name).to_bytes());
            let value = (!value.is_null()).then(|| Bytes::copy_from_slice(bytes_of(value, size)));
            all.push(Header { name, value });
        }
    }
    all
}
