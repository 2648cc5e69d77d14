//! Records that were deleted before a pipeline had read them: its partition halts and says so, moved by nobody; the others
//! go on to their ends. On the broker itself, with DeleteRecords.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onefold::Observer;
use onefold::prelude::*;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::common::payments;
use crate::produce;

const ASK: Duration = Duration::from_secs(10);
const PARTITIONS: i32 = 3;

fn client(kafka: &Kafka) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", kafka.address()).set("group.id", "receipts");
    client
}

/// Where the group stands and where the partition ends, for each partition.
async fn places(kafka: &Kafka) -> Vec<(i64, i64)> {
    let client = client(kafka);
    let asked = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = client.create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_range("payments", 0, PARTITIONS - 1);
        let committed = consumer.committed_offsets(list, ASK).unwrap();
        let position = |at: Offset| if let Offset::Offset(at) = at { at } else { -1 };
        let place = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            let (_, end) = consumer.fetch_watermarks("payments", element.partition(), ASK).unwrap();
            (position(element.offset()), end)
        };
        committed.elements().into_iter().map(place).collect()
    });
    asked.await.unwrap()
}

async fn delete_below(kafka: &Kafka, partition: i32, below: i64) {
    let admin: AdminClient<DefaultClientContext> = client(kafka).create().unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset("payments", partition, Offset::Offset(below)).unwrap();
    admin.delete_records(&offsets, &AdminOptions::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_out_of_range_halts_its_partition() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    kafka.create_topic("payments", PARTITIONS).await.unwrap();
    let ran = Arc::new(AtomicU64::new(0));
    let receipts = || {
        Pipeline::from("payments").group("receipts").with_state(ran.clone()).handle(
            async |State(ran): State<Arc<AtomicU64>>| {
                ran.fetch_add(1, Ordering::SeqCst);
            },
        )
    };
    produce(&kafka, payments(200)).await;
    onefold::run(&kafka, [receipts()]).drain(true).await.unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 200);
    let first = places(&kafka).await;
    // The users of these payments share two of the three partitions.
    assert!(first[1..].iter().all(|(at, end)| at == end && *at > 0), "{first:?}");

    produce(&kafka, payments(200)).await;
    let grown = places(&kafka).await;
    delete_below(&kafka, 1, first[1].0 + 2).await;
    let (observer, mut told) = Observer::channel();
    let halted = onefold::run(&kafka, [receipts()]).drain(true).observe(observer).await.unwrap_err().to_string();
    assert!(halted.contains("partition 1 is halted"), "{halted}");
    let said = std::iter::from_fn(|| told.try_recv().ok())
        .any(|now| now.paused.is_some_and(|why| why.contains("partition 1") && why.contains("deleted 2")));
    assert!(said, "while it runs it says so: {halted}");
    let now = places(&kafka).await;
    assert_eq!(now[1].0, first[1].0, "nobody moved its position");
    assert_eq!(now[2], (grown[2].1, grown[2].1), "the other one went on to its end");
    let rest = u64::try_from(grown[1].1 - first[1].1).unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 400 - rest, "none of what is left in partition 1 ran");
    kafka.shutdown().await;
}
