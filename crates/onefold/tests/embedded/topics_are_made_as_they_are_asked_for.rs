//! A topic has the partitions that it was asked to have, though the broker makes topics of its own accord; and asking
//! whether there is one makes none.

use std::time::Duration;

use onefold::prelude::*;

const ASK: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_as_they_are_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    let partitions = async |topic: &'static str| {
        let publisher = kafka.publisher().clone();
        tokio::task::spawn_blocking(move || publisher.partitions(topic, ASK).unwrap()).await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(partitions("payments").await, None, "asking made it");
    }
    kafka.create_topic("payments", 3).await.unwrap();
    kafka.create_topic("payments", 7).await.unwrap();
    assert_eq!(partitions("payments").await, Some(3));
    // What a pipeline reads is made where it is missing, and the dead letters have as many partitions as it.
    let read = Pipeline::from("orders").group("g").handle(async || {});
    onefold::run(&kafka, [read]).drain(true).await.unwrap();
    assert_eq!((partitions("orders").await, partitions("orders.g.dead").await), (Some(6), Some(6)));
    kafka.shutdown().await;
}
