//! A program that is no Onefold is in the pipeline's group. Where it has partitions and does nothing with them, a drain says
//! for whom it waits; where it shares partitions by another assignor, the group takes no Onefold in, which is no cluster that
//! cannot be reached.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use onefold::prelude::*;
use onefold::runtime::observer::WaitsFor;
use onefold::{Observer, Snapshot};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::{ClientConfig, ClientContext};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::a_stop_during_a_rebalance_ends_soon::{in_group, silent};
use crate::common::payments;
use crate::produce;

/// Tells when the group has given it something.
struct Shares(UnboundedSender<()>);

impl ClientContext for Shares {}

impl ConsumerContext for Shares {
    fn post_rebalance(&self, _: &BaseConsumer<Shares>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Assign(share) if share.count() > 0) {
            // Only the first is waited for.
            let _ = self.0.send(());
        }
    }
}

/// Has what it gets, and leaves when it is dropped.
struct Stranger {
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Stranger {
    /// Joins, and has its share.
    async fn join(kafka: &Kafka, assignor: &str) -> Stranger {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", kafka.address()).set("client.id", "stranger").set("group.id", "receipts");
        config.set("partition.assignment.strategy", assignor).set("enable.auto.commit", "false");
        let (shares, mut shared) = unbounded_channel();
        let consumer: BaseConsumer<Shares> = config.create_with_context(Shares(shares)).unwrap();
        consumer.subscribe(&["payments"]).unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let until = ends.clone();
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                drop(consumer.poll(Duration::from_millis(50)));
            }
        });
        shared.recv().await.unwrap();
        Stranger { ends, thread: Some(thread) }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Drains beside a stranger of this assignor until all of this is said, then without it.
async fn drains_beside(assignor: &str, waits_for: WaitsFor, said: &[&str]) {
    drains_beside_any(async |kafka| Stranger::join(kafka, assignor).await, waits_for, said).await;
}

async fn drains_beside_any<S>(join: impl AsyncFnOnce(&Kafka) -> S, waits_for: WaitsFor, said: &[&str]) {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    kafka.create_topic("payments", 4).await.unwrap();
    produce(&kafka, payments(200)).await;
    let stranger = join(&kafka).await;
    let (observer, mut told) = Observer::channel();
    let receipts = Pipeline::from("payments").group("receipts").handle(async || {});
    let watch = async {
        let says_all = |now: &Snapshot| {
            assert_ne!(now.waits_for, Some(WaitsFor::Cluster), "it is reached: {:?}", now.paused);
            let paused = now.paused.as_deref().unwrap_or_default();
            now.waits_for == Some(waits_for) && said.iter().all(|said| paused.contains(said))
        };
        let mut last = None;
        let watch = async {
            loop {
                let now = told.recv().await.expect("it waits");
                if says_all(&now) {
                    return;
                }
                last = now.paused;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), watch).await;
        assert!(in_time.is_ok(), "it said only {last:?}");
        drop(stranger);
        while let Some(now) = told.recv().await {
            last = now.paused;
        }
        assert_eq!(last, None, "of the last snapshot");
    };
    let run = onefold::run(&kafka, [receipts]).drain(true).observe(observer).into_future();
    let run = tokio::time::timeout(Duration::from_secs(120), run);
    let (ended, ()) = tokio::join!(run, watch);
    assert_eq!(ended.expect("it ends").unwrap().rows[0].counters.effects, 200);
    kafka.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_commits_nothing_is_waited_for_by_name() {
    let said = ["client stranger at ", "(member stranger-", "committed none of ", "Nothing of it has moved since 20"];
    drains_beside("cooperative-sticky", WaitsFor::OtherMembers, &said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_another_assignor_is_no_cluster_that_is_away() {
    let said = [
        "group receipts does not take this member in",
        "another assignor than cooperative-sticky",
        "Give the pipeline a `group` of its own",
        "client stranger at ",
    ];
    drains_beside("range", WaitsFor::Somebody, &said).await;
}

/// A group that shares its partitions anew, as long as one member does not answer, tells a member that waits for that nothing
/// of its positions.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_holds_up_the_group_is_no_cluster_that_is_away() {
    let join = async |kafka: &Kafka| {
        let silent = silent(kafka, "receipts");
        in_group(&silent, "receipts", "Stable");
        silent
    };
    let said =
        ["group receipts does not tell how far its other members are in payments", "it shares its partitions anew"];
    drains_beside_any(join, WaitsFor::OtherMembers, &said).await;
}
