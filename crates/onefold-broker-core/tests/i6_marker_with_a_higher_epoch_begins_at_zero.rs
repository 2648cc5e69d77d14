//! I6. A transaction ends with a marker of a higher epoch (transaction version 2, or a fence). From then on the producer's
//! sequence begins at 0 under that epoch, the batches of the old one are forgotten, and the old epoch is fenced.

mod support;

use support::{Broker, P0, appended, refused, sent};

#[test]
fn i6_the_next_epoch_begins_at_zero() {
    for committed in [true, false] {
        let mut broker = Broker::new();
        let open = onefold_broker_core::batch::BatchBuilder::new().transactional().producer(9, 4, 0);
        broker.append(P0, open.records(3, 1_800_000_000_000, b"v").build());
        assert_eq!(broker.end_transaction(9, 5, committed), 3, "the marker takes an offset");
        broker.kill_and_restart();
        let window = broker.state.partition(P0).and_then(|p| p.producers().get(9)).expect("known").clone();
        assert_eq!((window.epoch(), window.next_sequence(), window.sent().len()), (5, 0, 0));
        assert_eq!(window.open_transaction(), None);
        assert_eq!(refused(&broker.produce(P0, sent(9, 4, 3, 1))), Some(47), "the old epoch is fenced");
        assert_eq!(refused(&broker.produce(P0, sent(9, 5, 3, 1))), Some(45), "the new one begins at 0");
        assert_eq!(appended(&broker.produce(P0, sent(9, 5, 0, 1))), Some(4));
    }
}

#[test]
fn i6_a_marker_of_the_same_epoch_keeps_the_sequence() {
    // Transaction version 1: the next transaction goes on where this one stopped.
    let mut broker = Broker::new();
    let open = onefold_broker_core::batch::BatchBuilder::new().transactional().producer(9, 4, 0);
    broker.append(P0, open.records(3, 1_800_000_000_000, b"v").build());
    broker.end_transaction(9, 4, true);
    assert_eq!(refused(&broker.produce(P0, sent(9, 4, 0, 1))), Some(45));
    assert_eq!(appended(&broker.produce(P0, sent(9, 4, 3, 1))), Some(4));
}

#[test]
fn i6_a_producer_with_a_new_epoch_begins_at_zero_without_a_marker_too() {
    let mut broker = Broker::new();
    broker.produce(P0, sent(9, 0, 0, 3));
    assert_eq!(refused(&broker.produce(P0, sent(9, 1, 3, 1))), Some(45));
    assert_eq!(appended(&broker.produce(P0, sent(9, 1, 0, 1))), Some(3));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 3, 1))), Some(47));
}
