//! Telling librdkafka where a partition is read on.

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::super::context::Events;

/// Reads these partitions on from these offsets, whatever librdkafka has counted. What was fetched for them is thrown
/// away. Partitions that are not started, or not known any more, stay as they are: there is nothing to tell.
///
/// Does not wait: from the call on nothing older is delivered, and librdkafka's thread does this before whatever it is
/// told afterwards.
pub(in super::super) fn seek(consumer: &BaseConsumer<Events>, list: &TopicPartitionList) {
    // SAFETY: consumer and list are alive; without a timeout there is no answer, and what is returned is ours.
    unsafe {
        let error = c::rd_kafka_seek_partitions(consumer.client().native_ptr(), list.ptr(), 0);
        if !error.is_null() {
            c::rd_kafka_error_destroy(error);
        }
    }
}
