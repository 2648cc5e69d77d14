//! What the model's states consist of.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::identity::TopicId;
use crate::progress::*;

/// A log that ends in control records and has one between its messages.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) messages: &'static [i64],
    /// From here on a leader change may cut it and write another message in place of the last.
    pub(super) cut: i64,
    pub(super) end: i64,
}

pub(super) const LONG: Log = Log { messages: &[0, 2, 3], cut: 3, end: 5 };
pub(super) const SHORT: Log = Log { messages: &[0, 2], cut: 2, end: 4 };
pub(super) const EARLIER: Assignment = Assignment(0);
pub(super) const CURRENT: Assignment = Assignment(1);
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Consumer {
    pub(super) progress: Option<PartitionProgress>,
    /// Records in the hands of handlers, by offset.
    pub(super) open: Vec<Ticket>,
    /// The same, of earlier assignments of this process.
    pub(super) stale: Vec<Ticket>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Committed {
    pub(super) offset: i64,
    pub(super) leader_epoch: Option<i32>,
    pub(super) metadata: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    /// Which of two ids the topic has. Made again, it gets the one that no commit names: ids never come back.
    pub(super) topic: u8,
    pub(super) cut: bool,
    /// Bit n: the effect of the n-th message, as it stands in the log now, happened.
    pub(super) effects: u8,
    pub(super) committed: Option<Committed>,
    pub(super) owner: Option<usize>,
    pub(super) consumers: [Consumer; 2],
    /// A record was skipped, or passed over by a restart, without its effect.
    pub(super) lost: bool,
}
impl Log {
    pub(super) fn effect_of(&self, offset: i64) -> u8 {
        self.messages.iter().position(|other| *other == offset).map_or(0, |index| 1 << index)
    }

    pub(super) fn undone_below(&self, world: &World, position: i64) -> bool {
        self.messages.iter().any(|offset| *offset < position && world.effects & self.effect_of(*offset) == 0)
    }
}
pub(super) fn topic_id(topic: u8) -> TopicId {
    TopicId([topic + 1; 16])
}

pub(super) fn topic_id_in(commit: &Committed) -> TopicId {
    let metadata = Some(commit.metadata.as_bytes());
    let fits = |topic: &u8| Saved::read(metadata, topic_id(*topic), commit.offset, commit.leader_epoch).is_ok();
    [0, 1].into_iter().find(fits).map_or(TopicId::UNKNOWN, topic_id)
}

pub(super) fn take(tickets: &mut Vec<Ticket>, offset: i64) -> Option<Ticket> {
    let at = tickets.iter().position(|ticket| ticket.offset == offset)?;
    Some(tickets.remove(at))
}

/// The consumer learns that its assignment is over; its handlers may still be at work.
pub(super) fn forget_assignment(consumer: &mut Consumer) {
    consumer.progress = None;
    for mut ticket in std::mem::take(&mut consumer.open) {
        ticket.assignment = EARLIER;
        if !consumer.stale.contains(&ticket) {
            consumer.stale.push(ticket);
        }
    }
    consumer.stale.sort_by_key(|ticket| (ticket.offset, ticket.place));
}

/// The two are alike, so that of two states that only swap them one is enough.
pub(super) fn order_consumers(world: &mut World) {
    let [first, second] = &world.consumers;
    if fingerprint(first) > fingerprint(second) {
        world.consumers.swap(0, 1);
        world.owner = world.owner.map(|owner| 1 - owner);
    }
}

pub(super) fn fingerprint(consumer: &Consumer) -> u64 {
    let mut hasher = DefaultHasher::new();
    consumer.hash(&mut hasher);
    hasher.finish()
}
