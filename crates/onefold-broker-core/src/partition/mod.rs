//! One partition: where its log begins and ends, which leader epoch wrote what, who produced into it, what was aborted.
//!
//! Not here: the records themselves (segments hold them), and the high watermark, which is how much of this is durable
//! and so the shell's to know.

mod aborted;
mod epochs;

pub use aborted::AbortedTransaction;
use aborted::AbortedTransactions;
pub use epochs::{EpochEnd, EpochStart, EpochTable};

use crate::batch::Header;
use crate::codec::{Coded, Reader};
use crate::id::Lsn;
use crate::producer::ProducerWindows;
use crate::record::{Marker, RecordError, Stamp};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    log_start: i64,
    log_end: i64,
    epochs: EpochTable,
    producers: ProducerWindows,
    aborted: AbortedTransactions,
    changed: Lsn,
}

impl Partition {
    pub(crate) fn new(leader_epoch: i32, changed: Lsn) -> Self {
        let mut epochs = EpochTable::default();
        epochs.begin(leader_epoch, 0);
        let (producers, aborted) = Default::default();
        Partition { log_start: 0, log_end: 0, epochs, producers, aborted, changed }
    }

    /// The first offset that can be read.
    pub fn log_start(&self) -> i64 {
        self.log_start
    }

    /// The offset the next record gets. What is not yet durable counts.
    pub fn log_end(&self) -> i64 {
        self.log_end
    }

    pub fn epochs(&self) -> &EpochTable {
        &self.epochs
    }

    pub fn producers(&self) -> &ProducerWindows {
        &self.producers
    }

    /// The last record that moved the log's start or end, or made it forget a producer.
    pub fn changed(&self) -> Lsn {
        self.changed
    }

    /// The end of `leader_epoch` in this log, as OffsetForLeaderEpoch answers it; none for an epoch still to come.
    pub fn end_of_epoch(&self, leader_epoch: i32) -> Option<EpochEnd> {
        self.epochs.end_of(leader_epoch, self.log_end)
    }

    /// What a read_committed reader of `from..to` must skip, by first offset.
    pub fn aborted_within(&self, from: i64, to: i64) -> Vec<AbortedTransaction> {
        self.aborted.within(from, to)
    }

    /// Where the oldest open transaction's records begin, at least the log's start: DeleteRecords may cut into one.
    pub fn first_open_transaction(&self) -> Option<i64> {
        self.producers.first_open_transaction().map(|first| first.max(self.log_start))
    }

    pub(crate) fn append(&mut self, stamp: &Stamp, header: &Header) {
        self.epochs.begin(header.leader_epoch, header.base_offset);
        self.log_end = header.last_offset().saturating_add(1);
        self.changed = stamp.lsn;
        if header.has_producer() {
            self.producers.remember(stamp, header);
        }
    }

    /// A start begins an epoch; without records in between it takes the place of the one before.
    pub(crate) fn begin_epoch(&mut self, leader_epoch: i32) {
        self.epochs.begin(leader_epoch, self.log_end);
    }

    pub(crate) fn move_log_start(&mut self, to: i64, changed: Lsn) {
        // Only forward, and never past the end: a log cannot begin with records it does not have.
        self.log_start = self.log_start.max(to.min(self.log_end));
        self.epochs.cut_below(self.log_start);
        self.aborted.cut_below(self.log_start);
        self.changed = changed;
    }

    /// What a producer is told afterwards (that it is not known, or its sequence not) rests on this.
    pub(crate) fn expire_producer(&mut self, producer_id: i64, handed_out: i64, changed: Lsn) {
        self.producers.expire(producer_id, handed_out);
        self.changed = changed;
    }

    /// The marker takes its offset; returns where the transaction began here, none where it had written nothing.
    pub(crate) fn end_transaction(&mut self, stamp: &Stamp, marker: &Marker, ended: &Ended) -> Option<i64> {
        self.epochs.begin(marker.leader_epoch, marker.offset);
        self.log_end = marker.offset.saturating_add(1);
        self.changed = stamp.lsn;
        let first = self.producers.end_transaction(stamp, ended.producer_id, ended.epoch, marker.coordinator_epoch)?;
        if !ended.committed {
            // The end of what was stable when this aborted: readers below it need not look further (L2). Not lifted to the
            // log's start, since what aborts later may have begun below it.
            let stable_end = self.producers.first_open_transaction().unwrap_or(self.log_end);
            self.aborted.add(AbortedTransaction {
                producer_id: ended.producer_id,
                first_offset: first,
                last_offset: marker.offset,
                stable_end,
            });
        }
        Some(first)
    }
}

/// Whose transaction ended, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub producer_id: i64,
    pub epoch: i16,
    pub committed: bool,
}

impl Coded for Partition {
    const MIN_BYTES: usize = 8 + 8 + 4 + ProducerWindows::MIN_BYTES + 4 + 8;

    fn put(&self, out: &mut Vec<u8>) {
        self.log_start.put(out);
        self.log_end.put(out);
        self.epochs.put(out);
        self.producers.put(out);
        self.aborted.put(out);
        self.changed.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(Partition {
            log_start: from.take()?,
            log_end: from.take()?,
            epochs: from.take()?,
            producers: from.take()?,
            aborted: from.take()?,
            changed: from.take()?,
        })
    }
}
