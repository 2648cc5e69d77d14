//! From a record that arrived to a task in a lane.

use std::sync::Arc;

use onefold_core::attempt::{PauseReason, Tries};
use onefold_core::guarantee::{MOST_COMMITTED_AHEAD, Protocol};
use onefold_core::lane::{Arrival, Full, Order, hash};
use onefold_core::progress::{Delivered, Ticket};

use super::elsewhere::say_behind;
use super::task::{Task, Work};
use super::{Engine, POLL};
use crate::dead_letter::{Reason, ReasonClass, redrive};
use crate::identity::{self, Identity};
use crate::outcome::Failure;
use crate::pipeline::dedup::{Missing, Older};
use crate::pipeline::filter::FilterVerdict;
use crate::record::Record;
use crate::runtime::hands::Go;

/// What intake makes of a record.
enum Intake {
    /// `again`: it was put back, has no id, and is known by what it died with.
    Run {
        identity: Identity,
        again: bool,
    },
    Pass,
    Dead {
        identity: Identity,
        reason: Reason,
    },
}

/// A record that is to have a place in a lane.
pub(super) struct Sorted {
    pub(super) arrival: Arrival,
    pub(super) identity: Identity,
    pub(super) digest: Option<[u8; 16]>,
    lane: u64,
    work: Work,
}

/// `CommitFirst`: with so many records not yet done nothing more is read; a poll brings no more than it may.
const COMMITTED_ENOUGH: usize = MOST_COMMITTED_AHEAD - POLL;

impl Engine {
    /// How many records may be taken from the log now. Not reading is the gentlest pause: what the client has fetched
    /// stays where it is.
    pub(super) fn room_for_records(&self) -> usize {
        // Those too that run or wait for another attempt: a crash takes whatever is committed and not done.
        let ahead = match self.protocol {
            Protocol::CommitFirst => self.commits.awaiting() + self.lanes.unsettled(),
            _ => 0,
        };
        let full = self.lanes.full(u32::MAX) == Some(Full::Queued) || ahead > COMMITTED_ENOUGH;
        // What is committed must run before its partition goes: nothing new comes in front of it.
        let runs_out = self.protocol == Protocol::CommitFirst && self.is_revoking();
        if full || runs_out || self.ending.takes_no_more() || self.careful.is_hushed() { 0 } else { POLL }
    }

    /// Takes a record in that was polled. With `go`, it runs as it comes, where nothing speaks against it.
    pub(super) fn take_in(&mut self, record: Record, go: Option<&mut Go>) {
        let Some(owned) = self.owned.get_mut(&record.partition) else { return };
        if record.offset >= owned.limit {
            let record = self.spare.place(record);
            return self.keep_waiting(record);
        }
        let place = owned.reach(record.offset);
        if let Some(go) = go.filter(|_| owned.progress.may_run_at_once(record.offset, owned.running)) {
            return self.take_in_at_once(record, place, go);
        }
        let record = self.spare.place(record);
        self.deliver(record, place);
    }

    /// Takes a record in that has waited to be.
    pub(super) fn take_in_late(&mut self, record: Arc<Record>) {
        let Some(owned) = self.owned.get_mut(&record.partition) else { return };
        let place = owned.reach(record.offset);
        self.deliver(record, place);
    }

    fn deliver(&mut self, record: Arc<Record>, place: (i64, i64)) {
        let Some(owned) = self.owned.get_mut(&record.partition) else { return };
        if let Some(committed) = owned.behind.take().filter(|committed| record.offset < *committed) {
            say_behind(&self.plan, &self.worker, &record, committed);
        }
        let bytes = size_of(&record);
        match owned.progress.delivered(record.offset, record.leader_epoch, bytes) {
            Delivered::New(ticket) => {
                self.counters.delivered += 1;
                match self.sort(&record, bytes) {
                    Some(sorted) => self.place(record, ticket, place, sorted),
                    None => {
                        self.counters.skipped += 1;
                        self.finish(record.partition, ticket);
                        self.spare.keep(record);
                    }
                }
            }
            Delivered::Done => {
                self.counters.delivered += 1;
                self.counters.duplicates_progress += 1;
                self.commits.dirty();
            }
            Delivered::InFlight | Delivered::Closed => {}
        }
    }

    /// What is to become of a record; `None`: it is not for this pipeline, and nothing is to be written about it.
    pub(super) fn sort(&mut self, record: &Record, bytes: u32) -> Option<Sorted> {
        let judged = match self.judge_intake(record) {
            Intake::Run { identity, again: false } if self.forgetting.is_older(record) => {
                self.judge_older(record, identity)
            }
            other => other,
        };
        let (identity, work, again) = match judged {
            Intake::Pass if !self.protocol.position_is_in_sink() => return None,
            Intake::Pass => (self.origin_of(record), Work::Pass, false),
            Intake::Run { identity, again } => (identity, Work::Run, again),
            Intake::Dead { identity, reason } => (identity, Work::Doomed(Box::new(reason)), false),
        };
        let passes = matches!(work, Work::Pass);
        let lane = self.lane_of(record).filter(|_| !passes);
        // Two records with one identity never run at once; an origin is one record's own, until it is put back.
        let is_shared = matches!(work, Work::Run) && (again || !identity.is_by_origin());
        let arrival = Arrival {
            partition: record.partition as u32,
            key: lane,
            identity: is_shared.then(|| hash(&identity.bytes())),
            bytes,
        };
        let digest = (!passes && (again || self.remembers(&identity))).then(|| identity::digest_of(record));
        let lane = lane.unwrap_or_else(|| self.report.unique_lane());
        Some(Sorted { arrival, identity, digest, lane, work })
    }

    /// Gives a record its place in a lane.
    pub(super) fn place(
        &mut self,
        record: Arc<Record>,
        ticket: Ticket,
        (gap_start, epoch): (i64, i64),
        sorted: Sorted,
    ) {
        // The client's message is not kept for its headers as long as the record may wait.
        record.headers();
        let (arrival, dies) = (sorted.arrival, matches!(sorted.work, Work::Doomed(_)));
        let task = sorted.task(record, ticket, (gap_start, epoch));
        // What runs nothing needs no commit before it, and no commit passes it before its letter is out.
        if self.protocol == Protocol::CommitFirst && !dies {
            self.commits.hold_until_committed(arrival, task);
        } else {
            self.lanes.arrive(arrival, task);
            self.pause_if_full(arrival.partition as i32);
        }
    }

    /// The place of a record that died without being looked at: what reads it may be what it kills.
    pub(super) fn doomed(&mut self, record: &Record, reason: Reason) -> Sorted {
        let identity = crate::dead_letter::letter::identity_of(record).unwrap_or_else(|| self.origin_of(record));
        let arrival = Arrival { partition: record.partition as u32, key: None, identity: None, bytes: size_of(record) };
        let lane = self.report.unique_lane();
        Sorted { arrival, identity, digest: None, lane, work: Work::Doomed(Box::new(reason)) }
    }

    fn judge_intake(&self, record: &Record) -> Intake {
        let by_origin = || self.origin_of(record);
        let dead = |class, message: String| {
            let identity = crate::dead_letter::letter::identity_of(record).unwrap_or_else(by_origin);
            Intake::Dead { identity, reason: Reason { class, message, attempts: 0 } }
        };
        // Before anything is asked of it: ids may be forgotten by now, and without `dedup` nobody asks for one.
        if !self.is_plain() && redrive::is_for_another(record, &self.plan.group) {
            return Intake::Pass;
        }
        match self.plan.filter.as_ref().map(|filter| filter(record)) {
            Some(FilterVerdict::Skip) => return Intake::Pass,
            Some(FilterVerdict::Poison(message)) => return dead(ReasonClass::Poison, message),
            Some(FilterVerdict::Take) | None => {}
        }
        let Some(dedup) = &self.plan.dedup else { return run(by_origin()) };
        match (dedup.id_of)(record) {
            Ok(Some(event)) => run(Identity::of_event(&self.plan.group, &event.source, &event.id)),
            Ok(None) if dedup.missing == Missing::Origin => match redrive::kept_identity(record, &self.plan.group) {
                Some(identity) => Intake::Run { identity, again: true },
                None => run(by_origin()),
            },
            Ok(None) => {
                dead(ReasonClass::MissingId, "the record has no event id, and this pipeline asks for one".into())
            }
            Err(Failure { source, .. }) => dead(ReasonClass::Poison, source.to_string()),
        }
    }

    /// Whether its event ran before cannot be told any more: never decided silently.
    fn judge_older(&mut self, record: &Record, identity: Identity) -> Intake {
        let older = self.plan.dedup.as_ref().filter(|_| !identity.is_by_origin()).map(|dedup| dedup.older);
        match older {
            Some(Older::DeadLetter) => {
                let message = "the record is older than ids are kept: its event may have run before".to_owned();
                let identity = crate::dead_letter::letter::identity_of(record).unwrap_or(identity);
                Intake::Dead { identity, reason: Reason { class: ReasonClass::Window, message, attempts: 0 } }
            }
            Some(Older::Run) => {
                self.forgetting.note_older(self.plan.name(), record);
                run(identity)
            }
            None => run(identity),
        }
    }

    fn origin_of(&self, record: &Record) -> Identity {
        self.origins.at(record.topic_id, record.partition, record.offset)
    }

    /// Whether a row is kept for this identity. Where the sink holds the position, an origin's row would say nothing
    /// that the position does not.
    fn remembers(&self, identity: &Identity) -> bool {
        self.plan.dedup.is_some() && !(identity.is_by_origin() && self.protocol.position_is_in_sink())
    }

    pub(super) fn lane_of(&self, record: &Record) -> Option<u64> {
        let partition = record.partition as u64;
        match self.plan.order {
            Order::Key => record.key.as_deref().map(hash),
            Order::Partition => Some(partition),
            Order::None => None,
        }
        .map(|lane| lane ^ partition.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Pauses a partition whose parked records use the budget up; the others go on.
    pub(super) fn pause_if_full(&mut self, partition: i32) {
        let is_full = self.lanes.full(partition as u32) == Some(Full::Parked);
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        if is_full && owned.paused.add(PauseReason::Parked) {
            // A pause that fails leaves the partition reading: more memory, nothing lost.
            let _ = self.log.pause(partition);
        } else if !is_full && owned.paused.remove(PauseReason::Parked) {
            let _ = self.log.resume(partition);
        }
    }
}

fn run(identity: Identity) -> Intake {
    Intake::Run { identity, again: false }
}

impl Sorted {
    /// Whether its effect is to run.
    pub(super) fn runs(&self) -> bool {
        matches!(self.work, Work::Run)
    }

    pub(super) fn task(self, record: Arc<Record>, ticket: Ticket, (gap_start, epoch): (i64, i64)) -> Task {
        let Sorted { identity, digest, lane, work, .. } = self;
        Task { record, ticket, gap_start, lane, epoch, identity, digest, tries: Tries::default(), work, is_done: false }
    }
}

pub(super) fn size_of(record: &Record) -> u32 {
    u32::try_from(record.size_bytes()).unwrap_or(u32::MAX)
}
