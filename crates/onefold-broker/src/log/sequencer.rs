//! The one place where an LSN and what it numbers come into being together: one lock, one short section.

use super::Clock;
use onefold_broker_core::{Lsn, Record, Stamp, State};

/// What a decision may know beside the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Broker time in milliseconds since 1970; it never goes back while the log is open.
    pub time_ms: i64,
}

/// A record that has its place but is not yet in the journal.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) stamp: Stamp,
    pub(crate) record: Record,
    /// Bytes of its batches.
    pub(crate) batch_bytes: usize,
}

/// State and queue, behind one lock.
#[derive(Debug)]
pub(crate) struct Sequencer {
    pub(crate) state: State,
    queue: Vec<Queued>,
    clock: Clock,
    last_ms: i64,
    /// Set while a record is being applied: found set, the state is half of something.
    applying: bool,
}

impl Sequencer {
    pub(crate) fn new(state: State, clock: Clock, last_ms: i64) -> Sequencer {
        Sequencer { state, queue: Vec::new(), clock, last_ms, applying: false }
    }

    pub(crate) fn now(&mut self) -> Now {
        self.last_ms = self.last_ms.max(self.clock.now_ms());
        Now { time_ms: self.last_ms }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.applying
    }

    /// Applies the record and queues it. Whether the queue was empty before, so that someone must be woken.
    pub(crate) fn push(&mut self, now: Now, record: Record, batch_bytes: usize) -> (Lsn, bool) {
        let lsn = self.state.lsn().next();
        let stamp = Stamp { lsn, start_epoch: self.state.leader_epoch(), time_ms: now.time_ms };
        self.applying = true;
        self.state.apply(&stamp, &record);
        self.applying = false;
        let first = self.queue.is_empty();
        self.queue.push(Queued { stamp, record, batch_bytes });
        (lsn, first)
    }

    /// Whether anything waits.
    pub(crate) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// All that waits, for one group.
    pub(crate) fn take(&mut self) -> Vec<Queued> {
        std::mem::take(&mut self.queue)
    }
}

/// The bytes of a record's batches: what it holds in memory until it is in a segment.
pub(crate) fn batch_bytes(record: &Record) -> usize {
    match record {
        Record::Appended(appends) => appends.iter().map(|append| append.batch.len()).sum(),
        _ => 0,
    }
}
