//! A topic has the partitions that it was asked to have, though the broker makes topics of its own accord; and asking
//! whether there is one makes none.

use std::time::Duration;

use onefold::prelude::*;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;

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

/// What a file may say of a topic's configs is what the broker takes: neither refuses what the other does not.
#[tokio::test(flavor = "multi_thread")]
async fn configs_that_a_file_may_have_are_the_brokers() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    kafka.create_topic("payments", 1).await.unwrap();
    let mut client = rdkafka::ClientConfig::new();
    client.set("bootstrap.servers", kafka.address());
    let admin: AdminClient<DefaultClientContext> = client.create().unwrap();
    let options = AdminOptions::new().request_timeout(Some(ASK));
    let described = admin.describe_configs([&ResourceSpecifier::Topic("payments")], &options).await.unwrap();
    let entries = described.into_iter().next().unwrap().unwrap().entries;
    assert!(entries.len() > 20, "{entries:?}");
    let samples =
        ["-2", "-1", "0", "1", "10", "0.5", "2000000", "true", "lz4", "compact", "delete,compact", "LogAppendTime"];
    for entry in &entries {
        let default = entry.value.clone().unwrap_or_default();
        assert!(is_right(&entry.name, &default), "{} = {default} is its default", entry.name);
        for (n, sample) in samples.iter().enumerate() {
            let name = format!("t-{}-{n}", entry.name);
            let topic = NewTopic::new(&name, 1, TopicReplication::Fixed(1)).set(&entry.name, sample);
            let made = admin.create_topics([&topic], &options).await.unwrap().remove(0).is_ok();
            assert_eq!(is_right(&entry.name, sample), made, "{} = {sample}", entry.name);
        }
    }
    assert!(!is_right("no.such.config", "1"));
    kafka.shutdown().await;
}

/// Whether a file for an embedded broker may say so.
fn is_right(name: &str, value: &str) -> bool {
    let text = format!("[kafka]\nembedded = {{ data = \"d\" }}\n[topics.t.config]\n{name:?} = {value:?}\n");
    onefold::settings::File::parse(std::path::Path::new("onefold.toml"), text).is_ok()
}
