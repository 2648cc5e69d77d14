//! I1. A client sends batches with up to five in flight, over connections that die and come back, so that any batch may
//! arrive again, late, early or twice, and the broker is killed in between. Whatever the interleaving: the log holds each
//! sequence once, in order, without gaps, and a batch that was answered with an offset is answered with the same again
//! for as long as it is among the last five.

mod support;

use proptest::prelude::*;
use support::{Broker, P0, appended, duplicate, sent};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Batch number `acked + ahead` (or behind) arrives.
    Arrives {
        distance: i8,
    },
    Kill,
    DeleteRecords,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (-7i8..6).prop_map(|distance| Step::Arrives { distance }),
        1 => Just(Step::Kill),
        1 => Just(Step::DeleteRecords),
    ]
}

/// Batch n's first sequence and its number of records, which goes 1, 2, 3, 1, 2, 3, ...
fn batch_of(number: usize) -> (i32, i32) {
    let records = |n: usize| n as i32 % 3 + 1;
    ((0..number).map(records).sum(), records(number))
}

proptest! {
    #[test]
    fn any_interleaving(steps in prop::collection::vec(step(), 1..120)) {
        let mut broker = Broker::new();
        let mut offsets: Vec<i64> = Vec::new();
        for step in steps {
            match step {
                Step::Kill => broker.kill_and_restart(),
                Step::DeleteRecords => {
                    let end = broker.state.partition(P0).expect("a partition").log_end();
                    broker.write(onefold_broker_core::Record::LogStartMoved(vec![(P0, end)]));
                }
                Step::Arrives { distance } => {
                    let Some(number) = offsets.len().checked_add_signed(distance.into()) else { continue };
                    let (sequence, count) = batch_of(number);
                    let decision = broker.produce(P0, sent(5, 0, sequence, count));
                    if number == offsets.len() {
                        offsets.push(appended(&decision).expect("the next batch is appended"));
                    } else if number < offsets.len() && number + 5 >= offsets.len() {
                        prop_assert_eq!(duplicate(&decision), Some(offsets[number]));
                    } else {
                        prop_assert_eq!(support::refused(&decision), Some(45));
                    }
                }
            }
        }
        let expected: Vec<i32> = (0..broker.sequences(P0, 5).len() as i32).collect();
        prop_assert_eq!(broker.sequences(P0, 5), expected);
    }
}

#[test]
fn i1_the_sequence_after_the_largest_is_zero() {
    let mut broker = Broker::new();
    // As far as a producer gets in one step: a batch claims its sequences, it need not be the first to use them.
    let almost = i32::MAX - 2;
    let mut at = 0;
    while at < almost {
        let count = (almost - at).min(i32::MAX / 4);
        broker.append(P0, claiming(at, count));
        at += count;
    }
    assert_eq!(broker.state.partition(P0).and_then(|p| p.producers().get(5)).map(|w| w.next_sequence()), Some(almost));
    let before = broker.state.partition(P0).expect("a partition").log_end();
    // Sequences MAX-2, MAX-1, MAX, 0, 1 in one batch, then 2.
    assert_eq!(appended(&broker.produce(P0, sent(5, 0, almost, 5))), Some(before));
    assert_eq!(appended(&broker.produce(P0, sent(5, 0, 2, 1))), Some(before + 5));
    assert_eq!(duplicate(&broker.produce(P0, sent(5, 0, almost, 5))), Some(before));
    assert_eq!(support::refused(&broker.produce(P0, sent(5, 0, 4, 1))), Some(45));
}

/// A stored batch whose header claims `count` records: the state reads no further than the header.
fn claiming(sequence: i32, count: i32) -> Vec<u8> {
    let mut batch = sent(5, 0, sequence, 1);
    batch[23..27].copy_from_slice(&(count - 1).to_be_bytes());
    batch[57..61].copy_from_slice(&count.to_be_bytes());
    batch
}
