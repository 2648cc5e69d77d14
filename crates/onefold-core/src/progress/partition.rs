//! The progress of one partition during one assignment.

use std::ops::Range;

use super::assignment::{Assignment, Ticket};
use super::epochs::Epochs;
use super::pending::Pending;
use super::places::Places;
use super::restored::Restored;
use super::room::Room;
use super::saved::{self, Saved};
use crate::identity::TopicId;
use crate::suspects::Note;

/// What to do with a record that was polled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Delivered {
    /// Work: run it, then [`PartitionProgress::finished`].
    New(Ticket),
    /// Finished before a restart or already in this assignment: skip it, and count a duplicate.
    Done,
    /// This assignment has it in hand: drop the second copy.
    InFlight,
    /// The partition is being given up: drop it, the next owner gets it.
    Closed,
}

/// What the end of a record's work did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The position moved.
    Moved,
    /// Finished, beyond an older record that is not.
    Kept,
    /// It was finished before, or is unknown here; nothing changed.
    Already,
    /// It belongs to an earlier assignment; nothing changed.
    Stale,
}

/// A position to commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The lowest offset that is not finished.
    pub offset: i64,
    /// To be committed with it, where the client can: the metadata counts only beside the same epoch.
    pub leader_epoch: Option<i32>,
    /// ASCII; what is finished above `offset`.
    pub metadata: String,
}

/// Which records of a partition are unfinished, from its assignment to its revocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionProgress {
    topic_id: TopicId,
    assignment: Assignment,
    room: Room,
    /// The next offset to be delivered; everything below was delivered or will never come.
    end: i64,
    /// Unfinished records, by place.
    pending: Pending,
    places: Places,
    bytes: u64,
    restored: Restored,
    epochs: Epochs,
    closed: bool,
}

impl PartitionProgress {
    /// Assigned, reading on at `start`. With `saved`, `start` is the committed offset that it came with.
    pub fn assigned(
        assignment: Assignment,
        topic_id: TopicId,
        start: i64,
        saved: Option<Saved>,
        room: Room,
    ) -> PartitionProgress {
        PartitionProgress {
            topic_id,
            assignment,
            room,
            end: start,
            pending: Pending::default(),
            places: Places::starting_at(start),
            bytes: 0,
            restored: saved.filter(|saved| saved.base == start).map(Restored::new).unwrap_or_default(),
            epochs: Epochs::default(),
            closed: false,
        }
    }

    /// The record at `offset` was polled. Offsets rise; those left out never come (control records, compaction).
    pub fn delivered(&mut self, offset: i64, leader_epoch: Option<i32>, bytes: u32) -> Delivered {
        if self.closed {
            return Delivered::Closed;
        }
        if offset < self.end {
            let in_flight = self.places.place_of(offset).is_some_and(|place| self.pending.contains(place));
            return if in_flight { Delivered::InFlight } else { Delivered::Done };
        }
        let place = self.came(offset, leader_epoch);
        if !self.restored.is_empty() && self.was_done(offset, leader_epoch) {
            return Delivered::Done;
        }
        self.pending.insert(place);
        self.bytes += u64::from(bytes);
        Delivered::New(Ticket { assignment: self.assignment, place, offset, bytes })
    }

    /// Whether an earlier owner finished the record at `offset`, which is to be delivered next: it will be
    /// [`Delivered::Done`], and nothing of it runs.
    pub fn was_done_before(&self, offset: i64, leader_epoch: Option<i32>) -> bool {
        !self.closed && offset >= self.end && self.restored.will_cover(offset, leader_epoch)
    }

    /// Whether the record at `offset` is new, and may run as it comes with `running` records of this partition running
    /// already: what [`PartitionProgress::delivered`] and [`PartitionProgress::may_run`] would say.
    pub fn may_run_at_once(&self, offset: i64, running: usize) -> bool {
        // Where all before it is finished, finishing this one leaves no run.
        let is_only = running == 0 && self.pending.count() == 0;
        !self.closed && self.restored.is_empty() && offset >= self.end && (is_only || self.may_run(offset, running))
    }

    /// The record was delivered and is finished: `delivered` and `finished` in one step, for one that
    /// [`PartitionProgress::may_run_at_once`] let run.
    pub fn delivered_and_finished(&mut self, offset: i64, leader_epoch: Option<i32>) {
        self.came(offset, leader_epoch);
    }

    /// The consumer's position after a batch: nothing below it is still to come, also where a batch ends in control
    /// records that are never delivered.
    pub fn passed(&mut self, position: i64) {
        if !self.closed && position > self.end {
            self.end = position;
            self.restored.pass(position);
        }
    }

    /// The record is done, dead-lettered, durably parked, or skipped. The only thing that moves the position.
    pub fn finished(&mut self, ticket: Ticket) -> Finished {
        if ticket.assignment != self.assignment {
            return Finished::Stale;
        }
        let lowest = self.pending.lowest();
        if !self.pending.remove(ticket.place) {
            return Finished::Already;
        }
        self.bytes -= u64::from(ticket.bytes);
        if lowest == Some(ticket.place) { Finished::Moved } else { Finished::Kept }
    }

    /// The lowest unfinished offset, or where reading goes on if all is finished.
    pub fn position(&self) -> i64 {
        self.pending.lowest().map_or(self.end, |place| self.places.offset_of(place))
    }

    /// What to commit now, with the owner's note, where notes travel with commits.
    pub fn commit(&self, note: Option<Note>) -> Commit {
        let offset = self.position();
        let leader_epoch = self.last_done_epoch();
        let metadata = saved::encode(self.topic_id, offset, leader_epoch, self.done_above(), note);
        Commit { offset, leader_epoch, metadata }
    }

    /// Whether the record at `offset` may run now, with `running` records of this partition running already.
    ///
    /// Every record that runs may finish out of order and add a run. Where they might outgrow the metadata, only the
    /// record at the position may run: finishing that one never adds a run.
    pub fn may_run(&self, offset: i64, running: usize) -> bool {
        let stretches = self.pending.intervals() + self.restored.len() + running + 1;
        let end = self.restored.end().unwrap_or(self.end).max(self.end);
        self.room.fits(stretches, (end - self.position()) as u64) || self.position() == offset
    }

    /// Delivered and not finished, in records.
    pub fn in_flight(&self) -> usize {
        self.pending.count()
    }

    /// Delivered and not finished, in bytes.
    pub fn in_flight_bytes(&self) -> u64 {
        self.bytes
    }

    /// Where reading goes on.
    pub fn end(&self) -> i64 {
        self.end
    }

    pub fn assignment(&self) -> Assignment {
        self.assignment
    }

    /// The partition is being revoked: nothing new comes in, what is in flight may still finish. Idempotent.
    pub fn close(&mut self) {
        self.closed = true;
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Closed, and nothing in flight: the commit is final.
    pub fn is_drained(&self) -> bool {
        self.closed && self.pending.count() == 0
    }

    /// What is finished at or above the position, in order: what lies between unfinished stretches, then what is
    /// restored and has not come by again.
    pub fn done_above(&self) -> impl Iterator<Item = Range<i64>> {
        let starts = self.pending.stretches().map(|(_, to)| to);
        let ends = self.pending.stretches().map(|(from, _)| from).skip(1).chain([self.places.next()]);
        let here = starts
            .zip(ends)
            .filter(|(from, to)| from < to)
            .map(|(from, to)| self.places.offset_of(from)..self.places.offset_of(to - 1) + 1);
        join(here, self.restored.from(self.end))
    }

    /// A record above all that came before; its place.
    fn came(&mut self, offset: i64, leader_epoch: Option<i32>) -> i64 {
        if !self.epochs.last_is(leader_epoch) {
            self.epochs.saw(offset, leader_epoch, self.position());
        }
        let place = self.places.push(offset, self.pending.lowest().unwrap_or(self.places.next()));
        self.end = offset + 1;
        place
    }

    fn was_done(&mut self, offset: i64, leader_epoch: Option<i32>) -> bool {
        let done = self.restored.covers(offset, leader_epoch);
        self.restored.pass(self.end);
        done
    }

    fn last_done_epoch(&self) -> Option<i32> {
        if !self.restored.is_empty() {
            return self.restored.epoch();
        }
        let last_done = self.done_above().last().map_or(self.position(), |run| run.end) - 1;
        self.epochs.at(last_done)
    }
}

/// Two ordered lists of runs, the second after the first; a run that ends where the next begins is one with it.
fn join(
    first: impl Iterator<Item = Range<i64>>,
    second: impl Iterator<Item = Range<i64>>,
) -> impl Iterator<Item = Range<i64>> {
    let mut all = first.chain(second).peekable();
    std::iter::from_fn(move || {
        let mut run = all.next()?;
        while let Some(next) = all.next_if(|next| next.start == run.end) {
            run.end = next.end;
        }
        Some(run)
    })
}
