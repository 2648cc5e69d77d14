//! Transactions are the next step on this broker; the journal's layout and the state hold them already. One record ends a
//! transaction: markers take their offsets, the last stable offset moves, aborted ranges are listed, offsets take effect,
//! all of it or nothing, and the same at every replay.

mod support;

use onefold_broker_core::batch::{BatchBuilder, Header, marker};
use onefold_broker_core::{CommittedOffset, Lsn, Marker, Record, State, TransactionEnd};
use support::{Broker, P0};

fn open(broker: &mut Broker, producer_id: i64) -> i64 {
    let batch = BatchBuilder::new().transactional().producer(producer_id, 0, 0).records(2, 1_800_000_000_000, b"v");
    broker.append(P0, batch.build())
}

fn plain(broker: &mut Broker) {
    broker.produce(P0, support::sent(-1, -1, -1, 1));
}

fn stable(broker: &Broker, high_watermark: i64) -> i64 {
    broker.state.last_stable_offset(P0, high_watermark).expect("a partition")
}

#[test]
fn the_last_stable_offset_waits_for_the_oldest_open_transaction() {
    let mut broker = Broker::new();
    plain(&mut broker);
    assert_eq!((open(&mut broker, 5), open(&mut broker, 6)), (1, 3));
    plain(&mut broker);
    assert_eq!(stable(&broker, 6), 1);
    assert_eq!(stable(&broker, 0), 0, "never above the high watermark");
    // The first ends, but its marker at 6 is not durable yet: readers must not pass what they cannot yet see decided.
    assert_eq!(broker.end_transaction(5, 1, true), 6);
    assert_eq!(stable(&broker, 6), 1);
    assert_eq!(stable(&broker, 7), 3);
    let ended = broker.state.lsn();
    broker.state.settle(Lsn(ended.0 - 1));
    assert_eq!(stable(&broker, 6), 1, "not settled by an earlier record");
    broker.state.settle(ended);
    assert_eq!(stable(&broker, 7), 3);
    broker.end_transaction(6, 1, false);
    broker.state.settle(broker.state.lsn());
    assert_eq!(stable(&broker, 8), 8);
}

#[test]
fn aborted_ranges_are_listed_by_first_offset_and_per_transaction() {
    let mut broker = Broker::new();
    open(&mut broker, 5);
    open(&mut broker, 6);
    let marker_of_6 = broker.end_transaction(6, 0, false);
    let marker_of_5 = broker.end_transaction(5, 0, false);
    // L4: the producer's next transaction commits, and is not hidden by the abort of its first.
    let next = open(&mut broker, 5);
    broker.end_transaction(5, 0, true);
    broker.kill_and_restart();
    let listed = |from, to| {
        let found = broker.state.partition(P0).expect("a partition").aborted_within(from, to);
        found.iter().map(|a| (a.producer_id, a.first_offset, a.last_offset)).collect::<Vec<_>>()
    };
    assert_eq!(listed(0, 100), [(5, 0, marker_of_5), (6, 2, marker_of_6)]);
    assert_eq!(listed(next, 100), []);
    assert_eq!(listed(marker_of_5, 100), [(5, 0, marker_of_5)]);
}

#[test]
fn delete_records_may_cut_into_an_open_transaction() {
    let mut broker = Broker::new();
    open(&mut broker, 5);
    broker.write(Record::LogStartMoved(vec![(P0, 1)]));
    assert_eq!(stable(&broker, 2), 1, "lifted to the log's start");
    assert_eq!(broker.end_transaction(5, 1, false), 2);
    broker.write(Record::LogStartMoved(vec![(P0, 3)]));
    assert!(broker.state.partition(P0).expect("a partition").aborted_within(0, 100).is_empty());
}

#[test]
fn aborts_after_delete_records_are_all_listed() {
    // Both transactions began below the log's start, and the older one aborts last.
    let mut broker = Broker::new();
    open(&mut broker, 5);
    open(&mut broker, 6);
    broker.write(Record::LogStartMoved(vec![(P0, 4)]));
    broker.end_transaction(6, 1, false);
    broker.end_transaction(5, 1, false);
    let listed = broker.state.partition(P0).expect("a partition").aborted_within(0, 4);
    assert_eq!(listed.iter().map(|a| (a.producer_id, a.first_offset)).collect::<Vec<_>>(), [(5, 0), (6, 2)]);
}

#[test]
fn offsets_take_effect_with_the_record_and_skip_deleted_topics() {
    let mut broker = Broker::new();
    open(&mut broker, 5);
    let gone = onefold_broker_core::TopicPartition::new(onefold_broker_core::TopicId([99; 16]), 0);
    let commit = |at, offset| CommittedOffset { at, offset, leader_epoch: 1, metadata: "m".to_owned() };
    broker.write(Record::TransactionEnded(TransactionEnd {
        transactional_id: "t".to_owned(),
        producer_id: 5,
        epoch: 1,
        next: (5, 1),
        committed: true,
        markers: vec![
            Marker { at: gone, offset: 77, leader_epoch: 1, coordinator_epoch: 0 },
            Marker { at: P0, offset: 2, leader_epoch: 1, coordinator_epoch: 0 },
        ],
        offsets: vec![("g".to_owned(), vec![commit(P0, 2), commit(gone, 3)])],
    }));
    broker.kill_and_restart();
    let offsets = broker.state.group_offsets("g");
    assert_eq!(offsets.iter().map(|(at, o)| (*at, o.offset, o.time_ms)).collect::<Vec<_>>(), [(P0, 2, broker.now_ms)]);
    let id = broker.state.transactional_id("t").expect("known");
    assert_eq!((id.producer_id, id.epoch, id.committed), (5, 1, true));
    assert!(broker.state.offsets_changed("g") > Lsn::NONE);
}

#[test]
fn a_marker_without_data_is_harmless() {
    let mut broker = Broker::new();
    assert_eq!(broker.end_transaction(5, 1, false), 0);
    assert_eq!(stable(&broker, 1), 1);
    assert!(broker.state.partition(P0).expect("a partition").aborted_within(0, 100).is_empty());
}

#[test]
fn settled_or_not_the_state_and_its_snapshot_are_the_same() {
    let mut broker = Broker::new();
    open(&mut broker, 5);
    broker.end_transaction(5, 1, true);
    let mut settled = broker.state.clone();
    settled.settle(broker.state.lsn());
    assert_eq!(settled, broker.state);
    let bytes = |state: &State| {
        let mut bytes = Vec::new();
        state.encode_snapshot(&mut bytes);
        bytes
    };
    assert_eq!(bytes(&settled), bytes(&broker.state));
}

#[test]
fn the_markers_batch_is_as_kafka_writes_it() {
    let end = TransactionEnd {
        transactional_id: "t".to_owned(),
        producer_id: 5,
        epoch: 2,
        next: (5, 2),
        committed: true,
        markers: Vec::new(),
        offsets: Vec::new(),
    };
    let bytes = marker(&end, &Marker { at: P0, offset: 42, leader_epoch: 3, coordinator_epoch: 7 }, 1234);
    let header = Header::parse(&bytes).expect("a batch");
    assert!(header.is_control() && header.is_transactional() && header.size == bytes.len());
    assert_eq!((header.base_offset, header.leader_epoch, header.last_offset()), (42, 3, 42));
    assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (5, 2, -1));
    assert_eq!((header.max_timestamp_ms, header.crc), (1234, onefold_broker_core::batch::checksum(&bytes)));
    // length 16, attributes, deltas, key {0, 1}, value {0, coordinator epoch 7}, no headers
    assert_eq!(bytes[61..], [32, 0, 0, 0, 8, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0, 7, 0]);
}
