//! Records that run as they come, without a place in a lane: most of them, where handlers are quick.
//!
//! Only where the lanes themselves would give the record out now: nothing of its key is unfinished, nobody has its
//! identity, progress has room, the sink is not down. Whatever does not end well at once gets its place after all.

use std::sync::Arc;

use onefold_core::attempt::Gate;
use onefold_core::guarantee::Protocol;
use onefold_core::progress::Delivered;

use super::dispatch::note_running;
use super::intake::{Sorted, size_of};
use super::{Engine, Worker};
use crate::boundary::Attempt;
use crate::boundary::sink::TxDone;
use crate::record::Record;
use crate::runtime::effects::{Job, Waiting};
use crate::runtime::hands::Go;

impl Engine {
    /// Whether records may run as they come, from now until the log is polled again.
    pub(super) fn begin_at_once(&self) -> Option<Go> {
        let Worker::Effects(hands) = &self.worker else { return None };
        let open = self.protocol != Protocol::CommitFirst
            && !self.flood.is_on()
            && self.breaker.gate(self.clock.now_ms()) == Gate::Open;
        open.then(|| hands.go()).filter(Go::is_here)
    }

    pub(super) fn end_at_once(&mut self, go: &Go) {
        if let Worker::Effects(hands) = &mut self.worker {
            hands.end(go);
        }
    }

    /// Takes in a record that is new and that progress has room for.
    pub(super) fn take_in_at_once(&mut self, record: Record, place: (i64, i64), go: &mut Go) {
        self.counters.delivered += 1;
        // Headers are weighed with what is kept.
        let bytes = u32::try_from(record.payload().len()).unwrap_or(u32::MAX);
        let Some(sorted) = self.sort(&record, bytes) else {
            self.counters.skipped += 1;
            return self.passed(&record);
        };
        let has_room = matches!(&self.worker, Worker::Effects(hands) if hands.has_room());
        if go.is_over() || !has_room || !sorted.runs() || !self.lanes.is_free(&sorted.arrival) {
            let record = self.spare.place(record);
            return self.take_in_sorted(record, place, sorted);
        }
        match self.run_bare(&record, go) {
            Some(Ok(done)) if self.is_success(&done) => self.passed(&record),
            Some(otherwise) => {
                let record = self.spare.place(record);
                self.give_a_place(record, place, sorted, otherwise, go);
            }
            None => {
                let record = self.spare.place(record);
                self.run_at_once(record, place, sorted, go);
            }
        }
    }

    /// The long way, for a record that was looked at already.
    fn take_in_sorted(&mut self, record: Arc<Record>, place: (i64, i64), mut sorted: Sorted) {
        sorted.arrival.bytes = size_of(&record);
        let Some(owned) = self.owned.get_mut(&record.partition) else { return };
        let delivered = owned.progress.delivered(record.offset, record.leader_epoch, sorted.arrival.bytes);
        if let Delivered::New(ticket) = delivered {
            self.place(record, ticket, place, sorted);
        }
    }

    /// The attempt of an effect that has nothing around it; `None` where there is something.
    fn run_bare(&mut self, record: &Record, go: &mut Go) -> Option<Result<TxDone, Waiting>> {
        let Worker::Effects(hands) = &mut self.worker else { return None };
        hands.attempt_bare(record, go)
    }

    fn run_at_once(&mut self, record: Arc<Record>, place: (i64, i64), sorted: Sorted, go: &mut Go) {
        let attempt = Attempt { number: 1, identity: sorted.identity.clone() };
        let job = Job { record: record.clone(), attempt, digest: sorted.digest, held: None };
        let Worker::Effects(hands) = &mut self.worker else { return };
        match hands.attempt(job, go) {
            Ok(done) if self.is_success(&done) => {
                self.passed(&record);
                self.spare.keep(record);
            }
            otherwise => self.give_a_place(record, place, sorted, otherwise, go),
        }
    }

    /// Whether the effect is there, now or from before; then it is counted.
    fn is_success(&mut self, done: &TxDone) -> bool {
        match done {
            TxDone::Done(outcome) => self.note_success(outcome),
            TxDone::Duplicate => self.counters.duplicates_id += 1,
            _ => return false,
        }
        true
    }

    /// The record is finished already; nothing of it was ever unfinished.
    fn passed(&mut self, record: &Record) {
        if let Some(owned) = self.owned.get_mut(&record.partition) {
            owned.progress.delivered_and_finished(record.offset, record.leader_epoch);
        }
        self.commits.dirty();
        self.report.finished += 1;
    }

    /// It waits for something, or did not end well: from here on as if a lane had given it out.
    fn give_a_place(
        &mut self,
        record: Arc<Record>,
        place: (i64, i64),
        mut sorted: Sorted,
        attempt: Result<TxDone, Waiting>,
        go: &mut Go,
    ) {
        // What it failed of may hold for the others too: the breaker is asked first.
        go.is_stopped |= attempt.is_ok();
        // Reads the headers, so that the client's message is not kept as long as this takes.
        sorted.arrival.bytes = size_of(&record);
        let Some(owned) = self.owned.get_mut(&record.partition) else { return };
        let delivered = owned.progress.delivered(record.offset, record.leader_epoch, sorted.arrival.bytes);
        let Delivered::New(ticket) = delivered else { return };
        let arrival = sorted.arrival;
        let slot = self.lanes.arrive_out(arrival, sorted.task(record, ticket, place));
        match attempt {
            Ok(done) => self.on_ended(slot, done),
            Err(waiting) => {
                if let Worker::Effects(hands) = &mut self.worker {
                    hands.go_on(slot, waiting);
                }
                note_running(&mut self.owned, self.lanes.get(slot));
            }
        }
    }
}
