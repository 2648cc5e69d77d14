//! From ready lanes to those that work: handlers one by one, a database many records at a time.

use std::collections::BTreeMap;

use onefold_core::attempt::Gate;
use onefold_core::lane::Slot;

use super::ended::note_ended;
use super::owned::Owned;
use super::task::{Task, Work};
use super::{Engine, Worker};
use crate::boundary::Attempt;
use crate::boundary::sink::{TxDone, TxJob, TxWork};
use crate::runtime::effects::Job;
use crate::runtime::hands::Go;
use crate::runtime::inbox::Message;

/// Records given out in one go, at most.
const CHUNK: usize = 512;

impl Engine {
    /// Gives out what may run; whether anything could.
    pub(super) fn dispatch(&mut self) -> bool {
        if self.careful.must_wait() {
            return false;
        }
        let now = self.clock.now_ms();
        let at_most = match self.breaker.gate(now) {
            _ if self.flood.is_shut(now) => return false,
            Gate::Open if self.flood.probes(now) => 1,
            Gate::Open => CHUNK,
            Gate::Probe => 1,
            Gate::Shut { .. } => return false,
        };
        match &self.worker {
            Worker::Effects(hands) => {
                let go = hands.go();
                self.give_to_handlers(now, at_most, go)
            }
            Worker::Sink(_) => self.give_to_sink(now, at_most),
        }
    }

    fn give_to_handlers(&mut self, now: u64, at_most: usize, mut go: Go) -> bool {
        let mut count = 0;
        while count < at_most && !go.is_over() {
            if !matches!(&self.worker, Worker::Effects(hands) if hands.has_room()) {
                break;
            }
            let (owned, alone) = (&self.owned, self.careful.alone());
            let Some(slot) = self.lanes.next(now, |task| may_run(owned, alone, task)) else { break };
            count += 1;
            if !self.bury_if_doomed(slot) && !self.give_to_handler(slot, at_most == 1, &mut go) {
                break;
            }
        }
        if let Worker::Effects(hands) = &mut self.worker {
            hands.end(&go);
        }
        count > 0
    }

    /// Makes one attempt, or publishes one letter; whether the next record may follow at once.
    fn give_to_handler(&mut self, slot: Slot, probes: bool, go: &mut Go) -> bool {
        if probes {
            self.probe_started();
        }
        let Some(task) = self.lanes.get(slot) else { return true };
        if matches!(task.work, Work::Bury(_)) {
            note_running(&mut self.owned, Some(task));
            self.publish_letter(slot);
            return true;
        }
        let Some(owned) = self.owned.get(&task.record.partition) else { return true };
        let (record, attempt, digest, held) = (task.record.clone(), attempt(task), task.digest, owned.held.clone());
        let job = Job { record, attempt, digest, held: Some(held), is_done: task.is_done };
        let Worker::Effects(hands) = &mut self.worker else { return false };
        if !go.is_here() {
            hands.begin_on_tokio(slot, job);
            note_running(&mut self.owned, self.lanes.get(slot));
            return true;
        }
        match hands.attempt(job, go) {
            Ok(done) => {
                let succeeded = has_succeeded(&done);
                self.on_ended(slot, done);
                // What it failed of may hold for the others too: the breaker is asked first.
                succeeded
            }
            Err(waiting) => {
                hands.go_on(slot, waiting);
                note_running(&mut self.owned, self.lanes.get(slot));
                true
            }
        }
    }

    fn give_to_sink(&mut self, now: u64, at_most: usize) -> bool {
        let slots = self.next_in_order(now, at_most);
        if slots.is_empty() {
            return false;
        }
        let mut given = Vec::with_capacity(slots.len());
        for slot in slots {
            if let Some(task) = self.lanes.get(slot).filter(|task| matches!(task.work, Work::Doomed(_))) {
                note_ended(&mut self.owned, task);
                self.bury_if_doomed(slot);
            } else {
                given.push(slot);
            }
        }
        if given.is_empty() {
            return true;
        }
        if at_most == 1 {
            self.probe_started();
        }
        self.submit(given);
        true
    }

    /// One record goes out to see whether the others may follow.
    fn probe_started(&mut self) {
        self.breaker.probe_started();
        self.flood.probe_started();
    }

    /// Ready records, those of one lane together and in order.
    fn next_in_order(&mut self, now: u64, at_most: usize) -> Vec<Slot> {
        let mut slots = Vec::new();
        while slots.len() < at_most {
            let (owned, alone) = (&self.owned, self.careful.alone());
            let Some(mut slot) = self.lanes.next(now, |task| may_run(owned, alone, task)) else { break };
            loop {
                note_running(&mut self.owned, self.lanes.get(slot));
                slots.push(slot);
                // A letter goes alone.
                if slots.len() == at_most || !self.lanes.get(slot).is_some_and(runs) {
                    break;
                }
                let owned = &self.owned;
                let admit = |task: &Task| runs(task) && may_run(owned, alone, task);
                let Some(next) = self.lanes.follower(slot, admit) else { break };
                slot = next;
            }
        }
        slots
    }

    /// Hands these to the sink, which answers once for all.
    pub(super) fn submit(&self, slots: Vec<Slot>) {
        let Worker::Sink(sink) = &self.worker else { return };
        let jobs = slots.iter().filter_map(|slot| self.tx_job(*slot)).collect();
        let inbox = self.inbox.clone();
        let answer = move |done: Vec<_>| inbox.push(Message::Ended(slots.into_iter().zip(done).collect()));
        sink.submit(jobs, Box::new(answer));
    }

    /// A record that died at intake goes its own way; whether it is one.
    fn bury_if_doomed(&mut self, slot: Slot) -> bool {
        let Some(Work::Doomed(reason)) = self.lanes.get(slot).map(|task| &task.work) else { return false };
        let reason = reason.as_ref().clone();
        self.bury(slot, reason);
        true
    }

    /// The job of one record for the sink.
    fn tx_job(&self, slot: Slot) -> Option<TxJob> {
        let task = self.lanes.get(slot)?;
        let work = match &task.work {
            Work::Run => TxWork::Run { digest: task.digest },
            // Never given out as such; nothing would be lost.
            Work::Doomed(_) => return None,
            Work::Pass => TxWork::Pass,
            Work::Bury(letter) => TxWork::Dead {
                letter: Box::new(letter.record.clone()),
                reason: format!("{}: {}", letter.reason.class, letter.reason.message),
                digest: task.digest.filter(|_| letter.reason.class != crate::dead_letter::ReasonClass::Conflict),
            },
        };
        let (record, gap_start, epoch) = (task.record.clone(), task.gap_start, task.epoch);
        Some(TxJob { record, attempt: attempt(task), lane: task.lane, gap_start, epoch, work })
    }
}

/// The effect is there, now or from before.
pub(super) fn has_succeeded(done: &TxDone) -> bool {
    matches!(done, TxDone::Done(_) | TxDone::Duplicate)
}

/// Whether giving it out runs code that may kill.
pub(super) fn runs(task: &Task) -> bool {
    matches!(task.work, Work::Run | Work::Pass)
}

fn attempt(task: &Task) -> Attempt {
    Attempt { number: task.tries.number(), identity: task.identity.clone() }
}

/// Whether progress has room for one more gap, and no suspect is to run alone.
fn may_run(owned: &BTreeMap<i32, Owned>, alone: Option<i32>, task: &Task) -> bool {
    let offset = task.record.offset;
    alone.is_none_or(|partition| partition == task.record.partition)
        && owned.get(&task.record.partition).is_none_or(|owned| {
            owned.progress.may_run(offset, owned.running) && (owned.watch.suspects.may_run(offset) || !runs(task))
        })
}

pub(super) fn note_running(owned: &mut BTreeMap<i32, Owned>, task: Option<&Task>) {
    let Some(task) = task else { return };
    let owned = owned.get_mut(&task.record.partition).filter(|o| o.assignment() == task.ticket.assignment());
    if let Some(owned) = owned {
        owned.running += 1;
    }
}
