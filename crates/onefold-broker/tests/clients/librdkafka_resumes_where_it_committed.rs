//! librdkafka with idempotence and groups: what a consumer committed is where the next one of its group begins, also after
//! the broker was started again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use onefold_broker::{Broker, BrokerSettings};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

const RECORDS: usize = 1000;

fn config(broker: &Broker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.address().to_string());
    config
}

fn produce(broker: &Broker) {
    let producer: ThreadedProducer<rdkafka::producer::DefaultProducerContext> =
        config(broker).set("enable.idempotence", "true").create().unwrap();
    for n in 0..RECORDS {
        let (key, value) = ((n % 17).to_string(), n.to_string());
        producer.send(BaseRecord::to("t").key(&key).payload(&value)).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

/// Reads so many records as a member of the group, commits, and leaves.
fn read(broker: &Broker, count: usize) -> Vec<usize> {
    let consumer: BaseConsumer = config(broker)
        .set("group.id", "g")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    consumer.subscribe(&["t"]).unwrap();
    let mut values = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while values.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} records came", values.len());
        // None also where something else than a record came, as an assignment.
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message.unwrap();
        values.push(std::str::from_utf8(message.payload().unwrap()).unwrap().parse().unwrap());
        consumer.commit_message(&message, CommitMode::Async).unwrap();
    }
    consumer.commit_consumer_state(CommitMode::Sync).unwrap();
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_restart_of_the_broker() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerSettings::new(folder.path())).await.unwrap();
    let mut all = tokio::task::block_in_place(|| {
        produce(&broker);
        read(&broker, RECORDS / 2)
    });
    broker.shutdown().await;

    let broker = Broker::start(BrokerSettings::new(folder.path())).await.unwrap();
    all.extend(tokio::task::block_in_place(|| read(&broker, RECORDS - RECORDS / 2)));

    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), RECORDS, "each record is read once");
    broker.shutdown().await;
}
