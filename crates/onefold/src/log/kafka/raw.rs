//! The crate's only unsafe code: messages, headers, commit metadata, topic ids and leader epochs, straight from
//! librdkafka.
//!
//! The safe API lends one message an event, panics on header names and metadata that are not UTF-8 (which any peer can
//! send), and does not show leader epochs and topic ids. Every pointer read here comes from a call of librdkafka in the
//! same function and is not kept, but for the queue handles, which their types own.

use std::ffi::{CStr, CString, c_void};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::client::Client;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr as Code;

use super::context::Events;
use crate::log::{CommitAt, CommittedAt, LogError};
use crate::record::{Header, Record, TopicId};

/// What comes through a message queue besides records.
pub(super) enum Polled {
    End { partition: i32, offset: i64 },
    OutOfRange { partition: i32, reason: String },
    Error(String),
}

type Wake = Arc<dyn Fn() + Send + Sync>;

/// A queue that partitions of one consumer deliver to, read many messages at a time.
pub(super) struct MessageQueue {
    queue: *mut c::rd_kafka_queue_t,
    buffer: Vec<*mut c::rd_kafka_message_t>,
    /// What the callback points at; boxed, so that it stays where it is.
    wake: Option<Box<Wake>>,
}

// SAFETY: librdkafka's queues may be used from any thread; the buffer is empty between calls.
unsafe impl Send for MessageQueue {}

impl MessageQueue {
    pub(super) fn of(consumer: &BaseConsumer<Events>) -> MessageQueue {
        // SAFETY: the client is alive; the new queue is ours until `drop`.
        let queue = unsafe { c::rd_kafka_queue_new(consumer.client().native_ptr()) };
        MessageQueue { queue, buffer: Vec::new(), wake: None }
    }

    /// Calls `wake` from a thread of librdkafka whenever the queue gets its first message.
    pub(super) fn set_nonempty_callback(&mut self, wake: Wake) {
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
    pub(super) fn take_from(&self, consumer: &BaseConsumer<Events>, topic: &str, partition: i32) {
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
    pub(super) fn read(
        &mut self,
        topic: &Arc<str>,
        topic_id: TopicId,
        records: &mut Vec<Record>,
        at_most: usize,
    ) -> Vec<Polled> {
        self.buffer.resize(at_most, std::ptr::null_mut());
        // SAFETY: the buffer has room for `at_most` pointers; those filled in are ours to destroy.
        let count = unsafe { c::rd_kafka_consume_batch_queue(self.queue, 0, self.buffer.as_mut_ptr(), at_most) };
        self.buffer.truncate(usize::try_from(count).unwrap_or(0));
        let mut polled = Vec::new();
        let mut arena = Arena::new(topic, topic_id);
        for message in self.buffer.drain(..) {
            // SAFETY: filled in above, destroyed once, not used after.
            unsafe {
                match (*message).err {
                    Code::RD_KAFKA_RESP_ERR_NO_ERROR => arena.copy(message, records),
                    _ => polled.push(polled_of(message)),
                }
                c::rd_kafka_message_destroy(message);
            }
        }
        arena.flush(records);
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

/// A message that came by the consumer's own queue.
pub(super) fn read_stray(message: &BorrowedMessage<'_>, topic: &Arc<str>, id: TopicId, records: &mut Vec<Record>) {
    let mut arena = Arena::new(topic, id);
    // SAFETY: the borrowed message keeps the pointer valid.
    unsafe { arena.copy(message.ptr(), records) };
    arena.flush(records);
}

/// A message's headers with their names as bytes, which need not be UTF-8: rdkafka's own reader panics on such.
pub fn headers(message: &BorrowedMessage<'_>) -> Vec<Header> {
    let topic = Arc::from("");
    let mut arena = Arena::new(&topic, TopicId::UNKNOWN);
    // SAFETY: the borrowed message keeps the pointer valid.
    let parts = unsafe { arena.push_headers(message.ptr()) };
    let bytes = Bytes::from(arena.bytes);
    let header = |(name, value): (Range<usize>, Option<Range<usize>>)| Header {
        name: bytes.slice(name),
        value: value.map(|value| bytes.slice(value)),
    };
    parts.into_iter().map(header).collect()
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

/// Bytes of several messages in one allocation, and where each message's parts are in it.
struct Arena<'t> {
    topic: &'t Arc<str>,
    topic_id: TopicId,
    bytes: Vec<u8>,
    parts: Vec<Parts>,
}

struct Parts {
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    timestamp_ms: Option<i64>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(Range<usize>, Option<Range<usize>>)>,
}

/// An arena is as large as what its longest-kept record may pin.
const ARENA_BYTES: usize = 128 * 1024;

impl<'t> Arena<'t> {
    fn new(topic: &'t Arc<str>, topic_id: TopicId) -> Arena<'t> {
        Arena { topic, topic_id, bytes: Vec::new(), parts: Vec::new() }
    }

    /// SAFETY: `message` is valid and carries no error.
    unsafe fn copy(&mut self, message: *mut c::rd_kafka_message_t, records: &mut Vec<Record>) {
        // SAFETY: the caller's; lengths are librdkafka's own.
        let parts = unsafe {
            let mut kind = c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
            let at = c::rd_kafka_message_timestamp(message, &raw mut kind);
            Parts {
                partition: (*message).partition,
                offset: (*message).offset,
                leader_epoch: c::rd_kafka_message_leader_epoch(message),
                timestamp_ms: (at >= 0).then_some(at),
                key: self.push((*message).key, (*message).key_len),
                value: self.push((*message).payload, (*message).len),
                headers: self.push_headers(message),
            }
        };
        self.parts.push(parts);
        if self.bytes.len() >= ARENA_BYTES {
            self.flush(records);
        }
    }

    /// SAFETY: `from` is null or has `length` bytes.
    unsafe fn push(&mut self, from: *const c_void, length: usize) -> Option<Range<usize>> {
        if from.is_null() {
            return None;
        }
        let start = self.bytes.len();
        // SAFETY: the caller's.
        self.bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) });
        Some(start..start + length)
    }

    /// SAFETY: `message` is valid.
    unsafe fn push_headers(
        &mut self,
        message: *mut c::rd_kafka_message_t,
    ) -> Vec<(Range<usize>, Option<Range<usize>>)> {
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
                let name = CStr::from_ptr(name).to_bytes();
                let start = self.bytes.len();
                self.bytes.extend_from_slice(name);
                let name = start..self.bytes.len();
                let value = self.push(value, size);
                all.push((name, value));
            }
        }
        all
    }

    fn flush(&mut self, records: &mut Vec<Record>) {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        records.reserve(self.parts.len());
        for parts in self.parts.drain(..) {
            let header = |(name, value): (Range<usize>, Option<Range<usize>>)| Header {
                name: bytes.slice(name),
                value: value.map(|value| bytes.slice(value)),
            };
            records.push(Record {
                topic: self.topic.clone(),
                topic_id: self.topic_id,
                partition: parts.partition,
                offset: parts.offset,
                leader_epoch: (parts.leader_epoch >= 0).then_some(parts.leader_epoch),
                timestamp_ms: parts.timestamp_ms,
                key: parts.key.map(|key| bytes.slice(key)),
                value: parts.value.map(|value| bytes.slice(value)),
                headers: parts.headers.into_iter().map(header).collect(),
            });
        }
    }
}

/// Committed offsets with their metadata as bytes. A partition that could not be asked about is an error: taken for one
/// without a commit, it would be read from wherever new groups start.
pub(super) fn committed(list: &TopicPartitionList) -> Result<Vec<CommittedAt>, LogError> {
    // SAFETY: the list is alive for the whole call, and `cnt` is the length of `elems`.
    unsafe {
        let list = &*list.ptr();
        let count = usize::try_from(list.cnt).unwrap_or(0);
        if count == 0 {
            return Ok(Vec::new());
        }
        std::slice::from_raw_parts(list.elems, count)
            .iter()
            .map(|element| {
                if element.err != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                    let code = rdkafka::error::RDKafkaErrorCode::from(element.err);
                    let partition = element.partition;
                    let why = format!("the commit of partition {partition} cannot be read: {code}");
                    return Err(LogError::Unreachable(why));
                }
                let epoch = c::rd_kafka_topic_partition_get_leader_epoch(element);
                let metadata = (!element.metadata.is_null())
                    .then(|| std::slice::from_raw_parts(element.metadata.cast::<u8>(), element.metadata_size).to_vec());
                Ok(CommittedAt {
                    partition: element.partition,
                    offset: (element.offset >= 0).then_some(element.offset),
                    leader_epoch: (epoch >= 0).then_some(epoch),
                    metadata,
                })
            })
            .collect()
    }
}

/// Adds the leader epochs of `commits` to the list that was made from them.
pub(super) fn set_leader_epochs(list: &TopicPartitionList, commits: &[CommitAt]) {
    // SAFETY: the list is alive and not shared; `cnt` is the length of `elems`.
    unsafe {
        let list = &*list.ptr();
        for nth in 0..usize::try_from(list.cnt).unwrap_or(0) {
            let element = list.elems.add(nth);
            let commit = commits.iter().find(|commit| commit.partition == (*element).partition);
            if let Some(epoch) = commit.and_then(|commit| commit.leader_epoch) {
                c::rd_kafka_topic_partition_set_leader_epoch(element, epoch);
            }
        }
    }
}

/// Sends a commit whose answer comes as an event of the consumer's own queue. The safe API's asynchronous commit has no
/// answer there: librdkafka tells only those who set a callback when the client was made, and the crate sets none.
pub(super) fn commit<C: rdkafka::consumer::ConsumerContext>(
    consumer: &BaseConsumer<C>,
    list: &TopicPartitionList,
) -> Result<(), Code> {
    // SAFETY: consumer and list are alive; librdkafka copies the list, and keeps its own count of the queue.
    unsafe {
        let queue = c::rd_kafka_queue_get_consumer(consumer.client().native_ptr());
        if queue.is_null() {
            return Err(Code::RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        }
        let code =
            c::rd_kafka_commit_queue(consumer.client().native_ptr(), list.ptr(), queue, None, std::ptr::null_mut());
        c::rd_kafka_queue_destroy(queue);
        match code {
            Code::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
            code => Err(code),
        }
    }
}

/// Hands a record to librdkafka, which copies it. `opaque` comes back with the delivery report, but for an error here.
pub(super) fn produce<C: rdkafka::ClientContext>(
    client: &Client<C>,
    record: &Record,
    opaque: *mut c_void,
) -> Result<(), Code> {
    let Ok(topic) = CString::new(&*record.topic) else { return Err(Code::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) };
    let memory = |bytes: &Option<Bytes>| c::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
        ptr: bytes.as_ref().map_or(std::ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast()),
        size: bytes.as_ref().map_or(0, Bytes::len),
    };
    let vu = |vtype, u| c::rd_kafka_vu_s { vtype, u };
    use c::rd_kafka_vtype_t::*;
    type Of = c::rd_kafka_vu_s__bindgen_ty_1;
    // SAFETY: every pointer outlives the call, which copies key and value (F_COPY) and takes the headers over only
    // when it succeeds.
    unsafe {
        let headers = c::rd_kafka_headers_new(record.headers.len());
        for header in &record.headers {
            let (value, size) = match &header.value {
                Some(value) => (value.as_ptr().cast::<c_void>(), value.len() as isize),
                None => (std::ptr::null(), 0),
            };
            c::rd_kafka_header_add(headers, header.name.as_ptr().cast(), header.name.len() as isize, value, size);
        }
        let arguments = [
            vu(RD_KAFKA_VTYPE_TOPIC, Of { cstr: topic.as_ptr() }),
            vu(RD_KAFKA_VTYPE_MSGFLAGS, Of { i: c::RD_KAFKA_MSG_F_COPY }),
            vu(RD_KAFKA_VTYPE_KEY, Of { mem: memory(&record.key) }),
            vu(RD_KAFKA_VTYPE_VALUE, Of { mem: memory(&record.value) }),
            vu(RD_KAFKA_VTYPE_TIMESTAMP, Of { i64_: record.timestamp_ms.unwrap_or(0) }),
            vu(RD_KAFKA_VTYPE_HEADERS, Of { headers }),
            vu(RD_KAFKA_VTYPE_OPAQUE, Of { ptr: opaque }),
        ];
        let error = c::rd_kafka_produceva(client.native_ptr(), arguments.as_ptr(), arguments.len());
        if error.is_null() {
            return Ok(());
        }
        let code = c::rd_kafka_error_code(error);
        c::rd_kafka_error_destroy(error);
        c::rd_kafka_headers_destroy(headers);
        Err(code)
    }
}

/// The id of a topic (DescribeTopics). `None` where the cluster tells none, or not in time.
pub(super) fn topic_id<C: rdkafka::ClientContext>(client: &Client<C>, topic: &str, wait: Duration) -> Option<TopicId> {
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

/// Takes back an opaque that no delivery report will bring.
pub(super) fn take_back<O: rdkafka::util::IntoOpaque>(opaque: *mut c_void) {
    // SAFETY: made by `O::into_ptr`, refused by `produce`, and not used again by the caller.
    drop(unsafe { O::from_ptr(opaque) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_cannot_be_asked_about_is_not_one_without_a_commit() {
        let mut list = TopicPartitionList::new();
        list.add_partition("payments", 0);
        assert_eq!(committed(&list).unwrap()[0].offset, None);
        // SAFETY: the list is alive and holds one element.
        unsafe { (*(*list.ptr()).elems).err = Code::RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT };
        assert!(matches!(committed(&list), Err(LogError::Unreachable(_))));
    }
}
