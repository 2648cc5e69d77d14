//! Members come, go and vanish while records flow: nothing is lost; with the position in the sink nothing happens
//! twice either.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::log::Log as _;
use onefold::log::memory::MemoryLog;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};
use onefold_core::progress::Saved;

use crate::common::{Folder, payments};

type Runs = Arc<Mutex<HashMap<String, u32>>>;

async fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to that");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoke_waits_for_what_runs_and_commits_it() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 4);
    let (folder, runs) = (Folder::new(), Runs::default());
    let receipts = || {
        Pipeline::from("payments").group("receipts").with_state(runs.clone()).handle(
            async |Json(event): Json<serde_json::Value>, State(runs): State<Runs>| {
                tokio::time::sleep(Duration::from_millis(2)).await;
                *runs.lock().unwrap().entry(event["id"].to_string()).or_default() += 1;
            },
        )
    };
    for payment in payments(400) {
        cluster.append(payment);
    }
    let first = tokio::spawn(testing::run_on(&cluster, receipts()).into_future());
    until(|| runs.lock().unwrap().len() > 20).await;
    let second = tokio::spawn(testing::run_on(&cluster, receipts()).into_future());
    until(|| runs.lock().unwrap().len() > 100).await;
    // A third one that takes a share, does nothing and vanishes.
    let mut idle = MemoryLog::join(&cluster, "receipts", "payments");
    let mut nothing = Vec::new();
    until(|| matches!(idle.poll(&mut nothing, 0), Ok(Some(onefold::log::LogEvent::Assigned(_))))).await;
    drop(idle);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let runs = runs.lock().unwrap();
    assert_eq!((runs.len(), runs.values().sum::<u32>()), (400, 400), "a graceful move repeats nothing");
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sinks_position_counts_once_however_partitions_move() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 4);
    for payment in payments(2000) {
        cluster.append(payment);
    }
    let folder = Folder::new();
    let crashed = testing::run_on(&cluster, folder.loyalty_ready().await).crash_at("after-sink-commit", 1);
    let well = testing::run_on(&cluster, folder.loyalty_ready().await);
    let (crashed, well) = tokio::join!(crashed.into_future(), well.into_future());
    let (crashed, well) = (crashed.unwrap(), well.unwrap());
    assert_eq!(folder.points(), 2000, "{crashed:?} {well:?}");
}

use std::future::IntoFuture;

/// Not sent again, the commit of a revoke that is refused would be missing, and the next owner would repeat it all.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_refused_at_a_revoke_is_sent_again_before_the_partition_goes() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 4);
    for payment in payments(400) {
        cluster.append(payment);
    }
    let runs = Runs::default();
    let receipts = || {
        Pipeline::from("payments").group("receipts").with_state(runs.clone()).handle(
            async |Json(event): Json<serde_json::Value>, State(runs): State<Runs>| {
                tokio::time::sleep(Duration::from_millis(2)).await;
                *runs.lock().unwrap().entry(event["id"].to_string()).or_default() += 1;
            },
        )
    };
    let first = tokio::spawn(testing::run_on(&cluster, receipts()).into_future());
    until(|| runs.lock().unwrap().len() > 40).await;
    cluster.refuse_commits(3);
    let second = tokio::spawn(testing::run_on(&cluster, receipts()).into_future());
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let runs = runs.lock().unwrap();
    assert_eq!((runs.len(), runs.values().sum::<u32>()), (400, 400), "(different records, runs)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_cannot_commit_its_positions_does_not_end_well() {
    let cluster = MemoryCluster::new();
    payments(20).into_iter().for_each(|payment| {
        cluster.append(payment);
    });
    cluster.refuse_commits(u32::MAX);
    let pipeline = Pipeline::from("payments").group("receipts").handle(async || {});
    let undone = testing::run_on(&cluster, pipeline).await.unwrap_err().to_string();
    assert!(undone.contains("with work left undone") && undone.contains("start it again"), "{undone}");
    assert_eq!(cluster.committed("receipts", "payments", 0), None);
}

/// A handler that takes longer than a revoke may wait: its partition goes without it, and that is no end of the process.
/// Were it taken for one, a few slow moves would bring a record to the dead letters that ended nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_still_runs_when_its_partition_goes_is_charged_with_nothing() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 2);
    for payment in payments(20) {
        cluster.append(payment);
    }
    let begun = Arc::new(Mutex::new(HashSet::new()));
    let hung = Pipeline::from("payments").group("receipts").with_state(begun.clone()).handle(
        async |record: Record, State(begun): State<Arc<Mutex<HashSet<i32>>>>| {
            begun.lock().unwrap().insert(record.partition);
            std::future::pending::<()>().await;
        },
    );
    let first = tokio::spawn(testing::run_on(&cluster, hung).at_most(Duration::from_secs(60)).into_future());
    until(|| begun.lock().unwrap().len() == 2).await;
    let mut second = MemoryLog::join(&cluster, "receipts", "payments");
    let mut moved = None;
    until(|| {
        match second.poll(&mut Vec::new(), 0) {
            Ok(Some(onefold::log::LogEvent::Assigned(partitions))) => moved = partitions.first().copied(),
            other => assert!(other.is_ok(), "{other:?}"),
        }
        moved.is_some()
    })
    .await;
    let wait = Duration::from_secs(10);
    let at = second.committed(&[moved.unwrap()], wait).unwrap().remove(0);
    let (topic_id, offset) = (second.topic_id(wait).unwrap(), at.offset.expect("a commit"));
    let saved = Saved::read(at.metadata.as_deref(), topic_id, offset, at.leader_epoch).unwrap();
    let note = saved.note.expect("owners leave notes");
    assert!(!note.is_open && note.tried.is_none(), "{note:?}");
    first.abort();
}
