//! Positions into Kafka: where progress lives for most protocols, and a courtesy to lag tools where the sink has it.

use std::collections::BTreeMap;
use std::time::Duration;

use onefold_core::guarantee::Protocol;
use onefold_core::lane::Arrival;
use onefold_core::progress::Assignment;

use super::Engine;
use super::owned::Owned;
use super::task::Task;
use crate::boundary::sink::PassOver;
use crate::log::{CommitAt, CommitError};

/// No more often than this, but at the end of an assignment.
const EVERY_MS: u64 = 250;
/// How often a pass over markers is tried, and how long between.
const PASSES: u32 = 120;
const PASS_EVERY: Duration = Duration::from_millis(500);

struct Sent {
    partition: i32,
    assignment: Assignment,
    offset: i64,
    /// The version of the note that went with it.
    note: u64,
}

#[derive(Default)]
pub(super) struct Commits {
    is_dirty: bool,
    last_ms: u64,
    /// Sent and not answered.
    sent: Option<Vec<Sent>>,
    /// The last one failed in a way that waiting mends; it is sent again, not at once.
    again: bool,
    /// One that was sent since the last that was taken may count: nobody heard how it ended.
    may_count: bool,
    /// Why it failed, as it was said: said again only when that changes, or after a commit that was taken.
    said: Option<String>,
    /// `CommitFirst`: taken in, to be committed before they run.
    held: Vec<(Arrival, Task)>,
    /// `CommitFirst`: in the commit that was sent, or that is sent again.
    in_commit: Vec<(Arrival, Task)>,
}

impl Commits {
    pub(super) fn dirty(&mut self) {
        self.is_dirty = true;
    }

    pub(super) fn awaiting(&self) -> usize {
        self.held.len() + self.in_commit.len()
    }

    /// Sent and not answered, or about to be sent again.
    pub(super) fn is_under_way(&self) -> bool {
        self.sent.is_some() || self.again
    }

    /// Waits for these partitions' last commit no more; how many of their records it may pass that did not run. What was
    /// refused passes none. Where other partitions stay (`is_all` is false) the answer is waited for all the same: theirs
    /// are in that commit, too, and it must not be taken for the answer to the next one.
    pub(super) fn abandon(&mut self, partitions: &[i32], is_all: bool) -> usize {
        let goes = |task: &Task| partitions.contains(&task.record.partition);
        let left = self.in_commit.extract_if(.., |(_, task)| goes(task)).count();
        let unsure = if self.sent.is_some() || self.may_count { left } else { 0 };
        if is_all {
            (self.sent, self.again, self.may_count) = (None, false, false);
        }
        unsure
    }

    /// Keeps the record back until a commit that passes it is answered.
    pub(super) fn hold_until_committed(&mut self, arrival: Arrival, task: Task) {
        self.is_dirty = true;
        self.held.push((arrival, task));
    }

    /// Drops what no commit passes yet: the partition's next owner reads it again.
    pub(super) fn drop_uncommitted(&mut self, partition: i32) {
        self.held.retain(|(_, task)| task.record.partition != partition);
    }

    pub(super) fn drop_all(&mut self, partition: i32) {
        self.drop_uncommitted(partition);
        self.in_commit.retain(|(_, task)| task.record.partition != partition);
    }

    /// Finishes what is held of these partitions for progress, as far as the metadata has room, so that the commit
    /// that is sent next passes it. Not before: what is dropped while it is held must not be passed by any.
    fn pass_held(&mut self, partitions: &[i32], owned: &mut BTreeMap<i32, Owned>) {
        for (arrival, task) in std::mem::take(&mut self.held) {
            let owned = owned.get_mut(&task.record.partition).filter(|_| partitions.contains(&task.record.partition));
            match owned.filter(|owned| owned.progress.may_run(task.record.offset, 0)) {
                Some(owned) => {
                    owned.progress.finished(task.ticket.clone());
                    self.in_commit.push((arrival, task));
                }
                None => self.held.push((arrival, task)),
            }
        }
    }
}

impl Engine {
    pub(super) fn commit_if_due(&mut self) -> Result<(), String> {
        let now = self.clock.now_ms();
        let urgent = !self.commits.held.is_empty() || self.ending.has_begun() || self.careful.is_held_up();
        let wait_ms = if urgent && !self.commits.again { 0 } else { EVERY_MS };
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
        self.commits.again = false;
        self.commits.last_ms = self.clock.now_ms();
        self.commits.pass_held(partitions, &mut self.owned);
        let travels = self.notes_travel();
        let mut commits = Vec::new();
        let mut sent = Vec::new();
        let mut over = Vec::new();
        for partition in partitions {
            let Some(owned) = self.owned.get(partition) else { continue };
            let (version, note) = owned.watch.suspects.note();
            let commit = owned.progress.commit(travels.then_some(note));
            let is_noted = !travels || owned.watch.suspects.is_durable();
            if owned.committed == Some(commit.offset) && owned.progress.in_flight() == 0 && is_noted {
                continue;
            }
            over.extend(owned.passed_over(*partition));
            let (assignment, offset) = (owned.assignment(), commit.offset);
            sent.push(Sent { partition: *partition, assignment, offset, note: version });
            let (offset, leader_epoch, metadata) = (commit.offset, commit.leader_epoch, commit.metadata);
            commits.push(CommitAt { partition: *partition, offset, leader_epoch, metadata });
        }
        self.pass_over(over);
        if commits.is_empty() || self.plan.crash.is_due("before-commit") {
            return Ok(());
        }
        self.commits.sent = Some(sent);
        self.log.commit(&commits).map_err(|error| error.to_string())
    }

    /// What no record moves the sink's position over. Not waited for: it only keeps retention, and who drains beside
    /// this, from taking a marker for a record. It comes once, so a database that is locked is tried again; what has
    /// moved meanwhile is left as it is.
    fn pass_over(&self, over: Vec<PassOver>) {
        let super::Worker::Sink(sink) = &self.worker else { return };
        if self.protocol.position_is_in_sink() && !over.is_empty() {
            let (sink, pipeline) = (sink.clone(), self.plan.name().to_owned());
            self.tokio.spawn(async move {
                for _ in 0..PASSES {
                    let Err(why) = sink.pass(over.clone()).await else { return };
                    tracing::debug!(pipeline, "the sink's position was not moved over markers: {why}");
                    tokio::time::sleep(PASS_EVERY).await;
                }
            });
        }
    }

    /// The answer to the commit that was sent; to one that is not waited for any more, nothing: all that it was for is gone.
    pub(super) fn on_committed(&mut self, answer: Result<(), CommitError>) {
        let Some(sent) = self.commits.sent.take() else { return };
        self.commits.may_count |= matches!(answer, Err(CommitError::Unknown(_)));
        let _ = self.plan.crash.is_due("after-commit");
        match answer {
            Ok(()) => {
                (self.commits.said, self.commits.may_count) = (None, false);
                let travels = self.notes_travel();
                for Sent { partition, assignment, offset, note } in sent {
                    if let Some(owned) = self.owned.get_mut(&partition).filter(|o| o.assignment() == assignment) {
                        owned.committed = Some(offset);
                        if travels {
                            owned.watch.suspects.durable(note, offset);
                        }
                    }
                }
                self.run_committed();
            }
            Err(CommitError::Fenced(why)) if self.protocol != Protocol::CommitFirst && !self.waits_for_notes() => {
                // Whoever has the partitions now reads them from the last commit that counted.
                tracing::warn!(pipeline = self.plan.name(), "a commit was refused: {why}");
            }
            // What waits for its commit (or for the note in it) either loses its partition, which is told, or was refused only because the
            // group moved on around it: it must not be passed over by a later commit without having run.
            Err(CommitError::Fenced(why) | CommitError::Retry(why) | CommitError::Unknown(why)) => {
                if self.commits.said.as_ref() != Some(&why) {
                    tracing::warn!(pipeline = self.plan.name(), "a commit failed and is sent again: {why}");
                }
                self.commits.said = Some(why);
                self.gone.worry();
                self.commits.is_dirty = true;
                self.commits.again = true;
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

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
