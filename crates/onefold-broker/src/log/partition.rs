//! One partition's durable batches: what is in memory, and in segments below that.

use super::lock;
use bytes::Bytes;
use onefold_broker_core::batch::Header;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// A partition, from its first durable batch on.
#[derive(Debug)]
pub(crate) struct PartitionLog {
    high_watermark: AtomicI64,
    log_start: AtomicI64,
    tail: Mutex<Tail>,
    waiting: Mutex<Vec<Waiting>>,
}

/// Durable batches that are not yet in a segment, by offset.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    batches: VecDeque<TailBatch>,
    bytes: usize,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct TailBatch {
    pub(crate) base_offset: i64,
    pub(crate) next_offset: i64,
    pub(crate) max_timestamp_ms: i64,
    pub(crate) bytes: Bytes,
}

#[derive(Debug)]
struct Waiting {
    offset: i64,
    wake: Arc<Notify>,
}

impl TailBatch {
    /// None for bytes that are no batch, which [`onefold_broker_core::Record::decode`] does not let in.
    pub(crate) fn of(bytes: &Bytes) -> Option<TailBatch> {
        let header = Header::parse(bytes).ok()?;
        Some(TailBatch {
            base_offset: header.base_offset,
            next_offset: header.last_offset().saturating_add(1),
            max_timestamp_ms: header.max_timestamp_ms,
            bytes: bytes.clone(),
        })
    }
}

impl PartitionLog {
    pub(crate) fn new(log_start: i64, end: i64) -> PartitionLog {
        PartitionLog {
            high_watermark: AtomicI64::new(end),
            log_start: AtomicI64::new(log_start),
            tail: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn high_watermark(&self) -> i64 {
        self.high_watermark.load(Ordering::Acquire)
    }

    pub(crate) fn log_start(&self) -> i64 {
        self.log_start.load(Ordering::Acquire)
    }

    /// Adds a durable batch. Readers see it from now on; returns the bytes it adds to the tail.
    pub(crate) fn append(&self, batch: TailBatch) -> usize {
        let (next, bytes) = (batch.next_offset, batch.bytes.len());
        {
            let mut tail = lock(&self.tail);
            tail.bytes += bytes;
            tail.batches.push_back(batch);
        }
        self.high_watermark.store(next, Ordering::Release);
        self.wake(|waiting| waiting.offset < next);
        bytes
    }

    /// Records below `to` are gone, durably.
    pub(crate) fn move_log_start(&self, to: i64) {
        self.log_start.fetch_max(to.min(self.high_watermark()), Ordering::AcqRel);
    }

    /// The batches of the tail from the one that holds `offset`, until `max_bytes` are reached; none when the tail
    /// begins above it.
    pub(crate) fn read_tail(&self, offset: i64, max_bytes: usize, at_least_one: bool) -> Option<Vec<Bytes>> {
        let tail = lock(&self.tail);
        let from = tail.position(offset)?;
        let mut left = max_bytes;
        let mut batches = Vec::new();
        for batch in tail.batches.range(from..) {
            if batch.bytes.len() > left && !(at_least_one && batches.is_empty()) {
                break;
            }
            left = left.saturating_sub(batch.bytes.len());
            batches.push(batch.bytes.clone());
        }
        Some(batches)
    }

    /// Whether the tail holds `offset`, so that reading it needs no disk.
    pub(crate) fn in_tail(&self, offset: i64) -> bool {
        lock(&self.tail).position(offset).is_some()
    }

    pub(crate) fn tail_at_time(&self, timestamp_ms: i64) -> Option<(i64, i64)> {
        let tail = lock(&self.tail);
        let batch = tail.batches.iter().find(|batch| batch.max_timestamp_ms >= timestamp_ms)?;
        Some((batch.base_offset, batch.max_timestamp_ms))
    }

    pub(crate) fn tail_max_time(&self) -> Option<(i64, i64)> {
        let tail = lock(&self.tail);
        let batch = tail.batches.iter().max_by_key(|batch| batch.max_timestamp_ms)?;
        Some((batch.base_offset, batch.max_timestamp_ms))
    }

    /// Calls `wake` when the high watermark passes `offset`; it may have already.
    pub(crate) fn notify_above(&self, offset: i64, wake: &Arc<Notify>) {
        lock(&self.waiting).push(Waiting { offset, wake: wake.clone() });
        if self.high_watermark() > offset {
            self.wake(|waiting| waiting.offset <= offset);
        }
    }

    pub(crate) fn forget(&self, wake: &Arc<Notify>) {
        lock(&self.waiting).retain(|waiting| !Arc::ptr_eq(&waiting.wake, wake));
    }

    /// Wakes everyone: the partition is gone.
    pub(crate) fn close(&self) {
        self.wake(|_| true);
    }

    fn wake(&self, due: impl Fn(&Waiting) -> bool) {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|waiting| {
            let due = due(waiting);
            if due {
                waiting.wake.notify_one();
            }
            !due
        });
    }
}

impl Tail {
    /// The index of the batch that holds `offset`, or of the first above it where the tail begins with it or below.
    fn position(&self, offset: i64) -> Option<usize> {
        if self.batches.front()?.base_offset > offset {
            return None;
        }
        let index = self.batches.partition_point(|batch| batch.next_offset <= offset);
        (index < self.batches.len()).then_some(index)
    }
}
