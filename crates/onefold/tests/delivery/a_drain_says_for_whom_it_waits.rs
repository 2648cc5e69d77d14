//! Another member of the group has partitions and does nothing with them: a drain waits for it, and says who it is, what it
//! has, and since when nothing of that has moved. Unsaid, it looked like a drain that hangs.

use std::future::IntoFuture;

use onefold::prelude::*;
use onefold::runtime::observer::WaitsFor;
use onefold::testing::{self, MemoryCluster};
use onefold::{Observer, Ready, RunError, Snapshot};

use crate::common::{Folder, payments};
use crate::holder::Holder;

fn cluster() -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 2);
    for payment in payments(60) {
        cluster.append(payment);
    }
    cluster
}

type Running = tokio::task::JoinHandle<Result<testing::Tested, RunError>>;

async fn hear(told: &mut tokio::sync::mpsc::UnboundedReceiver<Snapshot>) -> Snapshot {
    let heard = tokio::time::timeout(std::time::Duration::from_secs(60), told.recv()).await;
    heard.expect("it does not hang").expect("it says for whom it waits before it ends")
}

/// Until it says for whom it waits.
async fn waits(
    cluster: &MemoryCluster,
    pipeline: Ready,
) -> (Running, String, tokio::sync::mpsc::UnboundedReceiver<Snapshot>) {
    let (observer, mut told) = Observer::channel();
    let running = testing::run_on(cluster, pipeline).at_most(std::time::Duration::from_secs(60)).observe(observer);
    let running = tokio::spawn(running.into_future());
    loop {
        let snapshot = hear(&mut told).await;
        if let (Some(why), Some(WaitsFor::OtherMembers)) = (snapshot.paused, snapshot.waits_for) {
            return (running, why, told);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_groups_commits() {
    let cluster = cluster();
    let end = cluster.records("payments").iter().filter(|record| record.partition == 0).count() as i64;
    let other = Holder::of(&cluster, "receipts", "payments");
    let receipts = Pipeline::from("payments").group("receipts").handle(async || {});
    let (running, why, mut told) = waits(&cluster, receipts).await;
    let who = format!("client memory at this process (member member-1) has partition 0 (committed none of {end})");
    assert!(
        why.contains("other members of group receipts have not finished their part of payments") && why.contains(&who),
        "{why}"
    );
    assert!(why.contains("Nothing of it has moved since 20") && !why.contains("partition 1 "), "{why}");
    // It moves, and there is nothing to say for a while.
    other.commit(0, 1);
    while hear(&mut told).await.paused.is_some() {}
    other.commit(0, end);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_sinks_own_positions() {
    let (cluster, folder) = (cluster(), Folder::new());
    let other = Holder::of(&cluster, "loyalty", "payments");
    let (running, why, _told) = waits(&cluster, folder.loyalty_ready().await).await;
    let file = folder.path().display().to_string();
    assert!(why.contains("client memory at this process (member member-1) has partition 0 (none of "), "{why}");
    assert!(why.contains(&format!("in {file})")), "{why}");
    // It goes, and its part is done here.
    drop(other);
    running.await.unwrap().unwrap();
    assert_eq!(folder.points(), 60);
}
