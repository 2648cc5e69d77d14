//! One delivered record, from its intake until it is finished.

use std::sync::Arc;

use onefold_core::attempt::Tries;
use onefold_core::identity::Identity;
use onefold_core::progress::Ticket;

use crate::record::Record;

/// What the lanes hold of a record.
pub(super) struct Task {
    pub(super) record: Arc<Record>,
    pub(super) ticket: Ticket,
    /// No record is between this offset and the record's own.
    pub(super) gap_start: i64,
    /// What keeps order with it, for a worker that runs several of one lane.
    pub(super) lane: u64,
    /// The owner epoch of the assignment that it was delivered under, whoever has the partition by now.
    pub(super) epoch: i64,
    pub(super) identity: Identity,
    /// Set where the identity is remembered.
    pub(super) digest: Option<[u8; 16]>,
    pub(super) tries: Tries,
    pub(super) work: Work,
    /// Its effect is there; what is left of it is the mark of its id.
    pub(super) is_done: bool,
}

/// What is to happen with it next.
pub(super) enum Work {
    /// The effect.
    Run,
    /// Nothing but the position: it is not for this pipeline.
    Pass,
    /// It died at intake: to be buried, unless the flood guard holds it back.
    Doomed(Box<crate::dead_letter::Reason>),
    /// It is dead; this letter is to be stored or published.
    Bury(Arc<Letter>),
}

pub(super) struct Letter {
    pub(super) record: Record,
    pub(super) reason: crate::dead_letter::Reason,
    /// Publishing it has failed so many times.
    pub(super) failed: std::sync::atomic::AtomicU32,
}
