//! The groups: the durable part of each, and what it committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::{Coded, Reader, put_len, put_str};
use crate::group::GroupSnapshot;
use crate::id::{Lsn, TopicId, TopicPartition};
use crate::record::{CommittedOffset, RecordError};

/// One group: members, offsets, or both.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupState {
    /// None for a group that only ever committed offsets.
    pub snapshot: Option<GroupSnapshot>,
    pub offsets: BTreeMap<TopicPartition, StoredOffset>,
    snapshot_changed: Lsn,
    /// Broker time of the snapshot: where it has no members, when the group became empty.
    snapshot_time_ms: i64,
    offsets_changed: Lsn,
}

impl GroupState {
    /// The offsets that have been of no use to anyone for `retention_ms` (KIP-211). The caller knows that the group has no
    /// members now; its offsets are kept from when it became empty, or from their commit where that came later. A group
    /// that never had members has only the commits to go by.
    pub fn expired(&self, now_ms: i64, retention_ms: i64) -> impl Iterator<Item = TopicPartition> {
        let empty_since_ms = self.snapshot.as_ref().map_or(i64::MIN, |_| self.snapshot_time_ms);
        let is_over =
            move |stored: &StoredOffset| now_ms.saturating_sub(stored.time_ms.max(empty_since_ms)) >= retention_ms;
        self.offsets.iter().filter(move |(_, stored)| is_over(stored)).map(|(at, _)| *at)
    }
}

/// A committed offset, as OffsetFetch answers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredOffset {
    pub offset: i64,
    /// -1 where the client gave none.
    pub leader_epoch: i32,
    pub metadata: String,
    /// Broker time of the commit.
    pub time_ms: i64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Groups {
    /// Shared with copies of the state, as the topics are.
    by_name: BTreeMap<Arc<str>, Arc<GroupState>>,
    /// The last deletion of a group: that a group is *not* there rests on it.
    deleted: Lsn,
    changed: Lsn,
}

impl Groups {
    pub(super) fn get(&self, group: &str) -> Option<&GroupState> {
        self.by_name.get(group).map(Arc::as_ref)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &GroupState)> {
        self.by_name.iter().map(|(name, group)| (&**name, &**group))
    }

    pub(super) fn changed(&self) -> Lsn {
        self.changed
    }

    pub(super) fn offsets_changed(&self, group: &str) -> Lsn {
        self.by_name.get(group).map_or(self.deleted, |group| group.offsets_changed)
    }

    pub(super) fn group_changed(&self, group: &str) -> Lsn {
        self.by_name.get(group).map_or(self.deleted, |group| group.snapshot_changed.max(group.offsets_changed))
    }

    pub(super) fn set(&mut self, snapshot: &GroupSnapshot, time_ms: i64, lsn: Lsn) {
        let group = self.entry(&snapshot.group, lsn);
        group.snapshot = Some(snapshot.clone());
        group.snapshot_changed = lsn;
        group.snapshot_time_ms = time_ms;
    }

    pub(super) fn delete(&mut self, group: &str, lsn: Lsn) {
        self.by_name.remove(group);
        self.deleted = lsn;
        self.changed = lsn;
    }

    pub(super) fn commit<'a>(
        &mut self,
        group: &str,
        commits: impl Iterator<Item = &'a CommittedOffset>,
        time_ms: i64,
        lsn: Lsn,
    ) {
        let group = self.entry(group, lsn);
        for commit in commits {
            group.offsets.insert(commit.at, StoredOffset::of(commit, time_ms));
        }
        group.offsets_changed = lsn;
    }

    pub(super) fn delete_offsets(&mut self, group: &str, partitions: &[TopicPartition], lsn: Lsn) {
        let Some(group) = self.by_name.get_mut(group).map(Arc::make_mut) else { return };
        for at in partitions {
            group.offsets.remove(at);
        }
        group.offsets_changed = lsn;
        self.changed = lsn;
    }

    /// A deleted topic's offsets go in every group: the id never comes back.
    pub(super) fn delete_topic(&mut self, topic: TopicId, lsn: Lsn) {
        for group in self.by_name.values_mut() {
            if group.offsets.keys().any(|at| at.topic == topic) {
                let group = Arc::make_mut(group);
                group.offsets.retain(|at, _| at.topic != topic);
                group.offsets_changed = lsn;
                self.changed = lsn;
            }
        }
    }

    /// A group made anew rests on the deletion of the one before it.
    fn entry(&mut self, group: &str, lsn: Lsn) -> &mut GroupState {
        self.changed = lsn;
        if !self.by_name.contains_key(group) {
            let new = GroupState { offsets_changed: self.deleted, ..GroupState::default() };
            self.by_name.insert(group.into(), Arc::new(new));
        }
        Arc::make_mut(self.by_name.entry(group.into()).or_default())
    }
}

impl StoredOffset {
    fn of(commit: &CommittedOffset, time_ms: i64) -> Self {
        StoredOffset {
            offset: commit.offset,
            leader_epoch: commit.leader_epoch,
            metadata: commit.metadata.clone(),
            time_ms,
        }
    }
}

impl Coded for StoredOffset {
    const MIN_BYTES: usize = 8 + 4 + 4 + 8;

    fn put(&self, out: &mut Vec<u8>) {
        self.offset.put(out);
        self.leader_epoch.put(out);
        self.metadata.put(out);
        self.time_ms.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(StoredOffset {
            offset: from.take()?,
            leader_epoch: from.take()?,
            metadata: from.take()?,
            time_ms: from.take()?,
        })
    }
}

impl Coded for GroupState {
    const MIN_BYTES: usize = 1 + 4 + 8 + 8 + 8;

    fn put(&self, out: &mut Vec<u8>) {
        self.snapshot.put(out);
        put_len(out, self.offsets.len());
        for (at, offset) in &self.offsets {
            at.put(out);
            offset.put(out);
        }
        self.snapshot_changed.put(out);
        self.snapshot_time_ms.put(out);
        self.offsets_changed.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let mut group = GroupState { snapshot: from.take()?, ..GroupState::default() };
        for _ in 0..from.count(TopicPartition::MIN_BYTES + StoredOffset::MIN_BYTES)? {
            group.offsets.insert(from.take()?, from.take()?);
        }
        group.snapshot_changed = from.take()?;
        group.snapshot_time_ms = from.take()?;
        group.offsets_changed = from.take()?;
        Ok(group)
    }
}

impl Coded for Groups {
    const MIN_BYTES: usize = 8 + 8 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.deleted.put(out);
        self.changed.put(out);
        put_len(out, self.by_name.len());
        for (name, group) in &self.by_name {
            put_str(out, name);
            group.put(out);
        }
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let mut groups = Groups { deleted: from.take()?, changed: from.take()?, ..Groups::default() };
        for _ in 0..from.count(4 + GroupState::MIN_BYTES)? {
            groups.by_name.insert(from.take::<String>()?.into(), from.take()?);
        }
        Ok(groups)
    }
}
