//! Partitions come and go.

use std::sync::atomic::Ordering;

use onefold_core::guarantee::Protocol;
use onefold_core::lane::Slot;

use super::Engine;
use super::claim::Claiming;
use crate::log::LogEvent;

/// Partitions that are assigned and do not read yet.
#[derive(Default)]
pub(super) struct Starting {
    pub(super) partitions: Vec<i32>,
    /// After a failure, not before this time.
    pub(super) not_before_ms: u64,
    /// Some of them are being taken over in the sink.
    pub(super) claiming: Option<Claiming>,
}

impl Starting {
    /// The partition has started, or is not this member's any more: a claim of it is given up, and those that were claimed
    /// with it are claimed anew.
    pub(super) fn remove(&mut self, partition: i32) {
        self.partitions.retain(|starting| *starting != partition);
        self.claiming.take_if(|claiming| claiming.starts.iter().any(|(at, _)| at.partition == partition));
    }
}

/// Partitions that are being given up.
pub(super) struct Revoking {
    pub(super) partitions: Vec<i32>,
    deadline_ms: u64,
    committed: bool,
    /// The notes were closed: in a sink since nothing runs any more, or over what still ran when the time was nearly over.
    noted: bool,
    /// On the way out: when to ask whether the group can answer a commit at all.
    pub(super) ask_ms: Option<u64>,
}

/// How long a revoke waits for what runs: far below Kafka's default session timeout of 45 s.
const DRAIN_MS: u64 = 10_000;
/// So long before that is over, notes are closed over what runs: this end is not the process's, and charged to nobody.
const NOTES_MS: u64 = 2_000;

impl Engine {
    pub(super) fn on_event(&mut self, event: LogEvent) -> Result<(), String> {
        match event {
            LogEvent::Assigned(partitions) => self.on_assigned(&partitions)?,
            LogEvent::Revoked(partitions) => self.on_revoked(partitions),
            LogEvent::Lost(partitions) => {
                tracing::warn!(pipeline = self.plan.name(), ?partitions, "partitions were lost to other members");
                self.leave_notes(&partitions);
                self.give_up(&partitions)?;
            }
            LogEvent::End { partition, offset } => {
                if let Some(owned) = self.owned.get_mut(&partition) {
                    // What waits is not delivered yet.
                    match owned.watch.waiting.is_empty() {
                        true => owned.progress.passed(offset),
                        false => owned.watch.passed = owned.watch.passed.max(offset),
                    }
                    owned.end = owned.end.max(offset);
                    self.commits.dirty();
                }
            }
            LogEvent::Committed(answer) => self.on_committed(answer),
            LogEvent::OutOfRange { partition, reason } => self.halt(partition, reason),
            LogEvent::Refused(why) => self.report.refused(self.plan.name(), why),
            LogEvent::Admitted => self.report.admitted(self.plan.name()),
            LogEvent::Unreachable(why) => self.is_unreachable(super::report::Whose::Cluster, why),
        }
        Ok(())
    }

    fn on_assigned(&mut self, partitions: &[i32]) -> Result<(), String> {
        if self.ending.has_begun() {
            return self.log.release(partitions).map_err(|error| error.to_string());
        }
        self.starting.partitions.extend(partitions);
        self.starting.not_before_ms = 0;
        Ok(())
    }

    pub(super) fn on_revoked(&mut self, partitions: Vec<i32>) {
        partitions.iter().for_each(|partition| self.starts_no_more(*partition));
        for partition in &partitions {
            if let Some(owned) = self.owned.get_mut(partition) {
                owned.progress.close();
                owned.watch.waiting.clear();
                if self.protocol != Protocol::CommitFirst {
                    owned.held.store(false, Ordering::Relaxed);
                }
            }
            self.commits.drop_uncommitted(*partition);
            self.drop_if_closed(*partition);
        }
        let deadline_ms = self.clock.now_ms() + DRAIN_MS;
        match &mut self.revoking {
            Some(revoking) => {
                revoking.partitions.extend(partitions);
                (revoking.committed, revoking.noted) = (false, false);
            }
            None => {
                let (committed, noted, ask_ms) = (false, false, None);
                self.revoking = Some(Revoking { partitions, deadline_ms, committed, noted, ask_ms });
            }
        }
    }

    pub(super) fn is_revoking(&self) -> bool {
        self.revoking.is_some()
    }

    /// Waits for what runs, commits until that is answered, and lets the partitions go.
    pub(super) fn go_on_revoking(&mut self) -> Result<(), String> {
        let Some(revoking) = &self.revoking else { return Ok(()) };
        let now = self.clock.now_ms();
        let mut late = now >= revoking.deadline_ms;
        let is_close = now + NOTES_MS >= revoking.deadline_ms && !revoking.noted;
        let partitions = revoking.partitions.clone();
        let committed = revoking.committed;
        let works = partitions.iter().any(|partition| self.still_works(*partition));
        if works && is_close {
            self.close_notes_over_what_runs(&partitions)?;
        }
        if !works {
            self.close_notes_in_sink(&partitions);
        }
        let in_vain = !works && !late && self.commits_in_vain(now);
        late |= in_vain;
        if (works || self.commits.is_under_way() || self.careful.is_writing()) && !late {
            return Ok(());
        }
        if !committed && !late {
            if let Some(revoking) = &mut self.revoking {
                revoking.committed = true;
            }
            self.close_notes(&partitions);
            self.send_commit(&partitions)?;
            if self.commits.is_under_way() || self.careful.is_writing() {
                return Ok(());
            }
        }
        self.revoking = None;
        if late && works {
            self.say_left_running(&partitions);
        }
        if late {
            self.leave_uncommitted(&partitions, in_vain);
        }
        self.give_up(&partitions)
    }

    /// What hangs would be looked for in vain: nothing else tells of it, neither now nor at the next start.
    fn say_left_running(&self, partitions: &[i32]) {
        for partition in partitions {
            let Some(owned) = self.owned.get(partition).filter(|owned| owned.running > 0) else { continue };
            let (records, offset) = (owned.running, owned.progress.position());
            let note = match self.worker {
                super::Worker::Sink(_) if !owned.watch.suspects.is_durable() => {
                    ". Its note could not be closed meanwhile: the next owner counts this as an end of the process"
                }
                _ => "",
            };
            tracing::warn!(
                pipeline = self.plan.name(),
                partition,
                "given up while it still runs records from offset {offset} on ({records} of them), waited for {} s{note}",
                DRAIN_MS / 1000
            );
        }
    }

    /// Notes that travel with no commit wait for none.
    fn close_notes_in_sink(&mut self, partitions: &[i32]) {
        let Some(revoking) = self.revoking.as_mut().filter(|revoking| !revoking.noted) else { return };
        if self.protocol.position_is_in_sink() {
            revoking.noted = true;
            self.close_notes(partitions);
        }
    }

    fn close_notes_over_what_runs(&mut self, partitions: &[i32]) -> Result<(), String> {
        if let Some(revoking) = &mut self.revoking {
            revoking.noted = true;
        }
        // There is no note, and no commit before what it is for has run.
        if self.protocol == Protocol::CommitFirst {
            return Ok(());
        }
        self.close_notes(partitions);
        self.send_commit(partitions)
    }

    fn give_up(&mut self, partitions: &[i32]) -> Result<(), String> {
        for partition in partitions {
            self.forget(*partition);
            // Whoever has it next says so anew; at the end, this run's last word keeps it.
            if !self.ending.has_begun() {
                self.report.halted.remove(partition);
            }
        }
        self.log.release(partitions).map_err(|error| error.to_string())
    }

    fn still_works(&self, partition: i32) -> bool {
        let waits = self.protocol == Protocol::CommitFirst && !self.lanes.is_empty();
        self.owned.get(&partition).is_some_and(|owned| owned.running > 0 || waits)
    }

    /// What waits in a partition that is being given up is the next owner's.
    pub(super) fn drop_if_closed(&mut self, partition: i32) {
        let closed = self.owned.get(&partition).is_none_or(|owned| !owned.held.load(Ordering::Relaxed));
        if closed {
            self.lanes.drop_waiting(partition as u32);
        }
    }

    pub(super) fn forget(&mut self, partition: i32) {
        self.starts_no_more(partition);
        self.disown(partition);
    }

    /// It is not to be taken over any more; what was said of that holds no more, where nothing else is waited for there.
    fn starts_no_more(&mut self, partition: i32) {
        let was_said = self.starting.claiming.as_ref().is_some_and(Claiming::is_said);
        let waited = !self.starting.partitions.is_empty();
        if self.ending.has_begun() && self.starting.partitions.contains(&partition) {
            // What was said of it is this run's last word.
            self.report.unbegun = true;
            return self.starting.remove(partition);
        }
        self.starting.remove(partition);
        if was_said && self.starting.claiming.is_none() || waited && self.starting.partitions.is_empty() {
            self.report.withdraw(super::report::Whose::Sink);
        }
    }

    /// Nothing of it is here any more; whether it is to start again is another matter.
    pub(super) fn disown(&mut self, partition: i32) {
        if let Some(owned) = self.owned.remove(&partition) {
            owned.held.store(false, Ordering::Relaxed);
            if self.ending.has_begun() {
                self.report.lag_left += owned.lag();
            }
        }
        if self.careful.forget(partition) {
            self.lanes.admit_held();
        }
        self.commits.drop_all(partition);
        let left = self.lanes.drop_waiting(partition as u32).len();
        if self.protocol == Protocol::CommitFirst && left > 0 {
            self.ending.note_lost(left);
            tracing::warn!(
                pipeline = self.plan.name(),
                partition,
                "{left} records did not run in time and will not: at most once commits before it runs"
            );
        }
    }

    /// Another owner raised the epoch: drop what is here, see by a poll whether the partition is still ours, and
    /// claim it again only then.
    pub(super) fn on_superseded(&mut self, slot: Slot) {
        let Some(task) = self.lanes.get(slot) else { return };
        let (partition, assignment) = (task.record.partition, task.ticket.assignment());
        self.lanes.park(slot, self.clock.now_ms());
        if self.owned.get(&partition).is_some_and(|owned| owned.assignment() == assignment) {
            self.supersede(partition);
        } else {
            self.drop_if_closed(partition);
        }
    }

    pub(super) fn supersede(&mut self, partition: i32) {
        tracing::warn!(pipeline = self.plan.name(), partition, "another owner took the partition over in the sink");
        let revoked = self.revoking.as_ref().is_some_and(|revoking| revoking.partitions.contains(&partition));
        self.forget(partition);
        if !revoked {
            self.starting.partitions.push(partition);
            self.starting.not_before_ms = self.clock.now_ms() + 500 + fastrand::u64(..500);
        }
    }

    /// A partition that cannot be read on: said loudly, and held until a person has looked.
    pub(super) fn halt(&mut self, partition: i32, reason: String) {
        tracing::error!(pipeline = self.plan.name(), partition, "halted: {reason}");
        self.leave_notes(&[partition]);
        self.forget(partition);
        self.report.halted.insert(partition, reason);
    }
}
