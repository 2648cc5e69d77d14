//! Transactions as their records are: batches in several partitions, and one record that ends them all and may commit
//! offsets. And groups as they change.

use super::Workload;
use bytes::Bytes;
use onefold_broker::log::Engine;
use onefold_broker_core::batch::{BatchBuilder, patch};
use onefold_broker_core::group::{GroupSnapshot, MemberSnapshot, Phase, Protocol};
use onefold_broker_core::{Append, CommittedOffset, Marker, Record, State, TopicPartition, TransactionEnd};

/// Not of those that the idempotent producers have.
const FIRST_ID: i64 = 1000;

impl Workload {
    pub(super) fn transaction(&mut self, engine: &Engine) {
        let id = FIRST_ID + self.rng.i64(0..2);
        if self.rng.u8(..3) > 0 { self.produce_in(engine, id) } else { self.end(engine, id) }
    }

    fn produce_in(&mut self, engine: &Engine, id: i64) {
        let Some(at) = self.any_partition() else { return };
        let (count, size) = (self.rng.i32(1..4), self.rng.usize(1..900));
        let sequence = {
            let model = self.model();
            let sent = model.batches(at, model.state().lsn());
            let last = sent.iter().rev().find(|(header, _)| header.producer_id == id && !header.is_control());
            last.map_or(0, |(header, _)| header.last_sequence() + 1)
        };
        let builder = BatchBuilder::new().transactional().producer(id, 0, sequence);
        let mut bytes = builder.records(count, 1_700_000_000_000, &vec![b't'; size]).build();
        self.sequence(engine, |state, _| {
            let base_offset = state.partition(at)?.log_end();
            patch(&mut bytes, base_offset, state.leader_epoch());
            Some(Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(bytes) }]))
        });
    }

    fn end(&mut self, engine: &Engine, id: i64) {
        let committed = self.rng.bool();
        let group = format!("g{}", self.rng.u8(..3));
        let offset = self.rng.i64(0..100);
        self.sequence(engine, |state, _| {
            let markers = open_in(state, id);
            let first = *markers.first()?;
            let commit = CommittedOffset { at: first.at, offset, leader_epoch: -1, metadata: "t".into() };
            let offsets = if committed { vec![(group, vec![commit])] } else { Vec::new() };
            Some(Record::TransactionEnded(TransactionEnd {
                transactional_id: format!("t-{id}"),
                producer_id: id,
                epoch: 0,
                next: (id, 0),
                committed,
                markers,
                offsets,
            }))
        });
    }

    pub(super) fn change_group(&mut self, engine: &Engine) {
        let group = format!("g{}", self.rng.u8(..3));
        let members: Vec<u8> = (0..self.rng.u8(0..3)).collect();
        let assignment: Vec<u8> = std::iter::repeat_with(|| self.rng.u8(..)).take(20).collect();
        self.sequence(engine, |state, _| {
            let before = state.group(&group).and_then(|group| group.snapshot.as_ref());
            let generation = before.map_or(1, |before| before.generation + 1);
            let members = members.iter().map(|number| member(*number, &assignment)).collect::<Vec<_>>();
            Some(Record::GroupChanged(GroupSnapshot {
                protocol_type: Some("consumer".into()),
                protocol: Some("range".into()),
                generation,
                leader: members.first().map(|member| member.member_id.clone()),
                phase: Phase::Assigned,
                members,
                ..GroupSnapshot::offsets_only(group)
            }))
        });
    }
}

/// A marker for each partition in which the producer's transaction is open.
fn open_in(state: &State, id: i64) -> Vec<Marker> {
    let mut markers = Vec::new();
    for topic in state.topics() {
        for (number, partition) in (0..).zip(&topic.partitions) {
            if partition.producers().get(id).is_some_and(|window| window.open_transaction().is_some()) {
                markers.push(Marker {
                    at: TopicPartition::new(topic.id, number),
                    offset: partition.log_end(),
                    leader_epoch: state.leader_epoch(),
                    coordinator_epoch: 0,
                });
            }
        }
    }
    markers
}

fn member(number: u8, assignment: &[u8]) -> MemberSnapshot {
    MemberSnapshot {
        member_id: format!("m{number}"),
        instance_id: (number == 1).then(|| "static".into()),
        client_id: "c".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        protocols: vec![Protocol { name: "range".into(), metadata: Bytes::from_static(b"topics") }],
        assignment: Bytes::copy_from_slice(assignment),
    }
}
