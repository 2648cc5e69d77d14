//! ListOffsets by time and by -1 to -5 (gotcha 11). Not found is offset -1 with timestamp -1, and no error.

use std::time::{Duration, Instant};

use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{DeleteRecordsRequest, ListOffsetsRequest};
use onefold_broker::BrokerSettings;
use onefold_broker::log::LogSettings;
use onefold_broker_core::batch::BatchBuilder;

use crate::common::raw::{Raw, topic_name};
use crate::common::{Here, batch, start, start_with};

/// (error, offset, timestamp, leader epoch)
fn list(raw: &mut Raw, timestamp: i64, epoch: i32) -> (i16, i64, i64, i32) {
    let wanted = ListOffsetsPartition::default().with_timestamp(timestamp).with_current_leader_epoch(epoch);
    let topic = ListOffsetsTopic::default().with_name(topic_name("t")).with_partitions(vec![wanted]);
    let response = raw.call(10, &ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]));
    let line = &response.topics[0].partitions[0];
    (line.error_code, line.offset, line.timestamp, line.leader_epoch)
}

fn delete(offset: i64) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition::default().with_partition_index(0).with_offset(offset);
    let topic = DeleteRecordsTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic])
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

    let deleted = raw.call(2, &delete(2)).topics[0].partitions[0].clone();
    assert_eq!((deleted.error_code, deleted.low_watermark), (0, 2));
    assert_eq!(list(&mut raw, -2, -1).1, 2, "earliest has moved");
    assert_eq!(raw.fetch("t", 0, 1).responses[0].partitions[0].error_code, 1, "OFFSET_OUT_OF_RANGE");
    assert_eq!(raw.call(2, &delete(9)).topics[0].partitions[0].error_code, 1, "beyond the end");
    assert_eq!(raw.call(2, &delete(-1)).topics[0].partitions[0].low_watermark, 3, "-1 is the high watermark");
}

/// Three records a batch, of these times.
fn timed(times: [i64; 3]) -> Vec<u8> {
    times.iter().fold(BatchBuilder::new(), |batch, time_ms| batch.record(*time_ms, None, Some(&[b'x'; 400]))).build()
}

fn segment_files(here: &Here) -> usize {
    let folders = std::fs::read_dir(here.folder.path().join("broker/segments")).into_iter().flatten();
    folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

/// The log begins within a batch, within a segment: what is below it is found by no timestamp.
async fn deleted_records_are_found_by_no_timestamp(log: LogSettings, segments: usize) {
    let here = start_with(|settings| BrokerSettings { log, ..settings }).await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    for base_ms in (0..30).map(|batch| batch * 100) {
        // The first record of each batch is its newest.
        raw.produce("t", 0, timed([base_ms + 50, base_ms + 10, base_ms + 20]));
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while segment_files(&here) < segments {
        assert!(Instant::now() < deadline, "the batches stay in memory");
    }
    assert_eq!(list(&mut raw, 0, -1), (0, 0, 50, 1));

    raw.call(2, &delete(4));
    assert_eq!(list(&mut raw, 0, -1), (0, 4, 110, 1), "not offset 0, which is newer than that but deleted");
    assert_eq!(list(&mut raw, 121, -1), (0, 6, 250, 1), "not offset 3, the newest of the batch that the log begins in");

    raw.call(2, &delete(88));
    assert_eq!(list(&mut raw, 0, -1), (0, 88, 2910, 1));
    assert_eq!(list(&mut raw, 2911, -1), (0, 89, 2920, 1));
    assert_eq!(list(&mut raw, 2921, -1), (0, -1, -1, -1), "offset 87 has time 2950 and is deleted");
    assert_eq!(list(&mut raw, -3, -1), (0, 89, 2920, 1), "nor is it the newest");

    raw.call(2, &delete(-1));
    assert_eq!(list(&mut raw, 0, -1), (0, -1, -1, -1));
    assert_eq!(list(&mut raw, -3, -1), (0, -1, -1, -1));
    raw.produce("t", 0, timed([7, 9, 8]));
    assert_eq!(list(&mut raw, -3, -1), (0, 91, 9, 1), "older than all that is deleted, and the newest there is");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_records_in_memory_are_found_by_no_timestamp() {
    deleted_records_are_found_by_no_timestamp(LogSettings::default(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_records_in_segments_are_found_by_no_timestamp() {
    let small = LogSettings { tail_flush_bytes: 1 << 10, segment_bytes: 8 << 10, ..LogSettings::default() };
    deleted_records_are_found_by_no_timestamp(small, 3).await;
}
