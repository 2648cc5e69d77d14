//! A position that the log does not have any more is moved by nobody: its partition halts and says so, the others go on.

use onefold::log::Log as _;
use onefold::log::memory::MemoryLog;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};
use onefold::{Observer, Ready};

use crate::common::payments;

fn receipts() -> Ready {
    Pipeline::from("payments").group("receipts").handle(async || {})
}

fn append(cluster: &MemoryCluster, count: u32) {
    payments(count).into_iter().for_each(|payment| {
        cluster.append(payment);
    });
}

fn end(cluster: &MemoryCluster, partition: i32) -> i64 {
    let mut log = MemoryLog::join(cluster, "looks", "payments");
    log.bounds(partition, std::time::Duration::ZERO).unwrap().end
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_out_of_range_halts_loudly() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 2);
    append(&cluster, 70);
    testing::run_on(&cluster, receipts()).await.unwrap();
    let position = cluster.committed("receipts", "payments", 0).unwrap();
    append(&cluster, 70);
    let (end_0, end_1) = (end(&cluster, 0), end(&cluster, 1));
    assert!(position < end_0 - 2, "nothing new in partition 0");
    cluster.delete_records("payments", 0, position + 2);
    let (observer, mut told) = Observer::channel();
    let halted = testing::run_on(&cluster, receipts()).observe(observer).await.unwrap_err().to_string();
    assert!(halted.contains("partition 0 is halted") && halted.contains("deleted 2"), "{halted}");
    assert_eq!(cluster.committed("receipts", "payments", 0), Some(position), "nobody moved it");
    assert_eq!(cluster.committed("receipts", "payments", 1), Some(end_1), "the other one went on to its end");
    let said =
        std::iter::from_fn(|| told.try_recv().ok()).any(|s| s.paused.is_some_and(|why| why.contains("retention")));
    assert!(said, "the live line says so");
}
