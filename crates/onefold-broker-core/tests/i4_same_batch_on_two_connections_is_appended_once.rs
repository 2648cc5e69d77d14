//! I4. A client times out on one connection and sends its batch on another while the first is still under way. Check,
//! append and window are one step, so whichever comes second finds the first; and within one request no batch is decided on
//! a state that an earlier batch of it is about to change.

mod support;

use onefold_broker_core::batch::Header;
use onefold_broker_core::produce::{Deciding, Decision};
use onefold_broker_core::{Record, TopicPartition};
use support::{Broker, P0, TOPIC, appended, duplicate, refused, sent};

#[test]
fn i4_the_second_finds_the_first() {
    let mut broker = Broker::new();
    assert_eq!(appended(&broker.produce(P0, sent(9, 0, 0, 4))), Some(0));
    assert_eq!(duplicate(&broker.produce(P0, sent(9, 0, 0, 4))), Some(0));
    assert_eq!(broker.sequences(P0, 9), [0, 1, 2, 3]);
}

#[test]
fn i4_one_request_names_a_partition_once() {
    let mut broker = Broker::new();
    broker.write(Record::PartitionsAdded { id: TOPIC, total: 2 });
    let mut deciding = Deciding::new(&broker.state);
    let header = |sequence| Header::parse(&sent(9, 0, sequence, 4)).expect("a batch");
    assert_eq!(deciding.decide(P0, &header(0)), Decision::Append { base_offset: 0 });
    assert_eq!(deciding.decide(TopicPartition::new(TOPIC, 1), &header(0)), Decision::Append { base_offset: 0 });
    assert_eq!(refused(&deciding.decide(P0, &header(4))), Some(42), "it would take the first one's place");
}
