//! I7. A producer copies old events and keeps their timestamps, of 1970. Kafka takes the batch's timestamp for the time of
//! its last use and forgets such a producer at once. Here only the broker's clock counts: the window holds for 24 hours of
//! silence, then shrinks to its place in the sequence, and goes after a week. Never within an open transaction. A producer
//! that is not known must begin at sequence 0, unless it is one whose window has gone.

mod support;

use onefold_broker_core::Record;
use onefold_broker_core::batch::BatchBuilder;
use onefold_broker_core::producer::{CROWD, FORGET_AFTER_MS, SHRINK_AFTER_MS};
use support::{Broker, HOUR_MS, P0, appended, duplicate, refused, sent};

fn of_1970(sequence: i32) -> Vec<u8> {
    BatchBuilder::new().producer(9, 0, sequence).records(1, 1_000, b"old").build()
}

/// What the broker does now and then.
fn expire(broker: &mut Broker) -> bool {
    let due = broker.state.expiries_due(broker.now_ms);
    let any = due.is_some();
    due.map(|record| broker.write(record));
    any
}

#[test]
fn i7_timestamps_of_1970_do_not_age_a_producer() {
    let mut broker = Broker::new();
    broker.produce(P0, of_1970(0));
    broker.now_ms += SHRINK_AFTER_MS - 1;
    assert!(!expire(&mut broker));
    assert_eq!(duplicate(&broker.produce(P0, of_1970(0))), Some(0));
}

#[test]
fn i7_an_expired_producer_goes_on_where_it_stopped() {
    let mut broker = Broker::new();
    (0..3).for_each(|n| assert!(appended(&broker.produce(P0, of_1970(n))).is_some()));
    broker.now_ms += SHRINK_AFTER_MS;
    assert!(expire(&mut broker));
    assert!(!expire(&mut broker), "once is enough");
    broker.kill_and_restart();
    assert_eq!(refused(&broker.produce(P0, of_1970(2))), Some(45), "a retry of yesterday is not appended again");
    assert_eq!(appended(&broker.produce(P0, of_1970(3))), Some(3));
    assert_eq!(duplicate(&broker.produce(P0, of_1970(3))), Some(3), "and it is remembered again");
}

/// The clock passes a week of silence.
fn forget(broker: &mut Broker) {
    broker.now_ms += SHRINK_AFTER_MS;
    while expire(broker) {}
    broker.now_ms += FORGET_AFTER_MS - SHRINK_AFTER_MS;
    while expire(broker) {}
}

#[test]
fn i7_a_forgotten_producer_goes_on_and_one_never_known_begins_at_zero() {
    let mut broker = Broker::new();
    broker.write(Record::ProducerIdsReserved { next: 1000 });
    (0..3).for_each(|n| assert!(appended(&broker.produce(P0, of_1970(n))).is_some()));
    forget(&mut broker);
    assert!(broker.state.partition(P0).expect("a partition").producers().is_empty());
    broker.kill_and_restart();
    assert_eq!(appended(&broker.produce(P0, of_1970(3))), Some(3), "its window expired, so it goes on");
    assert_eq!(refused(&broker.produce(P0, of_1970(5))), Some(45), "and from there on in order");
    assert_eq!(refused(&broker.produce(P0, sent(10, 0, 3, 1))), Some(45), "nothing of this one ever expired");
    assert_eq!(appended(&broker.produce(P0, sent(10, 0, 0, 1))), Some(4));
}

#[test]
fn i7_an_id_that_a_client_made_up_does_not_end_the_rule_for_others() {
    let mut broker = Broker::new();
    broker.write(Record::ProducerIdsReserved { next: 1000 });
    broker.produce(P0, sent(i64::MAX, 0, 0, 1));
    forget(&mut broker);
    assert_eq!(refused(&broker.produce(P0, sent(10, 0, 3, 1))), Some(45));
}

#[test]
fn i7_a_crowd_of_short_lived_producers_is_forgotten_after_a_day_and_goes_on() {
    let mut broker = Broker::new();
    let crowd = CROWD as i64 + 1;
    broker.write(Record::ProducerIdsReserved { next: crowd });
    (0..crowd).for_each(|id| assert!(appended(&broker.produce(P0, sent(id, 0, 0, 1))).is_some()));
    broker.now_ms += SHRINK_AFTER_MS;
    // Records are of a bounded size, so it takes several.
    while expire(&mut broker) {}
    let known = broker.state.partition(P0).expect("a partition").producers().len();
    assert!(known <= CROWD, "{known} are still known");
    assert!(known > 0, "those within the bound are kept for the week");
    for id in 0..crowd {
        assert!(appended(&broker.produce(P0, sent(id, 0, 1, 1))).is_some(), "producer {id} must not begin again");
    }
}

#[test]
fn i7_a_clock_set_back_expires_nobody() {
    let mut broker = Broker::new();
    broker.produce(P0, of_1970(0));
    broker.now_ms -= 1000 * HOUR_MS;
    assert!(!expire(&mut broker));
}

#[test]
fn i7_an_open_transaction_is_not_expired() {
    let mut broker = Broker::new();
    broker.append(P0, BatchBuilder::new().transactional().producer(9, 0, 0).records(1, 1_000, b"v").build());
    broker.now_ms += 2 * FORGET_AFTER_MS;
    assert!(!expire(&mut broker));
    broker.end_transaction(9, 1, false);
    broker.now_ms += SHRINK_AFTER_MS;
    assert!(expire(&mut broker));
}

#[test]
fn i7_an_expiry_that_is_in_the_journal_needs_no_clock_at_replay() {
    let mut broker = Broker::new();
    broker.produce(P0, sent(9, 0, 0, 1));
    broker.write(Record::ProducersExpired(vec![(P0, 9)]));
    broker.kill_and_restart();
    assert!(broker.state.partition(P0).and_then(|p| p.producers().get(9)).is_some_and(|w| w.is_expired()));
}
