//! Five hundred connections that do nothing, peers that do not read their answers, and one too many: the others are
//! served, and memory stays where it was.

use std::io::Write;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};
use onefold_broker::{BrokerSettings, ServerLimits};

use crate::common::raw::{fetch_request, frame};
use crate::common::{Here, Raw, batch, start, start_with};
use crate::resident::{Resident, alone};

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_idle_connections() {
    let alone = alone().await;
    // Both ends of every connection are this process's.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: most.maximum, ..most };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let here = start().await;
    let memory = Resident::now(alone);
    let mut idle: Vec<Raw> = (0..500).map(|_| here.connect()).collect();
    for raw in idle.iter_mut().take(200) {
        raw.call(0, &ApiVersionsRequest::default());
    }

    let mut raw = here.connect();
    raw.create_topic("t", 1);

    assert_eq!(raw.produce("t", 0, batch(&["a"]).bytes()).error_code, 0);
    memory.has_grown_by_less_than(32);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_do_not_read() {
    let alone = alone().await;
    let limits = ServerLimits { write_timeout: Duration::from_secs(2), max_connections: 51, ..ServerLimits::default() };
    let here = start_with(|settings| BrokerSettings { limits, ..settings }).await;
    let mut writer = here.connect();
    writer.create_topic("t", 1);
    for _ in 0..40 {
        writer.produce("t", 0, batch(&[vec![b'x'; 1 << 20]; 1].map(|v| v[..1_000_000].to_vec())).bytes());
    }
    let memory = Resident::now(alone);
    let all = fetch_request("t", 0, 0).with_max_bytes(50 << 20);
    let mut greedy = all.clone();
    greedy.topics[0].partitions[0].partition_max_bytes = 50 << 20;
    let mut slow: Vec<Raw> = (0..50).map(|_| here.connect()).collect();
    for raw in &mut slow {
        for _ in 0..5 {
            raw.send(12, &greedy);
        }
    }

    for _ in 0..20 {
        assert_eq!(writer.produce("t", 0, batch(&["a"]).bytes()).error_code, 0);
    }
    // The budget of Fetch answers, and what the test's own side of the sockets may hold.
    memory.has_grown_by_less_than(256);
    // They hold all places but the writer's, until they are disconnected.
    a_place_becomes_free(&here);
    drop(slow);
}

fn a_place_becomes_free(here: &Here) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let mut raw = here.connect();
        raw.send(0, &ApiVersionsRequest::default());
        if !raw.is_closed() {
            return; // an answer came
        }
        assert!(Instant::now() < deadline, "nobody was disconnected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_asks_without_end_and_reads_nothing_is_no_longer_read() {
    let alone = alone().await;
    let here = start().await;
    let mut raw = here.connect();
    for n in 0..50 {
        raw.create_topic(&format!("topic-with-a-rather-long-name-{n}"), 50);
    }
    let memory = Resident::now(alone);
    raw.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let request = frame(1, 12, &MetadataRequest::default().with_topics(None));

    // Each answer takes some 100 KiB.
    let sent = (0..200_000).take_while(|_| raw.stream.write_all(&request).is_ok()).count();

    assert!(sent < 200_000, "the broker stops reading from whoever does not read its answers");
    memory.has_grown_by_less_than(64);
    assert_eq!(here.connect().call(0, &ApiVersionsRequest::default()).error_code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_closed_and_a_place_is_free_again_when_one_leaves() {
    let _alone = alone().await;
    let limits = ServerLimits { max_connections: 3, ..ServerLimits::default() };
    let here = start_with(|settings| BrokerSettings { limits, ..settings }).await;
    let mut three: Vec<Raw> = (0..3).map(|_| here.connect()).collect();
    for raw in &mut three {
        raw.call(0, &ApiVersionsRequest::default());
    }
    assert!(here.connect().is_closed());

    three.pop();

    a_place_becomes_free(&here);
}
