//! Waiting until something can be read.

use super::Log;
use super::partition::PartitionLog;
use onefold_broker_core::TopicPartition;
use std::sync::Arc;
use tokio::sync::Notify;

/// A registered wait; leaves nothing behind when it is dropped.
pub(super) struct Readable {
    wake: Arc<Notify>,
    partitions: Vec<Arc<PartitionLog>>,
}

impl Readable {
    pub(super) fn new(log: &Log, wanted: &[(TopicPartition, i64)]) -> Readable {
        let wake = Arc::new(Notify::new());
        let mut partitions = Vec::with_capacity(wanted.len());
        for (at, offset) in wanted {
            let Some(partition) = waitable(log, *at) else { continue };
            partition.notify_above(*offset, &wake);
            partitions.push(partition);
        }
        Readable { wake, partitions }
    }

    /// Until one of the high watermarks is above its offset.
    pub(super) async fn wait(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        self.partitions.iter().for_each(|partition| partition.forget(&self.wake));
    }
}

/// The partition to wait at: one that exists, even if nothing is in it yet.
fn waitable(log: &Log, at: TopicPartition) -> Option<Arc<PartitionLog>> {
    let partitions = &log.engine().partitions;
    partitions.get(at).or_else(|| {
        let exists = log.view(|state, _| state.partition(at).is_some());
        exists.then(|| partitions.get_or_insert(at))
    })
}
