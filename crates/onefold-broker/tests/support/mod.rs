//! What the storage's tests share: batches as a producer makes them, and a log in a temporary folder.
#![allow(dead_code)]

use bytes::Bytes;
use onefold_broker::disk::RealDisk;
use onefold_broker::log::{Chunk, Engine, Log, LogSettings, OpenError};
use onefold_broker_core::batch::{checksum, patch};
use onefold_broker_core::group::{GroupSnapshot, MemberSnapshot, Phase, Protocol};
use onefold_broker_core::{Append, Lsn, Record, TopicId, TopicPartition};
use std::path::Path;
use std::sync::Arc;

/// A batch of `records` records whose records are `value`, not really encoded: the storage never looks inside.
pub fn batch(producer: Option<(i64, i16, i32)>, records: i32, time_ms: i64, value: &[u8]) -> Vec<u8> {
    let (id, epoch, sequence) = producer.unwrap_or((-1, -1, -1));
    let mut bytes = Vec::with_capacity(61 + value.len());
    bytes.extend_from_slice(&0i64.to_be_bytes());
    bytes.extend_from_slice(&(49 + value.len() as i32).to_be_bytes());
    bytes.extend_from_slice(&(-1i32).to_be_bytes());
    bytes.push(2);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&0i16.to_be_bytes());
    bytes.extend_from_slice(&(records - 1).to_be_bytes());
    bytes.extend_from_slice(&time_ms.to_be_bytes());
    bytes.extend_from_slice(&time_ms.to_be_bytes());
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&records.to_be_bytes());
    bytes.extend_from_slice(value);
    let crc = checksum(&bytes);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes
}

pub fn topic(n: u8) -> TopicId {
    TopicId([n; 16])
}

pub fn at(n: u8, partition: i32) -> TopicPartition {
    TopicPartition::new(topic(n), partition)
}

pub fn open(folder: &Path) -> Result<Log, OpenError> {
    Log::open(Arc::new(RealDisk), folder, LogSettings::default())
}

pub fn create_topic(log: &Log, n: u8, partitions: i32) -> Lsn {
    let record = Record::TopicCreated { id: topic(n), name: format!("topic-{n}"), partitions, configs: vec![] };
    log.sequence(|_, _| ((), Some(record))).expect("the log is open").1
}

/// Appends one plain record at the partition's end; its offset and the LSN to wait for.
pub fn append(log: &Log, at: TopicPartition, value: &[u8]) -> (i64, Lsn) {
    let mut bytes = batch(None, 1, 1_700_000_000_000, value);
    log.sequence(|state, _| {
        let base_offset = state.partition(at).expect("the partition").log_end();
        patch(&mut bytes, base_offset, state.leader_epoch());
        (base_offset, Some(Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(bytes) }])))
    })
    .expect("the log is open")
}

/// Sequences this batch at the partition's end, in a log without threads.
pub fn append_batch(engine: &Engine, at: TopicPartition, mut bytes: Vec<u8>) {
    engine
        .sequence(|state, _| {
            let base_offset = state.partition(at).expect("it is there").log_end();
            patch(&mut bytes, base_offset, state.leader_epoch());
            ((), Some(Record::Appended(vec![Append { at, base_offset, batch: bytes.into() }])))
        })
        .expect("the log is open");
}

/// The values of all records from `offset` on.
pub fn values(log: &Log, at: TopicPartition, offset: i64) -> Vec<Vec<u8>> {
    values_by(|offset| log.read(at, offset, 1 << 20, true).expect("the read"), offset)
}

/// [`values`] of a log without threads.
pub fn values_of(engine: &Engine, at: TopicPartition, offset: i64) -> Vec<Vec<u8>> {
    values_by(|offset| engine.read(at, offset, 1 << 20, true).expect("the read"), offset)
}

fn values_by(read: impl Fn(i64) -> Chunk, mut offset: i64) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    loop {
        let chunk = read(offset);
        let Some(last) = chunk.batches.last() else { return values };
        let header = onefold_broker_core::batch::Header::parse(last).expect("a batch");
        offset = header.last_offset() + 1;
        values.extend(chunk.batches.iter().map(|batch| batch[61..].to_vec()));
    }
}

/// A group of one member, as the coordinator persists it.
pub fn group(name: &str) -> GroupSnapshot {
    let member = MemberSnapshot {
        member_id: "member".into(),
        instance_id: Some("instance".into()),
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        protocols: vec![Protocol { name: "range".into(), metadata: Bytes::from_static(b"subscription") }],
        assignment: Bytes::from_static(b"assignment"),
    };
    GroupSnapshot {
        group: name.into(),
        protocol_type: Some("consumer".into()),
        protocol: Some("range".into()),
        generation: 7,
        leader: Some("member".into()),
        phase: Phase::Assigned,
        members: vec![member],
    }
}
