//! Notes of owners on their way: with the next commit, or into the sink beside the position.

use std::task::{Context, Poll, Waker};

use onefold_core::progress::Assignment;

use super::origin::Position;
use super::owned::Owned;
use super::{Engine, Worker};
use crate::boundary::sink::{NoteAt, SinkError};
use crate::runtime::inbox::Message;

/// An answer of the sink: partition, its assignment, the note's version; whether each was written.
pub(in crate::runtime) struct Noted {
    of: Vec<(i32, Assignment, u64)>,
    result: Result<Vec<bool>, SinkError>,
}

/// A partition that nothing is known against waits no longer than this for its first note.
const LONGEST_START_MS: u64 = 3000;

impl Engine {
    /// Reads the partitions whose first note is durable. One that nothing is known against does not wait for ever: a
    /// cluster that takes no commits does not keep its records from being handled.
    pub(super) fn start_noted(&mut self) -> Result<(), String> {
        let (mut reading, now) = (Vec::new(), self.clock.now_ms());
        for partition in &self.careful.watched {
            let Some(owned) = self.owned.get_mut(partition).filter(|owned| !owned.progress.is_closed()) else {
                continue;
            };
            let Some(since) = owned.watch.starting else { continue };
            let suspects = &owned.watch.suspects;
            let in_vain = suspects.is_calm() && now >= since + LONGEST_START_MS;
            if in_vain {
                tracing::warn!(
                    pipeline = self.plan.name(),
                    partition,
                    "it reads although no commit is taken: a record \
                    that kills the process now is not found out"
                );
            }
            if suspects.is_durable() || in_vain {
                owned.watch.starting = None;
                reading.push((*partition, owned.progress.end()));
            }
        }
        if reading.is_empty() { Ok(()) } else { self.log.start(&reading).map_err(|error| error.to_string()) }
    }

    /// The partitions are given up in order: whoever has them next knows it.
    pub(super) fn close_notes(&mut self, partitions: &[i32]) {
        for partition in partitions {
            if let Some(owned) = self.owned.get_mut(partition) {
                let position = owned.progress.position();
                owned.watch.suspects.settled(position);
                owned.watch.suspects.close();
                self.careful.watched.insert(*partition);
            }
        }
        self.write_notes();
    }

    /// These partitions are not this member's any more, or are not read on, and the process has not ended: nobody is
    /// charged for that. In the sink the notes are closed, as long as no other owner has taken over. Commits are refused by
    /// now; what they would have said is remembered, should this process get the partition again.
    pub(super) fn leave_notes(&mut self, partitions: &[i32]) {
        for partition in partitions {
            let Some(owned) = self.owned.get_mut(partition) else { continue };
            let open = owned.watch.suspects.note().1;
            // Goes after what is on its way.
            owned.watch.writing = None;
            let position = owned.progress.position();
            owned.watch.suspects.settled(position);
            owned.watch.suspects.close();
            self.careful.left.insert(*partition, (open, owned.watch.suspects.note().1));
            self.careful.watched.insert(*partition);
        }
        if !self.notes_travel() {
            self.write_notes();
        }
    }

    /// Claimed, and not read after all: nobody is charged for that. What is claimed after this finds it.
    pub(super) fn close_unread(&mut self, positions: Vec<Position>) {
        let Worker::Sink(sink) = &self.worker else { return };
        let notes: Vec<NoteAt> = positions.into_iter().filter_map(Position::closed).collect();
        if self.notes_travel() || notes.is_empty() {
            return;
        }
        let mut writing = sink.note(notes);
        if writing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            let pipeline = self.plan.name().to_owned();
            self.tokio.spawn(async move {
                if let Err(why) = writing.await {
                    tracing::debug!(pipeline, "the notes of a claim that was given up stay open: {why}");
                }
            });
        }
    }

    /// Sends what is to be noted and is not: into the sink, or with the next commit.
    pub(super) fn write_notes(&mut self) {
        let is_open = |owned: &Owned| !owned.watch.suspects.is_durable();
        if self.notes_travel() {
            let mut watched = self.careful.watched.iter().filter_map(|partition| self.owned.get(partition));
            self.careful.is_held_up = watched.any(is_open);
            if self.careful.is_held_up {
                self.commits.dirty();
            }
            return;
        }
        let Worker::Sink(sink) = &self.worker else { return };
        if self.clock.now_ms() < self.careful.not_before_ms {
            return;
        }
        let (mut notes, mut of) = (Vec::new(), Vec::new());
        for partition in &self.careful.watched {
            let Some(owned) = self.owned.get_mut(partition).filter(|owned| is_open(owned)) else { continue };
            let (version, note) = owned.watch.suspects.note();
            if owned.watch.writing.is_none() {
                owned.watch.writing = Some(version);
                notes.push(NoteAt { partition: *partition, epoch: owned.epoch, note });
                of.push((*partition, owned.assignment(), version));
            }
        }
        if !notes.is_empty() {
            self.careful.writing += 1;
            let (mut writing, inbox) = (sink.note(notes), self.inbox.clone());
            // Begun here and now: what is claimed after this finds it.
            match writing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => inbox.push(Message::Noted(Noted { of, result })),
                Poll::Pending => {
                    let rest = async move { inbox.push(Message::Noted(Noted { of, result: writing.await })) };
                    drop(self.tokio.spawn(rest));
                }
            }
        }
    }

    /// The sink's answer. What was not written is written again, unless another owner has the partition: then its next
    /// transaction finds that out.
    pub(super) fn on_noted(&mut self, Noted { of, result }: Noted) {
        self.careful.writing -= 1;
        if let Err(why) = &result {
            tracing::warn!(pipeline = self.plan.name(), "what runs cannot be noted, and is noted again: {why}");
            self.careful.not_before_ms = self.clock.now_ms() + 1000;
        }
        let written = result.unwrap_or_default();
        for (nth, (partition, assignment, version)) in of.into_iter().enumerate() {
            let Some(owned) = self.owned.get_mut(&partition).filter(|o| o.assignment() == assignment) else { continue };
            owned.watch.writing = None;
            match written.get(nth) {
                Some(true) => owned.watch.suspects.durable(version, owned.progress.position()),
                Some(false) => self.supersede(partition),
                None => {}
            }
        }
    }
}
