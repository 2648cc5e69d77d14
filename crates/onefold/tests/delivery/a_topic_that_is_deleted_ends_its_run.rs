//! A topic that is deleted while a drain reads it will never be drained: the run ends, and says why.

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
