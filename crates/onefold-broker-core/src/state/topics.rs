//! The topics, by id and by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::hasher::TopicIdHasher;
use crate::codec::{Coded, Reader};
use crate::id::{Lsn, TopicId, TopicPartition};
use crate::partition::Partition;
use crate::record::RecordError;
use crate::topic::Topic;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Topics {
    /// What a copy of the state shares with it until it changes: a checkpoint's copy is taken while all wait.
    by_id: HashMap<TopicId, Arc<Topic>, TopicIdHasher>,
    /// Also the order in which topics are listed.
    by_name: Arc<BTreeMap<Arc<str>, TopicId>>,
    /// Of all topics. Each creation asks for it, so it is kept rather than counted.
    partition_count: usize,
    changed: Lsn,
}

impl Topics {
    pub(super) fn by_id(&self, id: TopicId) -> Option<&Topic> {
        self.by_id.get(&id).map(Arc::as_ref)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Topic> {
        self.by_id(*self.by_name.get(name)?)
    }

    pub(super) fn partition_mut(&mut self, at: TopicPartition) -> Option<&mut Partition> {
        Arc::make_mut(self.by_id.get_mut(&at.topic)?).partition_mut(at.partition)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    pub(super) fn partition_count(&self) -> usize {
        self.partition_count
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values().filter_map(|id| self.by_id(*id))
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &Partition)> {
        self.iter().flat_map(|topic| {
            (0i32..)
                .zip(&topic.partitions)
                .map(|(number, partition)| (TopicPartition::new(topic.id, number), &**partition))
        })
    }

    pub(super) fn begin_epoch(&mut self, leader_epoch: i32) {
        // The order does not matter: each partition changes on its own.
        for partition in self.by_id.values_mut().flat_map(|topic| &mut Arc::make_mut(topic).partitions) {
            Arc::make_mut(partition).begin_epoch(leader_epoch);
        }
    }

    /// A topic that has its id or its name goes: no record makes that happen, and the two tables must agree whatever comes.
    pub(super) fn insert(&mut self, topic: Topic, changed: Lsn) {
        self.remove(topic.id, changed);
        if let Some(displaced) = Arc::make_mut(&mut self.by_name).insert(Arc::clone(&topic.name), topic.id) {
            let displaced = self.by_id.remove(&displaced);
            self.partition_count -= displaced.map_or(0, |topic| topic.partitions.len());
        }
        self.partition_count += topic.partitions.len();
        self.by_id.insert(topic.id, Arc::new(topic));
        self.changed = changed;
    }

    /// Adds empty partitions to a topic until it has `total`.
    pub(super) fn grow(&mut self, id: TopicId, total: i32, leader_epoch: i32, changed: Lsn) {
        let Some(topic) = self.changing(id, changed) else { return };
        let before = topic.partitions.len();
        topic.grow(total, leader_epoch, changed);
        let added = topic.partitions.len() - before; // partitions never become fewer
        self.partition_count += added;
    }

    /// The topic, to be changed by record `changed`. Its partitions grow by [`Topics::grow`] only, which counts them.
    pub(super) fn changing(&mut self, id: TopicId, changed: Lsn) -> Option<&mut Topic> {
        let topic = self.by_id.get_mut(&id)?;
        self.changed = changed;
        Some(Arc::make_mut(topic))
    }

    pub(super) fn remove(&mut self, id: TopicId, changed: Lsn) {
        let Some(topic) = self.by_id.remove(&id) else { return };
        self.partition_count -= topic.partitions.len();
        Arc::make_mut(&mut self.by_name).remove(&topic.name);
        self.changed = changed;
    }

    pub(super) fn changed(&self) -> Lsn {
        self.changed
    }
}

impl Coded for Topics {
    const MIN_BYTES: usize = 12;

    fn put(&self, out: &mut Vec<u8>) {
        self.changed.put(out);
        crate::codec::put_len(out, self.by_name.len());
        self.iter().for_each(|topic| topic.put(out));
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let changed = from.take()?;
        let mut topics = Topics::default();
        for _ in 0..from.count(Topic::MIN_BYTES)? {
            topics.insert(from.take()?, changed);
        }
        topics.changed = changed;
        Ok(topics)
    }
}

#[cfg(test)]
mod tests {
    use super::{Topic, TopicId, Topics};
    use crate::id::Lsn;

    fn topic(id: u8, name: &str, partitions: i32) -> Topic {
        let mut topic = Topic::new(TopicId([id; 16]), name, &[], Lsn(1));
        topic.grow(partitions, 0, Lsn(1));
        topic
    }

    fn count(topics: &Topics) -> usize {
        let counted = topics.iter().map(|topic| topic.partitions.len()).sum();
        assert_eq!(topics.partition_count(), counted);
        assert_eq!(topics.names().count(), topics.iter().count());
        counted
    }

    #[test]
    fn the_number_of_partitions_is_that_of_all_topics() {
        let mut topics = Topics::default();
        topics.insert(topic(1, "a", 3), Lsn(1));
        topics.insert(topic(2, "b", 4), Lsn(2));
        assert_eq!(count(&topics), 7);
        topics.grow(TopicId([1; 16]), 5, 0, Lsn(3));
        topics.grow(TopicId([9; 16]), 5, 0, Lsn(3));
        assert_eq!(count(&topics), 9);
        topics.insert(topic(3, "a", 1), Lsn(4));
        assert_eq!(count(&topics), 5, "the name had another topic");
        topics.insert(topic(3, "c", 2), Lsn(5));
        assert_eq!(count(&topics), 6, "the id had another name");
        topics.remove(TopicId([2; 16]), Lsn(6));
        topics.remove(TopicId([2; 16]), Lsn(7));
        assert_eq!(count(&topics), 2);
    }
}
