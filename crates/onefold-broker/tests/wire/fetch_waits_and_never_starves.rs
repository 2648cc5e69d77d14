//! Fetch: the long poll wakes for new records and not before, at least one batch is always given (KIP-74), errors are those
//! that clients act on, and no session is ever opened (gotcha 9).

use std::time::{Duration, Instant};

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{FetchRequest, FetchResponse};

use crate::common::raw::{fetch_request, offsets, topic_name};
use crate::common::{batch, start};

fn error(response: &FetchResponse) -> i16 {
    response.responses[0].partitions[0].error_code
}

fn with_epoch(mut request: FetchRequest, epoch: i32) -> FetchRequest {
    request.topics[0].partitions[0].current_leader_epoch = epoch;
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_wakes_when_a_record_comes() {
    let here = start().await;
    let mut reader = here.connect();
    let mut writer = here.connect();
    writer.create_topic("t", 1);
    let began = Instant::now();

    let id = reader.send(12, &fetch_request("t", 0, 0).with_max_wait_ms(15_000));
    assert!(reader.is_silent(Duration::from_millis(100)));
    writer.produce("t", 0, batch(&["a"]).bytes());

    let fetched = reader.receive::<FetchRequest>(12, id);
    assert_eq!(offsets(fetched.responses[0].partitions[0].records.clone().unwrap()), [0]);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_waits_for_min_bytes_and_no_longer_than_max_wait() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    raw.produce("t", 0, batch(&["a"]).bytes());
    let began = Instant::now();

    let fetched = raw.call(12, &fetch_request("t", 0, 0).with_max_wait_ms(300).with_min_bytes(100_000));

    assert!(began.elapsed() >= Duration::from_millis(300), "it was not enough to answer at once");
    assert_eq!(offsets(fetched.responses[0].partitions[0].records.clone().unwrap()), [0], "but it is given");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_batch_is_given_even_if_it_is_larger_than_allowed() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 2);
    for partition in 0..2 {
        raw.produce("t", partition, batch(&[vec![b'x'; 50_000]]).bytes());
        raw.produce("t", partition, batch(&[vec![b'x'; 50_000]]).bytes());
    }
    let wanted = |partition| FetchPartition::default().with_partition(partition).with_partition_max_bytes(1);
    let topic = FetchTopic::default().with_topic(topic_name("t")).with_partitions(vec![wanted(0), wanted(1)]);

    let fetched = raw.call(12, &FetchRequest::default().with_max_bytes(1).with_topics(vec![topic]));

    let records = |index: usize| fetched.responses[0].partitions[index].records.clone().unwrap_or_default();
    assert_eq!(offsets(records(0)), [0], "one whole batch for the first partition");
    assert!(records(1).is_empty(), "and nothing beyond it");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_those_that_clients_act_on() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    raw.produce("t", 0, batch(&["a", "b"]).bytes());

    assert_eq!(error(&raw.fetch("t", 0, 2)), 0, "the end is no error");
    assert_eq!(error(&raw.fetch("t", 0, 3)), 1, "OFFSET_OUT_OF_RANGE");
    assert_eq!(error(&raw.fetch("t", 0, -1)), 1, "OFFSET_OUT_OF_RANGE");
    assert_eq!(error(&raw.fetch("t", 7, 0)), 3, "UNKNOWN_TOPIC_OR_PARTITION");
    assert_eq!(error(&raw.fetch("other", 0, 0)), 3, "UNKNOWN_TOPIC_OR_PARTITION");
    assert_eq!(error(&raw.call(12, &with_epoch(fetch_request("t", 0, 0), 0))), 74, "FENCED_LEADER_EPOCH");
    assert_eq!(error(&raw.call(12, &with_epoch(fetch_request("t", 0, 0), 99))), 75, "UNKNOWN_LEADER_EPOCH");
    assert_eq!(error(&raw.call(12, &with_epoch(fetch_request("t", 0, 0), 1))), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_fetched_by_id_from_version_13_on() {
    let here = start().await;
    let mut raw = here.connect();
    let id = raw.create_topic("t", 1);
    raw.produce("t", 0, batch(&["a"]).bytes());
    let by_id = |id| {
        let wanted = FetchPartition::default().with_partition(0).with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default().with_topic_id(id).with_partitions(vec![wanted]);
        FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![topic])
    };

    let fetched = raw.call(17, &by_id(id));
    let unknown = raw.call(17, &by_id(uuid::Uuid::from_bytes([7; 16])));

    assert_eq!(fetched.responses[0].topic_id, id);
    assert_eq!(offsets(fetched.responses[0].partitions[0].records.clone().unwrap()), [0]);
    assert_eq!(error(&unknown), 100, "UNKNOWN_TOPIC_ID");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_opened_and_none_is_found() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    let opening = raw.call(12, &fetch_request("t", 0, 0).with_session_id(0).with_session_epoch(0));
    assert_eq!((opening.error_code, opening.session_id), (0, 0), "a full answer, and no session");
    let going_on = raw.call(12, &fetch_request("t", 0, 0).with_session_id(5).with_session_epoch(3));
    assert_eq!((going_on.error_code, going_on.responses.len()), (70, 0), "FETCH_SESSION_ID_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn read_committed_has_a_list_of_aborted_transactions_and_read_uncommitted_none() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let aborted = |level, raw: &mut crate::common::Raw| {
        let fetched = raw.call(12, &fetch_request("t", 0, 0).with_isolation_level(level));
        fetched.responses[0].partitions[0].aborted_transactions.clone()
    };

    assert_eq!(aborted(1, &mut raw), Some(vec![]));
    assert_eq!(aborted(0, &mut raw), None);
}
