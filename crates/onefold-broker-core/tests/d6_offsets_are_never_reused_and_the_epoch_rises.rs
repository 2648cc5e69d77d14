//! D6. A crash may take back records that nobody was told of; their offsets then go to other records. A client that saw
//! the old ones (there is none but by acks=1, or through a fault) must be able to tell: every start has a leader epoch of
//! its own, each batch carries it, and the table of epochs says where the logs part, however much has been deleted since.

mod support;

use onefold_broker_core::Record;
use onefold_broker_core::batch::Header;
use support::{Broker, P0, appended, sent};

#[test]
fn d6_no_offset_is_given_twice_in_one_journal() {
    let mut broker = Broker::new();
    let mut given = Vec::new();
    for start in 0..4 {
        for n in 0..3 {
            given.extend(appended(&broker.produce(P0, sent(start, 0, n, 1))));
        }
        let end = broker.state.partition(P0).expect("a partition").log_end();
        broker.write(Record::LogStartMoved(vec![(P0, end)]));
        broker.kill_and_restart();
    }
    assert_eq!(given, (0..12).collect::<Vec<i64>>());
}

#[test]
fn d6_each_batch_carries_the_epoch_of_its_start() {
    let mut broker = Broker::new();
    for start in 1..=3 {
        broker.produce(P0, sent(-1, -1, -1, 1));
        let Some((_, Record::Appended(appends))) = broker.journal.last() else { panic!("an append") };
        assert_eq!(Header::parse(&appends[0].batch).map(|h| h.leader_epoch), Ok(start));
        broker.kill_and_restart();
    }
}

#[test]
fn d6_the_end_of_every_epoch_is_known_after_deletes_and_restarts() {
    let mut broker = Broker::new();
    for _ in 1..=4 {
        (0..5).for_each(|_| assert!(appended(&broker.produce(P0, sent(-1, -1, -1, 1))).is_some()));
        broker.kill_and_restart();
    }
    let end_of = |broker: &Broker, epoch| {
        let partition = broker.state.partition(P0).expect("a partition");
        partition.end_of_epoch(epoch).map(|end| (end.epoch, end.end_offset))
    };
    assert_eq!([1, 2, 3, 4, 5].map(|e| end_of(&broker, e)), [(1, 5), (2, 10), (3, 15), (4, 20), (5, 20)].map(Some));
    broker.write(Record::LogStartMoved(vec![(P0, 12)]));
    broker.kill_and_restart();
    // Older than the table: it ended where the table begins. Never -1.
    assert_eq!([0, 1, 2].map(|e| end_of(&broker, e)), [(0, 12), (1, 12), (2, 12)].map(Some));
    assert_eq!(end_of(&broker, 3), Some((3, 15)));
    // All deleted: the table still knows the present epoch and the log's end.
    broker.write(Record::LogStartMoved(vec![(P0, 20)]));
    assert_eq!(end_of(&broker, 6), Some((6, 20)));
    assert_eq!(end_of(&broker, 1), Some((1, 20)));
    assert_eq!(end_of(&broker, 7), None, "still to come");
}

#[test]
fn d6_a_new_partition_is_in_the_present_epoch() {
    let mut broker = Broker::new();
    broker.kill_and_restart();
    broker.write(Record::PartitionsAdded { id: P0.topic, total: 2 });
    let added = broker.state.topic_by_name("payments").and_then(|t| t.partition(1)).expect("added");
    assert_eq!(added.epochs().latest(), Some(2));
    assert_eq!(added.end_of_epoch(2).map(|end| end.end_offset), Some(0));
}
