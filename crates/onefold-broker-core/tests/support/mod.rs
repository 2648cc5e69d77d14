//! What the broker core's tests share: a broker that is nothing but a state and its journal.
#![allow(dead_code, reason = "each test file uses its own part")]

use bytes::Bytes;
use onefold_broker_core::batch::{self, BatchBuilder, Header, Limits};
use onefold_broker_core::produce::{Decision, decide};
use onefold_broker_core::topic::TopicSettings;
use onefold_broker_core::{Append, Lsn, Marker, Record, Stamp, State, TopicId, TopicPartition, TransactionEnd};

pub const TOPIC: TopicId = TopicId([7; 16]);
pub const P0: TopicPartition = TopicPartition { topic: TOPIC, partition: 0 };
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// A state with its journal and a clock that the test moves.
#[derive(Clone)]
pub struct Broker {
    pub state: State,
    pub journal: Vec<(Stamp, Record)>,
    pub now_ms: i64,
}

impl Broker {
    /// Started, with one topic of one partition.
    pub fn new() -> Self {
        let mut broker = Broker { state: State::new(), journal: Vec::new(), now_ms: 1_800_000_000_000 };
        broker.write(Record::Started { epoch: 1 });
        broker.create(TOPIC, "payments", 1);
        broker
    }

    pub fn create(&mut self, id: TopicId, name: &str, partitions: i32) {
        self.write(Record::TopicCreated { id, name: name.to_owned(), partitions, configs: Vec::new() });
    }

    pub fn write(&mut self, record: Record) -> Lsn {
        let stamp =
            Stamp { lsn: self.state.lsn().next(), start_epoch: self.state.leader_epoch(), time_ms: self.now_ms };
        self.state.apply(&stamp, &record);
        self.journal.push((stamp, record));
        stamp.lsn
    }

    /// As the broker does it: validate, decide, patch, write.
    pub fn produce(&mut self, at: TopicPartition, mut batch: Vec<u8>) -> Decision {
        let limits = Limits::of(&TopicSettings::default(), self.now_ms);
        let header = batch::accept(&mut batch, &limits).expect("a well-formed batch");
        let decision = decide(&self.state, at, &header);
        if let Decision::Append { base_offset } = decision {
            batch::patch(&mut batch, base_offset, self.state.leader_epoch());
            self.write(Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(batch) }]));
        }
        decision
    }

    /// Appends without asking: what a transaction's batches will do once its coordinator lets them.
    pub fn append(&mut self, at: TopicPartition, mut batch: Vec<u8>) -> i64 {
        let base_offset = self.state.partition(at).expect("a partition").log_end();
        batch::patch(&mut batch, base_offset, self.state.leader_epoch());
        self.write(Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(batch) }]));
        base_offset
    }

    /// Ends the producer's transaction in partition 0, under `epoch`; returns the marker's offset.
    pub fn end_transaction(&mut self, producer_id: i64, epoch: i16, committed: bool) -> i64 {
        let offset = self.state.partition(P0).expect("a partition").log_end();
        let leader_epoch = self.state.leader_epoch();
        self.write(Record::TransactionEnded(TransactionEnd {
            transactional_id: format!("t-{producer_id}"),
            producer_id,
            epoch,
            next: (producer_id, epoch),
            committed,
            markers: vec![Marker { at: P0, offset, leader_epoch, coordinator_epoch: 0 }],
            offsets: Vec::new(),
        }));
        offset
    }

    /// kill -9 and a new start: all that comes back is the journal.
    pub fn kill_and_restart(&mut self) {
        let mut state = State::new();
        for (stamp, record) in &self.journal {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            state.apply(stamp, &Record::decode(bytes.into()).expect("the journal's own bytes"));
        }
        assert_eq!(state, self.state, "replay gives the live state");
        self.state = state;
        self.write(Record::Started { epoch: self.state.leader_epoch() + 1 });
    }

    /// The sequences in the log, in offset order, of one producer.
    pub fn sequences(&self, at: TopicPartition, producer_id: i64) -> Vec<i32> {
        let appends = self.journal.iter().filter_map(|(_, record)| match record {
            Record::Appended(appends) => Some(appends),
            _ => None,
        });
        let headers = appends.flatten().filter(|a| a.at == at).map(|a| Header::parse(&a.batch).expect("a batch"));
        headers
            .filter(|h| h.producer_id == producer_id)
            .flat_map(|h| (0..h.record_count).map(move |i| h.base_sequence.wrapping_add(i) & i32::MAX))
            .collect()
    }
}

/// A batch of `count` records of an idempotent producer.
pub fn sent(producer_id: i64, epoch: i16, sequence: i32, count: i32) -> Vec<u8> {
    BatchBuilder::new().producer(producer_id, epoch, sequence).records(count, 1_800_000_000_000, b"value").build()
}

/// The code of a refusal.
pub fn refused(decision: &Decision) -> Option<i16> {
    match decision {
        Decision::Refuse(refusal) => Some(refusal.code.0),
        _ => None,
    }
}

/// The offset of a duplicate's answer.
pub fn duplicate(decision: &Decision) -> Option<i64> {
    match decision {
        Decision::Duplicate { base_offset, .. } => Some(*base_offset),
        _ => None,
    }
}

/// The offset of an append.
pub fn appended(decision: &Decision) -> Option<i64> {
    match decision {
        Decision::Append { base_offset } => Some(*base_offset),
        _ => None,
    }
}
