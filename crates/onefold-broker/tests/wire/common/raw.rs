//! One connection, and the bytes on it. Blocking: a test that is stuck fails at the read timeout.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, RequestHeader,
    ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};

pub struct Raw {
    pub stream: TcpStream,
    last_id: i32,
}

impl Raw {
    pub fn connect(address: SocketAddr) -> Raw {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Raw { stream, last_id: 0 }
    }

    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let id = self.send(version, request);
        self.receive::<R>(version, id)
    }

    /// Sends without waiting; returns the correlation id.
    pub fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        self.last_id += 1;
        let frame = frame(self.last_id, version, request);
        self.stream.write_all(&frame).unwrap();
        self.last_id
    }

    pub fn receive<R: Request>(&mut self, version: i16, id: i32) -> R::Response {
        let mut bytes = self.receive_frame();
        let api = ApiKey::try_from(R::KEY).unwrap();
        let header = ResponseHeader::decode(&mut bytes, api.response_header_version(version)).unwrap();
        assert_eq!(header.correlation_id, id, "answers come in the order of their requests");
        let response = R::Response::decode(&mut bytes, version).unwrap();
        assert!(bytes.is_empty(), "{api:?} version {version} has {} bytes too many", bytes.len());
        response
    }

    pub fn receive_frame(&mut self) -> Bytes {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).unwrap();
        frame.into()
    }

    /// Whether the broker has closed this connection, within ten seconds, with nothing sent before.
    pub fn is_closed(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        match self.stream.read(&mut [0; 1]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Whether nothing comes for this long.
    pub fn is_silent(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let read = self.stream.peek(&mut [0; 1]);
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        matches!(read, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Whether an answer, or the end of the connection, is here already.
    pub fn has_answer(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0; 1]);
        self.stream.set_nonblocking(false).unwrap();
        !matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    pub fn create_topic(&mut self, name: &str, partitions: i32) -> uuid::Uuid {
        let topic = CreatableTopic::default()
            .with_name(topic_name(name))
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let response = self.call(7, &CreateTopicsRequest::default().with_topics(vec![topic]));
        assert_eq!(response.topics[0].error_code, 0, "{:?}", response.topics[0]);
        response.topics[0].topic_id
    }

    pub fn produce(&mut self, topic: &str, partition: i32, records: impl Into<Bytes>) -> PartitionProduceResponse {
        only(self.call(9, &produce_request(topic, partition, records, -1)))
    }

    pub fn fetch(&mut self, topic: &str, partition: i32, offset: i64) -> FetchResponse {
        self.call(12, &fetch_request(topic, partition, offset))
    }
}

/// The answer for the only partition asked.
pub fn only(response: ProduceResponse) -> PartitionProduceResponse {
    response.responses[0].partition_responses[0].clone()
}

pub fn produce_request(topic: &str, partition: i32, records: impl Into<Bytes>, acks: i16) -> ProduceRequest {
    let data = PartitionProduceData::default().with_index(partition).with_records(Some(records.into()));
    let topic = TopicProduceData::default().with_name(topic_name(topic)).with_partition_data(vec![data]);
    ProduceRequest::default().with_acks(acks).with_timeout_ms(5000).with_topic_data(vec![topic])
}

/// Waits for nothing, up to a mebibyte.
pub fn fetch_request(topic: &str, partition: i32, offset: i64) -> FetchRequest {
    let wanted =
        FetchPartition::default().with_partition(partition).with_fetch_offset(offset).with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default().with_topic(topic_name(topic)).with_partitions(vec![wanted]);
    FetchRequest::default().with_max_bytes(1 << 20).with_max_wait_ms(0).with_min_bytes(1).with_topics(vec![topic])
}

pub fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

/// A whole frame as it goes over the wire.
pub fn frame<R: Request>(id: i32, version: i16, request: &R) -> Vec<u8> {
    let api = ApiKey::try_from(R::KEY).unwrap();
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(id)
        .with_client_id(Some(StrBytes::from_static_str("raw")));
    let mut out = BytesMut::new();
    out.put_i32(0);
    header.encode(&mut out, api.request_header_version(version)).unwrap();
    request.encode(&mut out, version).unwrap();
    let length = out.len() as u32 - 4;
    out[..4].copy_from_slice(&length.to_be_bytes());
    out.to_vec()
}

/// The values of all records in fetched bytes, uncompressed batches only.
pub fn offsets(mut records: Bytes) -> Vec<i64> {
    let mut offsets = Vec::new();
    while records.len() >= 61 {
        let base = records.get_i64();
        let length = records.get_i32() as usize;
        let body = records.split_to(length);
        let last_delta = i32::from_be_bytes(body[11..15].try_into().unwrap());
        offsets.extend((0..=i64::from(last_delta)).map(|delta| base + delta));
    }
    offsets
}
