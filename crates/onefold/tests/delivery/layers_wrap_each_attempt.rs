//! Tower layers stand around each attempt: they see record and attempt, may refuse by themselves, and leave the class of
//! a handler's failure alone.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use onefold::pipeline::layer::{Attempts, Call, LayerError};
use onefold::prelude::*;
use onefold::testing;
use tower::{Layer, Service};

use crate::common::payment;

type Seen = Arc<Mutex<Vec<String>>>;

/// Notes each call under its name, and refuses the first attempt of every record where it is told to.
#[derive(Clone)]
struct Notes {
    name: &'static str,
    refuses: bool,
    seen: Seen,
}

#[derive(Clone)]
struct Noting(Notes, Attempts);

impl Layer<Attempts> for Notes {
    type Service = Noting;

    fn layer(&self, inner: Attempts) -> Noting {
        Noting(self.clone(), inner)
    }
}

impl Service<Call> for Noting {
    type Response = Outcome;
    type Error = LayerError;
    type Future = futures_util::future::BoxFuture<'static, Result<Outcome, LayerError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LayerError>> {
        self.1.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let (attempt, offset) = (call.attempt.number, call.record.offset);
        self.0.seen.lock().unwrap().push(format!("{} {offset}:{attempt}", self.0.name));
        match self.0.refuses && attempt == 1 {
            true => Box::pin(std::future::ready(Err("too busy".into()))),
            false => self.1.call(call),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_wrap_each_attempt() {
    let seen = Seen::default();
    let notes = |name, refuses| Notes { name, refuses, seen: seen.clone() };
    let pipeline = Pipeline::from("payments")
        .retry(Retry::attempts(3).first(Duration::from_millis(1)))
        .with_state(seen.clone())
        .layer(notes("inner", true))
        .layer(notes("outer", false))
        .handle(async |Json(event): Json<serde_json::Value>, State(seen): State<Seen>| -> Handled {
            seen.lock().unwrap().push(format!("handler {}", event["id"].as_str().unwrap_or_default()));
            match event["id"] == "bad" {
                true => Err(Failure::poison("no such user")),
                false => Ok(Done),
            }
        });
    let ended = testing::run(pipeline, [payment("good", 1, 100), payment("bad", 1, 100)]).await.unwrap();
    let calls = seen.lock().unwrap().clone();
    let attempt = |offset, id: &str| {
        let refused = [format!("outer {offset}:1"), format!("inner {offset}:1")];
        let ran = [format!("outer {offset}:2"), format!("inner {offset}:2"), format!("handler {id}")];
        refused.into_iter().chain(ran).collect::<Vec<_>>()
    };
    assert_eq!(calls, [attempt(0, "good"), attempt(1, "bad")].concat(), "the first one added is the innermost");
    // What the layer refused was transient; what the handler said through both layers was poison.
    assert_eq!((ended.counters.effects, ended.counters.retried, ended.counters.dead), (1, 2, 1));
    let class = ended.dead_letters[0].header("onefold-class").unwrap();
    assert_eq!(&class[..], b"poison");
}
