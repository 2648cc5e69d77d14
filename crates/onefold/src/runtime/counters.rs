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
    /// Suppressed by the sink's own guard: it holds this version or a newer one.
    pub duplicates_boundary: u64,
    /// Attempts beyond the first.
    pub retried: u64,
    /// Dead-lettered.
    pub dead: u64,
    /// Not for this pipeline, or nothing to do.
    pub skipped: u64,
}

impl Counters {
    /// Each count under its name in tables.
    pub fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("delivered", self.delivered),
            ("effects", self.effects),
            ("dup:progress", self.duplicates_progress),
            ("dup:id", self.duplicates_id),
            ("dup:boundary", self.duplicates_boundary),
            ("skipped", self.skipped),
            ("retried", self.retried),
            ("dead", self.dead),
        ]
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Counters) {
        self.delivered += other.delivered;
        self.effects += other.effects;
        self.duplicates_progress += other.duplicates_progress;
        self.duplicates_id += other.duplicates_id;
        self.duplicates_boundary += other.duplicates_boundary;
        self.retried += other.retried;
        self.dead += other.dead;
        self.skipped += other.skipped;
    }
}
