//! Records that are appended and deleted, and producers that come.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kafka_protocol::messages::InitProducerIdRequest;
use onefold_broker::log::Clock;

use super::Held;
use super::requests::*;
use crate::common::batch;
use crate::common::raw::{fetch_request, only, produce_request};

#[tokio::test(flavor = "multi_thread")]
async fn where_a_log_ends_and_who_wrote_it() {
    let mut held = Held::new().await;
    held.hold();
    let appended = held.raw().call(9, &produce_request("t", 0, batch(&["new"]).bytes(), 1));
    assert_eq!(only(appended).base_offset, 2, "acks=1 without a producer: when it is appended");
    held.opens.0.until_held();
    // The two batches below may or may not be counted: they are asked on other connections.
    held.ask("ListOffsets, latest", 7, list_offsets("t", 0, -1), |a| {
        assert!((3..=5).contains(&a.topics[0].partitions[0].offset));
    });
    let idempotent = batch(&["once"]).by(7_000_000, 0, 0).bytes();
    held.ask("Produce with acks=1 of a producer with an id", 9, produce_request("t", 0, idempotent.clone(), 1), |a| {
        assert_eq!(only(a).error_code, 0);
    });
    held.ask("Produce with acks=all", 9, produce_request("t", 0, batch(&["all"]).bytes(), -1), |a| {
        assert_eq!(only(a).error_code, 0);
    });
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_batch_has_been_here_before() {
    let mut held = Held::new().await;
    let sent = |sequence| batch(&["once"]).by(7_000_000, 0, sequence).bytes();
    held.change("Produce", 9, produce_request("t", 0, sent(0), -1), |a| assert_eq!(only(a).base_offset, 2));
    held.ask("the same with acks=1", 9, produce_request("t", 0, sent(0), 1), |a| assert_eq!(only(a).base_offset, 2));
    held.ask("the same with acks=all", 9, produce_request("t", 0, sent(0), -1), |a| {
        assert_eq!(only(a).base_offset, 2);
    });
    held.ask("a sequence that does not follow", 9, produce_request("t", 0, sent(9), 1), |a| {
        assert_eq!(only(a).error_code, 45);
    });
    let old = batch(&["old"]).by(7_000_000, -1, 0).bytes();
    held.ask("an epoch before it", 9, produce_request("t", 0, old, 1), |a| assert!(only(a).error_code > 0));
    held.ask("DescribeProducers", 0, producers("t"), |a| {
        assert_eq!(a.topics[0].partitions[0].active_producers.len(), 1);
    });
    held.ends();
}

/// The topic's first epoch ends where it begins, once DeleteRecords has moved that.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_log_begins() {
    let mut held = Held::new().await;
    held.change("DeleteRecords", 2, delete_records("t", 1), |a| {
        assert_eq!(a.topics[0].partitions[0].low_watermark, 1);
    });
    held.ask("ListOffsets, earliest", 7, list_offsets("t", 0, -2), |a| {
        assert_eq!(a.topics[0].partitions[0].offset, 1);
    });
    held.ask("DeleteRecords below it", 2, delete_records("t", 0), |a| {
        assert_eq!(a.topics[0].partitions[0].low_watermark, 1);
    });
    held.ask("DeleteRecords beyond the end", 2, delete_records("t", 99), |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, 1);
    });
    held.ask("Produce", 9, produce_request("t", 0, batch(&["x"]).bytes(), -1), |a| {
        assert_eq!(only(a).log_start_offset, 1);
    });
    held.ask("OffsetForLeaderEpoch of an epoch before the log", 4, end_of_epoch("t", 0), |a| {
        assert_eq!(a.topics[0].partitions[0].end_offset, 1);
    });
    // Readers have the records until they are durably gone.
    let mut raw = held.raw();
    let fetched = raw.call(12, &fetch_request("t", 0, 0)).responses[0].partitions[0].clone();
    assert_eq!((fetched.error_code, fetched.log_start_offset), (0, 0));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_that_ids_are_reserved() {
    let mut held = Held::new().await;
    let init = || InitProducerIdRequest::default().with_transactional_id(None);
    held.change("InitProducerId", 4, init(), |a| assert_eq!(a.producer_id.0, 0));
    held.ask("InitProducerId of the same block", 4, init(), |a| assert_eq!(a.producer_id.0, 1));
    held.ends();
}

/// Between the high watermark and the log's end there is nothing to read, and nothing wrong with asking.
#[tokio::test(flavor = "multi_thread")]
async fn d2_a_fetch_above_the_high_watermark_is_empty_up_to_the_end_and_out_of_range_beyond() {
    let held = Held::new().await;
    held.hold();
    let mut raw = held.raw();
    for _ in 0..3 {
        assert_eq!(only(raw.call(9, &produce_request("t", 0, batch(&["new"]).bytes(), 1))).error_code, 0);
    }
    held.opens.0.until_held();
    for offset in 2..=5 {
        let found = raw.call(12, &fetch_request("t", 0, offset)).responses[0].partitions[0].clone();
        assert_eq!((found.error_code, found.high_watermark), (0, 2), "offset {offset}");
        assert!(found.records.unwrap_or_default().is_empty(), "offset {offset}");
    }
    assert_eq!(raw.call(12, &fetch_request("t", 0, 6)).responses[0].partitions[0].error_code, 1);
    held.ends();
}

/// A retry of yesterday is refused because the window is gone, and it is gone when that is in the journal.
#[tokio::test(flavor = "multi_thread")]
async fn i7_that_a_window_has_expired() {
    let clock = Arc::new(AtomicI64::new(1_700_000_000_000));
    let broker_time = Clock::Manual(clock.clone());
    let mut held = Held::with(|log| (log.clock, log.retention_every) = (broker_time, Duration::from_millis(5))).await;
    let sent = batch(&["once"]).by(7_000_000, 0, 0).bytes();
    assert_eq!(held.raw().produce("t", 0, sent.clone()).base_offset, 2);
    held.hold();
    clock.fetch_add(24 * 60 * 60 * 1000, Ordering::Relaxed);
    held.opens.0.until_held();
    for acks in [1, -1] {
        held.ask("Produce of the same batch", 9, produce_request("t", 0, sent.clone(), acks), |a| {
            assert_eq!(only(a).error_code, 45);
        });
    }
    held.ask("DescribeProducers", 0, producers("t"), |a| {
        assert!(a.topics[0].partitions[0].active_producers.is_empty());
    });
    held.ends();
}
