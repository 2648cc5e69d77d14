//! All partitions that have had a durable batch, or a reader that waits for one.

use super::partition::PartitionLog;
use super::tail::TailBatch;
use super::{lock, lock_read, lock_write};
use bytes::Bytes;
use onefold_broker_core::batch::marker;
use onefold_broker_core::{Append, Record, Stamp, TopicId, TopicPartition};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

/// By topic id and number.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    map: RwLock<HashMap<TopicPartition, Arc<PartitionLog>>>,
    /// Those with batches in memory.
    pub(super) unflushed: Mutex<Vec<Arc<PartitionLog>>>,
    /// Bytes of these batches.
    pub(super) tail_bytes: AtomicUsize,
    /// Those whose topic is gone; their files go next.
    pub(super) removed: Mutex<Vec<Arc<PartitionLog>>>,
}

impl Partitions {
    pub(crate) fn get(&self, at: TopicPartition) -> Option<Arc<PartitionLog>> {
        lock_read(&self.map).get(&at).cloned()
    }

    pub(crate) fn get_or_insert(&self, at: TopicPartition) -> Arc<PartitionLog> {
        if let Some(found) = self.get(at) {
            return found;
        }
        lock_write(&self.map).entry(at).or_insert_with(|| Arc::new(PartitionLog::new(at))).clone()
    }

    /// Puts back what a checkpoint holds.
    pub(crate) fn restore(&self, partition: PartitionLog) {
        lock_write(&self.map).insert(partition.at, Arc::new(partition));
    }

    /// All of them, by topic id and number.
    pub(crate) fn all(&self) -> Vec<Arc<PartitionLog>> {
        let mut all: Vec<_> = lock_read(&self.map).values().cloned().collect();
        all.sort_unstable_by_key(|partition| partition.at);
        all
    }

    /// What a durable record does to what readers see.
    pub(crate) fn publish(&self, stamp: &Stamp, record: &Record) {
        match record {
            Record::Appended(appends) => appends.iter().for_each(|append| self.append(append)),
            Record::LogStartMoved(moves) => {
                for (at, to) in moves {
                    if let Some(partition) = self.get(*at) {
                        partition.move_log_start(*to);
                    }
                }
            }
            Record::TransactionEnded(end) => {
                for place in &end.markers {
                    // Derived, the same at every replay, so that it needs no bytes of its own in the journal.
                    let batch = Bytes::copy_from_slice(&marker(end, place, stamp.time_ms));
                    self.append(&Append { at: place.at, base_offset: place.offset, batch });
                }
            }
            Record::TopicDeleted { id } => self.remove_topic(*id),
            _ => {}
        }
    }

    fn append(&self, append: &Append) {
        let Some(batch) = TailBatch::of(&append.batch) else { return };
        let partition = self.get_or_insert(append.at);
        if partition.has(&batch) {
            return;
        }
        self.tail_bytes.fetch_add(batch.bytes.len(), Ordering::Relaxed);
        if partition.append(batch) {
            lock(&self.unflushed).push(partition);
        }
    }

    fn remove_topic(&self, id: TopicId) {
        let mut removed = Vec::new();
        lock_write(&self.map).retain(|at, partition| {
            if at.topic == id {
                removed.push(partition.clone());
            }
            at.topic != id
        });
        removed.iter().for_each(|partition| partition.close());
        lock(&self.removed).append(&mut removed);
    }
}
