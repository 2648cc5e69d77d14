//! How work ended, and what follows.

use std::collections::BTreeMap;

use onefold_core::attempt::{self, Because, Dead, DownReason, Repetition, Tries, Verdict};
use onefold_core::guarantee::{Guarantee, Protocol};
use onefold_core::lane::Slot;
use onefold_core::progress::{Finished, Ticket};

use super::owned::Owned;
use super::task::Task;
use super::{Engine, Worker};
use crate::boundary::sink::TxDone;
use crate::dead_letter::{Reason, ReasonClass};
use crate::outcome::{ErrorClass, Failure, Outcome};
use crate::runtime::observer::Failing;

/// A record finds the sink down so often, alone, before it is said; then each time that it is twice as often.
const ALONE_WITH_IT: u32 = 4;

impl Engine {
    /// Records that were given out together have ended.
    pub(super) fn on_all_ended(&mut self, ended: Vec<(Slot, TxDone)>) {
        // Counted before any of them is handled: the first of a lane that failed takes those after it back, and they
        // may be gone when their turn comes.
        for (slot, _) in &ended {
            if let Some(task) = self.lanes.get(*slot) {
                note_ended(&mut self.owned, task);
            }
        }
        ended.into_iter().for_each(|(slot, done)| self.on_ended(slot, done));
    }

    /// An attempt that was made on tokio has ended.
    pub(super) fn on_ran(&mut self, slot: Slot, done: TxDone, quick: bool) {
        if let Worker::Effects(hands) = &mut self.worker {
            hands.ended(quick);
        }
        if let Some(task) = self.lanes.get(slot) {
            note_ended(&mut self.owned, task);
        }
        self.on_ended(slot, done);
    }

    pub(super) fn on_ended(&mut self, slot: Slot, done: TxDone) {
        let Some(task) = self.lanes.get(slot) else { return };
        let buried = matches!(task.work, super::task::Work::Bury(_));
        match done {
            TxDone::Done(_) if buried => self.on_stored(slot),
            TxDone::Failed(failure) if buried => self.on_not_stored(slot, &failure.to_string()),
            TxDone::SinkDown(why) if buried => self.on_not_stored(slot, &why),
            TxDone::Done(outcome) => self.on_success(slot, &outcome),
            TxDone::Duplicate => {
                self.counters.duplicates_id += 1;
                self.breaker.probe_lost();
                self.settle(slot);
            }
            TxDone::Conflict => {
                let message = "the same event id came before with another payload".to_owned();
                self.bury(slot, Reason { class: ReasonClass::Conflict, message, attempts: 0 });
            }
            TxDone::Failed(failure) => self.on_failure(slot, &failure),
            TxDone::Refused(outcome) => self.on_refused(slot, outcome),
            TxDone::NotRun => self.give_back(slot),
            TxDone::Unmarked(why) => {
                if let Some(task) = self.lanes.get_mut(slot) {
                    task.is_done = true;
                }
                self.on_out_of_order(slot, &why);
            }
            TxDone::Superseded => self.on_superseded(slot),
            TxDone::SinkDown(why) => self.on_out_of_order(slot, &why),
        }
    }

    fn on_success(&mut self, slot: Slot, outcome: &Outcome) {
        self.note_success(outcome);
        self.settle(slot);
    }

    /// The sink answered, and did what it was asked.
    pub(super) fn note_success(&mut self, outcome: &Outcome) {
        self.breaker.answered();
        self.flood.succeeded();
        match outcome {
            Outcome::Skip(_) => self.counters.skipped += 1,
            Outcome::Stale(_) => self.counters.duplicates_boundary += 1,
            _ => self.counters.effects += 1,
        }
    }

    /// The record is done with: its lane goes on, the position may move.
    pub(super) fn settle(&mut self, slot: Slot) {
        if let Some(task) = self.lanes.settle(slot) {
            let partition = task.record.partition;
            self.finish(partition, task.ticket);
            let _ = self.report.failing.take_if(|(failing, _)| *failing == slot);
            self.pause_if_full(partition);
            self.spare.keep(task.record);
        }
    }

    pub(super) fn finish(&mut self, partition: i32, ticket: Ticket) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        if owned.progress.finished(ticket) == Finished::Moved {
            self.lanes.admit_held();
        }
        self.commits.dirty();
        self.report.finished += 1;
    }

    fn on_refused(&mut self, slot: Slot, outcome: Outcome) {
        self.breaker.answered();
        let Some(task) = self.lanes.get(slot) else { return };
        let attempts = task.tries.number();
        match outcome {
            Outcome::Retry(after) => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                let failure = Failure::transient("the handler asked for another attempt");
                self.judge(slot, attempt::Ended::Retry { after_ms }, &failure);
            }
            Outcome::Dead(message) => {
                self.bury(slot, Reason { class: ReasonClass::Rejected, message, attempts });
            }
            Outcome::Done | Outcome::Skip(_) | Outcome::Stale(_) => self.on_success(slot, &outcome),
        }
    }

    fn on_failure(&mut self, slot: Slot, failure: &Failure) {
        self.failed(slot, failure, DownReason::Told);
    }

    /// The database has not even looked at the record. For a handler that is where its ids are.
    fn on_out_of_order(&mut self, slot: Slot, why: &str) {
        self.failed(slot, &Failure::sink_down(why.to_owned()), DownReason::Itself);
    }

    fn failed(&mut self, slot: Slot, failure: &Failure, if_down: DownReason) {
        let Some(task) = self.lanes.get(slot) else { return };
        let (now, lane) = (self.clock.now_ms(), task.lane);
        let class = match failure.class {
            ErrorClass::SinkDown => {
                self.report.ids_are_down = if_down == DownReason::Itself && matches!(self.worker, Worker::Effects(_));
                self.breaker.found_down(now, lane, if_down, fastrand::u64(..))
            }
            class => {
                self.breaker.answered();
                class
            }
        };
        self.report.last_failure = Some(failure.to_string());
        let retry_after_ms = failure.retry_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        let without_effect = failure.without_effect;
        self.judge(slot, attempt::Ended::Failed { class, retry_after_ms, without_effect }, failure);
    }

    fn judge(&mut self, slot: Slot, ended: attempt::Ended, failure: &Failure) {
        let Some(task) = self.lanes.get(slot) else { return };
        let verdict = attempt::judge(&self.policy, self.repetition(), task.tries, ended, fastrand::u64(..));
        match verdict {
            Verdict::Done | Verdict::Skipped => self.settle(slot),
            Verdict::Again { tries, after_ms, because } => {
                match because {
                    Because::SinkDown => self.say_if_alone_with_it(slot, tries.waited, failure),
                    _ => self.counters.retried += 1,
                }
                self.note_failing(slot, tries, failure);
                if let Some(task) = self.lanes.get_mut(slot) {
                    task.tries = tries;
                    // It may wait for long, and must not keep all of its fetch in memory.
                    std::sync::Arc::make_mut(&mut task.record).detach();
                }
                self.park(slot, after_ms);
            }
            Verdict::Dead(dead) => {
                let attempts = task.tries.number();
                let class = match dead {
                    Dead::Poison => ReasonClass::Poison,
                    Dead::Given => ReasonClass::Rejected,
                    Dead::Exhausted { .. } => ReasonClass::Exhausted,
                    Dead::Ambiguous => ReasonClass::Ambiguous,
                };
                self.bury(slot, Reason { class, message: failure.to_string(), attempts });
            }
        }
    }

    /// A record for which the sink seems down while it answers others pauses nothing and burns no attempt; nobody would
    /// know what its key waits for.
    fn say_if_alone_with_it(&self, slot: Slot, times: u32, failure: &Failure) {
        let Some(task) = self.lanes.get(slot).filter(|_| !self.breaker.is_down()) else { return };
        if times >= ALONE_WITH_IT && times.is_power_of_two() {
            tracing::warn!(
                pipeline = self.plan.name(), topic = %task.record.topic, partition = task.record.partition,
                offset = task.record.offset,
                "the sink seems down for this record ({times} times by now), and no record of another key has found it so \
                 since it answered last: {failure}. It is tried again until it gets through, and its key's later records wait for it"
            );
        }
    }

    /// Keeps the one that failed last: a drain may wait for it and for nothing else.
    fn note_failing(&mut self, slot: Slot, tries: Tries, failure: &Failure) {
        let times = tries.burnt.saturating_add(tries.waited);
        let Some(task) = self.lanes.get(slot).filter(|_| times >= ALONE_WITH_IT) else { return };
        let (partition, offset) = (task.record.partition, task.record.offset);
        let failing = Failing { partition, offset, times, why: failure.to_string() };
        self.report.failing = Some((slot, failing));
    }

    /// A rolled-back attempt left nothing behind; any other may have.
    fn repetition(&self) -> Repetition {
        let at_most_once = self.plan.declared == Some(Guarantee::AtMostOnce) || self.protocol == Protocol::CommitFirst;
        match self.worker {
            Worker::Effects(_) if at_most_once => Repetition::Forbidden,
            _ => Repetition::Allowed,
        }
    }

    /// Parks the record's lane; a partition that is being given up takes its records along.
    pub(super) fn park(&mut self, slot: Slot, after_ms: u64) {
        let Some(partition) = self.lanes.get(slot).map(|task| task.record.partition) else { return };
        let due_ms = self.clock.now_ms() + after_ms;
        self.suspect_rests(slot, due_ms);
        self.lanes.park(slot, due_ms);
        self.pause_if_full(partition);
        self.drop_if_closed(partition);
    }

    /// It did not run, for no fault of its own: back to its place.
    fn give_back(&mut self, slot: Slot) {
        self.breaker.probe_lost();
        self.park(slot, 0);
    }
}

/// One record less runs; of an assignment that is over, nobody counts.
pub(super) fn note_ended(owned: &mut BTreeMap<i32, Owned>, task: &Task) {
    let owned = owned.get_mut(&task.record.partition).filter(|o| o.assignment() == task.ticket.assignment());
    if let Some(owned) = owned {
        owned.running = owned.running.saturating_sub(1);
    }
}
