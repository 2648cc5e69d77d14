//! What goes wrong with a cluster in memory because a test says so.

use std::time::Duration;

use super::cluster::MemoryCluster;
use crate::log::LogError;
use crate::record::Record;

/// Off, unless a test sets it.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) commits_take: Duration,
    pub(super) refused_commits: u32,
    pub(super) refuses_publishing: bool,
    pub(super) refused_publishes: u32,
    pub(super) largest_bytes: Option<usize>,
    pub(super) refused_starts: u32,
    /// After so many that are answered, one look at the ends of a partition is not.
    pub(super) bounds_until_refused: Option<u32>,
    pub(super) holds_ids: bool,
    pub(super) asked_ids: u32,
}

impl MemoryCluster {
    /// Commits count at once, and are answered so much later.
    pub fn answer_commits_after(&self, wait: Duration) {
        self.lock().faults.commits_take = wait;
    }

    /// Whether publishing fails from now on, in a way that waiting may mend.
    pub fn refuse_publishing(&self, refuses: bool) {
        self.lock().faults.refuses_publishing = refuses;
    }

    /// How many records were refused so far.
    pub fn refused_publishes(&self) -> u32 {
        self.lock().faults.refused_publishes
    }

    /// Whether questions for a topic's id stay unanswered from now on; those that wait are answered afterwards.
    pub fn hold_topic_ids(&self, holds: bool) {
        self.lock().faults.holds_ids = holds;
    }

    /// How often members have asked for a topic's id so far.
    pub fn asked_topic_ids(&self) -> u32 {
        self.lock().faults.asked_ids
    }

    /// Publishing larger records fails for good.
    pub fn publish_at_most(&self, bytes: usize) {
        self.lock().faults.largest_bytes = Some(bytes);
    }

    /// All members of the group lose what they have without being asked, as after a session that timed out, and get
    /// their share anew.
    pub fn lose(&self, group: &str, topic: &str) {
        let mut state = self.lock();
        let partitions = state.topics.get(topic).map_or(0, |topic| topic.partitions.len() as i32);
        if let Some(group) = state.groups.get_mut(&(group.to_owned(), topic.to_owned())) {
            group.lose(partitions);
        }
    }

    /// Whether every member of the group has heard all that happened.
    pub fn is_heard(&self, group: &str, topic: &str) -> bool {
        let state = self.lock();
        let group = state.groups.get(&(group.to_owned(), topic.to_owned()));
        group.is_none_or(|group| group.members.values().all(|member| member.events.is_empty()))
    }

    /// The next tries to begin reading, so many, fail in a way that waiting mends.
    pub fn refuse_starts(&self, count: u32) {
        self.lock().faults.refused_starts = count;
    }

    /// After so many questions for the ends of partitions that are answered one is not.
    pub fn refuse_bounds_after(&self, count: u32) {
        self.lock().faults.bounds_until_refused = Some(count);
    }

    pub(super) fn refuses_start(&self) -> bool {
        let left = &mut self.lock().faults.refused_starts;
        let refuses = *left > 0;
        *left = left.saturating_sub(1);
        refuses
    }

    /// Whether this question is that one.
    pub(super) fn refuses_bounds(&self) -> bool {
        let left = &mut self.lock().faults.bounds_until_refused;
        let refuses = *left == Some(0);
        *left = left.and_then(|left| left.checked_sub(1));
        refuses
    }

    pub(super) fn refuses(&self, record: &Record) -> Option<LogError> {
        let faults = &mut self.lock().faults;
        if faults.largest_bytes.is_some_and(|largest| record.size_bytes() > largest) {
            return Some(LogError::Fatal(format!("a record of {} bytes is too large", record.size_bytes())));
        }
        faults.refused_publishes += u32::from(faults.refuses_publishing);
        faults.refuses_publishing.then(|| LogError::Unreachable("no replica is in sync".into()))
    }

    /// The next commits, so many, do not count, and their answer is to try again.
    pub fn refuse_commits(&self, count: u32) {
        self.lock().faults.refused_commits = count;
    }
}
