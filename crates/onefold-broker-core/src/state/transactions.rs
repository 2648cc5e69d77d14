//! What the ends of transactions leave behind.

use std::collections::VecDeque;

use crate::codec::{Coded, Reader};
use crate::id::{Lsn, TopicPartition};
use crate::record::{RecordError, TransactionEnd};

/// A transactional id after its last transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransactionalId {
    /// What its client goes on with.
    pub producer_id: i64,
    pub epoch: i16,
    /// Under which the last transaction ended: a repeated EndTxn of it is answered, not refused.
    pub last_producer_id: i64,
    pub last_epoch: i16,
    pub committed: bool,
    /// Broker time of that end.
    pub time_ms: i64,
    pub changed: Lsn,
}

impl TransactionalId {
    pub(super) fn after(end: &TransactionEnd, time_ms: i64, changed: Lsn) -> Self {
        TransactionalId {
            producer_id: end.next.0,
            epoch: end.next.1,
            last_producer_id: end.producer_id,
            last_epoch: end.epoch,
            committed: end.committed,
            time_ms,
            changed,
        }
    }
}

/// Transactions that have ended in a record not known to be durable: their markers may lie above the high watermark, and
/// then their first offsets still bound the last stable offset.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsettled {
    by_lsn: VecDeque<Ending>,
}

#[derive(Clone, Copy, Debug)]
struct Ending {
    lsn: Lsn,
    at: TopicPartition,
    first_offset: i64,
    marker_offset: i64,
}

impl Unsettled {
    pub(super) fn add(&mut self, lsn: Lsn, at: TopicPartition, first_offset: i64, marker_offset: i64) {
        self.by_lsn.push_back(Ending { lsn, at, first_offset, marker_offset });
    }

    pub(super) fn settle(&mut self, durable: Lsn) {
        while self.by_lsn.front().is_some_and(|ending| ending.lsn <= durable) {
            self.by_lsn.pop_front();
        }
    }

    /// The least first offset in this partition whose marker is at or above the high watermark.
    pub(super) fn first_at(&self, at: TopicPartition, high_watermark: i64) -> Option<i64> {
        let held = self.by_lsn.iter().filter(|ending| ending.at == at && ending.marker_offset >= high_watermark);
        held.map(|ending| ending.first_offset).min()
    }
}

impl Coded for TransactionalId {
    const MIN_BYTES: usize = 8 + 2 + 8 + 2 + 1 + 8 + 8;

    fn put(&self, out: &mut Vec<u8>) {
        self.producer_id.put(out);
        self.epoch.put(out);
        self.last_producer_id.put(out);
        self.last_epoch.put(out);
        self.committed.put(out);
        self.time_ms.put(out);
        self.changed.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(TransactionalId {
            producer_id: from.take()?,
            epoch: from.take()?,
            last_producer_id: from.take()?,
            last_epoch: from.take()?,
            committed: from.take()?,
            time_ms: from.take()?,
            changed: from.take()?,
        })
    }
}
