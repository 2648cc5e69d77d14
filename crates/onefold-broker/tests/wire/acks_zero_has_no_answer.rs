//! acks=0: the protocol has no answer to a produce request, so a client that gets one reads every later answer wrongly. An
//! error is told by closing the connection, which makes clients look at the metadata again (gotcha 3).

use std::time::Duration;

use kafka_protocol::messages::MetadataRequest;

use crate::common::raw::produce_request;
use crate::common::{batch, start};

#[tokio::test(flavor = "multi_thread")]
async fn the_next_answer_belongs_to_the_next_request() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    raw.send(9, &produce_request("t", 0, batch(&["a"]).bytes(), 0));
    let metadata = raw.call(9, &MetadataRequest::default().with_topics(None));

    assert_eq!(metadata.topics.len(), 1);
    assert!(raw.is_silent(Duration::from_millis(50)));
    assert_eq!(raw.produce("t", 0, batch(&["b"]).bytes()).base_offset, 1, "the first batch was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_closes_the_connection() {
    let here = start().await;
    let mut raw = here.connect();

    raw.send(9, &produce_request("missing", 0, batch(&["a"]).bytes(), 0));

    assert!(raw.is_closed());
}
