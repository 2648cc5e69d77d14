//! Commits, with metadata that need not be UTF-8 and leader epochs.

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaRespErr as Code;

use crate::log::{CommitAt, CommittedAt, LogError};

/// Committed offsets with their metadata as bytes. A partition that could not be asked about is an error: taken for one
/// without a commit, it would be read from wherever new groups start.
pub(in super::super) fn committed(list: &TopicPartitionList) -> Result<Vec<CommittedAt>, LogError> {
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
pub(in super::super) fn set_leader_epochs(list: &TopicPartitionList, commits: &[CommitAt]) {
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
pub(in super::super) fn commit<C: rdkafka::consumer::ConsumerContext>(
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
