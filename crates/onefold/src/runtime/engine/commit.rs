//! Positions into Kafka: where progress lives for most protocols, and a courtesy to lag tools where the sink has it.

use std::collections::BTreeMap;

use onefold_core::lane::Arrival;
use onefold_core::progress::Assignment;

use super::Engine;
use super::owned::Owned;
use super::task::Task;
use crate::log::{CommitAt, CommitError};

/// No more often than this, but at the end of an assignment.
const EVERY_MS: u64 = 250;

#[derive(Default)]
pub(super) struct Commits {
    is_dirty: bool,
    last_ms: u64,
    /// The last one was to be sent again: not at once.
    has_failed: bool,
    /// Sent and not answered: partition, its assignment, offset.
    sent: Option<Vec<(i32, Assignment, i64)>>,
    /// `CommitFirst`: taken in, to be committed before they run.
    held: Vec<(Arrival, Task)>,
    /// `CommitFirst`: in the commit that was sent.
    in_commit: Vec<(Arrival, Task)>,
}

impl Commits {
    pub(super) fn dirty(&mut self) {
        self.is_dirty = true;
    }

    pub(super) fn awaiting(&self) -> usize {
        self.held.len() + self.in_commit.len()
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.sent.is_some()
    }

    /// Finishes the record for progress, so that the next commit passes it, and keeps it back until that is answered.
    pub(super) fn hold_until_committed(&mut self, arrival: Arrival, task: Task, owned: &mut BTreeMap<i32, Owned>) {
        if let Some(owned) = owned.get_mut(&task.record.partition) {
            owned.progress.finished(task.ticket.clone());
        }
        self.is_dirty = true;
        self.held.push((arrival, task));
    }

    pub(super) fn drop_held(&mut self, partition: i32) {
        let keeps = |(_, task): &(Arrival, Task)| task.record.partition != partition;
        self.held.retain(keeps);
        self.in_commit.retain(keeps);
    }
}

impl Engine {
    pub(super) fn commit_if_due(&mut self) -> Result<(), String> {
        let now = self.clock.now_ms();
        let urgent = !self.commits.held.is_empty() || self.ending.has_begun();
        let wait_ms = if urgent && !self.commits.has_failed { 0 } else { EVERY_MS };
        let due = now.saturating_sub(self.commits.last_ms) >= wait_ms;
        if !self.commits.is_dirty || self.commits.sent.is_some() || !due {
            return Ok(());
        }
        let all: Vec<i32> = self.owned.keys().copied().collect();
        self.send_commit(&all)
    }

    /// Sends the positions of these partitions, where they moved.
    pub(super) fn send_commit(&mut self, partitions: &[i32]) -> Result<(), String> {
        self.commits.is_dirty = false;
        self.commits.last_ms = self.clock.now_ms();
        let mut commits = Vec::new();
        let mut sent = Vec::new();
        for partition in partitions {
            let Some(owned) = self.owned.get(partition) else { continue };
            let commit = owned.progress.commit();
            if owned.committed == Some(commit.offset) && owned.progress.in_flight() == 0 {
                continue;
            }
            sent.push((*partition, owned.assignment(), commit.offset));
            let (offset, leader_epoch, metadata) = (commit.offset, commit.leader_epoch, commit.metadata);
            commits.push(CommitAt { partition: *partition, offset, leader_epoch, metadata });
        }
        if commits.is_empty() || self.plan.crash.is_due("before-commit") {
            return Ok(());
        }
        self.commits.in_commit.append(&mut self.commits.held);
        self.commits.sent = Some(sent);
        self.log.commit(&commits).map_err(|error| error.to_string())
    }

    /// The answer to the commit that was sent.
    pub(super) fn on_committed(&mut self, answer: Result<(), CommitError>) {
        let sent = self.commits.sent.take().unwrap_or_default();
        let _ = self.plan.crash.is_due("after-commit");
        self.commits.has_failed = matches!(answer, Err(CommitError::Retry(_)));
        match answer {
            Ok(()) => {
                for (partition, assignment, offset) in sent {
                    if let Some(owned) = self.owned.get_mut(&partition).filter(|o| o.assignment() == assignment) {
                        owned.committed = Some(offset);
                    }
                }
                self.run_committed();
            }
            Err(CommitError::Fenced(why)) => {
                // Whoever has the partitions now reads them from the last commit that counted.
                tracing::warn!(pipeline = self.plan.name(), "a commit was refused: {why}");
                self.commits.in_commit.clear();
            }
            Err(CommitError::Retry(why)) => {
                tracing::warn!(pipeline = self.plan.name(), "a commit failed and is sent again: {why}");
                self.commits.is_dirty = true;
                let mut again = std::mem::take(&mut self.commits.in_commit);
                again.append(&mut self.commits.held);
                self.commits.held = again;
            }
        }
    }

    /// `CommitFirst`: what was committed under an assignment that still holds may run.
    fn run_committed(&mut self) {
        for (arrival, task) in std::mem::take(&mut self.commits.in_commit) {
            let holds = |owned: &Owned| owned.assignment() == task.ticket.assignment();
            if self.owned.get(&task.record.partition).is_some_and(holds) {
                self.lanes.arrive(arrival, task);
            }
        }
    }
}
