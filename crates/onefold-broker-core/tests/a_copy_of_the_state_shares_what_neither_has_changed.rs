//! A checkpoint begins with a copy of the state, taken while every producer waits: so it must not copy what may be large
//! (partitions with their producers' windows, groups with their offsets), and yet must not change any more.

use bytes::Bytes;
use onefold_broker_core::batch::{BatchBuilder, patch};
use onefold_broker_core::{Append, CommittedOffset, Record, Stamp, State, TopicId, TopicPartition};
use std::sync::Arc;

const TOPIC: TopicId = TopicId([3; 16]);
const OTHER: TopicId = TopicId([4; 16]);

fn apply(state: &mut State, record: &Record) {
    let stamp = Stamp { lsn: state.lsn().next(), start_epoch: 1, time_ms: 1_800_000_000_000 };
    state.apply(&stamp, record);
}

fn appended(state: &State, partition: i32, producer: i64) -> Record {
    let at = TopicPartition::new(TOPIC, partition);
    let base_offset = state.partition(at).expect("it is there").log_end();
    let mut batch = BatchBuilder::new().producer(producer, 0, 0).record(1, None, Some(b"v")).build();
    patch(&mut batch, base_offset, 1);
    Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(batch) }])
}

fn committed(group: &str) -> Record {
    let commit =
        CommittedOffset { at: TopicPartition::new(TOPIC, 0), offset: 1, leader_epoch: -1, metadata: "".into() };
    Record::OffsetsCommitted { group: group.into(), commits: vec![commit] }
}

fn state() -> State {
    let mut state = State::new();
    for (id, name) in [(TOPIC, "t"), (OTHER, "other")] {
        apply(&mut state, &Record::TopicCreated { id, name: name.into(), partitions: 3, configs: vec![] });
    }
    for producer in 0..50 {
        let record = appended(&state, 0, producer);
        apply(&mut state, &record);
    }
    apply(&mut state, &committed("g"));
    apply(&mut state, &committed("h"));
    state
}

#[test]
fn partitions_and_groups_are_shared_until_they_change() {
    let mut state = state();
    let copy = state.clone();
    let record = appended(&state, 1, 7);
    apply(&mut state, &record);
    let shared = |id, number: usize| {
        let of = |state: &State| state.topic_by_id(id).expect("it is there").partitions[number].clone();
        Arc::ptr_eq(&of(&state), &of(&copy))
    };
    assert!(shared(TOPIC, 0), "the one with all the producers is not copied");
    assert!(!shared(TOPIC, 1), "the one that was appended to is");
    assert!(shared(TOPIC, 2) && shared(OTHER, 0));
    apply(&mut state, &committed("g"));
    let same = |group| std::ptr::eq(state.group(group).expect("known"), copy.group(group).expect("known"));
    assert!(!same("g") && same("h"));
}

#[test]
fn a_copy_stays_as_it_was() {
    let mut state = state();
    let (copy, mut before) = (state.clone(), Vec::new());
    copy.encode_snapshot(&mut before);
    for number in 0..3 {
        let record = appended(&state, number, 99);
        apply(&mut state, &record);
    }
    for record in [
        committed("new"),
        Record::LogStartMoved(vec![(TopicPartition::new(TOPIC, 0), 9)]),
        Record::TopicDeleted { id: OTHER },
        Record::TopicConfigured { id: TOPIC, configs: vec![("retention.ms".into(), "1".into())] },
        Record::Started { epoch: 5 },
        Record::TopicDeleted { id: TOPIC },
    ] {
        apply(&mut state, &record);
    }
    let mut after = Vec::new();
    copy.encode_snapshot(&mut after);
    assert!(before == after, "the copy changed with its original");
    assert_ne!(copy, state);
}
