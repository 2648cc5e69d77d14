//! What the journal's records add up to.
//!
//! One [`State`] is built the same way live, at recovery, and from a checkpoint: by [`State::apply`], which never validates,
//! never decides and never reads a clock. So the state after record n is a function of records 1 to n, and a checkpoint of
//! it at any record, replayed from there, gives the same again.
//!
//! What must not be here: anything that is not in the journal (high watermarks, who waits, connections). The one exception
//! is [`unsettled`](State::settle), which a restart does not need and a checkpoint does not hold.

mod apply;
mod groups;
mod hasher;
mod snapshot;
mod topics;
mod transactions;

pub use groups::{GroupState, StoredOffset};
pub use topics::Topics;
pub use transactions::TransactionalId;

use std::collections::BTreeMap;
use std::sync::Arc;

use groups::Groups;
use transactions::Unsettled;

use crate::group::GroupSnapshot;
use crate::id::{Lsn, TopicId, TopicPartition};
use crate::partition::Partition;
use crate::record::Record;
use crate::topic::Topic;

/// A clone is cheap, though not free: it shares topics, partitions and groups with its original until either changes them.
#[derive(Clone, Debug, Default)]
pub struct State {
    lsn: Lsn,
    leader_epoch: i32,
    topics: Topics,
    groups: Groups,
    producer_id_next: i64,
    producer_ids_changed: Lsn,
    transactional_ids: BTreeMap<Arc<str>, TransactionalId>,
    unsettled: Unsettled,
}

/// How many expiries one record holds at most: a partition may have known very many producers.
const EXPIRIES_A_RECORD: usize = 10_000;

impl State {
    pub fn new() -> Self {
        State::default()
    }

    /// The last record applied.
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// The leader epoch of every partition: the number of the current start.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    pub fn topic_by_name(&self, name: &str) -> Option<&Topic> {
        self.topics.by_name(name)
    }

    pub fn topic_by_id(&self, id: TopicId) -> Option<&Topic> {
        self.topics.by_id(id)
    }

    /// In order. Cheaper than going through the topics.
    pub fn topic_names(&self) -> impl Iterator<Item = &str> {
        self.topics.names()
    }

    /// Of all topics together.
    pub fn partition_count(&self) -> usize {
        self.topics.partition_count()
    }

    /// By name.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.iter()
    }

    pub fn partition(&self, at: TopicPartition) -> Option<&Partition> {
        self.topics.by_id(at.topic)?.partition(at.partition)
    }

    /// The last record that made, changed or deleted a topic: Metadata and CreateTopics answer when it is durable.
    pub fn topics_changed(&self) -> Lsn {
        self.topics.changed()
    }

    /// A group that has members or offsets.
    pub fn group(&self, group: &str) -> Option<&GroupState> {
        self.groups.get(group)
    }

    /// By name.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &GroupState)> {
        self.groups.iter()
    }

    /// The durable part of each group, to restore a coordinator from.
    pub fn group_snapshots(&self) -> impl Iterator<Item = &GroupSnapshot> {
        self.groups.iter().filter_map(|(_, group)| group.snapshot.as_ref())
    }

    /// The group's committed offset for each partition; empty for a group that is not known.
    pub fn group_offsets(&self, group: &str) -> &BTreeMap<TopicPartition, StoredOffset> {
        static NONE: BTreeMap<TopicPartition, StoredOffset> = BTreeMap::new();
        self.groups.get(group).map_or(&NONE, |group| &group.offsets)
    }

    /// The last record that an OffsetFetch of this group depends on, whether it holds offsets or had them deleted.
    pub fn offsets_changed(&self, group: &str) -> Lsn {
        self.groups.offsets_changed(group)
    }

    /// The last record that a description of this group depends on, whether it exists or was deleted.
    pub fn group_changed(&self, group: &str) -> Lsn {
        self.groups.group_changed(group)
    }

    /// The last record that changed any group: ListGroups depends on it.
    pub fn groups_changed(&self) -> Lsn {
        self.groups.changed()
    }

    /// The first producer id that no start has reserved yet.
    pub fn producer_id_next(&self) -> i64 {
        self.producer_id_next
    }

    /// The last reservation: ids below [`State::producer_id_next`] may be handed out when it is durable.
    pub fn producer_ids_changed(&self) -> Lsn {
        self.producer_ids_changed
    }

    pub fn transactional_id(&self, id: &str) -> Option<&TransactionalId> {
        self.transactional_ids.get(id)
    }

    /// The last stable offset under `high_watermark`: the least of it, of the first offset of any open transaction, and of
    /// the first offset of any that has ended but whose marker lies at or above the high watermark (L1).
    pub fn last_stable_offset(&self, at: TopicPartition, high_watermark: i64) -> Option<i64> {
        let partition = self.partition(at)?;
        let open = partition.first_open_transaction().unwrap_or(i64::MAX);
        let ended = self.unsettled.first_at(at, high_watermark).unwrap_or(i64::MAX);
        Some(high_watermark.min(open).min(ended.max(partition.log_start())))
    }

    /// Tells that everything up to `durable` is: ended transactions below it no longer hold back their partitions. Whoever
    /// publishes the high watermark calls this with it; it is no part of what the journal adds up to.
    pub fn settle(&mut self, durable: Lsn) {
        self.unsettled.settle(durable);
    }

    /// The expiries due at `now_ms` of broker time as a record for the journal; none when nothing is due.
    pub fn expiries_due(&self, now_ms: i64) -> Option<Record> {
        let due: Vec<(TopicPartition, i64)> = self
            .topics
            .partitions()
            .flat_map(|(at, partition)| partition.producers().due(now_ms).map(move |id| (at, id)))
            .take(EXPIRIES_A_RECORD)
            .collect();
        (!due.is_empty()).then_some(Record::ProducersExpired(due))
    }
}

/// Equal as far as the journal goes.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.lsn == other.lsn
            && self.leader_epoch == other.leader_epoch
            && self.topics == other.topics
            && self.groups == other.groups
            && self.producer_id_next == other.producer_id_next
            && self.producer_ids_changed == other.producer_ids_changed
            && self.transactional_ids == other.transactional_ids
    }
}

impl Eq for State {}
