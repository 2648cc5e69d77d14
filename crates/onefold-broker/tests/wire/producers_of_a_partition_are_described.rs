//! DescribeProducers shows whose batches a partition would recognise: who has produced with an id, under which epoch, up
//! to which sequence. It is what the window holds, so it is there after a restart.

use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::PartitionResponse;
use kafka_protocol::messages::{DescribeProducersRequest, InitProducerIdRequest, ProduceRequest};

use crate::common::raw::{Raw, produce_request, topic_name};
use crate::common::{batch, start, start_with};

fn describe(raw: &mut Raw, topic: &str, partitions: &[i32]) -> Vec<PartitionResponse> {
    let topic = TopicRequest::default().with_name(topic_name(topic)).with_partition_indexes(partitions.to_vec());
    let mut answer = raw.call(0, &DescribeProducersRequest::default().with_topics(vec![topic]));
    answer.topics.remove(0).partitions
}

/// Of each producer: id, epoch, last sequence.
fn known(line: &PartitionResponse) -> Vec<(i64, i32, i32)> {
    let producer = |known: &kafka_protocol::messages::describe_producers_response::ProducerState| {
        assert_eq!((known.coordinator_epoch, known.current_txn_start_offset), (-1, -1), "no transaction is open");
        assert!(known.last_timestamp > 0);
        (known.producer_id.0, known.producer_epoch, known.last_sequence)
    };
    line.active_producers.iter().map(producer).collect()
}

fn producer_id(raw: &mut Raw) -> i64 {
    raw.call(4, &InitProducerIdRequest::default().with_transactional_id(None)).producer_id.0
}

#[tokio::test(flavor = "multi_thread")]
async fn with_their_epoch_and_last_sequence_also_after_a_restart() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 2);
    let (one, two) = (producer_id(&mut raw), producer_id(&mut raw));
    raw.produce("t", 0, batch(&["a", "b"]).by(one, 0, 0).bytes());
    raw.produce("t", 0, batch(&["c"]).by(one, 0, 2).bytes());
    raw.produce("t", 0, batch(&["d"]).by(two, 0, 0).bytes());
    raw.produce("t", 1, batch(&["no id"]).bytes());

    let expected = [(one, 0, 2), (two, 0, 0)];
    let lines = describe(&mut raw, "t", &[0, 1]);
    assert_eq!((known(&lines[0]), known(&lines[1])), (expected.to_vec(), vec![]));

    drop(raw);
    let here = here.restart().await;
    assert_eq!(known(&describe(&mut here.connect(), "t", &[0])[0]), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_refused_and_what_is_named_twice_is_described_once() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let mut codes = |topic: &str, partitions: &[i32]| {
        let lines = describe(&mut raw, topic, partitions);
        lines.iter().map(|line| (line.partition_index, line.error_code)).collect::<Vec<_>>()
    };

    assert_eq!(codes("t", &[0, 0, 1, -1, 0]), [(0, 0), (1, 3), (-1, 3)]);
    assert_eq!((codes("gone", &[0]), codes("no/name", &[0])), (vec![(0, 3)], vec![(0, 17)]));
}

/// Each of these ids sends one batch to the partition.
fn produce_by(raw: &mut Raw, partition: i32, ids: std::ops::Range<i64>) {
    let send = |id| produce_request("t", partition, batch(&["a"]).by(id, 0, 0).bytes(), -1);
    let sent: Vec<_> = ids.map(|id| raw.send(11, &send(id))).collect();
    for id in sent {
        let answer = raw.receive::<ProduceRequest>(11, id).responses.remove(0).partition_responses.remove(0);
        assert_eq!(answer.error_code, 0, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_them_also_where_they_are_too_many_for_one_look() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    produce_by(&mut raw, 0, 0..2_001);
    let lines = describe(&mut raw, "t", &[0]);
    assert_eq!(known(&lines[0]), (0..2_001).map(|id| (id, 0, 0)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_finds_no_room_in_the_memory_for_answers_is_refused_whole() {
    let here = start_with(|mut settings| {
        settings.limits.fetch_bytes = 1; // what everybody may use without asking is left: 64 KiB
        settings
    })
    .await;
    let mut raw = here.connect();
    raw.create_topic("t", 3);
    for (partition, producers) in [(0, 200), (1, 300), (2, 56)] {
        produce_by(&mut raw, partition, 0..producers);
    }
    let mut found = |partitions: &[i32]| {
        let lines = describe(&mut raw, "t", partitions);
        lines.iter().map(|line| (line.error_code, line.active_producers.len())).collect::<Vec<_>>()
    };
    assert_eq!(found(&[0, 1, 2]), [(0, 200), (44, 0), (0, 56)], "together 256");
    assert_eq!(found(&[2, 0]), [(0, 56), (0, 200)]);
}
