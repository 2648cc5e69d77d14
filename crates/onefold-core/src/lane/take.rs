//! What runs next, and what is dropped when a partition goes.

use super::chain::State;
use super::lanes::Lanes;
use super::load::Tally;
use super::slab::{NIL, Slot};

impl<T> Lanes<T> {
    /// The next record to run, if one is ready and the running budget has room. `admit` may hold it back (progress
    /// that has no room for another gap): its lane then waits for [`Lanes::admit_held`].
    pub fn next(&mut self, now_ms: u64, mut admit: impl FnMut(&T) -> bool) -> Option<Slot> {
        self.wake(now_ms);
        while let Some(lane_index) = self.ready.front().copied() {
            let Some(index) = self.ready_record(lane_index) else {
                self.ready.pop_front();
                continue;
            };
            let item = self.items.get(index)?;
            if !self.settings.running.admits(self.load.running, item.bytes) {
                return None;
            }
            self.ready.pop_front();
            if !admit(&item.value) {
                self.hold(lane_index);
            } else if let Some(identity) = item.identity
                && !self.identities.take(identity, index)
            {
                self.identities.wait(identity, lane_index);
                self.set_aside(lane_index, State::Identity(identity));
            } else {
                return Some(self.give_out(lane_index, index));
            }
        }
        self.load.judge(&self.settings);
        None
    }

    /// The record after `slot` in its lane, for a worker that runs the two one after the other and settles both or
    /// gives back the second with the first: a transaction of many records. Order holds since the worker keeps it.
    pub fn follower(&mut self, slot: Slot, mut admit: impl FnMut(&T) -> bool) -> Option<Slot> {
        let lane_index = self.items.checked(slot).filter(|item| item.is_out)?.lane;
        let lane = self.lanes.get(lane_index).filter(|lane| lane.park_after.is_none() && lane.next != NIL)?;
        let index = lane.next;
        let item = self.items.get(index)?;
        let free = item.identity.is_none_or(|identity| self.identities.is_free_for(identity, index));
        if !free || !self.settings.running.admits(self.load.running, item.bytes) || !admit(&item.value) {
            return None;
        }
        if let Some(identity) = item.identity {
            self.identities.take(identity, index);
        }
        Some(self.give_out(lane_index, index))
    }

    /// Whether anything could run now but for the running budget and `admit`.
    pub fn has_ready(&self, now_ms: u64) -> bool {
        !self.ready.is_empty() || self.next_due_ms().is_some_and(|due| due <= now_ms)
    }

    /// All that `admit` held back may be asked about again: a position moved. (When a record comes back, one that is
    /// held of its partition may be, without this.)
    pub fn admit_held(&mut self) {
        for lane_index in self.held.drain(..) {
            if let Some(lane) = self.lanes.get_mut(lane_index) {
                lane.state = State::Ready;
                self.ready.push_back(lane_index);
            }
        }
    }

    pub(super) fn admit_one_held(&mut self, partition: u32) {
        let Some(at) = self.held.iter().position(|index| self.is_of(*index, partition)) else { return };
        let lane_index = self.held.remove(at);
        if let Some(lane) = self.lanes.get_mut(lane_index) {
            lane.state = State::Ready;
            self.ready.push_back(lane_index);
        }
    }

    /// The partition goes: its records that are not out leave, oldest first within a key. Those that are out stay
    /// until they are settled, or parked: then they leave too. What arrives in the partition after this is another
    /// assignment's, and queues behind those of its key that are still out.
    pub fn drop_waiting(&mut self, partition: u32) -> Vec<T> {
        let lanes: Vec<u32> = self.lanes.indices().filter(|index| self.is_of(*index, partition)).collect();
        let of_partition = |index: &u32| self.lanes.get(*index).is_some_and(|lane| lane.partition == partition);
        self.ready.retain(|index| !of_partition(index));
        self.held.retain(|index| !of_partition(index));
        // First none of them waits for anything, then they lose their records: what a dropped record lets go of must
        // not wake one that is about to be dropped.
        for lane_index in &lanes {
            self.stop_waiting(*lane_index);
        }
        let mut dropped = Vec::new();
        for lane_index in lanes {
            self.drop_from_lane(lane_index, &mut dropped);
        }
        self.load.judge(&self.settings);
        dropped
    }

    pub(super) fn give_out(&mut self, lane_index: u32, index: u32) -> Slot {
        if let Some(lane) = self.lanes.get_mut(lane_index) {
            lane.state = State::Out;
            lane.give_out(&mut self.items);
        }
        let bytes = self.items.get(index).map_or(0, |item| item.bytes);
        self.load.queued.sub(Tally::one(bytes));
        self.load.running.add(Tally::one(bytes));
        self.load.judge(&self.settings);
        self.items.slot(index)
    }

    fn ready_record(&self, lane_index: u32) -> Option<u32> {
        self.lanes.get(lane_index).filter(|lane| lane.state == State::Ready).map(|lane| lane.next)
    }

    fn hold(&mut self, lane_index: u32) {
        if let Some(lane) = self.lanes.get_mut(lane_index) {
            lane.state = State::Held;
        }
        self.held.push(lane_index);
    }

    fn wake(&mut self, now_ms: u64) {
        while let Some((until, lane_index)) = self.timers.first().copied().filter(|(until, _)| *until <= now_ms) {
            self.timers.remove(&(until, lane_index));
            self.bring_back(lane_index);
        }
    }

    fn is_of(&self, lane_index: u32, partition: u32) -> bool {
        self.lanes.get(lane_index).is_some_and(|lane| lane.partition == partition)
    }

    fn stop_waiting(&mut self, lane_index: u32) {
        let Some(lane) = self.lanes.get_mut(lane_index) else { return };
        lane.park_after = None;
        match lane.state {
            State::Ready | State::Held | State::Out => return,
            State::Parked(until) => {
                self.timers.remove(&(until, lane_index));
            }
            State::Identity(identity) => self.identities.stop_waiting(identity, lane_index),
        }
        lane.state = State::Ready;
        self.load.unpark(lane.partition, lane.waiting);
        self.load.queued.add(lane.waiting);
    }

    fn drop_from_lane(&mut self, lane_index: u32, dropped: &mut Vec<T>) {
        while let Some(lane) = self.lanes.get_mut(lane_index) {
            let index = lane.next;
            let Some(item) = lane.unlink(&mut self.items, index) else { break };
            self.load.queued.sub(Tally::one(item.bytes));
            self.release(item.identity, index);
            dropped.push(item.value);
        }
        let Some(lane) = self.lanes.get(lane_index) else { return };
        lane.orphan(&mut self.items);
        if lane.is_empty() {
            self.end_lane(lane_index);
        }
    }
}
