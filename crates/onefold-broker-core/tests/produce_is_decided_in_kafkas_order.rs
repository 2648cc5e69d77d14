//! What a producer is told when its batch is not appended decides what it does next: 45 makes it begin a new epoch, 47 lets
//! it abort and go on, 48 ends it. The order of the checks decides which of them it hears.

mod support;

use onefold_broker_core::TopicPartition;
use onefold_broker_core::batch::BatchBuilder;
use support::{Broker, P0, TOPIC, appended, refused, sent};

fn transactional(epoch: i16, sequence: i32) -> Vec<u8> {
    BatchBuilder::new().transactional().producer(9, epoch, sequence).records(1, 1_800_000_000_000, b"v").build()
}

#[test]
fn an_unknown_partition() {
    let mut broker = Broker::new();
    assert_eq!(refused(&broker.produce(TopicPartition::new(TOPIC, 1), sent(-1, -1, -1, 1))), Some(3));
    assert_eq!(refused(&broker.produce(TopicPartition::new(TOPIC, -1), sent(-1, -1, -1, 1))), Some(3));
}

#[test]
fn an_unknown_producer_begins_at_zero() {
    let mut broker = Broker::new();
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 3, 1))), Some(45));
    assert_eq!(appended(&broker.produce(P0, sent(9, 0, 0, 1))), Some(0));
}

#[test]
fn a_transactional_batch_needs_a_transaction() {
    let mut broker = Broker::new();
    assert_eq!(refused(&broker.produce(P0, transactional(0, 0))), Some(48));
    broker.produce(P0, sent(9, 3, 0, 1));
    assert_eq!(refused(&broker.produce(P0, transactional(3, 1))), Some(48));
    assert_eq!(refused(&broker.produce(P0, transactional(2, 0))), Some(47), "the epoch before the transaction");
    let without_producer = BatchBuilder::new().transactional().records(1, 1_800_000_000_000, b"v").build();
    assert_eq!(refused(&broker.produce(P0, without_producer)), Some(48));
}

#[test]
fn no_plain_batch_within_a_transaction() {
    let mut broker = Broker::new();
    broker.append(P0, transactional(0, 0));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 1, 1))), Some(48));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 5, 1))), Some(45), "the sequence before the transaction");
}

#[test]
fn an_epoch_below_zero_is_no_epoch() {
    let mut broker = Broker::new();
    assert_eq!(refused(&broker.produce(P0, sent(9, -1, 0, 1))), Some(47));
}
