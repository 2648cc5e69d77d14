//! All groups of the broker, and the books of time and memory.
//!
//! Ticks cost what is due, not what exists: each group stands in one ordered set with the earliest moment at which time
//! could matter to it. Heartbeats only move that moment later, so they leave the set alone; a group that is looked at too
//! early is put back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::group::Group;
use super::limits;
use super::step::Step;
use super::{GroupEffect, GroupError, GroupSettings, GroupSnapshot};
use crate::id::Lsn;

/// Every group, and the rules they live by. Pure: time comes in with each call (monotonic milliseconds, any origin).
#[derive(Debug, Clone)]
pub struct Coordinator {
    pub(super) settings: GroupSettings,
    pub(super) groups: BTreeMap<Arc<str>, Slot>,
    timers: BTreeSet<(u64, Arc<str>)>,
    total_bytes: usize,
    /// The newest deletion: what "no such group" depends on.
    pub(super) deleted: Lsn,
}

/// One group's place in the books.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub group: Group,
    /// The newest record that holds this group's durable part.
    pub changed: Lsn,
    wake_ms: Option<u64>,
    bytes: usize,
}

impl Coordinator {
    pub fn new(settings: GroupSettings) -> Coordinator {
        Coordinator {
            settings,
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
            total_bytes: 0,
            deleted: Lsn::default(),
        }
    }

    /// After a recovery, before the first request: every clock starts at `now_ms` (G4). Bounds that were lowered since do
    /// not drop what is there.
    pub fn restore(
        settings: GroupSettings,
        snapshots: impl IntoIterator<Item = GroupSnapshot>,
        now_ms: u64,
    ) -> Coordinator {
        let mut coordinator = Coordinator::new(settings);
        let mut none = Vec::new();
        for snapshot in snapshots {
            let cx = Step { now_ms, settings: &coordinator.settings, room: 0, out: &mut none };
            let group = Group::restore(snapshot, &cx);
            coordinator.insert(group);
        }
        coordinator
    }

    /// When to send the next `Tick`: no later than this, and it may change with every call.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.first().map(|(at_ms, _)| *at_ms)
    }

    /// Lets one group decide, and puts its time and memory in the books. Nothing if there is no such group.
    pub(super) fn with<R>(
        &mut self,
        now_ms: u64,
        name: &str,
        out: &mut Vec<GroupEffect>,
        decide: impl FnOnce(&mut Group, &mut Step) -> R,
    ) -> Option<R> {
        let slot = self.groups.get_mut(name)?;
        let room = self.settings.max_total_bytes.saturating_sub(self.total_bytes);
        let result = decide(&mut slot.group, &mut Step { now_ms, settings: &self.settings, room, out });
        self.settle(name);
        Some(result)
    }

    /// The same where neither time nor memory can have changed for worse: heartbeats and commits, the most frequent calls.
    pub(super) fn with_lightly<R>(
        &mut self,
        now_ms: u64,
        name: &str,
        decide: impl FnOnce(&mut Group, &Step) -> R,
    ) -> Option<R> {
        let slot = self.groups.get_mut(name)?;
        let cx = Step { now_ms, settings: &self.settings, room: 0, out: &mut Vec::new() };
        Some(decide(&mut slot.group, &cx))
    }

    /// An empty group under a new name. It stays only if something is made durable for it or somebody may join it.
    pub(super) fn create(&mut self, now_ms: u64, name: &str) -> Result<(), GroupError> {
        limits::check_length(name)?;
        if self.groups.len() >= self.settings.max_groups {
            return Err(GroupError::GroupMaxSizeReached);
        }
        self.insert(Group::new(name.into(), now_ms));
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Slot> {
        let slot = self.groups.remove(name)?;
        self.total_bytes -= slot.bytes;
        if let Some(at_ms) = slot.wake_ms {
            self.timers.remove(&(at_ms, slot.group.id.clone()));
        }
        Some(slot)
    }

    /// Everything that is due, each group once.
    pub(super) fn tick(&mut self, now_ms: u64, out: &mut Vec<GroupEffect>) {
        let due: Vec<Arc<str>> =
            self.timers.iter().take_while(|(at_ms, _)| *at_ms <= now_ms).map(|(_, id)| id.clone()).collect();
        for id in due {
            self.with(now_ms, &id, out, |group, cx| group.expire(cx));
        }
    }

    fn insert(&mut self, group: Group) {
        let id = group.id.clone();
        let slot = Slot { group, changed: self.deleted, wake_ms: None, bytes: 0 };
        self.groups.insert(id.clone(), slot);
        if self.groups.get(&id).is_some_and(|slot| slot.group.durable) {
            self.settle(&id);
        }
    }

    fn settle(&mut self, name: &str) {
        let Some(slot) = self.groups.get_mut(name) else { return };
        if slot.group.has_no_trace() {
            self.remove(name);
            return;
        }
        let bytes = slot.group.roster.bytes() + slot.group.pending_bytes();
        self.total_bytes = self.total_bytes - slot.bytes + bytes;
        slot.bytes = bytes;
        let wake_ms = slot.group.earliest_ms();
        if wake_ms != slot.wake_ms {
            let id = slot.group.id.clone();
            if let Some(old_ms) = std::mem::replace(&mut slot.wake_ms, wake_ms) {
                self.timers.remove(&(old_ms, id.clone()));
            }
            self.timers.extend(wake_ms.map(|at_ms| (at_ms, id)));
        }
    }
}
