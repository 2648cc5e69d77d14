//! The one record that ends a transaction.
//!
//! With one journal for all partitions this record *is* the decision and all its results: it is there whole or not at all,
//! so a transaction is never half visible. Markers and offsets follow from it, here and at every replay, alike.

use crate::codec::{Coded, Reader};
use crate::id::TopicPartition;
use crate::record::{CommittedOffset, RecordError};

/// The end of one transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionEnd {
    pub transactional_id: String,
    pub producer_id: i64,
    /// The epoch the markers carry (transaction version 2: already raised).
    pub epoch: i16,
    /// Producer id and epoch the client goes on with.
    pub next: (i64, i16),
    pub committed: bool,
    /// One for each partition the transaction wrote to.
    pub markers: Vec<Marker>,
    /// Per group, what takes effect with a commit; empty at an abort.
    pub offsets: Vec<(String, Vec<CommittedOffset>)>,
}

/// The control batch that ends the transaction in one partition: it takes one offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marker {
    pub at: TopicPartition,
    pub offset: i64,
    pub leader_epoch: i32,
    pub coordinator_epoch: i32,
}

impl Coded for TransactionEnd {
    const MIN_BYTES: usize = 4 + 8 + 2 + 10 + 1 + 4 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.transactional_id.put(out);
        self.producer_id.put(out);
        self.epoch.put(out);
        self.next.put(out);
        self.committed.put(out);
        self.markers.put(out);
        self.offsets.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(TransactionEnd {
            transactional_id: from.take()?,
            producer_id: from.take()?,
            epoch: from.take()?,
            next: from.take()?,
            committed: from.take()?,
            markers: from.take()?,
            offsets: from.take()?,
        })
    }
}

impl Coded for Marker {
    const MIN_BYTES: usize = 20 + 8 + 4 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.at.put(out);
        self.offset.put(out);
        self.leader_epoch.put(out);
        self.coordinator_epoch.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(Marker {
            at: from.take()?,
            offset: from.take()?,
            leader_epoch: from.take()?,
            coordinator_epoch: from.take()?,
        })
    }
}
