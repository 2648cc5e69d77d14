//! A topic that is deleted while a drain reads it will never be drained: the run ends, and says why.

use onefold::log::memory::MemoryLog;
use onefold::log::{CommitAt, Log, LogEvent};
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};
use std::future::IntoFuture;
use std::time::Duration;

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

/// A cluster with a topic, and another one that may take its name.
fn cluster_with_another() -> MemoryCluster {
    let cluster = MemoryCluster::new();
    for topic in ["payments", "made-again"] {
        cluster.create_topic(topic, 1);
        for mut payment in payments(10) {
            payment.topic = topic.into();
            cluster.append(payment);
        }
    }
    cluster.hold_topic_ids(true);
    cluster
}

type Told = tokio::sync::mpsc::UnboundedReceiver<onefold::Snapshot>;

async fn hear(told: &mut Told) -> onefold::Snapshot {
    tokio::time::timeout(Duration::from_secs(60), told.recv()).await.expect("it does not hang").expect("it runs")
}

/// Runs until the topic's id was asked for, which the cluster does not tell.
async fn run_until_asked(
    cluster: &MemoryCluster,
    pipeline: onefold::Ready,
) -> (tokio::task::JoinHandle<Result<testing::Tested, onefold::RunError>>, Told) {
    let (observer, mut told) = onefold::Observer::channel();
    let running = tokio::spawn(testing::run_on(cluster, pipeline).observe(observer).into_future());
    while cluster.asked_topic_ids() == 0 {
        hear(&mut told).await;
    }
    (running, told)
}

/// It may take long to hear which topic it is: what is heard then counts, and what is not heard is not "the same".
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_late_tells_of_a_topic_that_was_made_again() {
    let cluster = cluster_with_another();
    let waits = || async { std::future::pending::<()>().await };
    let receipts = Pipeline::from("payments").group("receipts").handle(waits);
    let (running, mut told) = run_until_asked(&cluster, receipts).await;
    for _ in 0..4 {
        // A second: it goes on, and asks no second question beside the first.
        hear(&mut told).await;
    }
    cluster.make_again("payments", "made-again");
    cluster.hold_topic_ids(false);
    let why = running.await.unwrap().unwrap_err().to_string();
    assert!(why.contains("was deleted and made again while this ran"), "{why}");
    assert_eq!(cluster.asked_topic_ids(), 1, "by the answer to the question that was asked first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_is_through_waits_to_be_told_whether_it_is_the_same_topic() {
    for made_again in [false, true] {
        let cluster = cluster_with_another();
        let receipts = Pipeline::from("payments").group("receipts").handle(async || {});
        let (running, _told) = run_until_asked(&cluster, receipts).await;
        if made_again {
            cluster.make_again("payments", "made-again");
        }
        cluster.hold_topic_ids(false);
        match running.await.unwrap() {
            Ok(ended) => assert!(!made_again && ended.counters.effects == 10, "{ended:?}"),
            Err(why) => assert!(made_again && why.to_string().contains("made again while this ran"), "{why}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_is_never_told_does_not_end_well_and_does_not_hang() {
    let cluster = cluster_with_another();
    let receipts = Pipeline::from("payments").group("receipts").handle(async || {});
    let why = testing::run_on(&cluster, receipts).await.unwrap_err().to_string();
    assert!(why.contains("did not tell within 8 s whether the topic payments is still the one that was read"), "{why}");
    assert_eq!(cluster.committed("receipts", "payments", 0), Some(10), "what was done is committed all the same");
}

/// Who is told to stop promises nothing: the next start looks itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_but_a_moment_for_a_cluster_that_does_not_tell() {
    let cluster = cluster_with_another();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let waits = move || {
        let _ = begun.send(());
        async { tokio::time::sleep(Duration::from_millis(1)).await }
    };
    let receipts = Pipeline::from("payments").group("receipts").handle(waits);
    let running = testing::run_on(&cluster, receipts).until(async { drop(stopped.await) });
    let running = tokio::spawn(running.into_future());
    begins.recv().await.unwrap();
    drop(stop);
    let began = std::time::Instant::now();
    running.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// Its time is up while it asks: it has said that all is done by then, and that is not known without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_a_drain_waits_to_be_told_is_no_answer() {
    let cluster = cluster_with_another();
    let receipts = Pipeline::from("payments").group("receipts").handle(async || {});
    let (observer, mut told) = onefold::Observer::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = testing::run_on(&cluster, receipts).observe(observer).until(async { drop(stopped.await) });
    let running = tokio::spawn(running.into_future());
    while cluster.asked_topic_ids() == 0 {
        hear(&mut told).await;
    }
    drop(stop);
    let why = running.await.unwrap().unwrap_err().to_string();
    assert!(why.contains("did not tell within 8 s whether the topic payments is still the one that was read"), "{why}");
}
