//! The lanes of one pipeline: what arrives, what is settled, what goes back.

use std::collections::{BTreeSet, VecDeque};

use super::chain::{Item, Lane, State};
use super::identities::Identities;
use super::key::Map;
use super::load::{Full, Load, Tally};
use super::settings::{LaneSettings, Order};
use super::slab::{Slab, Slot};

/// What the lanes must know about a record that was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// A small number of the shell's own, dense: one per assigned partition of any topic.
    pub partition: u32,
    /// [`hash`](super::hash) of the record's key, if it has one.
    pub key: Option<u64>,
    /// [`hash`](super::hash) of the record's identity, where two records may carry the same one.
    pub identity: Option<u64>,
    pub bytes: u32,
}

/// Delivered and not settled records of a pipeline, by key. `T` is what the shell needs to run one.
#[derive(Clone, Debug)]
pub struct Lanes<T> {
    pub(super) settings: LaneSettings,
    pub(super) items: Slab<Item<T>>,
    pub(super) lanes: Slab<Lane>,
    pub(super) by_key: Map<(u32, u64), u32>,
    pub(super) ready: VecDeque<u32>,
    pub(super) held: Vec<u32>,
    pub(super) timers: BTreeSet<(u64, u32)>,
    pub(super) identities: Identities,
    pub(super) load: Load,
}

impl<T> Lanes<T> {
    pub fn new(settings: LaneSettings) -> Lanes<T> {
        Lanes {
            settings,
            items: Slab::default(),
            lanes: Slab::default(),
            by_key: Map::default(),
            ready: VecDeque::new(),
            held: Vec::new(),
            timers: BTreeSet::new(),
            identities: Identities::default(),
            load: Load::default(),
        }
    }

    /// A record was delivered; it queues behind those of its key. Never refused: see [`Lanes::full`].
    pub fn arrive(&mut self, arrival: Arrival, value: T) -> Slot {
        let lane_index = self.lane_for(arrival);
        let slot = self.items.insert(Item::new(value, lane_index, arrival.bytes, arrival.identity));
        if let Some(lane) = self.lanes.get_mut(lane_index) {
            lane.push(&mut self.items, slot.index);
            if lane.state.counts_as_parked() {
                self.load.park(lane.partition, Tally::one(arrival.bytes));
            } else {
                self.load.queued.add(Tally::one(arrival.bytes));
            }
        }
        self.load.judge(&self.settings);
        slot
    }

    /// Whether a record that comes now may run now: nothing of its key is unfinished, nobody has its identity, and the
    /// running budget has room.
    pub fn is_free(&self, arrival: &Arrival) -> bool {
        let key = self.key_of(arrival);
        key.is_none_or(|key| self.by_key.is_empty() || !self.by_key.contains_key(&key))
            && arrival.identity.is_none_or(|identity| !self.identities.is_held(identity))
            && self.settings.running.admits(self.load.running, arrival.bytes)
    }

    /// A record was delivered and is given out at once; only where [`Lanes::is_free`] says so.
    pub fn arrive_out(&mut self, arrival: Arrival, value: T) -> Slot {
        let slot = self.arrive(arrival, value);
        // Its lane is new, and the last of the ready ones.
        if let Some(lane_index) = self.ready.pop_back() {
            if let Some(identity) = arrival.identity {
                self.identities.take(identity, slot.index);
            }
            self.give_out(lane_index, slot.index);
        }
        slot
    }

    /// The record is done with: its key's next one may run. `None` for a record that is not out.
    pub fn settle(&mut self, slot: Slot) -> Option<T> {
        let lane_index = self.items.checked(slot).filter(|item| item.is_out)?.lane;
        let value = self.leave(lane_index, slot.index)?;
        self.came_back(lane_index);
        Some(value)
    }

    /// The record is to run again, not before `until_ms`; its followers wait with it. Those of its key that were
    /// taken after it go back too and must not take effect. A record whose partition went ([`Lanes::drop_waiting`])
    /// leaves instead: its next owner has it. False for a record that is not out.
    pub fn park(&mut self, slot: Slot, until_ms: u64) -> bool {
        let Some(item) = self.items.checked(slot).filter(|item| item.is_out) else { return false };
        let (lane_index, is_orphan) = (item.lane, item.is_orphan);
        for index in self.out_from(slot.index) {
            self.take_back(lane_index, index, index == slot.index);
        }
        if let Some(lane) = self.lanes.get_mut(lane_index).filter(|_| !is_orphan) {
            lane.park_after = Some(lane.park_after.map_or(until_ms, |earlier| earlier.max(until_ms)));
        }
        self.came_back(lane_index);
        true
    }

    /// Whether, and why, this partition should deliver no more for now.
    pub fn full(&self, partition: u32) -> Option<Full> {
        self.load.full(partition)
    }

    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.items.checked(slot).map(|item| &item.value)
    }

    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.items.checked_mut(slot).map(|item| &mut item.value)
    }

    /// Given out and neither settled nor given back.
    pub fn running(&self) -> Tally {
        self.load.running
    }

    /// Ready, or behind one of their key that runs.
    pub fn queued(&self) -> Tally {
        self.load.queued
    }

    /// Waiting for another attempt, or behind one that does.
    pub fn parked(&self) -> Tally {
        self.load.parked
    }

    /// What of it is of this partition.
    pub fn parked_of(&self, partition: u32) -> Tally {
        self.load.parked_of(partition)
    }

    /// How many keys wait for another attempt.
    pub fn parked_lanes(&self) -> usize {
        self.timers.len()
    }

    /// When the next parked record is due, on the clock of `park`.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.timers.first().map(|(until, _)| *until)
    }

    /// All that arrived and is not settled: running, ready, or waiting.
    pub fn unsettled(&self) -> usize {
        self.load.running.records + self.load.queued.records + self.load.parked.records
    }

    pub fn is_empty(&self) -> bool {
        self.unsettled() == 0
    }

    fn key_of(&self, arrival: &Arrival) -> Option<(u32, u64)> {
        match self.settings.order {
            Order::Key => arrival.key.map(|key| (arrival.partition, key)),
            Order::Partition => Some((arrival.partition, 0)),
            Order::None => None,
        }
    }

    fn lane_for(&mut self, arrival: Arrival) -> u32 {
        let key = self.key_of(&arrival);
        if let Some(lane) = key.and_then(|key| self.by_key.get(&key)) {
            return *lane;
        }
        let index = self.lanes.insert(Lane::new(key, arrival.partition)).index;
        if let Some(key) = key {
            self.by_key.insert(key, index);
        }
        self.ready.push_back(index);
        index
    }

    /// This record and those of its lane that were given out after it, newest first.
    fn out_from(&self, first: u32) -> Vec<u32> {
        let mut out = vec![first];
        let mut at = self.items.get(first).map(|item| item.newer);
        while let Some((index, item)) = at.and_then(|index| self.items.get(index).map(|item| (index, item))) {
            if !item.is_out {
                break;
            }
            out.push(index);
            at = Some(item.newer);
        }
        out.reverse();
        out
    }

    /// A record that is out leaves for good.
    fn leave(&mut self, lane_index: u32, index: u32) -> Option<T> {
        let item = self.lanes.get_mut(lane_index)?.unlink(&mut self.items, index)?;
        self.load.running.sub(Tally::one(item.bytes));
        self.release(item.identity, index);
        Some(item.value)
    }

    fn take_back(&mut self, lane_index: u32, index: u32, keeps_identity: bool) {
        if self.items.get(index).is_some_and(|item| item.is_orphan) {
            self.leave(lane_index, index);
            return;
        }
        let Some(lane) = self.lanes.get_mut(lane_index) else { return };
        lane.take_back(&mut self.items, index);
        let Some((bytes, identity)) = self.items.get(index).map(|item| (item.bytes, item.identity)) else { return };
        self.load.running.sub(Tally::one(bytes));
        self.load.queued.add(Tally::one(bytes));
        // The one that failed may have had a part of its effect; those after it had none.
        if !keeps_identity {
            self.release(identity, index);
        }
    }

    /// Something of the lane is not out any more.
    fn came_back(&mut self, lane_index: u32) {
        // One less runs, so one that progress had no room for may be asked about again.
        if let Some(lane) = self.lanes.get(lane_index).filter(|_| !self.held.is_empty()) {
            self.admit_one_held(lane.partition);
        }
        if self.lanes.get(lane_index).is_some_and(|lane| lane.out == 0) {
            self.last_came_back(lane_index);
        }
        self.load.judge(&self.settings);
    }

    /// Nothing of the lane is out any more: it waits, is ready, or ends.
    fn last_came_back(&mut self, lane_index: u32) {
        let Some(lane) = self.lanes.get_mut(lane_index) else { return };
        if lane.is_empty() {
            self.end_lane(lane_index);
        } else if let Some(until) = lane.park_after.take() {
            self.timers.insert((until, lane_index));
            self.set_aside(lane_index, State::Parked(until));
        } else {
            lane.state = State::Ready;
            self.ready.push_back(lane_index);
        }
    }

    pub(super) fn end_lane(&mut self, lane_index: u32) {
        if let Some(key) = self.lanes.remove(lane_index).and_then(|lane| lane.key) {
            self.by_key.remove(&key);
        }
    }

    /// From the queued ones to the parked ones.
    pub(super) fn set_aside(&mut self, lane_index: u32, state: State) {
        let Some(lane) = self.lanes.get_mut(lane_index) else { return };
        lane.state = state;
        self.load.queued.sub(lane.waiting);
        self.load.park(lane.partition, lane.waiting);
    }

    /// From the parked ones to the ready ones.
    pub(super) fn bring_back(&mut self, lane_index: u32) {
        let Some(lane) = self.lanes.get_mut(lane_index) else { return };
        lane.state = State::Ready;
        self.load.unpark(lane.partition, lane.waiting);
        self.load.queued.add(lane.waiting);
        self.ready.push_back(lane_index);
    }

    pub(super) fn release(&mut self, identity: Option<u64>, index: u32) {
        let Some(identity) = identity else { return };
        for lane_index in self.identities.release(identity, index) {
            self.bring_back(lane_index);
        }
    }
}
