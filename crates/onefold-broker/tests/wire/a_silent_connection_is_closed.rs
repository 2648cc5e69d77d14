//! `connections.max.idle.ms`: a connection without a request for so long is closed; one that asks is not.

use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiVersionsRequest;
use onefold_broker::{BrokerSettings, ServerLimits};

use crate::common::start_with;

#[tokio::test(flavor = "multi_thread")]
async fn and_one_that_asks_is_not() {
    let idle = Duration::from_millis(1500);
    let limits = ServerLimits { idle_timeout: idle, ..ServerLimits::default() };
    let here = start_with(|settings| BrokerSettings { limits, ..settings }).await;
    let (mut silent, mut busy) = (here.connect(), here.connect());
    let begin = Instant::now();
    silent.call(0, &ApiVersionsRequest::default());

    let asking = std::thread::spawn(move || {
        while begin.elapsed() < 2 * idle {
            busy.call(0, &ApiVersionsRequest::default());
        }
    });
    assert!(silent.is_closed());
    assert!(begin.elapsed() >= idle);
    asking.join().expect("the broker answered as long as it was asked");
}
