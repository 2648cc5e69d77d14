//! A sink that is down stops everything but one probe at a time, costs no record an attempt, and when it answers again
//! all goes on. One key that finds it down is that key's own trouble.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};
use onefold::{Observer, Snapshot};

use crate::common::payments;

#[derive(Default)]
struct Sink {
    is_down: AtomicBool,
    tries: AtomicU32,
}

async fn call(State(sink): State<Arc<Sink>>) -> Handled {
    sink.tries.fetch_add(1, Ordering::SeqCst);
    match sink.is_down.load(Ordering::SeqCst) {
        true => Err(Failure::sink_down("503 from everybody")),
        false => Ok(Done),
    }
}

fn is_paused(snapshot: &Snapshot) -> bool {
    snapshot.paused.as_deref().is_some_and(|why| why.contains("sink down"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_down_pauses_and_burns_nothing() {
    let (sink, cluster) = (Arc::new(Sink::default()), MemoryCluster::new());
    cluster.create_topic("payments", 3);
    payments(140).into_iter().for_each(|payment| {
        cluster.append(payment);
    });
    sink.is_down.store(true, Ordering::SeqCst);
    let pipeline = Pipeline::from("payments").with_state(sink.clone()).retry(Retry::attempts(2)).handle(call);
    let (observer, mut told) = Observer::channel();
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).observe(observer).into_future());
    while !is_paused(&told.recv().await.unwrap()) {}
    // What ran before it was found down has come back by the next telling.
    told.recv().await.unwrap();
    let before = sink.tries.load(Ordering::SeqCst);
    assert!(before < 140, "all of them were tried");
    // Two probes: one record each, whatever else waits.
    for probe in 1..=2 {
        while sink.tries.load(Ordering::SeqCst) < before + probe {
            assert!(is_paused(&told.recv().await.unwrap()), "it went on without an answer");
        }
        assert_eq!(sink.tries.load(Ordering::SeqCst), before + probe);
    }
    sink.is_down.store(false, Ordering::SeqCst);
    let ended = running.await.unwrap().unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead, ended.counters.retried), (140, 0, 0));
    let last = std::iter::from_fn(|| told.try_recv().ok()).last().unwrap();
    assert!(last.ended && last.paused.is_none(), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failing_key_never_pauses_the_others() {
    let tries = Arc::new(AtomicU32::new(0));
    let pipeline = Pipeline::from("payments")
        .with_state(tries.clone())
        .retry(Retry::attempts(2).first(Duration::from_millis(150)))
        .handle(async |Key(key): Key, State(tries): State<Arc<AtomicU32>>| -> Handled {
            match &key[..] == b"user-3" && tries.fetch_add(1, Ordering::SeqCst) < 5 {
                true => Err(Failure::sink_down("401 for this one")),
                false => Ok(Done),
            }
        });
    let (observer, mut told) = Observer::channel();
    let ended = testing::run(pipeline, payments(140)).observe(observer).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead), (140, 0), "five times down, and no attempt was burnt");
    let mut all = std::iter::from_fn(|| told.try_recv().ok());
    assert!(all.all(|snapshot| !is_paused(&snapshot)));
}
