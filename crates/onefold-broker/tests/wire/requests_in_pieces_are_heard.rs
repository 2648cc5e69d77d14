//! A peer that waits for each answer is looked at by whoever wrote it, and the system says nothing of its short requests
//! meanwhile. Whatever else it does then must not go unheard.

use std::io::Write;

use kafka_protocol::messages::{ApiVersionsRequest, ProduceRequest};

use crate::common::raw::{frame, only, produce_request};
use crate::common::{Here, Raw, batch, start};

/// Ids of the requests that a test puts together by itself.
const ID: i32 = 1_000_000;

/// A broker, and a connection whose requests came one at a time so far; its last answer was read just now.
async fn one_at_a_time() -> (Here, Raw) {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    for offset in 0..50 {
        assert_eq!(raw.produce("t", 0, batch(&["a"]).bytes()).base_offset, offset);
    }
    (here, raw)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_two_pieces_with_time_in_between() {
    let (here, mut raw) = one_at_a_time().await;
    let mut other = here.connect();
    for turn in 0..10 {
        let request = frame(ID + turn, 9, &produce_request("t", 0, batch(&["b"]).bytes(), -1));
        let (first, rest) = request.split_at(7 * turn as usize + 1);
        raw.stream.write_all(first).unwrap();
        other.call(0, &ApiVersionsRequest::default()); // by now the broker has long stopped looking
        raw.stream.write_all(rest).unwrap();
        let answered = only(raw.receive::<ProduceRequest>(9, ID + turn));
        assert_eq!((answered.error_code, answered.base_offset), (0, 50 + i64::from(turn)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_pause() {
    let (here, mut raw) = one_at_a_time().await;
    let mut other = here.connect();
    for offset in 50..60 {
        for _ in 0..20 {
            other.call(0, &ApiVersionsRequest::default());
        }
        assert_eq!(raw.produce("t", 0, batch(&["b"]).bytes()).base_offset, offset);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once() {
    let (_here, mut raw) = one_at_a_time().await;
    for turn in 0..10 {
        let ids: Vec<_> = (0..5).map(|_| raw.send(9, &produce_request("t", 0, batch(&["b"]).bytes(), -1))).collect();
        for (nth, id) in ids.into_iter().enumerate() {
            assert_eq!(only(raw.receive::<ProduceRequest>(9, id)).base_offset, 50 + 5 * turn + nth as i64);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_record() {
    let (_here, mut raw) = one_at_a_time().await;
    for _ in 0..10 {
        raw.call(0, &ApiVersionsRequest::default());
        raw.produce("t", 0, batch(&["b"]).bytes());
    }
}
