//! Topics and their records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::faults::Faults;
use super::group::Group;
use crate::boundary::BoxFuture;
use crate::log::{CommittedAt, LogError, Publish};
use crate::record::{Record, TopicId};
use crate::runtime::gate::Gate;

/// A cluster in memory. Clones share it.
#[derive(Clone)]
pub struct MemoryCluster {
    state: Arc<Mutex<State>>,
    id: Arc<str>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) topics: BTreeMap<String, Topic>,
    /// By group and topic: a member reads one topic.
    pub(super) groups: BTreeMap<(String, String), Group>,
    pub(super) faults: Faults,
    /// Its pipelines stand for one process.
    gate: Arc<Gate>,
    topics_made: u8,
}

pub(super) struct Topic {
    pub(super) id: TopicId,
    pub(super) partitions: Vec<Partition>,
}

#[derive(Default)]
pub(super) struct Partition {
    /// The offset of the first record that is left: those before it were deleted.
    pub(super) earliest: i64,
    /// The offset that the next record gets.
    next: i64,
    pub(super) records: Vec<Record>,
}

impl Partition {
    /// The offset that the next record gets.
    pub(super) fn end(&self) -> i64 {
        self.next
    }

    /// The records from this offset on; `None` where it is outside of the log.
    pub(super) fn from(&self, offset: i64) -> Option<&[Record]> {
        (self.earliest..=self.next).contains(&offset).then(|| &self.records[self.below(offset)..])
    }

    fn below(&self, offset: i64) -> usize {
        self.records.partition_point(|record| record.offset < offset)
    }
}

impl MemoryCluster {
    pub fn new() -> MemoryCluster {
        MemoryCluster::with_id("memory")
    }

    /// A cluster of this id: another id is another cluster.
    pub fn with_id(id: &str) -> MemoryCluster {
        MemoryCluster { state: Arc::default(), id: id.into() }
    }

    pub fn cluster_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// Makes a topic, or does nothing where it is there.
    pub fn create_topic(&self, name: &str, partitions: i32) {
        let mut state = self.lock();
        if state.topics.contains_key(name) {
            return;
        }
        state.topics_made += 1;
        let id = TopicId([state.topics_made; 16]);
        let partitions = (0..partitions.max(1)).map(|_| Partition::default()).collect();
        state.topics.insert(name.into(), Topic { id, partitions });
    }

    /// Deletes a topic, with what groups committed for it.
    pub fn delete_topic(&self, name: &str) {
        let mut state = self.lock();
        state.topics.remove(name);
        for ((_, topic), group) in &mut state.groups {
            if topic == name {
                group.committed.clear();
            }
        }
    }

    /// Another topic takes the name of one that is deleted, as if that was made again at once.
    pub fn make_again(&self, name: &str, from: &str) {
        let mut state = self.lock();
        if let Some(topic) = state.topics.remove(from) {
            state.topics.insert(name.into(), topic);
        }
    }

    /// Appends a record to its topic, which is made with one partition where it is missing. Records with a key go to
    /// the partition that the key's hash says, others to `record.partition`.
    pub fn append(&self, mut record: Record) -> (i32, i64) {
        self.create_topic(&record.topic, 1);
        let mut state = self.lock();
        let State { topics, groups, .. } = &mut *state;
        let Some(topic) = topics.get_mut(&*record.topic) else { return (0, 0) };
        let count = topic.partitions.len();
        let partition = match &record.key {
            Some(key) => onefold_core::lane::hash(key) as usize % count,
            None => record.partition as usize % count,
        };
        record.topic_id = topic.id;
        record.partition = partition as i32;
        record.offset = topic.partitions[partition].end();
        record.leader_epoch = Some(0);
        let place = (record.partition, record.offset);
        let name = record.topic.to_string();
        topic.partitions[partition].records.push(record);
        topic.partitions[partition].next += 1;
        groups.iter().filter(|((_, of), _)| *of == name).for_each(|(_, group)| group.wake_all());
        place
    }

    /// Appends what takes an offset and is no record, as the end of a transaction does.
    pub fn append_marker(&self, topic: &str, partition: i32) {
        let mut state = self.lock();
        let State { topics, groups, .. } = &mut *state;
        let Some(of) = topics.get_mut(topic).and_then(|of| of.partitions.get_mut(partition as usize)) else { return };
        of.next += 1;
        groups.iter().filter(|((_, of), _)| of == topic).for_each(|(_, group)| group.wake_all());
    }

    /// Deletes the records of a partition below this offset, as retention does.
    pub fn delete_records(&self, topic: &str, partition: i32, below: i64) {
        let mut state = self.lock();
        let Some(topic) = state.topics.get_mut(topic) else { return };
        let Some(partition) = topic.partitions.get_mut(partition as usize) else { return };
        let below = below.clamp(partition.earliest, partition.next);
        partition.records.drain(..partition.below(below));
        partition.earliest = below;
    }

    /// The topic's id and how many partitions it has.
    pub fn describe(&self, name: &str) -> Option<(TopicId, i32)> {
        self.lock().topics.get(name).map(|topic| (topic.id, topic.partitions.len() as i32))
    }

    /// All records of a topic, partition by partition.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let state = self.lock();
        let partitions = state.topics.get(topic).map(|topic| topic.partitions.as_slice()).unwrap_or_default();
        partitions.iter().flat_map(|partition| partition.records.iter().cloned()).collect()
    }

    /// The offset that a group committed, where it did.
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.commit_of(group, topic, partition)?.offset
    }

    /// What a group committed last, with its metadata.
    pub fn commit_of(&self, group: &str, topic: &str, partition: i32) -> Option<CommittedAt> {
        let state = self.lock();
        let group = state.groups.get(&(group.to_owned(), topic.to_owned()))?;
        group.committed.get(&partition).cloned()
    }

    /// The gate of all pipelines on it.
    pub(crate) fn gate_of_all(&self) -> Arc<Gate> {
        self.lock().gate.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for MemoryCluster {
    fn default() -> Self {
        MemoryCluster::new()
    }
}

impl Publish for MemoryCluster {
    fn publish(&self, record: Record) -> BoxFuture<'static, Result<(), LogError>> {
        let refused = self.refuses(&record);
        if refused.is_none() {
            self.append(record);
        }
        Box::pin(std::future::ready(refused.map_or(Ok(()), Err)))
    }

    fn ensure_topic(&self, topic: String, partitions: i32) -> BoxFuture<'static, Result<(), LogError>> {
        self.create_topic(&topic, partitions);
        Box::pin(std::future::ready(Ok(())))
    }
}
