//! What goes wrong with a cluster in memory because a test says so.

use std::time::Duration;

use super::cluster::MemoryCluster;

/// Off, unless a test sets it.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) commits_take: Duration,
    pub(super) refused_commits: u32,
}

impl MemoryCluster {
    /// Commits count at once, and are answered so much later.
    pub fn answer_commits_after(&self, wait: Duration) {
        self.lock().faults.commits_take = wait;
    }

    /// The next commits, so many, do not count, and their answer is to try again.
    pub fn refuse_commits(&self, count: u32) {
        self.lock().faults.refused_commits = count;
    }
}
