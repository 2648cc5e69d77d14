//! At most once commits before it runs. Where nobody crashes that costs nothing: however late commits are answered,
//! whoever leaves and joins, each record runs exactly once.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};

use crate::common::payments;

const COUNT: u32 = 600;

type Runs = Arc<Mutex<Vec<String>>>;

fn cluster(commits_take_ms: u64) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 4);
    cluster.answer_commits_after(Duration::from_millis(commits_take_ms));
    for payment in payments(COUNT) {
        cluster.append(payment);
    }
    cluster
}

fn at_most_once(runs: &Runs) -> Ready {
    Pipeline::from("payments").group("receipts").guarantee(AtMostOnce).with_state(runs.clone()).handle(
        async |Json(event): Json<serde_json::Value>, State(runs): State<Runs>| {
            tokio::time::sleep(Duration::from_millis(2)).await;
            runs.lock().unwrap().push(event["id"].to_string());
        },
    )
}

fn each_once(runs: &Runs) {
    let mut all = runs.lock().unwrap().clone();
    let runs = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), runs), (COUNT as usize, COUNT as usize), "(different records, runs)");
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to that");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_runs_all_that_it_committed() {
    for commits_take_ms in [0, 50] {
        let (cluster, runs) = (cluster(commits_take_ms), Runs::default());
        let ended = testing::run_on(&cluster, at_most_once(&runs)).await.unwrap();
        assert_eq!(ended.counters.effects, u64::from(COUNT));
        each_once(&runs);
    }
}

/// Commits pass everything, and the answer to the last of them is still out.
async fn all_is_committed(cluster: &MemoryCluster) {
    let committed = |partition| cluster.committed("receipts", "payments", partition).unwrap_or(0);
    until(|| (0..4).map(committed).sum::<i64>() == i64::from(COUNT)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_runs_what_was_committed() {
    let (cluster, runs) = (cluster(200), Runs::default());
    let first = tokio::spawn(testing::run_on(&cluster, at_most_once(&runs)).into_future());
    all_is_committed(&cluster).await;
    // Dropped, it is stopped and drained in the background.
    first.abort();
    until(|| runs.lock().unwrap().len() >= COUNT as usize).await;
    testing::run_on(&cluster, at_most_once(&runs)).await.unwrap();
    each_once(&runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoke_runs_what_was_committed_and_leaves_the_rest() {
    let (cluster, runs) = (cluster(200), Runs::default());
    let first = tokio::spawn(testing::run_on(&cluster, at_most_once(&runs)).into_future());
    all_is_committed(&cluster).await;
    for nth in 0..50 {
        cluster.append(crate::common::payment(&format!("late-{nth}"), nth, 100));
    }
    let second = tokio::spawn(testing::run_on(&cluster, at_most_once(&runs)).into_future());
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    until(|| runs.lock().unwrap().len() >= COUNT as usize + 50).await;
    let mut all = runs.lock().unwrap().clone();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), runs.lock().unwrap().len()), (COUNT as usize + 50, COUNT as usize + 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_are_refused_for_a_while_hold_records_back_and_lose_none() {
    let (cluster, runs) = (cluster(5), Runs::default());
    cluster.refuse_commits(3);
    testing::run_on(&cluster, at_most_once(&runs)).await.unwrap();
    each_once(&runs);
}
