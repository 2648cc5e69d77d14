//! Notes of owners and suspects that run alone: what `onefold_core::suspects` decides is done here.
//!
//! A suspect's way: it waits, not even looked at, until the gate is this engine's; it is noted; it is taken in and runs
//! like any other; it rests, if it is to run again; and the gate opens when it is durable that it came back.

use std::collections::VecDeque;
use std::sync::Arc;

use onefold_core::attempt::{Gate as Breaking, PauseReason};
use onefold_core::guarantee::Protocol;
use onefold_core::lane::Slot;
use onefold_core::progress::Delivered;
use onefold_core::suspects::{Call, Suspects};

use super::Engine;
use super::owned::Owned;
use crate::dead_letter::{Reason, ReasonClass};
use crate::record::Record;

/// What is watched of one partition.
pub(super) struct Watch {
    pub(super) suspects: Suspects,
    /// Read, and not to be taken in yet.
    pub(super) waiting: VecDeque<Arc<Record>>,
    /// Nothing is below this offset but what waits.
    pub(super) passed: i64,
    /// The note that lets it be read is not durable yet; since when.
    pub(super) starting: Option<u64>,
    /// How the suspect rests that came back unsettled.
    rests: Rests,
    /// The version that is on its way into the sink.
    pub(super) writing: Option<u64>,
}

#[derive(Clone, Copy)]
enum Rests {
    /// It may run again at this time.
    Until(u64),
    /// It is being buried, which kills nobody.
    InPeace,
}

/// So long everything else keeps from beginning for a suspect that cannot be alone yet, since something runs on, or whose
/// note cannot be written. Then the others go on for as long.
const PATIENCE_MS: u64 = 5_000;

/// So long suspects run one after another before everything else goes on.
const IN_A_ROW_MS: u64 = 2_000;

/// One that could not begin, for whatever reason, lets others go on for so long.
const NOT_NOW_MS: u64 = 100;

impl Watch {
    pub(super) fn of(suspects: Suspects, now_ms: u64) -> Watch {
        let starting = (!suspects.is_durable()).then_some(now_ms);
        Watch { suspects, waiting: VecDeque::new(), passed: 0, starting, rests: Rests::Until(0), writing: None }
    }
}

impl Owned {
    /// Nothing is watched, nothing waits.
    pub(super) fn is_calm(&self) -> bool {
        self.watch.suspects.is_calm() && self.limit == i64::MAX && self.watch.starting.is_none()
    }
}

impl Engine {
    /// Whether notes travel with commits: everywhere but where the sink has the position, and notes beside it, and where
    /// no record is delivered twice.
    pub(super) fn notes_travel(&self) -> bool {
        !self.protocol.position_is_in_sink() && self.protocol != Protocol::CommitFirst
    }

    /// Whether something is held up until what goes with a commit is durable.
    pub(super) fn waits_for_notes(&self) -> bool {
        self.notes_travel() && self.careful.is_watching() && !self.is_revoking()
    }

    /// Keeps a record back that may not be taken in yet.
    pub(super) fn keep_waiting(&mut self, record: Arc<Record>) {
        let Some(owned) = self.owned.get_mut(&record.partition).filter(|owned| !owned.progress.is_closed()) else {
            return;
        };
        let partition = record.partition;
        owned.end = owned.end.max(record.offset + 1);
        owned.watch.waiting.push_back(record);
        if owned.paused.add(PauseReason::Suspects) {
            // A pause that fails leaves the partition reading: more memory, nothing lost.
            let _ = self.log.pause(partition);
        }
    }

    /// Goes on with whatever is watched.
    pub(super) fn tend_suspects(&mut self) -> Result<(), String> {
        if self.careful.must_wait() && self.lanes.running().records == 0 {
            self.careful.member.is_quiet();
        }
        if self.careful.watched.is_empty() {
            self.careful.is_held_up = false;
            return Ok(());
        }
        self.start_noted()?;
        for partition in self.careful.watched.clone() {
            self.tend(partition);
        }
        self.write_notes();
        let owned = &self.owned;
        self.careful.watched.retain(|partition| owned.get(partition).is_some_and(|owned| !owned.is_calm()));
        Ok(())
    }

    fn tend(&mut self, partition: i32) {
        let in_sink = self.protocol.position_is_in_sink();
        let Some(owned) = self.owned.get_mut(&partition).filter(|owned| !owned.progress.is_closed()) else { return };
        let position = owned.progress.position();
        owned.watch.suspects.settled(position);
        if in_sink {
            // What is settled there is durable.
            owned.watch.suspects.durable(0, position);
        }
        let next = owned.watch.waiting.front().map_or(owned.reached, |record| record.offset);
        owned.watch.suspects.reached(next, owned.progress.in_flight(), owned.end);
        self.pass_what_was_done(partition);
        if self.is_careful_of(partition) {
            self.call_suspect(partition);
        } else {
            self.open_gate(partition);
        }
        self.let_in(partition);
    }

    fn is_careful_of(&self, partition: i32) -> bool {
        self.owned.get(&partition).is_some_and(|owned| owned.watch.suspects.is_careful())
    }

    /// What an earlier owner had done among suspects runs nothing: it waits for no turn of its own.
    fn pass_what_was_done(&mut self, partition: i32) {
        while let Some(owned) = self.owned.get_mut(&partition)
            && owned.watch.suspects.is_careful()
            && owned.watch.suspects.turn().is_none()
            && let Some(record) = owned.watch.waiting.front()
            && owned.progress.was_done_before(record.offset, record.leader_epoch)
            && let Some(record) = owned.watch.waiting.pop_front()
        {
            self.take_in_late(record);
            if let Some(owned) = self.owned.get_mut(&partition) {
                owned.watch.suspects.settled(owned.progress.position());
            }
        }
    }

    /// Whose turn it is, and what is to be done about it.
    fn call_suspect(&mut self, partition: i32) {
        let Some(owned) = self.owned.get(&partition) else { return };
        let watch = &owned.watch;
        let (offset, due_ms) = match watch.suspects.turn() {
            // It runs, or will when that is durable; what was held back of it may be asked about again.
            Some((_, true)) => return self.lanes.admit_held(),
            Some((offset, false)) => match watch.rests {
                Rests::Until(due_ms) => (offset, due_ms),
                Rests::InPeace => return self.open_gate(partition),
            },
            None => match watch.waiting.front() {
                Some(record) => (record.offset, 0),
                None => return self.open_gate(partition),
            },
        };
        // The one before it is settled. Some run in a row, then everything else goes on until the next one's turn: to get
        // quiet takes as long as the slowest thing that runs anywhere.
        let is_next = self.careful.asks == Some(partition) && self.careful.asks_for != offset;
        if is_next && self.clock.now_ms() >= self.careful.alone_ms + IN_A_ROW_MS {
            return self.open_gate(partition);
        }
        match watch.suspects.call(offset) {
            Some(Call::Dead { deaths }) => self.take_in_dead(partition, deaths),
            Some(Call::Run) if due_ms <= self.clock.now_ms() && self.may_begin() => self.begin_alone(partition, offset),
            _ => self.open_gate(partition),
        }
    }

    /// Nothing would keep a record from running now.
    fn may_begin(&self) -> bool {
        let now = self.clock.now_ms();
        !matches!(self.breaker.gate(now), Breaking::Shut { .. }) && !self.flood.is_shut(now) && !self.ending.has_begun()
    }

    fn begin_alone(&mut self, partition: i32, offset: i64) {
        if self.careful.asks.is_some_and(|asks| asks != partition) {
            return;
        }
        if self.careful.asks.is_none() && self.careful.must_wait() {
            return;
        }
        let now = self.clock.now_ms();
        if self.careful.asks.is_none() && now < self.careful.asks_from_ms {
            return;
        }
        if self.careful.asks.is_none() || self.careful.asks_for != offset {
            self.careful.asked_ms = now;
        }
        (self.careful.asks, self.careful.asks_for) = (Some(partition), offset);
        let was_alone = self.careful.is_alone;
        self.careful.is_alone = self.careful.member.ask(self.lanes.running().records == 0);
        if self.careful.is_alone && !was_alone {
            self.careful.alone_ms = now;
        }
        if let Some(owned) = self.owned.get_mut(&partition).filter(|_| self.careful.is_alone) {
            tracing::debug!(pipeline = self.plan.name(), partition, offset, "a suspect runs alone");
            owned.watch.suspects.begin(offset);
        } else if now >= self.careful.asked_ms + PATIENCE_MS {
            tracing::warn!(
                pipeline = self.plan.name(),
                partition,
                offset,
                "a record that is to run alone waits for others that run on; it is tried again in {} s",
                PATIENCE_MS / 1000
            );
            self.let_others_go_on(now);
        }
    }

    fn let_others_go_on(&mut self, now: u64) {
        self.careful.asks_from_ms = now + PATIENCE_MS;
        self.careful.give_back();
        self.lanes.admit_held();
    }

    /// Lets the others go on, once it is durable that none of this partition runs alone.
    fn open_gate(&mut self, partition: i32) {
        let is_durable = self.owned.get(&partition).is_none_or(|owned| owned.watch.suspects.is_durable());
        if self.careful.asks == Some(partition) && is_durable {
            self.careful.give_back();
            self.lanes.admit_held();
        }
    }

    /// Buries the suspect that waits in front without looking into it.
    fn take_in_dead(&mut self, partition: i32, deaths: u32) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        let Some(record) = owned.watch.waiting.pop_front() else { return };
        owned.watch.suspects.bury(record.offset);
        owned.watch.rests = Rests::InPeace;
        let place = (owned.reached, owned.epoch);
        owned.reached = owned.reached.max(record.offset + 1);
        let bytes = super::intake::size_of(&record);
        if let Delivered::New(ticket) = owned.progress.delivered(record.offset, record.leader_epoch, bytes) {
            let times = if deaths == 1 { "once".to_owned() } else { format!("{deaths} times") };
            let message = format!("the process ended {times} while this record ran in it alone");
            let reason = Reason { class: ReasonClass::Crash, message, attempts: deaths };
            self.counters.delivered += 1;
            let sorted = self.doomed(&record, reason);
            self.place(record, ticket, place, sorted);
        }
    }

    /// Takes in what may be taken in by now.
    fn let_in(&mut self, partition: i32) {
        // To take a record in is to look at it, by code that may kill as well.
        if self.careful.must_wait() || self.careful.alone().is_some_and(|alone| alone != partition) {
            return;
        }
        while let Some(owned) = self.owned.get_mut(&partition) {
            let limit = owned.watch.suspects.limit();
            match owned.watch.waiting.front().map(|record| record.offset) {
                Some(offset) if offset < limit => {
                    owned.limit = limit;
                    if let Some(record) = owned.watch.waiting.pop_front() {
                        self.take_in_late(record);
                    }
                }
                // What comes queues behind what waits.
                Some(offset) => return owned.limit = offset,
                None => {
                    owned.limit = limit;
                    return self.read_on(partition);
                }
            }
        }
    }

    /// Nothing waits any more.
    fn read_on(&mut self, partition: i32) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        let passed = std::mem::take(&mut owned.watch.passed);
        owned.progress.passed(passed);
        if owned.paused.remove(PauseReason::Suspects) {
            let _ = self.log.resume(partition);
        }
    }

    /// A suspect's attempt is over, and it is not settled.
    pub(super) fn suspect_rests(&mut self, slot: Slot, due_ms: u64) {
        let Some(task) = self.lanes.get(slot) else { return };
        let (offset, assignment) = (task.record.offset, task.ticket.assignment());
        let rests = if super::dispatch::runs(task) { Rests::Until(due_ms) } else { Rests::InPeace };
        let Some(owned) = self.owned.get_mut(&task.record.partition) else { return };
        if owned.watch.suspects.is_careful() && owned.assignment() == assignment {
            owned.watch.suspects.rests(offset);
            owned.watch.rests = rests;
        }
    }

    /// After records were given out: a suspect that could not begin (its event runs as another record, say) does not
    /// keep everything quiet.
    pub(super) fn see_that_it_runs(&mut self) {
        let Some(partition) = self.careful.alone() else { return };
        let now = self.clock.now_ms();
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        let suspects = &mut owned.watch.suspects;
        let Some((offset, true)) = suspects.turn() else { return };
        if !suspects.is_durable() {
            if now >= self.careful.asked_ms + PATIENCE_MS {
                suspects.rests(offset);
                owned.watch.rests = Rests::Until(now + PATIENCE_MS);
                self.let_others_go_on(now);
            }
            return;
        }
        let is_settled = owned.progress.position() > offset;
        if self.lanes.running().records == 0 && !is_settled {
            suspects.rests(offset);
            owned.watch.rests = Rests::Until(now + NOT_NOW_MS);
        }
    }
}
