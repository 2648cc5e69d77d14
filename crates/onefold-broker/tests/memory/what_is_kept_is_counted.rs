//! What the books of memory count is what is kept: a small batch keeps no large request, large requests that never end
//! keep nobody else out, and a peer that has left is noticed however many answers it had asked for.

use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiVersionsRequest;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use onefold_broker::{BrokerSettings, ServerLimits};

use crate::common::raw::{fetch_request, frame, produce_request, topic_name};
use crate::common::{Raw, batch, start, start_with};
use crate::resident::{Resident, alone};

#[tokio::test(flavor = "multi_thread")]
async fn a_small_batch_of_a_large_request() {
    let alone = alone().await;
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let mut request = produce_request("t", 0, batch(&["a"]).bytes(), -1);
    let junk = PartitionProduceData::default().with_records(Some(vec![1; 20 << 20].into()));
    let unknown = TopicProduceData::default().with_name(topic_name("nosuch")).with_partition_data(vec![junk]);
    request.topic_data.push(unknown);
    let memory = Resident::now(alone);

    for _ in 0..16 {
        let answer = raw.call(9, &request);
        assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    }

    memory.has_grown_by_less_than(128);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_requests_that_never_end() {
    let _alone = alone().await;
    let here = start().await;
    let mut victim = here.connect();
    victim.create_topic("t", 1);
    let mut halves: Vec<Raw> = (0..3).map(|_| here.connect()).collect();
    for half in &mut halves {
        half.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        half.stream.write_all(&(100u32 << 20).to_be_bytes()).unwrap();
        half.stream.write_all(&vec![0; 66 << 20]).ok(); // the broker need not take it all
    }

    let started = Instant::now();
    let produced = victim.produce("t", 0, batch(&[vec![b'x'; 200_000]]).bytes());

    assert_eq!(produced.error_code, 0);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_leaves_many_long_polls() {
    let _alone = alone().await;
    let limits = ServerLimits { max_connections: 2, ..ServerLimits::default() };
    let here = start_with(|settings| BrokerSettings { limits, ..settings }).await;
    let mut first = here.connect();
    first.create_topic("t", 1);
    let mut leaver = here.connect();
    leaver.call(0, &ApiVersionsRequest::default());
    let forever = frame(1, 12, &fetch_request("t", 0, 0).with_max_wait_ms(i32::MAX));
    leaver.stream.write_all(&forever.repeat(400)).unwrap();
    leaver.stream.shutdown(Shutdown::Both).unwrap();
    drop(leaver);

    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut next = here.connect();
        next.send(0, &ApiVersionsRequest::default());
        if !next.is_closed() {
            return; // an answer came: its place is free
        }
        assert!(Instant::now() < deadline, "the broker does not see that the peer has left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_named_often_is_answered_once() {
    let _alone = alone().await;
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 2);
    raw.produce("t", 0, batch(&["a"]).bytes());
    let mut request = fetch_request("t", 0, 0);
    let wanted = request.topics[0].partitions[0].clone();
    request.topics[0].partitions = vec![wanted.clone(), wanted.clone().with_partition(1), wanted];

    let answer = raw.call(12, &request);

    let partitions: Vec<i32> = answer.responses[0].partitions.iter().map(|one| one.partition_index).collect();
    assert_eq!(partitions, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_batch_is_the_settings() {
    let _alone = alone().await;
    let here = start_with(|settings| BrokerSettings { max_message_bytes: 1000, ..settings }).await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    assert_eq!(raw.produce("t", 0, batch(&[vec![b'x'; 900]]).bytes()).error_code, 0);
    assert_eq!(raw.produce("t", 0, batch(&[vec![b'x'; 1100]]).bytes()).error_code, 10);
}
