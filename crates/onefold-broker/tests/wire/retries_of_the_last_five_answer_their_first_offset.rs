//! Idempotent producing over the wire: a retry of any of the last five batches is answered with its first offset and stored
//! once, on any connection, over a restart, and over DeleteRecords (I1 to I5 of the producer's invariants).

use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::{DeleteRecordsRequest, InitProducerIdRequest};

use crate::common::raw::{Raw, topic_name};
use crate::common::{batch, start};

fn fresh_producer(raw: &mut Raw) -> i64 {
    let answered = raw.call(4, &InitProducerIdRequest::default().with_transactional_id(None));
    assert_eq!((answered.error_code, answered.producer_epoch), (0, 0));
    answered.producer_id.0
}

fn send(raw: &mut Raw, producer: i64, sequence: i32) -> (i16, i64) {
    let answered = raw.produce("t", 0, batch(&["x"]).by(producer, 0, sequence).bytes());
    (answered.error_code, answered.base_offset)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_another_connection_and_after_a_restart() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let producer = fresh_producer(&mut raw);
    for sequence in 0..8 {
        assert_eq!(send(&mut raw, producer, sequence), (0, i64::from(sequence)));
    }
    let mut other = here.connect();
    for sequence in 3..8 {
        assert_eq!(send(&mut other, producer, sequence), (0, i64::from(sequence)), "I2");
    }
    assert_eq!(send(&mut other, producer, 2).0, 45, "older than the window: never a new append");
    assert_eq!(send(&mut other, producer, 9).0, 45, "a gap");

    let here = here.restart().await;
    let mut raw = here.connect();

    for sequence in 3..8 {
        assert_eq!(send(&mut raw, producer, sequence), (0, i64::from(sequence)), "I3");
    }
    assert_eq!(send(&mut raw, producer, 8), (0, 8), "and it goes on where it was");
    let next = fresh_producer(&mut raw);
    assert!(next > producer, "D7: {next} was never handed out before");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_records_themselves_are_deleted() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let producer = fresh_producer(&mut raw);
    for sequence in 0..3 {
        send(&mut raw, producer, sequence);
    }
    let partition = DeleteRecordsPartition::default().with_partition_index(0).with_offset(-1);
    let topic = DeleteRecordsTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    raw.call(2, &DeleteRecordsRequest::default().with_topics(vec![topic]));

    assert_eq!(send(&mut raw, producer, 2), (0, 2), "I5");
    assert_eq!(send(&mut raw, producer, 3), (0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_batch_on_many_connections_at_once_is_stored_once() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let producer = fresh_producer(&mut raw);
    let address = here.broker.address();

    for sequence in 0..20 {
        let senders: Vec<_> =
            (0..8).map(|_| std::thread::spawn(move || send(&mut Raw::connect(address), producer, sequence))).collect();
        for sender in senders {
            assert_eq!(sender.join().unwrap(), (0, i64::from(sequence)), "I4");
        }
    }
}
