//! One partition's durable batches: the newest in memory, the others in segments, and who waits for more.

use super::lock;
use super::tail::{Tail, TailBatch};
use crate::segment::SegmentList;
use onefold_broker_core::TopicPartition;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// A partition, from its first durable batch on.
#[derive(Debug)]
pub(crate) struct PartitionLog {
    pub(crate) at: TopicPartition,
    high_watermark: AtomicI64,
    log_start: AtomicI64,
    closed: AtomicBool,
    pub(super) tail: Mutex<Tail>,
    /// Changed by the thread that flushes only.
    pub(super) segments: Mutex<SegmentList>,
    waiting: Mutex<Vec<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    offset: i64,
    wake: Arc<Notify>,
}

impl PartitionLog {
    pub(crate) fn new(at: TopicPartition) -> PartitionLog {
        PartitionLog::restored(at, 0, SegmentList::default())
    }

    /// As a checkpoint says.
    pub(crate) fn restored(at: TopicPartition, log_start: i64, segments: SegmentList) -> PartitionLog {
        PartitionLog {
            at,
            high_watermark: AtomicI64::new(segments.end_offset().max(log_start)),
            log_start: AtomicI64::new(log_start),
            closed: AtomicBool::new(false),
            tail: Mutex::default(),
            segments: Mutex::new(segments),
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn high_watermark(&self) -> i64 {
        self.high_watermark.load(Ordering::Acquire)
    }

    pub(crate) fn log_start(&self) -> i64 {
        self.log_start.load(Ordering::Acquire)
    }

    /// Whether a segment has this batch already: the checkpoint was ahead of its journal position.
    pub(crate) fn has(&self, batch: &TailBatch) -> bool {
        batch.next_offset() <= self.high_watermark()
    }

    /// Adds a durable batch; readers see it from now on. Whether the tail was empty before.
    pub(crate) fn append(&self, batch: TailBatch) -> bool {
        let next = batch.next_offset();
        let first = lock(&self.tail).push(batch);
        self.high_watermark.store(next, Ordering::Release);
        self.wake(|waiting| waiting.offset < next);
        first
    }

    /// Records below `to` are gone, durably.
    pub(crate) fn move_log_start(&self, to: i64) {
        self.log_start.fetch_max(to.min(self.high_watermark()), Ordering::AcqRel);
    }

    /// Whether the tail holds `offset`, so that reading it needs no disk.
    pub(crate) fn in_tail(&self, offset: i64) -> bool {
        lock(&self.tail).position(offset).is_some()
    }

    /// Bytes of its durable batches, in segments and not yet there.
    pub(crate) fn stored_bytes(&self) -> u64 {
        // Both at once, the tail first: what moves is in both for a moment, and counts where the segments have it.
        let tail = lock(&self.tail);
        let segments = lock(&self.segments);
        segments.bytes() + tail.bytes_from(segments.end_offset())
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

    /// Its topic is deleted: its files are removed, and none are written any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake(|_| true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn wake(&self, due: impl Fn(&Waiting) -> bool) {
        lock(&self.waiting).retain(|waiting| {
            let due = due(waiting);
            if due {
                crate::woken::note();
                waiting.wake.notify_one();
            }
            !due
        });
    }
}
