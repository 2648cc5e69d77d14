//! What one Produce request costs the broker besides the wire and the disk, per batch: checking it, deciding its place,
//! applying it, and its journal record. Bytes a second count the whole batch.

use bytes::Bytes;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use onefold_broker_core::batch::{self, BatchBuilder, Header, Limits};
use onefold_broker_core::produce::{Decision, decide};
use onefold_broker_core::topic::TopicSettings;
use onefold_broker_core::{Append, Lsn, Record, Stamp, State, TopicId, TopicPartition};

const NOW: i64 = 1_800_000_000_000;
const AT: TopicPartition = TopicPartition { topic: TopicId([7; 16]), partition: 3 };

/// Records in a batch, bytes in a record's value.
const SHAPES: [(i32, usize); 4] = [(1, 1024), (1000, 100), (1000, 1024), (100, 10 * 1024)];

fn main() {
    divan::main();
}

fn batch_of((records, bytes): (i32, usize), sequence: i32) -> Vec<u8> {
    BatchBuilder::new().producer(5, 0, sequence).records(records, NOW, &vec![b'x'; bytes]).build()
}

fn limits() -> Limits {
    Limits::of(&TopicSettings { max_message_bytes: Some(16 << 20), ..TopicSettings::default() }, NOW)
}

/// A broker with some topics, of which the benchmark uses one.
fn state() -> State {
    let mut state = State::new();
    let mut write = |record| {
        let stamp = Stamp { lsn: state.lsn().next(), start_epoch: 1, time_ms: NOW };
        state.apply(&stamp, &record);
    };
    write(Record::Started { epoch: 1 });
    for number in 0..50u8 {
        let id = TopicId([number; 16]);
        write(Record::TopicCreated { id, name: format!("topic-{number}"), partitions: 6, configs: Vec::new() });
    }
    state
}

/// Header, checksum and a walk through the records.
#[divan::bench(args = SHAPES)]
fn validate(bencher: Bencher, shape: (i32, usize)) {
    let (batch, limits) = (batch_of(shape, 0), limits());
    bencher.counter(BytesCount::of_slice(&batch)).bench_local(|| batch::validate(black_box(&batch), &limits));
}

/// The part of it that is the checksum.
#[divan::bench(args = SHAPES)]
fn checksum(bencher: Bencher, shape: (i32, usize)) {
    let batch = batch_of(shape, 0);
    bencher.counter(BytesCount::of_slice(&batch)).bench_local(|| batch::checksum(black_box(&batch)));
}

/// What happens while the sequencer is held: decide, patch, apply.
#[divan::bench]
fn sequence(bencher: Bencher) {
    let mut state = state();
    let mut batch = batch_of((1, 100), 0);
    let mut sequence = 0;
    bencher.bench_local(|| {
        batch[53..57].copy_from_slice(&i32::to_be_bytes(sequence));
        sequence = (sequence + 1) & i32::MAX;
        let header = Header::parse(&batch).expect("a batch");
        let Decision::Append { base_offset } = decide(&state, AT, black_box(&header)) else { panic!("it is new") };
        batch::patch(&mut batch, base_offset, 1);
        let stamp = Stamp { lsn: Lsn(state.lsn().0 + 1), start_epoch: 1, time_ms: NOW };
        let bytes = Bytes::from(std::mem::take(&mut batch));
        let record = Record::Appended(vec![Append { at: AT, base_offset, batch: bytes }]);
        state.apply(&stamp, &record);
        let Record::Appended(mut appends) = record else { unreachable!("it was just made") };
        batch = appends.pop().expect("one").batch.into();
    });
}

/// The journal record, gathered.
#[divan::bench(args = SHAPES)]
fn encode_parts(bencher: Bencher, shape: (i32, usize)) {
    let batch = Bytes::from(batch_of(shape, 0));
    let bytes = BytesCount::of_slice(&batch);
    let record = Record::Appended(vec![Append { at: AT, base_offset: 7, batch }]);
    let mut parts = Vec::new();
    bencher.counter(bytes).bench_local(|| {
        parts.clear();
        black_box(&record).encode_parts(&mut parts);
    });
}

/// All of it, for one idempotent batch.
#[divan::bench(args = SHAPES)]
fn whole_request(bencher: Bencher, shape: (i32, usize)) {
    let (mut state, limits) = (state(), limits());
    let sent = batch_of(shape, 0);
    let mut epoch = 0i16;
    bencher
        .counter(BytesCount::of_slice(&sent))
        .with_inputs(|| {
            // Every batch begins an epoch, so that each is new; the epoch lies within the checksum.
            epoch = epoch.wrapping_add(1) & i16::MAX;
            let builder = BatchBuilder::new().producer(producer_of(epoch), epoch, 0);
            builder.records(shape.0, NOW, &vec![b'x'; shape.1]).build()
        })
        .bench_local_values(|mut batch| {
            let header = batch::accept(&mut batch, &limits).expect("a good batch");
            let Decision::Append { base_offset } = decide(&state, AT, &header) else { panic!("it is new") };
            batch::patch(&mut batch, base_offset, 1);
            let record = Record::Appended(vec![Append { at: AT, base_offset, batch: Bytes::from(batch) }]);
            state.apply(&Stamp { lsn: state.lsn().next(), start_epoch: 1, time_ms: NOW }, &record);
            let mut parts = Vec::new();
            record.encode_parts(&mut parts);
            parts
        });
}

/// Epochs run out; then the next producer goes on.
fn producer_of(epoch: i16) -> i64 {
    use std::cell::Cell;
    thread_local!(static PRODUCER: Cell<i64> = const { Cell::new(5) });
    PRODUCER.with(|id| {
        id.set(id.get() + i64::from(epoch == 0));
        id.get()
    })
}
