//! Histories of records that a broker could have written, for property tests.
//!
//! Commands are drawn first and turned into records by what the naive reference knows, so that every history is one that
//! real decisions lead to: offsets without gaps, epochs that rise, topics that are deleted and made again under their name.

use std::collections::BTreeMap;

use bytes::Bytes;
use onefold_broker_core::batch::{BatchBuilder, patch};
use onefold_broker_core::group::GroupSnapshot;
use onefold_broker_core::{
    Append, CommittedOffset, Lsn, Marker, Record, Stamp, TopicId, TopicPartition, TransactionEnd,
};
use proptest::prelude::*;

/// What happens next; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
pub enum Command {
    Start,
    CreateTopic { name: u8, partitions: u8 },
    DeleteTopic { topic: u8 },
    AddPartitions { topic: u8 },
    Configure { topic: u8, value: u8 },
    Produce { to: Vec<(u8, u8)>, producer: Option<u8>, records: u8, transactional: bool },
    EndTransaction { producer: u8, committed: bool },
    DeleteRecords { topic: u8, partition: u8, keep: u8 },
    Expire { topic: u8, partition: u8, producer: u8 },
    ReserveIds,
    Group { group: u8, generation: i32 },
    DeleteGroup { group: u8 },
    Commit { group: u8, at: Vec<(u8, u8)>, offset: u8 },
    DeleteOffsets { group: u8, topic: u8, partition: u8 },
    TimePasses { ms: i32 },
}

pub fn command() -> impl Strategy<Value = Command> {
    use Command::*;
    let at = || (any::<u8>(), any::<u8>());
    prop_oneof![
        1 => Just(Start),
        2 => (0u8..4, 1u8..4).prop_map(|(name, partitions)| CreateTopic { name, partitions }),
        1 => any::<u8>().prop_map(|topic| DeleteTopic { topic }),
        1 => any::<u8>().prop_map(|topic| AddPartitions { topic }),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(topic, value)| Configure { topic, value }),
        12 => (prop::collection::vec(at(), 1..4), prop::option::of(0u8..4), 1u8..5, any::<bool>())
            .prop_map(|(to, producer, records, transactional)| Produce { to, producer, records, transactional }),
        3 => (0u8..4, any::<bool>()).prop_map(|(producer, committed)| EndTransaction { producer, committed }),
        2 => (any::<u8>(), any::<u8>(), 0u8..10).prop_map(|(topic, partition, keep)| DeleteRecords { topic, partition, keep }),
        1 => (any::<u8>(), any::<u8>(), 0u8..4).prop_map(|(topic, partition, producer)| Expire { topic, partition, producer }),
        1 => Just(ReserveIds),
        1 => (0u8..3, any::<i32>()).prop_map(|(group, generation)| Group { group, generation }),
        1 => (0u8..3).prop_map(|group| DeleteGroup { group }),
        3 => (0u8..3, prop::collection::vec(at(), 1..4), any::<u8>()).prop_map(|(group, at, offset)| Commit { group, at, offset }),
        1 => (0u8..3, any::<u8>(), any::<u8>()).prop_map(|(group, topic, partition)| DeleteOffsets { group, topic, partition }),
        1 => (-1000i32..100_000_000).prop_map(|ms| TimePasses { ms }),
    ]
}

/// One record in the log, as a reader sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    pub epoch: i32,
    pub producer: Option<(i64, i32)>,
    pub transactional: bool,
}

/// A partition as nothing but a list of all it ever held.
#[derive(Clone, Debug, Default)]
pub struct NaivePartition {
    pub log: Vec<Seen>,
    pub log_start: usize,
    /// Epochs that began here, with the log's end at that time.
    pub began: Vec<(i32, usize)>,
    /// Every batch ever appended: producer, epoch, first and last sequence, base offset.
    pub batches: Vec<(i64, i16, i32, i32, i64)>,
    /// Per producer: epoch, next sequence, batches since the window was last emptied, expired.
    pub producers: BTreeMap<i64, (i16, i32, usize, bool)>,
    /// Per producer: where its open transaction began.
    pub open: BTreeMap<i64, usize>,
    /// Producer, first offset, marker.
    pub aborted: Vec<(i64, usize, usize)>,
}

#[derive(Clone, Debug, Default)]
pub struct NaiveTopic {
    pub name: String,
    pub configs: Vec<(String, String)>,
    pub partitions: Vec<NaivePartition>,
}

/// The reference: lists and maps, no care for speed.
#[derive(Clone, Debug, Default)]
pub struct Naive {
    pub lsn: u64,
    pub epoch: i32,
    pub now_ms: i64,
    made: u64,
    pub topics: BTreeMap<TopicId, NaiveTopic>,
    pub groups: BTreeMap<String, Option<i32>>,
    pub offsets: BTreeMap<(String, TopicPartition), (i64, i64)>,
    pub producer_id_next: i64,
}

impl Naive {
    /// The record that this command leads to, applied here; none where it leads to nothing.
    pub fn perform(&mut self, command: &Command) -> Option<(Stamp, Record)> {
        let record = self.record(command)?;
        self.lsn += 1;
        Some((Stamp { lsn: Lsn(self.lsn), start_epoch: self.epoch, time_ms: self.now_ms }, record))
    }

    fn record(&mut self, command: &Command) -> Option<Record> {
        match command {
            Command::Start => Some(self.start()),
            Command::CreateTopic { name, partitions } => self.create(&format!("topic-{name}"), *partitions),
            Command::DeleteTopic { topic } => self.delete(*topic),
            Command::AddPartitions { topic } => {
                let (id, total) = (self.topic(*topic)?, self.topics[&self.topic(*topic)?].partitions.len() + 1);
                self.grow(id, total);
                Some(Record::PartitionsAdded { id, total: total as i32 })
            }
            Command::Configure { topic, value } => {
                let id = self.topic(*topic)?;
                let configs = vec![("max.message.bytes".to_owned(), value.to_string())];
                self.topics.get_mut(&id)?.configs = configs.clone();
                Some(Record::TopicConfigured { id, configs })
            }
            Command::Produce { to, producer, records, transactional } => {
                self.produce(to, *producer, *records, *transactional)
            }
            Command::EndTransaction { producer, committed } => self.end_transaction((*producer).into(), *committed),
            Command::DeleteRecords { topic, partition, keep } => {
                let at = self.at(*topic, *partition)?;
                let partition = self.partition(at);
                let to = partition.log.len().saturating_sub(usize::from(*keep)).max(partition.log_start);
                partition.log_start = to;
                partition.aborted.retain(|(_, _, marker)| *marker >= to);
                Some(Record::LogStartMoved(vec![(at, to as i64)]))
            }
            Command::Expire { topic, partition, producer } => {
                let at = self.at(*topic, *partition)?;
                let id = i64::from(*producer);
                let partition = self.partition(at);
                if partition.open.contains_key(&id) {
                    return None;
                }
                let (_, _, remembered, expired) = partition.producers.get_mut(&id)?;
                if *expired {
                    partition.producers.remove(&id);
                } else {
                    (*remembered, *expired) = (0, true);
                }
                Some(Record::ProducersExpired(vec![(at, id)]))
            }
            Command::ReserveIds => {
                self.producer_id_next += 1000;
                Some(Record::ProducerIdsReserved { next: self.producer_id_next })
            }
            Command::Group { group, generation } => {
                self.groups.insert(group_name(*group), Some(*generation));
                let snapshot =
                    GroupSnapshot { generation: *generation, ..GroupSnapshot::offsets_only(group_name(*group)) };
                Some(Record::GroupChanged(snapshot))
            }
            Command::DeleteGroup { group } => {
                let group = group_name(*group);
                self.groups.remove(&group);
                self.offsets.retain(|(name, _), _| *name != group);
                Some(Record::GroupDeleted { group })
            }
            Command::Commit { group, at, offset } => self.commit(&group_name(*group), at, (*offset).into()),
            Command::DeleteOffsets { group, topic, partition } => {
                let (group, at) = (group_name(*group), self.at(*topic, *partition)?);
                self.offsets.remove(&(group.clone(), at));
                Some(Record::OffsetsDeleted { group, partitions: vec![at] })
            }
            Command::TimePasses { ms } => {
                self.now_ms += i64::from(*ms);
                None
            }
        }
    }

    fn start(&mut self) -> Record {
        self.epoch += 1;
        for partition in self.topics.values_mut().flat_map(|topic| &mut topic.partitions) {
            partition.began.push((self.epoch, partition.log.len()));
        }
        Record::Started { epoch: self.epoch }
    }

    fn create(&mut self, name: &str, partitions: u8) -> Option<Record> {
        if self.topics.values().any(|topic| topic.name == name) {
            return None;
        }
        self.made += 1;
        let id = TopicId((u128::from(self.made) << 64).to_be_bytes());
        self.topics.insert(id, NaiveTopic { name: name.to_owned(), ..NaiveTopic::default() });
        self.grow(id, partitions.into());
        let (name, partitions) = (name.to_owned(), partitions.into());
        Some(Record::TopicCreated { id, name, partitions, configs: Vec::new() })
    }

    fn delete(&mut self, topic: u8) -> Option<Record> {
        let id = self.topic(topic)?;
        self.topics.remove(&id);
        self.offsets.retain(|(_, at), _| at.topic != id);
        Some(Record::TopicDeleted { id })
    }

    fn grow(&mut self, id: TopicId, total: usize) {
        let epoch = self.epoch;
        let topic = self.topics.get_mut(&id).expect("it was just looked up");
        topic.partitions.resize_with(total, || NaivePartition { began: vec![(epoch, 0)], ..NaivePartition::default() });
    }

    fn produce(&mut self, to: &[(u8, u8)], producer: Option<u8>, records: u8, transactional: bool) -> Option<Record> {
        let mut to: Vec<TopicPartition> =
            to.iter().filter_map(|(topic, partition)| self.at(*topic, *partition)).collect();
        to.sort();
        to.dedup();
        let epoch = self.epoch;
        let appends = to.into_iter().map(|at| {
            let builder = BatchBuilder::new().records(records.into(), 0, b"v");
            let partition = self.partition(at);
            let base_offset = partition.log.len() as i64;
            let builder = match producer.map(i64::from) {
                Some(id) => {
                    let transactional = transactional || partition.open.contains_key(&id);
                    let (pid_epoch, sequence) = partition.send(id, records, transactional, epoch);
                    let builder = builder.producer(id, pid_epoch, sequence);
                    if transactional { builder.transactional() } else { builder }
                }
                None => {
                    let seen = Seen { epoch, producer: None, transactional: false };
                    partition.log.extend((0..records).map(|_| seen));
                    builder
                }
            };
            let mut batch = builder.build();
            patch(&mut batch, base_offset, epoch);
            Append { at, base_offset, batch: Bytes::from(batch) }
        });
        let appends: Vec<Append> = appends.collect();
        (!appends.is_empty()).then_some(Record::Appended(appends))
    }

    fn end_transaction(&mut self, producer_id: i64, committed: bool) -> Option<Record> {
        let leader_epoch = self.epoch;
        let mut markers = Vec::new();
        let mut epoch = 0;
        let partitions = self.topics.iter_mut().flat_map(|(id, topic)| {
            (0..).zip(&mut topic.partitions).map(|(number, partition)| (TopicPartition::new(*id, number), partition))
        });
        let touched: Vec<_> = partitions.filter(|(_, p)| p.open.contains_key(&producer_id)).collect();
        for (_, partition) in &touched {
            epoch = epoch.max(partition.producers[&producer_id].0 + 1);
        }
        for (at, partition) in touched {
            let offset = partition.log.len();
            let first = partition.open.remove(&producer_id).expect("it is open here");
            partition.log.push(Seen { epoch: leader_epoch, producer: None, transactional: true });
            partition.producers.insert(producer_id, (epoch, 0, 0, false));
            if !committed {
                partition.aborted.push((producer_id, first, offset));
            }
            markers.push(Marker { at, offset: offset as i64, leader_epoch, coordinator_epoch: 0 });
        }
        let transactional_id = format!("t-{producer_id}");
        let next = (producer_id, epoch);
        (!markers.is_empty()).then_some(Record::TransactionEnded(TransactionEnd {
            transactional_id,
            producer_id,
            epoch,
            next,
            committed,
            markers,
            offsets: Vec::new(),
        }))
    }

    fn commit(&mut self, group: &str, at: &[(u8, u8)], offset: i64) -> Option<Record> {
        let at: Vec<_> = at.iter().filter_map(|(topic, partition)| self.at(*topic, *partition)).collect();
        for at in &at {
            self.offsets.insert((group.to_owned(), *at), (offset, self.now_ms));
        }
        self.groups.entry(group.to_owned()).or_insert(None);
        let commit = |at| CommittedOffset { at, offset, leader_epoch: -1, metadata: format!("at {offset}") };
        Some(Record::OffsetsCommitted { group: group.to_owned(), commits: at.into_iter().map(commit).collect() })
    }

    fn topic(&self, number: u8) -> Option<TopicId> {
        self.topics.keys().nth(usize::from(number) % self.topics.len().max(1)).copied()
    }

    fn at(&self, topic: u8, partition: u8) -> Option<TopicPartition> {
        let id = self.topic(topic)?;
        let count = self.topics[&id].partitions.len();
        (count > 0).then(|| TopicPartition::new(id, i32::from(partition) % count as i32))
    }

    fn partition(&mut self, at: TopicPartition) -> &mut NaivePartition {
        let topic = self.topics.get_mut(&at.topic).expect("it was just looked up");
        &mut topic.partitions[at.partition as usize]
    }
}

impl NaivePartition {
    fn send(&mut self, id: i64, records: u8, transactional: bool, leader_epoch: i32) -> (i16, i32) {
        let base = self.log.len();
        let (epoch, sequence, remembered, expired) = self.producers.entry(id).or_insert((0, 0, 0, false));
        let first = *sequence;
        *sequence += i32::from(records);
        *remembered += 1;
        *expired = false;
        self.batches.push((id, *epoch, first, *sequence - 1, base as i64));
        let seen = |n| Seen { epoch: leader_epoch, producer: Some((id, first + i32::from(n))), transactional };
        self.log.extend((0..records).map(seen));
        if transactional {
            self.open.entry(id).or_insert(base);
        }
        (*epoch, first)
    }
}

fn group_name(number: u8) -> String {
    format!("group-{number}")
}
