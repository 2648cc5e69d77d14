//! Suspects that run alone: whose turn it is, and when everything else goes on.
//!
//! A suspect's way: it waits, not even looked at, until the gate is this engine's; it is noted; it is taken in and runs
//! like any other; it rests, if it is to run again; and when it is durable that it came back, it is the next one's turn. The
//! gate opens after a row of them, or when none is to run soon.

use onefold_core::attempt::Gate as Breaking;
use onefold_core::lane::Slot;
use onefold_core::progress::Delivered;
use onefold_core::suspects::Call;

use super::Engine;
use crate::dead_letter::{Reason, ReasonClass};

/// How one rests that came back unsettled.
#[derive(Clone, Copy)]
pub(super) enum Rests {
    /// It may run again at this time.
    Until(u64),
    /// The same; until then the others have to go on, one of which keeps it from running.
    Kept(u64),
    /// It is being buried, which kills nobody.
    InPeace,
}

/// So long everything else keeps from beginning for a suspect that cannot be alone yet, since something runs on, or whose
/// note cannot be written. Then the others go on for as long.
const PATIENCE_MS: u64 = 5_000;

/// So long suspects run one after another before everything else goes on: to get quiet takes as long as the slowest
/// thing that runs anywhere.
const IN_A_ROW_MS: u64 = 2_000;

/// One that rests no longer than this is waited for in quiet.
const SHORT_REST_MS: u64 = 250;

/// One that could not begin, for whatever reason, lets others go on for so long.
const NOT_NOW_MS: u64 = 100;

impl Engine {
    /// Whose turn it is, and what is to be done about it.
    pub(super) fn call_suspect(&mut self, partition: i32) {
        let Some(owned) = self.owned.get(&partition) else { return };
        let watch = &owned.watch;
        let (offset, due_ms) = match watch.suspects.turn() {
            // It runs, or will when that is durable; what was held back of it may be asked about again.
            Some((_, true)) => return self.lanes.admit_held(),
            Some((offset, false)) => match watch.rests {
                Rests::Until(due_ms) | Rests::Kept(due_ms) => (offset, due_ms),
                // Its letter is on its way, which takes no longer than another quiet would.
                Rests::InPeace if self.row_goes_on() => return,
                Rests::InPeace => return self.no_turn(partition),
            },
            None => match watch.waiting.front() {
                Some(record) => (record.offset, 0),
                None => return self.no_turn(partition),
            },
        };
        // The one before it is settled.
        let is_next = self.careful.asks == Some(partition) && self.careful.asks_for != offset;
        if is_next && !self.row_goes_on() {
            return self.no_turn(partition);
        }
        match watch.suspects.call(offset) {
            Some(Call::Dead { deaths }) => self.take_in_dead(partition, deaths),
            Some(Call::Run) if due_ms <= self.clock.now_ms() && self.may_begin() => self.begin_alone(partition, offset),
            _ => self.no_turn(partition),
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
        if self.careful.asks.is_none() && !self.careful.is_between() && self.careful.must_wait() {
            return;
        }
        if self.careful.is_between() && !self.row_goes_on() {
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

    /// None of this partition is to run alone now, once it is durable that none does: the next one's turn.
    pub(super) fn no_turn(&mut self, partition: i32) {
        let is_durable = self.owned.get(&partition).is_none_or(|owned| owned.watch.suspects.is_durable());
        if self.careful.asks == Some(partition) && is_durable {
            self.careful.asks = None;
        }
    }

    /// Whether one more suspect may begin before everything else goes on.
    fn row_goes_on(&self) -> bool {
        self.careful.is_alone && self.clock.now_ms() < self.careful.alone_ms + IN_A_ROW_MS
    }

    /// Lets the others go on, unless one more suspect of any partition here is to run soon.
    pub(super) fn end_the_row(&mut self) {
        let soon = self.clock.now_ms() + SHORT_REST_MS;
        let is_over = self.careful.asks.is_none() && self.careful.member.has_asked();
        if is_over && !(self.row_goes_on() && self.may_begin() && self.next_suspect_ms().is_some_and(|due| due <= soon))
        {
            self.careful.give_back();
            self.lanes.admit_held();
        }
    }

    /// When the next suspect may run; `None`: not before others have gone on.
    fn next_suspect_ms(&self) -> Option<u64> {
        let due = |partition| {
            let watch = &self.owned.get(partition).filter(|owned| !owned.progress.is_closed())?.watch;
            match (watch.suspects.turn(), watch.rests) {
                _ if !watch.suspects.is_careful() => None,
                (None, _) => watch.waiting.front().map(|_| 0),
                (Some(_), Rests::Until(due_ms)) => Some(due_ms),
                (Some(_), Rests::Kept(_) | Rests::InPeace) => None,
            }
        };
        self.careful.watched.iter().filter_map(due).min()
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
            owned.watch.rests = Rests::Kept(now + NOT_NOW_MS);
        }
    }
}
