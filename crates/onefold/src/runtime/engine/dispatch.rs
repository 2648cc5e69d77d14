//! From ready lanes to the worker.

use std::collections::BTreeMap;

use onefold_core::attempt::Gate;
use onefold_core::lane::Slot;

use super::owned::Owned;
use super::task::{Task, Work};
use super::{Engine, Worker};
use crate::boundary::Attempt;
use crate::boundary::sink::{TxJob, TxWork};
use crate::runtime::effects::{Job, Run};
use crate::runtime::inbox::Message;

/// Records given out in one go, at most: a transaction of the sink, or a chunk of handlers.
const CHUNK: usize = 512;

impl Engine {
    /// Gives out what may run; whether anything could.
    pub(super) fn dispatch(&mut self) -> bool {
        let now = self.clock.now_ms();
        let at_most = match self.breaker.gate(now) {
            _ if self.flood.is_shut(now) => return false,
            Gate::Open if self.flood.probes(now) => 1,
            Gate::Open => CHUNK,
            Gate::Probe => 1,
            Gate::Shut { .. } => return false,
        };
        let runs = self.next_runs(now, at_most);
        if runs.is_empty() {
            return false;
        }
        let runs = self.bury_doomed(runs);
        if runs.is_empty() {
            return true;
        }
        if at_most == 1 {
            self.breaker.probe_started();
            self.flood.probe_started();
        }
        self.give_out(runs);
        true
    }

    /// Ready records, those of one lane together and in order.
    fn next_runs(&mut self, now: u64, at_most: usize) -> Vec<Vec<Slot>> {
        let mut runs = Vec::new();
        let mut count = 0;
        while count < at_most {
            let owned = &self.owned;
            let Some(slot) = self.lanes.next(now, |task| may_run(owned, task)) else { break };
            let mut run = vec![slot];
            note_running(&mut self.owned, self.lanes.get(slot));
            count += 1;
            // A letter goes alone: it is published, not run.
            let mut last = (slot, !self.is_run(slot));
            while count < at_most && !last.1 {
                let owned = &self.owned;
                let follower = self.lanes.follower(slot_of(last), |task| {
                    matches!(task.work, Work::Run | Work::Pass) && may_run(owned, task)
                });
                let Some(slot) = follower else { break };
                note_running(&mut self.owned, self.lanes.get(slot));
                run.push(slot);
                count += 1;
                last = (slot, false);
            }
            runs.push(run);
        }
        runs
    }

    /// Those that died at intake go their own way; the others are given back.
    fn bury_doomed(&mut self, runs: Vec<Vec<Slot>>) -> Vec<Vec<Slot>> {
        let mut others = Vec::with_capacity(runs.len());
        for run in runs {
            let doomed = run.first().and_then(|slot| {
                let task = self.lanes.get(*slot)?;
                let Work::Doomed(reason) = &task.work else { return None };
                super::ended::note_ended(&mut self.owned, task);
                Some((*slot, reason.clone()))
            });
            match doomed {
                Some((slot, reason)) => self.bury(slot, reason),
                None => others.push(run),
            }
        }
        others
    }

    fn is_run(&self, slot: Slot) -> bool {
        self.lanes.get(slot).is_some_and(|task| matches!(task.work, Work::Run | Work::Pass))
    }

    fn give_out(&mut self, runs: Vec<Vec<Slot>>) {
        match &self.worker {
            Worker::Sink(sink) => {
                let slots: Vec<Slot> = runs.into_iter().flatten().collect();
                let jobs = slots.iter().filter_map(|slot| self.tx_job(*slot)).collect();
                let inbox = self.inbox.clone();
                let answer = move |done: Vec<_>| inbox.push(Message::Ended(slots.into_iter().zip(done).collect()));
                sink.submit(jobs, Box::new(answer));
            }
            Worker::Effects(effects) => {
                let mut chunk = Vec::with_capacity(runs.len());
                for run in runs {
                    match run.first().filter(|slot| !self.is_run(**slot)) {
                        Some(letter) => self.publish_letter(*letter),
                        None => chunk.push(self.run_of(&run)),
                    }
                }
                if !chunk.is_empty() {
                    self.tokio.spawn(effects.clone().run_chunk(chunk));
                }
            }
        }
    }

    fn run_of(&self, slots: &[Slot]) -> Run {
        slots
            .iter()
            .filter_map(|slot| {
                let task = self.lanes.get(*slot)?;
                let held = self.owned.get(&task.record.partition).map(|owned| owned.held.clone()).unwrap_or_default();
                let (record, attempt, digest) = (task.record.clone(), attempt(task), task.digest);
                Some(Job { slot: *slot, record, attempt, digest, held })
            })
            .collect()
    }

    /// The job of one record for the sink.
    pub(super) fn tx_job(&self, slot: Slot) -> Option<TxJob> {
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

fn slot_of((slot, _): (Slot, bool)) -> Slot {
    slot
}

fn attempt(task: &Task) -> Attempt {
    Attempt { number: task.tries.number(), identity: task.identity.clone() }
}

/// Whether progress has room for one more gap, and the record's assignment is still the one that holds.
fn may_run(owned: &BTreeMap<i32, Owned>, task: &Task) -> bool {
    owned.get(&task.record.partition).is_none_or(|owned| owned.progress.may_run(task.record.offset, owned.running))
}

pub(super) fn note_running(owned: &mut BTreeMap<i32, Owned>, task: Option<&Task>) {
    let Some(task) = task else { return };
    let owned = owned.get_mut(&task.record.partition).filter(|o| o.assignment() == task.ticket.assignment());
    if let Some(owned) = owned {
        owned.running += 1;
    }
}
