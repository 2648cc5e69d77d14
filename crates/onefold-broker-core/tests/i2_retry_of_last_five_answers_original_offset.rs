//! I2. Five batches are in flight when the connection dies; the client sends all five again. Each is answered with the
//! offset it got the first time, and waits for the record that wrote it. A retry older than that gets
//! OUT_OF_ORDER_SEQUENCE_NUMBER, never a second place in the log.

mod support;

use onefold_broker_core::Lsn;
use onefold_broker_core::produce::Decision;
use support::{Broker, P0, appended, refused, sent};

#[test]
fn i2_all_five_come_back_with_their_offsets_and_records() {
    let mut broker = Broker::new();
    let first: Vec<(i64, Lsn)> = (0..6)
        .map(|n| {
            let offset = appended(&broker.produce(P0, sent(9, 0, n * 10, 10))).expect("new");
            (offset, broker.state.lsn())
        })
        .collect();
    for (n, (offset, lsn)) in (0..).zip(&first).skip(1) {
        let again = broker.produce(P0, sent(9, 0, n * 10, 10));
        let Decision::Duplicate { base_offset, lsn: waits_for, append_time_ms } = again else {
            panic!("batch {n} is among the last five: {again:?}");
        };
        assert_eq!((base_offset, waits_for, append_time_ms), (*offset, *lsn, broker.now_ms));
    }
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 0, 10))), Some(45), "the sixth last");
    assert_eq!(broker.state.partition(P0).expect("a partition").log_end(), 60);
}

#[test]
fn i2_a_retry_must_be_the_same_batch() {
    // The same first sequence with another length is another batch: a client that cuts its batches anew would lose records.
    let mut broker = Broker::new();
    broker.produce(P0, sent(9, 0, 0, 10));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 0, 5))), Some(45));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 5, 5))), Some(45));
}

#[test]
fn i2_producers_without_an_id_are_not_compared() {
    let mut broker = Broker::new();
    for n in 0..3 {
        assert_eq!(appended(&broker.produce(P0, sent(-1, -1, -1, 1))), Some(n));
    }
}
