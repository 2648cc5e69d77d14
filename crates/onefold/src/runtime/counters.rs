//! What a pipeline has counted.

use std::ops::AddAssign;

/// Counts of one run of one pipeline, in records unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Read from the topic.
    pub delivered: u64,
    /// Effects that took place in this run.
    pub effects: u64,
    /// Suppressed since progress knew them as done.
    pub duplicates_progress: u64,
    /// Suppressed since their id was known.
    pub duplicates_id: u64,
    /// Attempts beyond the first.
    pub retried: u64,
    /// Dead-lettered.
    pub dead: u64,
    /// Not for this pipeline, or nothing to do.
    pub skipped: u64,
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Counters) {
        self.delivered += other.delivered;
        self.effects += other.effects;
        self.duplicates_progress += other.duplicates_progress;
        self.duplicates_id += other.duplicates_id;
        self.retried += other.retried;
        self.dead += other.dead;
        self.skipped += other.skipped;
    }
}
