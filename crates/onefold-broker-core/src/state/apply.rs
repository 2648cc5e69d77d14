//! One record onto the state: the only way it changes, live and at replay.

use super::State;
use super::transactions::TransactionalId;
use crate::batch::Header;
use crate::partition::Ended;
use crate::record::{Append, Record, Stamp, TransactionEnd};
use crate::topic::Topic;

impl State {
    /// Applies the record that follows [`State::lsn`]; one that is not above it has been applied and is passed over, so
    /// that replay may begin anywhere before a checkpoint's end. What names an unknown topic or group is dropped: it was
    /// deleted by an earlier record.
    pub fn apply(&mut self, stamp: &Stamp, record: &Record) {
        if stamp.lsn <= self.lsn {
            return;
        }
        self.lsn = stamp.lsn;
        match record {
            Record::Started { epoch } => {
                self.leader_epoch = *epoch;
                self.topics.begin_epoch(*epoch);
            }
            Record::TopicCreated { id, name, partitions, configs } => {
                let mut topic = Topic::new(*id, name, configs, stamp.lsn);
                topic.grow(*partitions, self.leader_epoch, stamp.lsn);
                self.topics.insert(topic, stamp.lsn);
            }
            Record::PartitionsAdded { id, total } => {
                self.topics.grow(*id, *total, self.leader_epoch, stamp.lsn);
            }
            Record::TopicConfigured { id, configs } => {
                if let Some(topic) = self.topics.changing(*id, stamp.lsn) {
                    topic.configure(configs, stamp.lsn);
                }
            }
            Record::TopicDeleted { id } => {
                self.topics.remove(*id, stamp.lsn);
                self.groups.delete_topic(*id, stamp.lsn);
            }
            Record::Appended(appends) => appends.iter().for_each(|append| self.apply_append(stamp, append)),
            Record::LogStartMoved(moves) => {
                for (at, to) in moves {
                    if let Some(partition) = self.topics.partition_mut(*at) {
                        partition.move_log_start(*to, stamp.lsn);
                    }
                }
            }
            Record::ProducersExpired(expired) => {
                for (at, producer_id) in expired {
                    if let Some(partition) = self.topics.partition_mut(*at) {
                        partition.expire_producer(*producer_id, self.producer_id_next, stamp.lsn);
                    }
                }
            }
            Record::ProducerIdsReserved { next } => {
                self.producer_id_next = *next;
                self.producer_ids_changed = stamp.lsn;
            }
            Record::GroupChanged(snapshot) => self.groups.set(snapshot, stamp.time_ms, stamp.lsn),
            Record::GroupDeleted { group } => self.groups.delete(group, stamp.lsn),
            Record::OffsetsCommitted { group, commits } => {
                let known = commits.iter().filter(|commit| self.topics.by_id(commit.at.topic).is_some());
                self.groups.commit(group, known, stamp.time_ms, stamp.lsn);
            }
            Record::OffsetsDeleted { group, partitions } => self.groups.delete_offsets(group, partitions, stamp.lsn),
            Record::TransactionEnded(end) => self.apply_transaction_end(stamp, end),
        }
    }

    fn apply_append(&mut self, stamp: &Stamp, append: &Append) {
        // What comes here was checked when it was decided or decoded; a batch without a header changes nothing.
        let Ok(header) = Header::parse(&append.batch) else { return };
        if let Some(partition) = self.topics.partition_mut(append.at) {
            partition.append(stamp, &header);
        }
    }

    fn apply_transaction_end(&mut self, stamp: &Stamp, end: &TransactionEnd) {
        let ended = Ended { producer_id: end.producer_id, epoch: end.epoch, committed: end.committed };
        for marker in &end.markers {
            let Some(partition) = self.topics.partition_mut(marker.at) else { continue };
            if let Some(first) = partition.end_transaction(stamp, marker, &ended) {
                self.unsettled.add(stamp.lsn, marker.at, first, marker.offset);
            }
        }
        for (group, commits) in &end.offsets {
            let known = commits.iter().filter(|commit| self.topics.by_id(commit.at.topic).is_some());
            self.groups.commit(group, known, stamp.time_ms, stamp.lsn);
        }
        let after = TransactionalId::after(end, stamp.time_ms, stamp.lsn);
        self.transactional_ids.insert(end.transactional_id.as_str().into(), after);
    }
}
