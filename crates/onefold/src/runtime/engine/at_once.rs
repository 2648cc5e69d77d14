//! Records that run as they come, without a place in a lane: most of them, where handlers are quick.
//!
//! Only where the lanes themselves would give the record out now: nothing of its key is unfinished, nobody has its
//! identity, progress has room, the sink is not down. Whatever does not end well at once gets its place after all.

use std::sync::Arc;

use onefold_core::attempt::Gate;
use onefold_core::guarantee::Protocol;
use onefold_core::lane::{Arrival, Lanes};
use onefold_core::progress::{Delivered, Ticket};

use super::dispatch::note_running;
use super::intake::{Sorted, size_of};
use super::task::Task;
use super::{Engine, Worker};
use crate::boundary::Attempt;
use crate::boundary::sink::TxDone;
use crate::record::Record;
use crate::runtime::effects::{Job, Waiting};
use crate::runtime::hands::{Go, Hands};

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
        if let Some(arrival) = self.plain_arrival(&record) {
            return self.take_in_plain(record, place, arrival, go);
        }
        // Headers are weighed with what is kept.
        let Some(sorted) = self.sort(&record, payload_bytes(&record)) else {
            self.counters.skipped += 1;
            return self.passed(&record);
        };
        let record = self.spare.place(record);
        if sorted.runs() && self.may_run_here(&sorted.arrival, go) {
            self.run_at_once(record, place, sorted, go);
        } else {
            self.take_in_sorted(record, place, sorted);
        }
    }

    /// Whether the pipeline takes all records, knows them by their origins and has nothing around its effect: there is
    /// nothing to find out about a record, and its headers are not read. To read them takes the client as long as all else.
    pub(super) fn is_plain(&self) -> bool {
        self.plan.filter.is_none()
            && self.plan.dedup.is_none()
            && matches!(&self.worker, Worker::Effects(hands) if hands.is_bare())
    }

    /// The arrival of a record of a plain pipeline.
    fn plain_arrival(&self, record: &Record) -> Option<Arrival> {
        self.is_plain().then(|| Arrival {
            partition: record.partition as u32,
            key: self.lane_of(record),
            identity: None,
            bytes: payload_bytes(record),
        })
    }

    fn take_in_plain(&mut self, record: Record, place: (i64, i64), arrival: Arrival, go: &mut Go) {
        let attempt = match &mut self.worker {
            Worker::Effects(hands) if may_run_here(hands, &self.lanes, &arrival, go) => hands.attempt_bare(&record, go),
            _ => None,
        };
        match attempt {
            Some(Ok(done)) if self.is_success(&done) => self.passed(&record),
            attempt => {
                let (bytes, record) = (arrival.bytes, self.spare.place(record));
                let Some(sorted) = self.sort(&record, bytes) else { return };
                match attempt {
                    Some(attempt) => self.give_a_place(record, place, sorted, attempt, go),
                    None => self.take_in_sorted(record, place, sorted),
                }
            }
        }
    }

    fn may_run_here(&self, arrival: &Arrival, go: &mut Go) -> bool {
        matches!(&self.worker, Worker::Effects(hands) if may_run_here(hands, &self.lanes, arrival, go))
    }

    /// The long way, for a record that was looked at already.
    fn take_in_sorted(&mut self, record: Arc<Record>, place: (i64, i64), mut sorted: Sorted) {
        if let Some(ticket) = self.delivered(&record, &mut sorted) {
            self.place(record, ticket, place, sorted);
        }
    }

    /// Tells progress of a record that is to be kept, weighed with its headers: reading them lets the client's message go.
    fn delivered(&mut self, record: &Record, sorted: &mut Sorted) -> Option<Ticket> {
        sorted.arrival.bytes = size_of(record);
        let owned = self.owned.get_mut(&record.partition)?;
        match owned.progress.delivered(record.offset, record.leader_epoch, sorted.arrival.bytes) {
            Delivered::New(ticket) => Some(ticket),
            _ => None,
        }
    }

    fn run_at_once(&mut self, record: Arc<Record>, place: (i64, i64), sorted: Sorted, go: &mut Go) {
        let attempt = Attempt { number: 1, identity: sorted.identity.clone() };
        let job = Job { record: record.clone(), attempt, digest: sorted.digest, held: None, is_done: false };
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
        let Some(ticket) = self.delivered(&record, &mut sorted) else { return };
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

/// Whether the lanes would give it out now.
fn may_run_here(hands: &Hands, lanes: &Lanes<Task>, arrival: &Arrival, go: &mut Go) -> bool {
    !go.is_over() && hands.has_room() && lanes.is_free(arrival)
}

fn payload_bytes(record: &Record) -> u32 {
    u32::try_from(record.payload().len()).unwrap_or(u32::MAX)
}
