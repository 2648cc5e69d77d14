//! All partitions that have had a durable batch.

use super::partition::{PartitionLog, TailBatch};
use super::{lock_read, lock_write};
use onefold_broker_core::{Append, Record, TopicId, TopicPartition};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// By topic id and number.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    map: RwLock<HashMap<TopicPartition, Arc<PartitionLog>>>,
}

impl Partitions {
    pub(crate) fn get(&self, at: TopicPartition) -> Option<Arc<PartitionLog>> {
        lock_read(&self.map).get(&at).cloned()
    }

    pub(crate) fn get_or_insert(&self, at: TopicPartition) -> Arc<PartitionLog> {
        if let Some(found) = self.get(at) {
            return found;
        }
        let mut map = lock_write(&self.map);
        map.entry(at).or_insert_with(|| Arc::new(PartitionLog::new(0, 0))).clone()
    }

    /// What a durable record does to what readers see.
    pub(crate) fn publish(&self, record: &Record) {
        match record {
            Record::Appended(appends) => appends.iter().for_each(|append| self.append(append)),
            Record::LogStartMoved(moves) => {
                for (at, to) in moves {
                    if let Some(partition) = self.get(*at) {
                        partition.move_log_start(*to);
                    }
                }
            }
            Record::TopicDeleted { id } => self.remove_topic(*id),
            _ => {}
        }
    }

    fn append(&self, append: &Append) {
        let Some(batch) = TailBatch::of(&append.batch) else { return };
        self.get_or_insert(append.at).append(batch);
    }

    fn remove_topic(&self, id: TopicId) {
        lock_write(&self.map).retain(|at, partition| {
            let keep = at.topic != id;
            if !keep {
                partition.close();
            }
            keep
        });
    }
}
