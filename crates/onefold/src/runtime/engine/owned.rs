//! A partition that this process has.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use onefold_core::attempt::PauseReasons;
use onefold_core::progress::{Assignment, PartitionProgress};

use super::suspects::Watch;
use crate::boundary::sink::PassOver;

/// One assigned partition, reading.
pub(super) struct Owned {
    pub(super) progress: PartitionProgress,
    /// The owner epoch in the sink; 0 where the sink holds no position.
    pub(super) epoch: i64,
    /// The offset after the last record delivered: where the gap before the next one begins.
    pub(super) reached: i64,
    /// The end of the partition as it was seen last, for the lag.
    pub(super) end: i64,
    /// Given out and not ended.
    pub(super) running: usize,
    /// What was committed last; nothing is committed twice.
    pub(super) committed: Option<i64>,
    /// Cleared at revoke: jobs that have not begun then do not run.
    pub(super) held: Arc<AtomicBool>,
    pub(super) paused: PauseReasons,
    /// Records at this offset and above wait before they are taken in: almost always there are none.
    pub(super) limit: i64,
    pub(super) watch: Watch,
    /// Up to where the group has committed, where the sink that holds the position is not as far.
    pub(super) behind: Option<i64>,
}

impl Owned {
    pub(super) fn assignment(&self) -> Assignment {
        self.progress.assignment()
    }

    /// The record at `offset` has come: where the gap before it begins, and the owner epoch.
    pub(super) fn reach(&mut self, offset: i64) -> (i64, i64) {
        let place = (self.reached, self.epoch);
        self.reached = self.reached.max(offset + 1);
        self.end = self.end.max(self.reached);
        place
    }

    /// What lies behind the last record, once all of it is done.
    pub(super) fn passed_over(&self, partition: i32) -> Option<PassOver> {
        let (epoch, from, to) = (self.epoch, self.reached, self.progress.position());
        (from < to && self.progress.in_flight() == 0).then_some(PassOver { partition, epoch, from, to })
    }

    pub(super) fn lag(&self) -> u64 {
        u64::try_from(self.end - self.progress.position()).unwrap_or(0)
    }
}
