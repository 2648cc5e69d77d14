//! What can be set about the storage, and the clock it reads.

use super::Defect;
use crate::journal::Pace;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The storage's settings. The defaults suit one machine with some GiB of free disk.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The size of the journal file a start begins with, in bytes: small, so that the start is fast.
    pub first_file_bytes: u64,
    /// The size of the journal files after it, in bytes.
    pub journal_file_bytes: u64,
    /// How fast these are filled in the background.
    pub pace: Pace,
    /// How many files are kept prepared.
    pub ready_files: usize,
    /// A checkpoint is taken when this many bytes of journal are in old files.
    pub checkpoint_bytes: u64,
    /// Produce waits for a checkpoint when this many bytes of journal are in old files.
    pub journal_limit_bytes: u64,
    /// While no checkpoint or file can be written, produce is refused when fewer bytes than this are left in prepared
    /// files; the rest is for what frees space (deletions, commits, the checkpoint itself).
    pub reserve_bytes: u64,
    /// A group of the journal ends here, so that what is behind it can overlap.
    pub group_bytes: u64,
    /// Durable batches are moved from memory to segments when this many bytes wait, or at a checkpoint.
    pub tail_flush_bytes: usize,
    /// A segment is synced ahead of the next checkpoint when this many bytes were written to it: the more at once, the
    /// longer the journal waits behind them.
    pub sync_ahead_bytes: u64,
    /// Produce waits when this many bytes of batches are in memory, durable or not.
    pub tail_limit_bytes: usize,
    /// A segment that has grown to this many bytes is closed, whatever the topic's `segment.bytes` allows beyond it.
    pub segment_bytes: u64,
    /// How often retention is looked at.
    pub retention_every: Duration,
    /// Broker time.
    pub clock: Clock,
    /// The identity of a new folder, instead of a random one: for tests that must be the same each time.
    pub identity: Option<crate::journal::Identity>,
    /// For tests of the tests.
    pub defect: Defect,
}

impl Default for LogSettings {
    fn default() -> Self {
        LogSettings {
            first_file_bytes: 1 << 20,
            journal_file_bytes: 64 << 20,
            pace: Pace::new(256 << 10, Duration::from_millis(2)),
            ready_files: 2,
            checkpoint_bytes: 192 << 20,
            journal_limit_bytes: 1 << 30,
            reserve_bytes: 2 << 20,
            group_bytes: 1 << 20,
            tail_flush_bytes: 4 << 20,
            sync_ahead_bytes: 1 << 20,
            tail_limit_bytes: 64 << 20,
            segment_bytes: 256 << 20,
            retention_every: Duration::from_secs(30),
            clock: Clock::System,
            identity: None,
            defect: Defect::default(),
        }
    }
}

/// Where broker time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Milliseconds that a test sets.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match self {
            // Before 1970 a clock is wrong; 0 is as good as any.
            Clock::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Clock::Manual(ms) => ms.load(Ordering::Relaxed),
        }
    }
}
