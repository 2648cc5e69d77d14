//! Durable batches that are not yet in a segment, by offset.

use super::time::newest_since_start;
use bytes::Bytes;
use onefold_broker_core::batch::Header;
use std::collections::VecDeque;

/// One partition's.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    batches: VecDeque<TailBatch>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct TailBatch {
    pub(crate) header: Header,
    pub(crate) bytes: Bytes,
}

impl TailBatch {
    /// None for bytes that are no batch, which [`onefold_broker_core::Record::decode`] does not let in.
    pub(crate) fn of(bytes: &Bytes) -> Option<TailBatch> {
        Some(TailBatch { header: Header::parse(bytes).ok()?, bytes: bytes.clone() })
    }

    pub(crate) fn next_offset(&self) -> i64 {
        self.header.last_offset().saturating_add(1)
    }
}

impl Tail {
    /// Whether it was empty before.
    pub(crate) fn push(&mut self, batch: TailBatch) -> bool {
        self.batches.push_back(batch);
        self.batches.len() == 1
    }

    /// The first batches, of about `bytes` together.
    pub(crate) fn front(&self, bytes: usize) -> Vec<TailBatch> {
        let mut left = bytes;
        let fits = |batch: &&TailBatch| {
            let fits = left > 0;
            left = left.saturating_sub(batch.bytes.len());
            fits
        };
        self.batches.iter().take_while(fits).cloned().collect()
    }

    /// Drops the first `count`, which are in a segment now.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.batches.drain(..count.min(self.batches.len()));
        if self.batches.is_empty() {
            // A burst's memory is not kept for good.
            self.batches = VecDeque::new();
        }
    }

    /// Bytes of the batches from `offset` on.
    pub(crate) fn bytes_from(&self, offset: i64) -> u64 {
        let from = self.batches.partition_point(|batch| batch.header.base_offset < offset);
        self.batches.range(from..).map(|batch| batch.bytes.len() as u64).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Drops everything.
    pub(crate) fn take_all(&mut self) -> Vec<TailBatch> {
        std::mem::take(&mut self.batches).into()
    }

    /// The batches from the one that holds `offset`, until `max_bytes` are reached; none when the tail begins above it.
    pub(crate) fn read(&self, offset: i64, max_bytes: usize, at_least_one: bool) -> Option<Vec<Bytes>> {
        let from = self.position(offset)?;
        let mut left = max_bytes;
        let mut batches = Vec::new();
        for batch in self.batches.range(from..) {
            if batch.bytes.len() > left && !(at_least_one && batches.is_empty()) {
                break;
            }
            left = left.saturating_sub(batch.bytes.len());
            batches.push(batch.bytes.clone());
        }
        Some(batches)
    }

    /// The batches in which the first record with a timestamp of at least `time_ms` may be that is not below `from`: only
    /// the batch that begins below it may turn out to have none, so two are enough.
    pub(crate) fn find_time(&self, time_ms: i64, from: i64) -> Vec<TailBatch> {
        let may_have = |batch: &&TailBatch| batch.header.max_timestamp_ms >= time_ms && batch.next_offset() > from;
        self.batches.iter().filter(may_have).take(2).cloned().collect()
    }

    /// The greatest timestamp at or above offset `from`.
    pub(crate) fn newest(&self, from: i64) -> Option<i64> {
        self.batches.iter().filter_map(|batch| newest_since_start(&batch.header, &batch.bytes, from)).max()
    }

    /// The index of the batch that holds `offset`; none where the tail begins above it or ends below it.
    pub(crate) fn position(&self, offset: i64) -> Option<usize> {
        if self.batches.front()?.header.base_offset > offset {
            return None;
        }
        let index = self.batches.partition_point(|batch| batch.next_offset() <= offset);
        (index < self.batches.len()).then_some(index)
    }
}
