//! I5. All records of a producer are deleted, by DeleteRecords or retention, while it is still producing (KAFKA-7190). Its
//! window does not live in the records, so retries are still known and its sequence goes on.

mod support;

use onefold_broker_core::Record;
use support::{Broker, P0, appended, duplicate, refused, sent};

#[test]
fn i5_the_window_outlives_the_records() {
    let mut broker = Broker::new();
    (0..7).for_each(|n| assert_eq!(appended(&broker.produce(P0, sent(9, 0, n, 1))), Some(n.into())));
    broker.write(Record::LogStartMoved(vec![(P0, 7)]));
    broker.kill_and_restart();
    let partition = broker.state.partition(P0).expect("a partition");
    assert_eq!((partition.log_start(), partition.log_end()), (7, 7));
    (2..7).for_each(|n| assert_eq!(duplicate(&broker.produce(P0, sent(9, 0, n, 1))), Some(n.into())));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 1, 1))), Some(45));
    assert_eq!(appended(&broker.produce(P0, sent(9, 0, 7, 1))), Some(7));
}

#[test]
fn i5_the_window_does_not_outlive_its_topic() {
    // A topic made again under the same name is another topic: its sequences begin at 0.
    let mut broker = Broker::new();
    broker.produce(P0, sent(9, 0, 0, 1));
    let again = onefold_broker_core::TopicId([8; 16]);
    broker.write(Record::TopicDeleted { id: P0.topic });
    broker.create(again, "payments", 1);
    let at = onefold_broker_core::TopicPartition::new(again, 0);
    assert_eq!(refused(&broker.produce(at, sent(9, 0, 1, 1))), Some(45));
    assert_eq!(appended(&broker.produce(at, sent(9, 0, 0, 1))), Some(0));
    assert_eq!(refused(&broker.produce(P0, sent(9, 0, 1, 1))), Some(3), "the old one is gone");
}
