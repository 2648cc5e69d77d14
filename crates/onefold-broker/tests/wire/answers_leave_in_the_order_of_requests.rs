//! A client may send many requests before it reads an answer; librdkafka does by default. Batches get their offsets in the
//! order they were sent, and a long poll holds back the answers behind it, but not what their requests do.

use kafka_protocol::messages::{FetchRequest, MetadataRequest, ProduceRequest};

use crate::common::raw::{fetch_request, only, produce_request};
use crate::common::{batch, start};

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_batches_keep_their_order() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    let sent: Vec<i32> = (0..1000)
        .map(|n| {
            raw.send(9, &produce_request("t", 0, batch(&[format!("{n}")]).bytes(), if n % 3 == 0 { 1 } else { -1 }))
        })
        .collect();

    for (expected, id) in sent.into_iter().enumerate() {
        let answered = only(raw.receive::<ProduceRequest>(9, id));
        assert_eq!((answered.error_code, answered.base_offset), (0, expected as i64));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_does_not_hold_back_what_later_requests_do() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    // Waits for a record that only the request behind it brings.
    let poll = raw.send(12, &fetch_request("t", 0, 0).with_max_wait_ms(15_000));
    let produce = raw.send(9, &produce_request("t", 0, batch(&["a"]).bytes(), -1));
    let metadata = raw.send(9, &MetadataRequest::default());

    let fetched = raw.receive::<FetchRequest>(12, poll);
    assert_eq!(fetched.responses[0].partitions[0].high_watermark, 1);
    assert_eq!(only(raw.receive::<ProduceRequest>(9, produce)).base_offset, 0);
    raw.receive::<MetadataRequest>(9, metadata);
}
