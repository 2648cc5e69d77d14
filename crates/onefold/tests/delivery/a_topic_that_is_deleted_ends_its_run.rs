//! A topic that is deleted while a drain reads it will never be drained: the run ends, and says why.

use onefold::log::memory::MemoryLog;
use onefold::log::{CommitAt, Log, LogEvent};
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};

use crate::common::payments;

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_deleted_ends_its_run() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 2);
    for payment in payments(70) {
        cluster.append(payment);
    }
    let deleting = cluster.clone();
    let receipts = Pipeline::from("payments").group("receipts").handle(move || {
        deleting.delete_topic("payments");
        std::future::ready(())
    });
    let ran = tokio::time::timeout(std::time::Duration::from_secs(60), testing::run_on(&cluster, receipts)).await;
    let why = ran.expect("it does not hang").unwrap_err().to_string();
    assert!(why.contains("the topic payments is there no more: it was deleted while this ran"), "{why}");
}

/// A run that did not notice it commits a position in the old topic by name, onto the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_position_in_a_topic_that_was_deleted_is_none_in_one_that_was_made_again() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 1);
    let receipts = || Pipeline::from("payments").group("receipts").handle(|| std::future::ready(()));
    for payment in payments(10) {
        cluster.append(payment);
    }
    testing::run_on(&cluster, receipts()).await.unwrap();
    let commit = |offset, metadata| {
        let mut member = MemoryLog::join(&cluster, "receipts", "payments");
        while !matches!(member.poll(&mut Vec::new(), 0).unwrap(), Some(LogEvent::Assigned(_))) {}
        let before = member.committed(&[0], std::time::Duration::ZERO).unwrap().remove(0);
        if let Some(metadata) = metadata {
            member.commit(&[CommitAt { partition: 0, offset, leader_epoch: before.leader_epoch, metadata }]).unwrap();
        }
        member.leave();
        before
    };
    let old = commit(0, None);
    let note = String::from_utf8(old.metadata.expect("Onefold's note")).unwrap();
    cluster.delete_topic("payments");
    cluster.create_topic("payments", 1);
    for payment in payments(20) {
        cluster.append(payment);
    }
    commit(old.offset.unwrap(), Some(note));
    let ran = testing::run_on(&cluster, receipts()).await.unwrap();
    assert_eq!(ran.counters.delivered, 20);
}
