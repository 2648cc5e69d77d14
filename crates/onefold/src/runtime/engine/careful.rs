//! What one engine does about suspects, over all of its partitions: the gate, and the notes on their way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onefold_core::suspects::Note;

use super::owned::Owned;
use crate::runtime::gate::{Gate, Member};
use crate::runtime::inbox::Inbox;

/// What an engine does about suspects, over all of its partitions.
pub(super) struct Careful {
    pub(super) member: Member,
    /// The partition whose suspect the gate is held, or asked for; none between two of them.
    pub(super) asks: Option<i32>,
    /// That suspect.
    pub(super) asks_for: i64,
    pub(super) is_alone: bool,
    /// Since when it is asked for.
    pub(super) asked_ms: u64,
    /// Since when the gate is held.
    pub(super) alone_ms: u64,
    /// Others that did not get quiet go on first: it is asked for again at this time.
    pub(super) asks_from_ms: u64,
    /// Partitions that are not calm.
    pub(super) watched: BTreeSet<i32>,
    /// Partitions that went without their notes being closed: what was noted of them last, and what was to be.
    pub(super) left: BTreeMap<i32, (Note, Note)>,
    /// Something waits for a note that goes with the next commit.
    pub(super) is_held_up: bool,
    /// Notes on their way into the sink.
    pub(super) writing: usize,
    /// After a failure, not before this time.
    pub(super) not_before_ms: u64,
}

impl Careful {
    pub(super) fn at(gate: &Arc<Gate>, inbox: &Arc<Inbox>) -> Careful {
        let wake = inbox.waker();
        let member = gate.join(move || wake());
        Careful {
            member,
            asks: None,
            asks_for: 0,
            is_alone: false,
            asked_ms: 0,
            alone_ms: 0,
            asks_from_ms: 0,
            watched: BTreeSet::new(),
            left: BTreeMap::new(),
            is_held_up: false,
            writing: 0,
            not_before_ms: 0,
        }
    }

    /// Whether nothing may begin.
    pub(super) fn must_wait(&self) -> bool {
        self.member.must_wait() || self.is_between()
    }

    /// Whether it is another engine's suspect that keeps this one from beginning.
    pub(super) fn waits_for_others(&self) -> bool {
        self.member.must_wait() && !self.member.has_asked()
    }

    /// Whether nothing may even be looked at: filters and ids are read by code that may kill as well.
    pub(super) fn is_hushed(&self) -> bool {
        self.is_alone || self.must_wait()
    }

    /// Everything is quiet for a suspect of this engine, and none has its turn.
    pub(super) fn is_between(&self) -> bool {
        self.is_alone && self.asks.is_none()
    }

    /// Whether things may begin in the turn that begins; to be told when it is over.
    pub(super) fn turn_begins(&self) -> Option<u64> {
        self.member.is_open()
    }

    pub(super) fn turn_is_over(&self, opening: Option<u64>) {
        if let Some(opening) = opening {
            self.member.went_on(opening);
        }
    }

    /// The partition whose suspect runs alone.
    pub(super) fn alone(&self) -> Option<i32> {
        self.asks.filter(|_| self.is_alone)
    }

    pub(super) fn is_watching(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Whether a commit is to be sent at once. Progress alone is no reason: a killer that kills at once is found sooner
    /// where the position stands still.
    pub(super) fn is_held_up(&self) -> bool {
        self.is_held_up
    }

    /// What a note says that is found with a partition. One that this process left open itself is about no end of it;
    /// whoever had the partition since has written another one.
    pub(super) fn as_left(&mut self, partition: i32, found: Note) -> Note {
        match self.left.remove(&partition) {
            Some((open, closed)) if open == found => closed,
            _ => found,
        }
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing > 0
    }

    pub(super) fn watch(&mut self, pipeline: &str, partition: i32, owned: &Owned) {
        if !owned.is_calm() {
            self.watched.insert(partition);
        }
        if owned.watch.suspects.is_wary() {
            tracing::debug!(
                pipeline,
                partition,
                "the process ended twice without getting on: a few records run at a time"
            );
        }
        if owned.watch.suspects.is_careful() {
            let (from, to) = (owned.reached, owned.watch.suspects.note().1.horizon);
            tracing::warn!(
                pipeline,
                partition,
                "the process ended three times or more without getting on: what is unsettled from {from} to {to} runs one at \
                 a time"
            );
        }
    }

    /// The partition is given up; whether the others may go on for that.
    pub(super) fn forget(&mut self, partition: i32) -> bool {
        self.watched.remove(&partition);
        let held = self.asks == Some(partition);
        if held {
            self.give_back();
        }
        held
    }

    pub(super) fn give_back(&mut self) {
        self.member.give_back();
        (self.asks, self.is_alone) = (None, false);
    }
}
