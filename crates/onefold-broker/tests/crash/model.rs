//! What must be true: every record in order, the state after each, and how far all of it was promised.

use bytes::Bytes;
use onefold_broker::log::Engine;
use onefold_broker_core::batch::{Header, marker};
use onefold_broker_core::{Lsn, Record, Stamp, State, TopicPartition};
use std::sync::Arc;

#[derive(Default)]
pub struct Model {
    records: Vec<(Stamp, Record)>,
    /// After so many records.
    states: Vec<State>,
    /// Everything up to here was answered as durable.
    promised: Lsn,
    /// The newest start that served.
    pub epoch: i32,
    /// The greatest producer id that was handed out.
    pub greatest_id: i64,
    pub engine: Option<Arc<Engine>>,
}

impl Model {
    pub fn new() -> Model {
        Model { states: vec![State::new()], greatest_id: -1, ..Model::default() }
    }

    pub fn push(&mut self, stamp: Stamp, record: Record) {
        let mut state = self.state().clone();
        state.apply(&stamp, &record);
        assert_eq!(state.lsn(), Lsn(self.states.len() as u64), "LSNs have no gaps");
        self.states.push(state);
        self.records.push((stamp, record));
    }

    pub fn started(&mut self, epoch: i32) {
        let lsn = Lsn(self.states.len() as u64);
        self.push(Stamp { lsn, start_epoch: epoch, time_ms: 0 }, Record::Started { epoch });
    }

    /// Forgets what a crash took back.
    pub fn cut(&mut self, last: Lsn) {
        self.states.truncate(last.0 as usize + 1);
        self.records.truncate(last.0 as usize);
    }

    pub fn state(&self) -> &State {
        self.states.last().expect("never empty")
    }

    /// The newest promise, even one that is being made just now.
    pub fn promised(&self) -> Lsn {
        self.engine.as_ref().map_or(self.promised, |engine| engine.durable_lsn().max(self.promised))
    }

    pub fn let_go(&mut self) {
        self.promised = self.promised();
        self.engine = None;
    }

    /// The state after each number of records that a start may find, and that number.
    pub fn possible(&self) -> impl Iterator<Item = (Lsn, &State)> {
        let from = self.promised().0 as usize;
        self.states.iter().enumerate().skip(from).map(|(lsn, state)| (Lsn(lsn as u64), state))
    }

    /// The batches of a partition among the first records, by offset.
    pub fn batches(&self, at: TopicPartition, last: Lsn) -> Vec<(Header, Bytes)> {
        let mut batches = Vec::new();
        for (stamp, record) in self.records(last) {
            match record {
                Record::Appended(appends) => {
                    batches.extend(appends.iter().filter(|append| append.at == at).map(|append| append.batch.clone()));
                }
                Record::TransactionEnded(end) => {
                    let here = end.markers.iter().filter(|place| place.at == at);
                    batches.extend(here.map(|place| Bytes::copy_from_slice(&marker(end, place, stamp.time_ms))));
                }
                _ => {}
            }
        }
        batches.into_iter().map(|batch| (Header::parse(&batch).expect("a batch"), batch)).collect()
    }

    /// The first records.
    pub fn records(&self, last: Lsn) -> &[(Stamp, Record)] {
        &self.records[..last.0 as usize]
    }
}
