//! A topic: its name, its configs, its partitions.

mod settings;

use std::sync::Arc;

pub use settings::{TimestampType, TopicSettings};

use crate::codec::{Coded, Reader, put_str};
use crate::id::{Lsn, TopicId};
use crate::partition::Partition;
use crate::record::RecordError;

/// The most partitions a topic may have here: each costs some hundred bytes of memory and a place in every checkpoint.
pub const MAX_PARTITIONS: i32 = 10_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topic {
    pub id: TopicId,
    pub name: Arc<str>,
    /// As they were set, in the order of their names.
    pub configs: Vec<(String, String)>,
    /// The same, read once, with defaults for what was not set.
    pub settings: TopicSettings,
    /// By number. Shared with copies of the state until one of them changes.
    pub partitions: Vec<Arc<Partition>>,
    /// The last record that changed name, configs or the number of partitions.
    pub changed: Lsn,
}

impl Topic {
    pub(crate) fn new(id: TopicId, name: &str, configs: &[(String, String)], changed: Lsn) -> Self {
        let settings = TopicSettings::read(configs);
        Topic { id, name: name.into(), configs: configs.to_vec(), settings, partitions: Vec::new(), changed }
    }

    pub(crate) fn configure(&mut self, configs: &[(String, String)], changed: Lsn) {
        self.configs = configs.to_vec();
        self.settings = TopicSettings::read(configs);
        self.changed = changed;
    }

    /// Adds empty partitions until there are `total`.
    pub(crate) fn grow(&mut self, total: i32, leader_epoch: i32, changed: Lsn) {
        let total = usize::try_from(total.min(MAX_PARTITIONS)).unwrap_or(0);
        while self.partitions.len() < total {
            self.partitions.push(Arc::new(Partition::new(leader_epoch, changed)));
        }
        self.changed = changed;
    }

    pub fn partition(&self, number: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(number).ok()?).map(Arc::as_ref)
    }

    pub(crate) fn partition_mut(&mut self, number: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(number).ok()?).map(Arc::make_mut)
    }
}

impl Coded for Topic {
    const MIN_BYTES: usize = 16 + 4 + 4 + 4 + 8;

    fn put(&self, out: &mut Vec<u8>) {
        self.id.put(out);
        put_str(out, &self.name);
        self.configs.put(out);
        self.partitions.put(out);
        self.changed.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let id = from.take()?;
        let name: String = from.take()?;
        let configs: Vec<(String, String)> = from.take()?;
        let partitions = from.take()?;
        let mut topic = Topic::new(id, &name, &configs, from.take()?);
        topic.partitions = partitions;
        Ok(topic)
    }
}
