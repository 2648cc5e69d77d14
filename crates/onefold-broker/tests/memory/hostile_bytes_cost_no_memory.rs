//! Whatever bytes come, memory stays bounded, nothing panics, and the next client is served. Lengths are claims: a broker
//! that allocates by them is ended by one packet.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, ApiKey, ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    DescribeClientQuotasRequest, DescribeLogDirsRequest, DescribeTopicPartitionsRequest, FetchRequest,
    JoinGroupRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use onefold_broker::ServerLimits;

use crate::common::raw::{fetch_request, frame, produce_request};
use crate::common::{Raw, batch, start, start_with};
use crate::resident::{Resident, alone};

fn send_and_leave(address: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    stream.write_all(bytes).ok(); // the broker may close the connection before all is sent
}

fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[..], body].concat()
}

fn is_served(address: SocketAddr) {
    let answer = Raw::connect(address).call(0, &ApiVersionsRequest::default());
    assert_eq!(answer.error_code, 0);
}

/// A small generator: the same bytes in every run.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_in_every_api_and_version() {
    let alone = alone().await;
    let here = start().await;
    let address = here.broker.address();
    let mut random = Bytes(0x9e37_79b9_7f4a_7c15);
    let memory = Resident::now(alone);
    for api in ApiKey::iter().map(|api| api as i16).chain([-1, 999]) {
        for version in -1..20i16 {
            let header = [&api.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 1, 0xff, 0xff, 0]].concat();
            let length = usize::from(random.next());
            let body = random.take(length);
            send_and_leave(address, &framed(&[header, body].concat()));
        }
    }
    is_served(address);
    memory.has_grown_by_less_than(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_length_of_a_good_request_blown_up() {
    let alone = alone().await;
    let here = start().await;
    let address = here.broker.address();
    here.connect().create_topic("t", 1);
    let group = || OffsetFetchRequest::default();
    let good = [
        frame(1, 9, &produce_request("t", 0, batch(&["a"]).bytes(), -1)),
        frame(1, 12, &fetch_request("t", 0, 0)),
        frame(1, 4, &fetch_request("t", 0, 0)),
        frame(1, 1, &MetadataRequest::default()),
        frame(1, 12, &MetadataRequest::default()),
        frame(1, 7, &CreateTopicsRequest::default()),
        frame(1, 2, &CreateTopicsRequest::default()),
        frame(1, 3, &DeleteTopicsRequest::default()),
        frame(1, 6, &JoinGroupRequest::default()),
        frame(1, 0, &JoinGroupRequest::default()),
        frame(1, 8, &OffsetCommitRequest::default()),
        frame(1, 2, &OffsetCommitRequest::default()),
        frame(1, 5, &group()),
        frame(1, 9, &group().with_topics(Some(vec![])).with_group_id(Default::default())),
    ];
    let cursor = kafka_protocol::messages::describe_topic_partitions_request::Cursor::default();
    let tools = [
        frame(1, 0, &DescribeTopicPartitionsRequest::default().with_cursor(Some(cursor))),
        frame(1, 1, &AlterPartitionReassignmentsRequest::default()),
        frame(1, 1, &DescribeLogDirsRequest::default()),
        frame(1, 4, &DescribeLogDirsRequest::default()),
        frame(1, 1, &DescribeClientQuotasRequest::default()),
    ];
    let memory = Resident::now(alone);
    for request in good.into_iter().chain(tools) {
        for at in 12..request.len() {
            // As a fixed-size length and as the longest varint.
            for huge in [&[0x7f, 0xff, 0xff, 0xff][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]] {
                let mut bad = request.clone();
                let end = (at + huge.len()).min(bad.len());
                bad[at..end].copy_from_slice(&huge[..end - at]);
                send_and_leave(address, &bad);
            }
        }
    }
    is_served(address);
    memory.has_grown_by_less_than(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_too_large_or_too_short_closes_the_connection() {
    let _alone = alone().await;
    let here = start().await;
    for claimed in [0, 7, -1, i32::MIN, i32::MAX, (100 << 20) + 1] {
        let mut raw = here.connect();
        raw.stream.write_all(&i32::to_be_bytes(claimed)).unwrap();
        assert!(raw.is_closed(), "{claimed}");
    }
    is_served(here.broker.address());
}

#[tokio::test(flavor = "multi_thread")]
async fn claimed_frames_that_never_come_take_no_memory_and_time_out() {
    let alone = alone().await;
    let limits = ServerLimits { frame_timeout: Duration::from_millis(500), ..ServerLimits::default() };
    let here = start_with(|settings| onefold_broker::BrokerSettings { limits, ..settings }).await;
    let memory = Resident::now(alone);
    let mut halves: Vec<Raw> = (0..100).map(|_| here.connect()).collect();
    for half in &mut halves {
        half.stream.write_all(&(100u32 << 20).to_be_bytes()).unwrap();
        half.stream.write_all(&[0; 1000]).unwrap();
    }

    is_served(here.broker.address());
    memory.has_grown_by_less_than(64);
    for half in &mut halves {
        assert!(half.is_closed(), "half a frame is waited for half a second");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_frames_share_one_budget_and_small_ones_pass_them() {
    let alone = alone().await;
    let limits = ServerLimits { in_flight_bytes: 8 << 20, ..ServerLimits::default() };
    let here = start_with(|settings| onefold_broker::BrokerSettings { limits, ..settings }).await;
    let address = here.broker.address();
    here.connect().create_topic("t", 1);
    let memory = Resident::now(alone);
    // Twenty peers send 20 MiB each and never finish.
    let senders: Vec<_> = (0..20)
        .map(|_| {
            let stream = TcpStream::connect(address).unwrap();
            std::thread::spawn(move || {
                let mut stream = stream;
                stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
                stream.write_all(&(50u32 << 20).to_be_bytes()).unwrap();
                let chunk = vec![0; 64 << 10];
                for _ in 0..320 {
                    if stream.write_all(&chunk).is_err() {
                        break;
                    }
                }
                stream
            })
        })
        .collect();
    let kept: Vec<TcpStream> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();

    let produced = here.connect().produce("t", 0, batch(&["small"]).bytes());

    assert_eq!(produced.error_code, 0);
    memory.has_grown_by_less_than(96);
    drop(kept);
}

/// Kafka has no string of more than 32,767 bytes. One of three megabytes, compared for each of many partitions, would keep a
/// thread busy for minutes.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_megabytes_is_refused_before_it_is_compared() {
    let _alone = alone().await;
    let here = start().await;
    let name = || TopicName(StrBytes::from_string("x".repeat(3_000_000)));
    let wanted = vec![ListOffsetsPartition::default(); 90_000];
    let topic = ListOffsetsTopic::default().with_name(name()).with_partitions(wanted);
    let offsets = ListOffsetsRequest::default().with_topics(vec![topic]);
    let topic = FetchTopic::default().with_topic(name()).with_partitions(vec![FetchPartition::default(); 90_000]);
    let fetch = FetchRequest::default().with_topics(vec![topic]);

    for bytes in [frame(1, 10, &offsets), frame(1, 12, &fetch)] {
        let mut raw = here.connect();
        raw.stream.write_all(&bytes).ok(); // the broker may close the connection before all is sent
        assert!(raw.is_closed());
    }
    is_served(here.broker.address());
}
