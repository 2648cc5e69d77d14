//! From a record that arrived to a task in a lane.

use std::sync::Arc;

use onefold_core::attempt::{PauseReason, Tries};
use onefold_core::guarantee::Protocol;
use onefold_core::lane::{Arrival, Full, Order, hash};
use onefold_core::progress::{Delivered, Ticket};

use super::task::{Task, Work};
use super::{Engine, POLL};
use crate::dead_letter::{Reason, ReasonClass};
use crate::identity::{self, Identity};
use crate::outcome::Failure;
use crate::pipeline::dedup::Missing;
use crate::pipeline::filter::FilterVerdict;
use crate::record::Record;

/// What intake makes of a record.
enum Intake {
    Run { identity: Identity },
    Pass,
    Dead { identity: Identity, reason: Reason },
}

impl Engine {
    /// How many records may be taken from the log now. Not reading is the gentlest pause: what the client has fetched
    /// stays where it is.
    pub(super) fn room_for_records(&self) -> usize {
        let waiting = self.commits.awaiting();
        let full = self.lanes.full(u32::MAX) == Some(Full::Queued) || waiting >= POLL;
        // What is committed must run before its partition goes: nothing new comes in front of it.
        let runs_out = self.protocol == Protocol::CommitFirst && self.is_revoking();
        if full || runs_out || self.ending.takes_no_more() { 0 } else { POLL }
    }

    pub(super) fn take_in(&mut self, record: Record) {
        let Some(owned) = self.owned.get_mut(&record.partition) else { return };
        let (gap_start, epoch) = (owned.reached, owned.epoch);
        let bytes = u32::try_from(record.size_bytes()).unwrap_or(u32::MAX);
        let delivered = owned.progress.delivered(record.offset, record.leader_epoch, bytes);
        owned.reached = owned.reached.max(record.offset + 1);
        owned.end = owned.end.max(owned.reached);
        match delivered {
            Delivered::New(ticket) => {
                self.counters.delivered += 1;
                self.sort(record, ticket, (gap_start, epoch), bytes);
            }
            Delivered::Done => {
                self.counters.delivered += 1;
                self.counters.duplicates_progress += 1;
                self.commits.dirty();
            }
            Delivered::InFlight | Delivered::Closed => {}
        }
    }

    fn sort(&mut self, record: Record, ticket: Ticket, (gap_start, epoch): (i64, i64), bytes: u32) {
        let intake = self.judge_intake(&record);
        let in_sink = self.protocol.position_is_in_sink();
        let (identity, reason) = match intake {
            Intake::Pass if !in_sink => {
                self.counters.skipped += 1;
                return self.finish(record.partition, ticket);
            }
            Intake::Pass => (None, None),
            Intake::Run { identity } => (Some(identity), None),
            Intake::Dead { identity, reason } => (Some(identity), Some(reason)),
        };
        let lane = self.lane_of(&record);
        let partition = record.partition as u32;
        let (passes, dies) = (identity.is_none(), reason.is_some());
        // Two records with one identity never run at once; an origin is one record's own.
        let shared = identity.as_ref().filter(|identity| !identity.is_by_origin() && !dies);
        let arrival = Arrival {
            partition,
            key: lane.filter(|_| !passes),
            identity: shared.map(|identity| hash(identity.as_bytes())),
            bytes,
        };
        let digest =
            identity.as_ref().filter(|identity| self.remembers(identity)).map(|_| identity::digest_of(&record));
        let lane = lane.filter(|_| !passes).unwrap_or_else(|| self.report.unique_lane());
        let identity = Arc::new(identity.unwrap_or_else(|| Identity::from_bytes(Vec::new())));
        let work = match reason {
            Some(reason) => Work::Doomed(reason),
            None if passes => Work::Pass,
            None => Work::Run,
        };
        let record = Arc::new(record);
        let task = Task { record, ticket, gap_start, lane, epoch, identity, digest, tries: Tries::default(), work };
        // What runs nothing needs no commit before it, and no commit passes it before its letter is out.
        if self.protocol == Protocol::CommitFirst && !dies {
            self.commits.hold_until_committed(arrival, task);
        } else {
            self.lanes.arrive(arrival, task);
            self.pause_if_full(partition as i32);
        }
    }

    fn judge_intake(&self, record: &Record) -> Intake {
        let by_origin = || identity::of_origin(&self.plan.group, &self.cluster_id, record);
        let dead = |class, message: String| {
            let identity = crate::dead_letter::letter::identity_of(record).unwrap_or_else(by_origin);
            Intake::Dead { identity, reason: Reason { class, message, attempts: 0 } }
        };
        match self.plan.filter.as_ref().map(|filter| filter(record)) {
            Some(FilterVerdict::Skip) => return Intake::Pass,
            Some(FilterVerdict::Poison(message)) => return dead(ReasonClass::Poison, message),
            Some(FilterVerdict::Take) | None => {}
        }
        let Some(dedup) = &self.plan.dedup else { return Intake::Run { identity: by_origin() } };
        match (dedup.id_of)(record) {
            Ok(Some(event)) => Intake::Run { identity: Identity::of_event(&self.plan.group, &event.source, &event.id) },
            Ok(None) if dedup.missing == Missing::Origin => Intake::Run { identity: by_origin() },
            Ok(None) => {
                dead(ReasonClass::MissingId, "the record has no event id, and this pipeline asks for one".into())
            }
            Err(Failure { source, .. }) => dead(ReasonClass::Poison, source.to_string()),
        }
    }

    /// Whether a row is kept for this identity. Where the sink holds the position, an origin's row would say nothing
    /// that the position does not.
    fn remembers(&self, identity: &Identity) -> bool {
        self.plan.dedup.is_some() && !(identity.is_by_origin() && self.protocol.position_is_in_sink())
    }

    fn lane_of(&self, record: &Record) -> Option<u64> {
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
