//! The one rule for every API: an answer leaves when the newest journal record that its content depends on is durable. Here
//! the disk's syncs are held, so nothing that is new may be told to anyone; and when a sync fails, never (D1, D2, D3, D5).

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteRecordsRequest, DescribeProducersRequest, DescribeTopicPartitionsRequest, GroupId,
    InitProducerIdRequest, JoinGroupRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetFetchRequest,
};
use kafka_protocol::protocol::{Request, StrBytes};

use crate::common::gate::{Gate, GatedDisk, Opens, Syncs};
use crate::common::raw::{fetch_request, only, produce_request, topic_name};
use crate::common::{Here, Raw, batch, start_with};

/// A broker with topic `t` of one durable record, and the gate of its disk.
async fn gated() -> (Here, Gate) {
    let gate = Gate::open();
    let disk = Arc::new(GatedDisk(gate.clone()));
    let here = start_with(|mut settings| {
        settings.disk = disk;
        settings
    })
    .await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    assert_eq!(raw.produce("t", 0, batch(&["durable"]).bytes()).error_code, 0);
    (here, gate)
}

fn new_topic() -> CreateTopicsRequest {
    let topic =
        CreatableTopic::default().with_name(topic_name("new")).with_num_partitions(1).with_replication_factor(1);
    CreateTopicsRequest::default().with_topics(vec![topic])
}

fn commit() -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let topic = OffsetCommitRequestTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str("g")))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

fn join() -> JoinGroupRequest {
    let protocol = kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol::default()
        .with_name(StrBytes::from_static_str("range"));
    JoinGroupRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str("members")))
        .with_session_timeout_ms(10_000)
        .with_protocol_type(StrBytes::from_static_str("consumer"))
        .with_protocols(vec![protocol])
}

fn latest_offset() -> ListOffsetsRequest {
    let wanted = ListOffsetsPartition::default().with_timestamp(-1);
    let topic = ListOffsetsTopic::default().with_name(topic_name("t")).with_partitions(vec![wanted]);
    ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic])
}

fn delete_to(offset: i64) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition::default().with_offset(offset);
    let topic = DeleteRecordsTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic])
}

/// Asked on a connection of its own: nothing else stands before its answer.
struct Asked<R: Request> {
    raw: Raw,
    version: i16,
    id: i32,
    request: std::marker::PhantomData<R>,
}

impl<R: Request> Asked<R> {
    fn ask(here: &Here, version: i16, request: &R) -> Asked<R> {
        let mut raw = here.connect();
        let id = raw.send(version, request);
        Asked { raw, version, id, request: std::marker::PhantomData }
    }

    /// It is ready, as one answer more than before, and does not come.
    fn waits(&mut self, here: &Here, before: &mut usize, what: &str) {
        let began = Instant::now();
        while here.broker.answers_waiting() <= *before {
            assert!(!self.raw.has_answer(), "{what} was answered before it was durable");
            assert!(began.elapsed() < Duration::from_secs(60), "{what} is not ready");
            std::thread::yield_now();
        }
        *before += 1;
        assert!(!self.raw.has_answer(), "{what} was answered before it was durable");
    }

    fn answer(mut self) -> R::Response {
        self.raw.receive::<R>(self.version, self.id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_d2_d5_whatever_is_new_is_not_told_while_syncs_are_held() {
    let (here, gate) = gated().await;
    let _opens = Opens(gate.clone());
    let (mut reader, mut waiting) = (here.connect(), 0);
    gate.set(Syncs::Held);

    let mut produce = Asked::ask(&here, 9, &produce_request("t", 0, batch(&["new"]).bytes(), -1));
    produce.waits(&here, &mut waiting, "Produce with acks=all");
    let mut create = Asked::ask(&here, 7, &new_topic());
    create.waits(&here, &mut waiting, "CreateTopics");
    let mut metadata = Asked::ask(&here, 12, &MetadataRequest::default().with_topics(None));
    metadata.waits(&here, &mut waiting, "Metadata with the new topic");
    let mut ids = Asked::ask(&here, 4, &InitProducerIdRequest::default().with_transactional_id(None));
    ids.waits(&here, &mut waiting, "InitProducerId");
    let mut committed = Asked::ask(&here, 8, &commit());
    committed.waits(&here, &mut waiting, "OffsetCommit");
    let fetch = OffsetFetchRequest::default().with_group_id(GroupId(StrBytes::from_static_str("g"))).with_topics(None);
    let mut offsets = Asked::ask(&here, 7, &fetch);
    offsets.waits(&here, &mut waiting, "OffsetFetch of the new commit");
    let mut joined = Asked::ask(&here, 3, &join());
    joined.waits(&here, &mut waiting, "JoinGroup");
    let idempotent = batch(&["idempotent"]).by(7_000_000, 0, 0).bytes();
    let mut first = Asked::ask(&here, 9, &produce_request("t", 0, idempotent.clone(), 1));
    first.waits(&here, &mut waiting, "an idempotent batch with acks=1");
    let mut again = Asked::ask(&here, 9, &produce_request("t", 0, idempotent, -1));
    again.waits(&here, &mut waiting, "the same batch again");
    let in_t = TopicRequest::default().with_name(topic_name("t")).with_partition_indexes(vec![0]);
    let mut producers = Asked::ask(&here, 0, &DescribeProducersRequest::default().with_topics(vec![in_t]));
    producers.waits(&here, &mut waiting, "DescribeProducers with the new producer");
    let mut page = Asked::ask(&here, 0, &DescribeTopicPartitionsRequest::default());
    page.waits(&here, &mut waiting, "DescribeTopicPartitions with the new topic");

    // What promises nothing is answered at once, and readers see what is durable and no more.
    let unsafe_answer = reader.call(9, &produce_request("t", 0, batch(&["acks 1"]).bytes(), 1));
    assert_eq!(only(unsafe_answer).base_offset, 3);
    let beyond = reader.call(12, &fetch_request("t", 0, 1)).responses[0].partitions[0].clone();
    assert_eq!((beyond.error_code, beyond.high_watermark), (0, 1), "D2: empty, not out of range");
    assert!(beyond.records.unwrap_or_default().is_empty());
    let mut latest = Asked::ask(&here, 7, &latest_offset());
    latest.waits(&here, &mut waiting, "ListOffsets of a log end that is not durable");
    let mut deleted = Asked::ask(&here, 2, &delete_to(4));
    deleted.waits(&here, &mut waiting, "DeleteRecords of what was answered with acks=1");

    gate.set(Syncs::Pass);
    assert_eq!(only(produce.answer()).base_offset, 1);
    assert_eq!(create.answer().topics[0].error_code, 0);
    assert_eq!(metadata.answer().topics.len(), 2);
    assert_eq!(ids.answer().error_code, 0);
    assert_eq!(committed.answer().topics[0].partitions[0].error_code, 0);
    assert_eq!(offsets.answer().topics[0].partitions[0].committed_offset, 1);
    assert_eq!(joined.answer().error_code, 0);
    assert_eq!(only(first.answer()).base_offset, 2);
    assert_eq!(only(again.answer()).base_offset, 2);
    assert_eq!(producers.answer().topics[0].partitions[0].active_producers.len(), 1);
    assert_eq!(page.answer().topics.len(), 2);
    assert_eq!(latest.answer().topics[0].partitions[0].offset, 4);
    let start = deleted.answer().topics[0].partitions[0].clone();
    assert_eq!((start.error_code, start.low_watermark), (0, 4));
}

/// kafkajs's suite asks for the start in every answer, with acks=1 too.
#[tokio::test(flavor = "multi_thread")]
async fn acks_one_tells_the_log_start_that_is_durable() {
    let (here, gate) = gated().await;
    let _opens = Opens(gate.clone());
    let mut raw = here.connect();
    let mut log_start = || only(raw.call(9, &produce_request("t", 0, batch(&["x"]).bytes(), 1))).log_start_offset;
    assert_eq!(log_start(), 0);

    gate.set(Syncs::Held);
    let mut deleted = Asked::ask(&here, 2, &delete_to(1));
    deleted.waits(&here, &mut 0, "DeleteRecords");
    assert_eq!(log_start(), 0, "the new start may yet be taken back");

    gate.set(Syncs::Pass);
    assert_eq!(deleted.answer().topics[0].partitions[0].low_watermark, 1);
    assert_eq!(log_start(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_failed_sync_ends_the_serving_and_acks_nothing() {
    let (here, gate) = gated().await;
    let _opens = Opens(gate.clone());
    let mut producer = here.connect();
    gate.set(Syncs::Fail);

    producer.send(9, &produce_request("t", 0, batch(&["lost"]).bytes(), -1));

    assert!(producer.is_closed(), "no answer: nobody can know what is on the disk");
    let why = tokio::time::timeout(Duration::from_secs(10), here.broker.stopped()).await.unwrap();
    assert!(why.contains("the test's disk fails to sync"), "{why}");
    // A later sync that passes changes nothing: what failed once may be lost (fsyncgate).
    gate.set(Syncs::Pass);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(here.broker.address()).is_ok() {
        assert!(std::time::Instant::now() < deadline, "the port is still open");
    }

    let here = here.restart().await;
    assert_eq!(here.connect().fetch("t", 0, 0).responses[0].partitions[0].error_code, 0, "a new start reads the disk");
}
