//! Drain, start again with more, lose the broker's data: points add up, and another cluster is refused.

use onefold::prelude::*;

use crate::common::{Folder, payment, payments};
use crate::produce;

#[tokio::test(flavor = "multi_thread")]
async fn points_add_up_across_restarts_and_another_cluster_is_refused() {
    let folder = Folder::new();
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path().join("broker")).await.unwrap();
    kafka.create_topic("payments", 3).await.unwrap();
    produce(&kafka, payments(500)).await;
    let table = onefold::run(&kafka, [folder.loyalty_ready().await]).drain(true).await.unwrap();
    assert_eq!((folder.points(), table.rows[0].counters.effects), (500, 500), "{table}");
    kafka.shutdown().await;

    let kafka = Kafka::embedded(data.path().join("broker")).await.unwrap();
    produce(&kafka, payments(600)).await;
    produce(&kafka, [Record::new("payments", Some(b"user-1"), Some(b"poison"))]).await;
    let table = onefold::run(&kafka, [folder.loyalty_ready().await]).drain(true).await.unwrap();
    let counters = table.rows[0].counters;
    assert_eq!((counters.effects, counters.duplicates_id, counters.dead), (100, 500, 1), "{table}");
    assert_eq!(folder.points(), 600);
    kafka.shutdown().await;

    let other = Kafka::embedded(data.path().join("other")).await.unwrap();
    produce_to_new(&other).await;
    let refused = onefold::run(&other, [folder.loyalty_ready().await]).drain(true).await.unwrap_err();
    assert!(refused.is_refusal(), "{refused}");
    for choice in ["adopt an offset", "start fresh", "stop here"] {
        assert!(refused.to_string().contains(choice), "{refused}");
    }
    assert_eq!(folder.points(), 600);
    other.shutdown().await;
}

async fn produce_to_new(kafka: &Kafka) {
    kafka.create_topic("payments", 3).await.unwrap();
    produce(kafka, [payment("new", 1, 100)]).await;
}
