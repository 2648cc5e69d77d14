//! A lane and its chain of records, oldest first: those that are out, then those that wait.

use super::load::Tally;
use super::slab::{NIL, Slab};

#[derive(Clone, Debug)]
pub(super) struct Item<T> {
    pub(super) value: T,
    pub(super) lane: u32,
    pub(super) bytes: u32,
    pub(super) identity: Option<u64>,
    /// Given out to run, and neither settled nor given back.
    pub(super) is_out: bool,
    /// Its partition went while it was out: it comes again by a delivery, so it never goes back to wait.
    pub(super) is_orphan: bool,
    older: u32,
    pub(super) newer: u32,
}

impl<T> Item<T> {
    pub(super) fn new(value: T, lane: u32, bytes: u32, identity: Option<u64>) -> Item<T> {
        Item { value, lane, bytes, identity, is_out: false, is_orphan: false, older: NIL, newer: NIL }
    }
}

/// What a lane with waiting records waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Its next record may run; it stands in the queue of such lanes.
    Ready,
    /// The shell did not admit its next record; it stands among such lanes.
    Held,
    /// Some of its records are out.
    Out,
    /// For the next attempt, at this time.
    Parked(u64),
    /// For the record that holds the identity of its next one.
    Identity(u64),
}

impl State {
    /// Whether its records count against the parked budget: another record's failures are why they wait.
    pub(super) fn counts_as_parked(self) -> bool {
        matches!(self, State::Parked(_) | State::Identity(_))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// `None`: a lane for one record, which nobody looks up.
    pub(super) key: Option<(u32, u64)>,
    pub(super) partition: u32,
    pub(super) state: State,
    pub(super) oldest: u32,
    newest: u32,
    /// The oldest that is not out.
    pub(super) next: u32,
    pub(super) out: usize,
    /// All of its records that are not out.
    pub(super) waiting: Tally,
    /// When those that are out are settled, wait until then.
    pub(super) park_after: Option<u64>,
}

impl Lane {
    pub(super) fn new(key: Option<(u32, u64)>, partition: u32) -> Lane {
        Lane {
            key,
            partition,
            state: State::Ready,
            oldest: NIL,
            newest: NIL,
            next: NIL,
            out: 0,
            waiting: Tally::default(),
            park_after: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.oldest == NIL
    }

    pub(super) fn push<T>(&mut self, items: &mut Slab<Item<T>>, index: u32) {
        if let Some(newest) = items.get_mut(self.newest) {
            newest.newer = index;
        } else {
            self.oldest = index;
        }
        if let Some(item) = items.get_mut(index) {
            item.older = self.newest;
            self.waiting.add(Tally::one(item.bytes));
        }
        self.newest = index;
        if self.next == NIL {
            self.next = index;
        }
    }

    /// Gives out the next record.
    pub(super) fn give_out<T>(&mut self, items: &mut Slab<Item<T>>) {
        if let Some(item) = items.get_mut(self.next) {
            item.is_out = true;
            self.waiting.sub(Tally::one(item.bytes));
            self.out += 1;
            self.next = item.newer;
        }
    }

    /// Takes a record back that was given out; all that were given out after it must have come back before.
    pub(super) fn take_back<T>(&mut self, items: &mut Slab<Item<T>>, index: u32) {
        if let Some(item) = items.get_mut(index) {
            item.is_out = false;
            self.waiting.add(Tally::one(item.bytes));
            self.out -= 1;
            self.next = index;
        }
    }

    /// Marks what is out.
    pub(super) fn orphan<T>(&self, items: &mut Slab<Item<T>>) {
        let mut at = self.oldest;
        while let Some(item) = items.get_mut(at).filter(|item| item.is_out) {
            item.is_orphan = true;
            at = item.newer;
        }
    }

    /// Removes a record from anywhere in the chain.
    pub(super) fn unlink<T>(&mut self, items: &mut Slab<Item<T>>, index: u32) -> Option<Item<T>> {
        let item = items.remove(index)?;
        match items.get_mut(item.older) {
            Some(older) => older.newer = item.newer,
            None => self.oldest = item.newer,
        }
        match items.get_mut(item.newer) {
            Some(newer) => newer.older = item.older,
            None => self.newest = item.older,
        }
        if self.next == index {
            self.next = item.newer;
        }
        if item.is_out {
            self.out -= 1;
        } else {
            self.waiting.sub(Tally::one(item.bytes));
        }
        Some(item)
    }
}
