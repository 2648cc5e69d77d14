//! The cluster in memory.

use onefold::Record;
use onefold::log::Log;
use onefold::log::memory::{MemoryCluster, MemoryLog};

use super::Bench;

#[derive(Default)]
pub struct Memory(MemoryCluster);

impl Bench for Memory {
    fn create_topic(&self, topic: &str, partitions: i32) {
        self.0.create_topic(topic, partitions);
    }

    fn publish(&self, records: Vec<Record>) {
        records.into_iter().for_each(|record| {
            self.0.append(record);
        });
    }

    fn join(&self, group: &str, topic: &str) -> Box<dyn Log> {
        Box::new(MemoryLog::join(&self.0, group, topic))
    }

    fn delete_records(&self, topic: &str, partition: i32, below: i64) {
        self.0.delete_records(topic, partition, below);
    }

    fn expel(&self, group: &str, topic: &str) {
        self.0.lose(group, topic);
    }
}
