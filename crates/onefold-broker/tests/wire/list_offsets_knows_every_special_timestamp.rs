//! ListOffsets by time and by -1 to -5 (gotcha 11). Not found is offset -1 with timestamp -1, and no error.

use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{DeleteRecordsRequest, ListOffsetsRequest};

use crate::common::raw::{Raw, topic_name};
use crate::common::{batch, start};

/// (error, offset, timestamp, leader epoch)
fn list(raw: &mut Raw, timestamp: i64, epoch: i32) -> (i16, i64, i64, i32) {
    let wanted = ListOffsetsPartition::default().with_timestamp(timestamp).with_current_leader_epoch(epoch);
    let topic = ListOffsetsTopic::default().with_name(topic_name("t")).with_partitions(vec![wanted]);
    let response = raw.call(10, &ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]));
    let line = &response.topics[0].partitions[0];
    (line.error_code, line.offset, line.timestamp, line.leader_epoch)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_timestamp_finds_its_offset() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    assert_eq!(list(&mut raw, -3, -1), (0, -1, -1, -1), "no largest timestamp in an empty partition");
    for timestamp_ms in [1000, 3000, 2000] {
        raw.produce("t", 0, batch(&["a", "b"]).at(timestamp_ms).bytes());
    }

    assert_eq!(list(&mut raw, -1, -1), (0, 6, -1, 1), "latest");
    assert_eq!(list(&mut raw, -2, -1), (0, 0, -1, 1), "earliest");
    assert_eq!(list(&mut raw, -4, -1), (0, 0, -1, 1), "earliest local");
    assert_eq!(list(&mut raw, -5, -1), (0, -1, -1, -1), "latest tiered: nothing is");
    let (error, offset, timestamp, _) = list(&mut raw, -3, -1);
    assert_eq!((error, timestamp), (0, 3000), "largest timestamp");
    assert!((2..=3).contains(&offset));
    assert_eq!(list(&mut raw, 0, -1), (0, 0, 1000, 1), "the first at or after");
    assert_eq!(list(&mut raw, 1001, -1), (0, 2, 3000, 1));
    assert_eq!(list(&mut raw, 3001, -1), (0, -1, -1, -1), "none so late");
    assert_eq!(list(&mut raw, -9, -1).0, 35, "a special timestamp that is not known");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_epoch_is_checked_and_deleted_records_are_gone() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    raw.produce("t", 0, batch(&["a", "b", "c"]).bytes());

    assert_eq!(list(&mut raw, -1, 0).0, 74, "FENCED_LEADER_EPOCH");
    assert_eq!(list(&mut raw, -1, 2).0, 75, "UNKNOWN_LEADER_EPOCH");

    let delete = |offset| {
        let partition = DeleteRecordsPartition::default().with_partition_index(0).with_offset(offset);
        let topic = DeleteRecordsTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
        DeleteRecordsRequest::default().with_topics(vec![topic])
    };
    let deleted = raw.call(2, &delete(2)).topics[0].partitions[0].clone();
    assert_eq!((deleted.error_code, deleted.low_watermark), (0, 2));
    assert_eq!(list(&mut raw, -2, -1).1, 2, "earliest has moved");
    assert_eq!(raw.fetch("t", 0, 1).responses[0].partitions[0].error_code, 1, "OFFSET_OUT_OF_RANGE");
    assert_eq!(raw.call(2, &delete(9)).topics[0].partitions[0].error_code, 1, "beyond the end");
    assert_eq!(raw.call(2, &delete(-1)).topics[0].partitions[0].low_watermark, 3, "-1 is the high watermark");
}
