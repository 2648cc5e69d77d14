//! At most once commits before it runs. Where nobody crashes that costs nothing: however late commits are answered,
//! whoever leaves and joins, each record runs exactly once. What a crash can lose is bounded, also where nothing gets done.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::log::memory::MemoryLog;
use onefold::log::{Log as _, LogEvent};
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

/// Whatever is committed and not done is lost with the process: the position is never further ahead than is promised.
#[tokio::test(flavor = "multi_thread")]
async fn the_position_is_no_further_ahead_of_what_is_done_than_is_promised() {
    const ALL: u32 = 6000;
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 4);
    for nth in 0..ALL {
        cluster.append(crate::common::payment(&format!("evt-{nth}"), nth, 100));
    }
    // Every third fails and waits for another attempt, so that keys are parked as well.
    let pipeline = || {
        Pipeline::from("payments").group("receipts").guarantee(AtMostOnce).retry(Retry::attempts(3)).handle(
            async |Offset(offset): Offset| -> Handled {
                if offset % 3 == 0 { Err(Failure::transient("not now")) } else { Ok(Done) }
            },
        )
    };
    let (observer, mut seen) = onefold::Observer::channel();
    let crash = testing::run_on(&cluster, pipeline()).crash_at("before-effect", 3000).observe(observer);
    let crashed = crash.await.unwrap();
    assert!(crashed.crashed);
    let mut done = 0;
    while let Ok(now) = seen.try_recv() {
        done = now.counters.effects + now.counters.dead;
    }
    let committed: i64 =
        (0..4).map(|partition| cluster.committed("receipts", "payments", partition).unwrap_or(0)).sum();
    let most = onefold_core::guarantee::MOST_COMMITTED_AHEAD as u64;
    let ahead = committed as u64 - done;
    assert!((1..=most).contains(&ahead), "{ahead} of {committed} are lost, and {most} are promised");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_are_refused_for_a_while_hold_records_back_and_lose_none() {
    let (cluster, runs) = (cluster(5), Runs::default());
    cluster.refuse_commits(3);
    testing::run_on(&cluster, at_most_once(&runs)).await.unwrap();
    each_once(&runs);
}

/// Told to stop while the group waits for a member that does not answer, after its first commit was sent; what it says.
async fn stops_while_the_group_waits(cluster: &MemoryCluster) -> String {
    let mut silent = MemoryLog::join(cluster, "receipts", "payments");
    let (observer, mut told) = onefold::Observer::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let runs = Runs::default();
    let running = testing::run_on(cluster, at_most_once(&runs)).observe(observer).until(async { drop(stopped.await) });
    let running = tokio::spawn(running.into_future());
    until(|| matches!(silent.poll(&mut Vec::new(), 0), Ok(Some(LogEvent::Revoked(_))))).await;
    silent.release(&[0, 1, 2, 3]).unwrap();
    while told.recv().await.expect("it runs").counters.delivered == 0 {}
    // The silent one does not give up its share again.
    let _third = MemoryLog::join(cluster, "receipts", "payments");
    drop(stop);
    let why = running.await.unwrap().unwrap_err().to_string();
    assert_eq!(runs.lock().unwrap().len(), 0);
    why
}

/// A refused commit passes nothing: whoever is next runs it all.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_tells_a_commit_that_was_refused_from_one_that_was_not_answered() {
    let (refusing, silent) = (cluster(0), cluster(3_600_000));
    refusing.refuse_commits(u32::MAX);
    let stops = (stops_while_the_group_waits(&refusing), stops_while_the_group_waits(&silent));
    let (refused, unanswered) = tokio::join!(stops.0, stops.1);
    assert!(
        refused.contains("answers no commit before that is over") && refused.contains("Nothing is lost"),
        "{refused}"
    );
    assert!(unanswered.contains("did not answer the last commit before it ended"), "{unanswered}");
    refusing.refuse_commits(0);
    let runs = Runs::default();
    testing::run_on(&refusing, at_most_once(&runs)).await.unwrap();
    each_once(&runs);
}
