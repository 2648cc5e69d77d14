//! What is read of a partition that is watched: it waits until `onefold_core::suspects` lets it in.

use std::collections::VecDeque;
use std::sync::Arc;

use onefold_core::attempt::PauseReason;
use onefold_core::guarantee::Protocol;
use onefold_core::suspects::Suspects;

use super::Engine;
use super::owned::Owned;
use super::turns::Rests;
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
    pub(super) rests: Rests,
    /// The version that is on its way into the sink.
    pub(super) writing: Option<u64>,
}

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
            self.end_the_row();
            return Ok(());
        }
        self.start_noted()?;
        for partition in self.careful.watched.clone() {
            self.tend(partition);
        }
        if self.careful.is_between() {
            // The one whose turn is over may have been the last of them.
            for partition in self.careful.watched.clone() {
                self.tend(partition);
            }
        }
        self.end_the_row();
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
        // What is parked came back from its run, or waits for one that did: it must not hold up the other keys. Where the
        // process ends once more it runs alone with the others.
        let parked = self.lanes.parked_of(partition as u32).records;
        let unsettled = owned.progress.in_flight().saturating_sub(parked);
        owned.watch.suspects.reached(next, unsettled, owned.end);
        self.pass_what_was_done(partition);
        if self.is_careful_of(partition) {
            self.call_suspect(partition);
        } else {
            self.no_turn(partition);
        }
        self.let_in(partition);
    }

    fn is_careful_of(&self, partition: i32) -> bool {
        self.owned.get(&partition).is_some_and(|owned| owned.watch.suspects.is_careful())
    }

    /// What an earlier owner had done among suspects runs nothing: it waits for no turn of its own, and for no set.
    fn pass_what_was_done(&mut self, partition: i32) {
        while let Some(owned) = self.owned.get_mut(&partition)
            && (owned.watch.suspects.is_careful() || owned.watch.suspects.is_wary())
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
}
