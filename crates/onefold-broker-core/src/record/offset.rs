//! One committed offset.

use crate::codec::{Coded, Reader};
use crate::id::TopicPartition;
use crate::record::RecordError;

/// A position a group committed; its time is the record's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommittedOffset {
    pub at: TopicPartition,
    /// The next offset to read.
    pub offset: i64,
    /// The leader epoch of the last record read, -1 where the client gave none.
    pub leader_epoch: i32,
    pub metadata: String,
}

impl Coded for CommittedOffset {
    const MIN_BYTES: usize = 20 + 8 + 4 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.at.put(out);
        self.offset.put(out);
        self.leader_epoch.put(out);
        self.metadata.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(CommittedOffset {
            at: from.take()?,
            offset: from.take()?,
            leader_epoch: from.take()?,
            metadata: from.take()?,
        })
    }
}
