//! A producer's window expires after a day of the broker's time without a batch, whatever time its records carry: one that
//! copies records of 1970 is remembered, one that has been silent for a day is not, though it goes on where it stopped. One
//! that was never known must begin at sequence 0. And what a restart finds in the journal needs no clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::messages::DescribeProducersRequest;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use onefold_broker::log::Clock;

use crate::common::raw::{Raw, topic_name};
use crate::common::topics::create_with;
use crate::common::{Here, batch, start_in};

const HOUR_MS: i64 = 60 * 60 * 1000;
const OLD: i64 = 5;
const RECENT: i64 = 6;

async fn broker_at(folder: tempfile::TempDir, clock: &Arc<AtomicI64>) -> Here {
    start_in(folder, |mut settings| {
        settings.log.clock = Clock::Manual(clock.clone());
        settings.log.retention_every = Duration::from_millis(5);
        settings
    })
    .await
}

/// One record of 1970.
fn send(raw: &mut Raw, producer: i64, sequence: i32) -> (i16, i64) {
    let answered = raw.produce("t", 0, batch(&["x"]).at(1000).by(producer, 0, sequence).bytes());
    (answered.error_code, answered.base_offset)
}

/// Those that have a window, by id.
fn known(raw: &mut Raw) -> Vec<i64> {
    let topic = TopicRequest::default().with_name(topic_name("t")).with_partition_indexes(vec![0]);
    let answer = raw.call(0, &DescribeProducersRequest::default().with_topics(vec![topic]));
    answer.topics[0].partitions[0].active_producers.iter().map(|producer| producer.producer_id.0).collect()
}

fn until_known(raw: &mut Raw, expected: &[i64]) {
    let begin = Instant::now();
    while known(raw) != expected {
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?} are known", known(raw));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn and_not_on_the_records_time() {
    let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
    let here = broker_at(tempfile::tempdir().unwrap(), &clock).await;
    let mut raw = here.connect();
    create_with(&mut raw, "t", ("retention.ms", "-1"));
    assert_eq!(send(&mut raw, OLD, 0), (0, 0));
    assert_eq!(send(&mut raw, OLD, 1), (0, 1));
    clock.fetch_add(HOUR_MS, Ordering::Relaxed);
    assert_eq!(send(&mut raw, RECENT, 0), (0, 2));
    clock.fetch_add(23 * HOUR_MS, Ordering::Relaxed);
    // One has been silent for a day, the other for an hour less. Both are looked at together.
    until_known(&mut raw, &[RECENT]);
    assert_eq!(send(&mut raw, RECENT, 0), (0, 2), "a retry of 23 hours ago, with a timestamp of 1970");
    assert_eq!(send(&mut raw, OLD, 1).0, 45, "a retry of yesterday is never appended again");

    // A restart at another time: the journal says who is forgotten, and the clock does not.
    let Here { broker, folder } = here;
    broker.shutdown().await;
    clock.fetch_sub(48 * HOUR_MS, Ordering::Relaxed);
    let here = broker_at(folder, &clock).await;
    let mut raw = here.connect();
    assert_eq!(known(&mut raw), [RECENT]);
    assert_eq!(send(&mut raw, OLD, 2), (0, 3), "it goes on where it stopped");
    assert_eq!(send(&mut raw, OLD, 2), (0, 3), "and is remembered again");
    assert_eq!(send(&mut raw, 99, 3).0, 45, "one that was never known begins at 0");
    assert_eq!(send(&mut raw, 99, 0), (0, 4));
}
