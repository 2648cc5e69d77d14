//! Told to stop while its group shares partitions anew and waits for a member that does not answer (as behind one that was
//! killed): librdkafka postpones the leaving until that is over. The member does not wait for it. What runs ends, notes are
//! closed, and this end of the process is charged to nobody.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use onefold::log::kafka::KafkaSettings;
use onefold::prelude::*;
use onefold::{Observer, Ready, RunError, Snapshot, Table};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::common::{Folder, payments};
use crate::produce;

const LONGEST: Duration = Duration::from_secs(60);

/// A member that has joined and never answers what it is told, so that the group waits for it: for five minutes, which is
/// how long it may take by librdkafka's defaults.
pub fn silent(kafka: &Kafka, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.address()).set("group.id", group);
    config.set("partition.assignment.strategy", "cooperative-sticky").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().unwrap();
    consumer.subscribe(&["payments"]).unwrap();
    consumer
}

async fn hear(told: &mut UnboundedReceiver<Snapshot>) -> Snapshot {
    tokio::time::timeout(LONGEST, told.recv()).await.expect("it does not hang").expect("it runs on")
}

/// Until the group is in this state, as this member is told on a connection that joins nothing.
pub fn in_group(member: &BaseConsumer, group: &str, state: &str) {
    let began = Instant::now();
    loop {
        let groups = member.fetch_group_list(Some(group), LONGEST).unwrap();
        let states: Vec<&str> = groups.groups().iter().map(|group| group.state()).collect();
        if states == [state] {
            return;
        }
        assert!(began.elapsed() < LONGEST, "{states:?}");
    }
}

/// Runs it on four partitions until the group waits, and a little on. It stops soon then; how it ends.
async fn stops(kafka: &Kafka, group: &str, pipeline: Ready) -> Result<Table, RunError> {
    kafka.create_topic("payments", 4).await.unwrap();
    produce(kafka, payments(200)).await;
    let (observer, mut told) = Observer::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let member = Kafka::with(KafkaSettings::new(kafka.address())).unwrap();
    let run = async move {
        onefold::run(&member, [pipeline]).observe(observer).until(async { drop(stopped.await) }).into_future().await
    };
    let running = tokio::spawn(run);
    while hear(&mut told).await.counters.effects < 200 {}
    let silent = silent(kafka, group);
    // It has given up what the silent one is to have, and joins again, which that one does not.
    while hear(&mut told).await.partitions != 2 {}
    in_group(&silent, group, "PreparingRebalance");
    // Some of these come to the partitions that it still has: their positions are to be committed.
    produce(kafka, payments(200)).await;
    while hear(&mut told).await.counters.delivered == 200 {}
    drop(stop);
    let began = Instant::now();
    let ended = running.await.unwrap();
    // Without all this 15 s, and 60 more where a commit was under way; a machine that is busy has some room.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_position_in_the_sink() {
    let (folder, data) = (Folder::new(), tempfile::tempdir().unwrap());
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    stops(&kafka, "loyalty", folder.loyalty_ready().await).await.unwrap();
    assert_eq!(folder.number("SELECT count(*) FROM onefold_suspects WHERE is_open"), 0);
    kafka.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_position_in_commits() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    let receipts = Pipeline::from("payments").group("receipts").handle(async || {});
    stops(&kafka, "receipts", receipts).await.unwrap();
    kafka.shutdown().await;
}

/// What was sent to be committed may count, and has not run: that is no good end.
#[tokio::test(flavor = "multi_thread")]
async fn with_commits_before_effects() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    let receipts = Pipeline::from("payments").group("receipts").guarantee(AtMostOnce).handle(async || {});
    let why = stops(&kafka, "receipts", receipts).await.unwrap_err().to_string();
    assert!(why.contains("did not answer the last commit before it ended. If it counts all the same, "), "{why}");
    kafka.shutdown().await;
}
