//! After two ends of the process without progress the records of a partition run a few at a time, after three what was
//! among the few runs alone. While one does, nothing else is even looked at; now and then everything else goes on; and
//! nobody is charged for what was no end.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::pipeline::filter::FilterVerdict;
use onefold::pipeline::plan::Order;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};
use onefold_core::progress::Saved;
use onefold_core::suspects::Note;
use tokio::sync::Notify;

use crate::common::payments;

/// Longer than any of this should take on a busy machine; the gate's own bound in time is 5 s.
pub const LONG: Duration = Duration::from_secs(60);

pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to it that {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What this test's pipelines did, in order.
#[derive(Default)]
pub struct Seen {
    order: Mutex<Vec<String>>,
    suspects: AtomicU32,
    alone: AtomicBool,
    running: AtomicU32,
    most: AtomicU32,
    /// Something was looked at while a suspect ran.
    disturbed: AtomicBool,
    disturbing: Notify,
    pub done: AtomicBool,
    pub release: Notify,
    cluster: MemoryCluster,
}

impl Seen {
    pub fn on(cluster: &MemoryCluster) -> Arc<Seen> {
        Arc::new(Seen { cluster: cluster.clone(), ..Seen::default() })
    }

    pub fn add(&self, what: &str) {
        self.order.lock().unwrap().push(what.to_owned());
    }

    pub fn count(&self, what: &str) -> usize {
        self.order.lock().unwrap().iter().filter(|seen| *seen == what).count()
    }
}

fn order(key: &str) -> Record {
    Record::new("orders", Some(key.as_bytes()), Some(key.as_bytes()))
}

/// So many records, unsettled, run at a time after two ends.
const FEW: u32 = 8;

/// Payments in one partition. The first few of them run alone in the pipeline that comes next.
pub async fn with_suspects(count: u32) -> MemoryCluster {
    after_ends(3, 1, count).await
}

/// Payments of a group whose process has ended so many times when it began.
async fn after_ends(ends: u32, partitions: i32, count: u32) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", partitions);
    for payment in payments(count) {
        cluster.append(payment);
    }
    for _ in 0..ends {
        let pipeline = Pipeline::from("payments").group("receipts").handle(async || {});
        let ended = testing::run_on(&cluster, pipeline).crash_at("before-effect", 1).await.unwrap();
        assert!(ended.crashed);
    }
    cluster
}

fn saved(cluster: &MemoryCluster) -> Option<Saved> {
    let (topic_id, _) = cluster.describe("payments")?;
    let at = cluster.commit_of("receipts", "payments", 0)?;
    Saved::read(at.metadata.as_deref(), topic_id, at.offset?, at.leader_epoch).ok()
}

pub fn note(cluster: &MemoryCluster) -> Note {
    saved(cluster).unwrap().note.expect("owners leave notes")
}

/// A pipeline beside it that stays as long as the test says.
fn beside(seen: &Arc<Seen>, cluster: &MemoryCluster) -> tokio::task::JoinHandle<()> {
    cluster.append(order("stay"));
    let looked = seen.clone();
    let pipeline = Pipeline::from("orders")
        .group("beside")
        .retry(Retry::attempts(u32::MAX))
        .filter(move |_| {
            if looked.alone.load(Ordering::SeqCst) {
                looked.disturbed.store(true, Ordering::SeqCst);
                looked.disturbing.notify_one();
            }
            FilterVerdict::Take
        })
        .with_state(seen.clone())
        .handle(async |Key(key): Key, State(seen): State<Arc<Seen>>| {
            let key = String::from_utf8(key.to_vec()).unwrap();
            seen.add(&key);
            match key.as_str() {
                "stay" if !seen.done.load(Ordering::SeqCst) => return Outcome::Retry(Duration::from_millis(5)),
                "hang" => seen.release.notified().await,
                _ => {}
            }
            Done
        });
    let running = testing::run_on(cluster, pipeline).at_most(LONG).into_future();
    tokio::spawn(async move { drop(running.await.unwrap()) })
}

/// Of one partition, as many as may: they wait for each other. One that takes long holds up none of the others.
#[tokio::test(flavor = "multi_thread")]
async fn after_two_ends_a_few_run_at_a_time() {
    const COUNT: u32 = 40;
    let cluster = after_ends(2, 1, COUNT).await;
    let seen = Seen::on(&cluster);
    let pipeline = Pipeline::from("payments").group("receipts").order(Order::None).with_state(seen.clone()).handle(
        async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| {
            let running = seen.running.fetch_add(1, Ordering::SeqCst) + 1;
            seen.most.fetch_max(running, Ordering::SeqCst);
            if offset < i64::from(FEW) {
                until("all of the first set run", || seen.most.load(Ordering::SeqCst) >= FEW).await;
            }
            if offset == 0 {
                until("the others are done", || seen.count("done") as u32 == COUNT - 1).await;
            }
            seen.running.fetch_sub(1, Ordering::SeqCst);
            seen.add("done");
        },
    );
    let ended = testing::run_on(&cluster, pipeline).at_most(LONG).await.unwrap();
    assert_eq!(seen.most.load(Ordering::SeqCst), FEW);
    assert_eq!((ended.counters.effects, ended.dead_letters.len()), (u64::from(COUNT), 0));
    assert_eq!(note(&cluster).ends, 0, "they came back");
}

/// What an earlier owner had done beyond a record that waits for long runs nothing, and takes no notes of its own: a few at
/// a time, each set durable, would keep the partition for minutes.
#[tokio::test(flavor = "multi_thread")]
async fn after_two_ends_what_was_done_before_is_passed_at_once() {
    const COUNT: i64 = 4000;
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 1);
    for payment in payments(COUNT as u32) {
        cluster.append(payment);
    }
    let seen = Seen::on(&cluster);
    let pipeline = || {
        let retry = Retry::attempts(u32::MAX);
        let pipeline = Pipeline::from("payments").group("receipts").retry(retry).order(Order::None);
        pipeline.with_state(seen.clone()).handle(async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| {
            match offset {
                0 if !seen.done.load(Ordering::SeqCst) => Outcome::Retry(Duration::from_secs(3600)),
                _ => Done,
            }
        })
    };
    let first = testing::run_on(&cluster, pipeline()).crash_at("before-effect", COUNT as u32 + 1).at_most(LONG);
    let first = tokio::spawn(first.into_future());
    let all_but_one = || saved(&cluster).is_some_and(|saved| saved.runs.iter().any(|run| run.end == COUNT));
    until("all others are done", all_but_one).await;
    for payment in payments(1) {
        cluster.append(payment);
    }
    assert!(first.await.unwrap().unwrap().crashed);
    assert!(testing::run_on(&cluster, pipeline()).crash_at("before-effect", 2).await.unwrap().crashed);
    seen.done.store(true, Ordering::SeqCst);
    // A note for each few of them would take most of a minute.
    cluster.answer_commits_after(Duration::from_millis(20));
    let began = Instant::now();
    let ended = testing::run_on(&cluster, pipeline()).at_most(LONG).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.duplicates_progress), (2, COUNT as u64 - 1));
    assert!(began.elapsed() < Duration::from_secs(6), "it took {:?}", began.elapsed());
}

/// A key that fails for long parks its own records, among suspects as ever: the other keys of its partition go on.
#[tokio::test(flavor = "multi_thread")]
async fn after_two_ends_a_failing_key_holds_up_no_other() {
    let cluster = after_ends(2, 1, 140).await;
    let seen = Seen::on(&cluster);
    let pipeline =
        Pipeline::from("payments").group("receipts").retry(Retry::attempts(u32::MAX)).with_state(seen.clone()).handle(
            async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| {
                if offset == 0 && !seen.done.load(Ordering::SeqCst) {
                    return Outcome::Retry(Duration::from_millis(100));
                }
                seen.add(if offset % 7 == 0 { "its own" } else { "others" });
                Done
            },
        );
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).at_most(2 * LONG).into_future());
    until("all other keys are through", || seen.count("others") == 120).await;
    assert_eq!(seen.count("its own"), 0);
    seen.done.store(true, Ordering::SeqCst);
    assert_eq!(running.await.unwrap().unwrap().counters.effects, 140);
}

/// Nobody waits for the others' sets: they charge nobody.
#[tokio::test(flavor = "multi_thread")]
async fn after_two_ends_others_run_beside_them() {
    let cluster = after_ends(2, 1, 3).await;
    let seen = Seen::on(&cluster);
    let other = beside(&seen, &cluster);
    let pipeline = Pipeline::from("payments").group("receipts").with_state(seen.clone()).handle(
        async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| {
            let key = format!("beside-{offset}");
            seen.cluster.append(order(&key));
            until("it runs beside it", || seen.count(&key) > 0).await;
        },
    );
    testing::run_on(&cluster, pipeline).at_most(LONG).await.unwrap();
    seen.done.store(true, Ordering::SeqCst);
    other.await.unwrap();
}

/// What was in the set at the third end, and nothing that came after it.
#[tokio::test(flavor = "multi_thread")]
async fn after_three_ends_only_those_few_run_alone() {
    const COUNT: u32 = 40;
    let cluster = after_ends(3, 1, COUNT).await;
    let seen = Seen::on(&cluster);
    let pipeline = Pipeline::from("payments").group("receipts").order(Order::None).with_state(seen.clone()).handle(
        async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| {
            let running = seen.running.fetch_add(1, Ordering::SeqCst) + 1;
            match offset < i64::from(FEW) {
                true => drop(seen.alone.fetch_or(running > 1, Ordering::SeqCst)),
                false => until("they run together", || seen.running.load(Ordering::SeqCst) >= COUNT - FEW).await,
            }
            if offset < i64::from(FEW) {
                seen.running.fetch_sub(1, Ordering::SeqCst);
            }
        },
    );
    testing::run_on(&cluster, pipeline).at_most(LONG).await.unwrap();
    assert!(!seen.alone.load(Ordering::SeqCst), "two suspects ran at once");
}

/// To get quiet takes as long as the slowest thing that runs anywhere: one that comes back to run again soon, and the
/// suspects of the next partition, do not let the others begin first.
#[tokio::test(flavor = "multi_thread")]
async fn one_quiet_is_enough_for_some_suspects() {
    let cluster = after_ends(3, 2, 4).await;
    let seen = Seen::on(&cluster);
    let other = beside(&seen, &cluster);
    until("it runs", || seen.count("stay") > 0).await;
    let pipeline = Pipeline::from("payments").group("receipts").with_state(seen.clone()).handle(
        async |record: Record, State(seen): State<Arc<Seen>>| {
            let name = format!("suspect {} {}", record.partition, record.offset);
            if seen.suspects.fetch_add(1, Ordering::SeqCst) == 0 {
                seen.cluster.append(order("tempting"));
            }
            seen.add(&name);
            if seen.count(&name) == 1 { Outcome::Retry(Duration::from_millis(20)) } else { Done }
        },
    );
    testing::run_on(&cluster, pipeline).at_most(LONG).await.unwrap();
    until("the others have gone on", || seen.count("tempting") == 1).await;
    seen.done.store(true, Ordering::SeqCst);
    other.await.unwrap();
    let order = seen.order.lock().unwrap();
    let is_suspect = |what: &&String| what.starts_with("suspect");
    assert_eq!(order.iter().filter(is_suspect).count(), 8, "{order:?}");
    let before = order.iter().take_while(|what| *what != "tempting");
    assert_eq!(before.filter(is_suspect).count(), 8, "others began between them: {order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_suspects_others_go_on() {
    let cluster = with_suspects(FEW).await;
    let seen = Seen::on(&cluster);
    let other = beside(&seen, &cluster);
    until("it runs", || seen.count("stay") > 0).await;
    let pipeline = Pipeline::from("payments").group("receipts").with_state(seen.clone()).handle(
        async |State(seen): State<Arc<Seen>>| {
            seen.add("suspect");
            if seen.suspects.fetch_add(1, Ordering::SeqCst) == 2 {
                seen.cluster.append(order("meanwhile"));
            }
            // All of them together take longer than some may run in a row.
            tokio::time::sleep(Duration::from_millis(400)).await;
        },
    );
    testing::run_on(&cluster, pipeline).at_most(LONG).await.unwrap();
    seen.done.store(true, Ordering::SeqCst);
    other.await.unwrap();
    let order = seen.order.lock().unwrap();
    let place = |what: &str| order.iter().rposition(|seen| seen == what).unwrap();
    assert!(place("meanwhile") < place("suspect"), "it waited for all suspects: {order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_looked_at_beside_one_that_runs_alone() {
    let cluster = with_suspects(6).await;
    let seen = Seen::on(&cluster);
    let other = beside(&seen, &cluster);
    until("it runs", || seen.count("stay") > 0).await;
    let pipeline = Pipeline::from("payments").group("receipts").with_state(seen.clone()).handle(
        async |State(seen): State<Arc<Seen>>| {
            seen.alone.store(true, Ordering::SeqCst);
            seen.cluster.append(order("tempting"));
            // As long as it takes for it to be looked at, where nothing keeps it from that.
            drop(tokio::time::timeout(Duration::from_millis(100), seen.disturbing.notified()).await);
            seen.alone.store(false, Ordering::SeqCst);
        },
    );
    testing::run_on(&cluster, pipeline).at_most(LONG).await.unwrap();
    until("the others have gone on", || seen.count("tempting") == 6).await;
    seen.done.store(true, Ordering::SeqCst);
    other.await.unwrap();
    assert!(!seen.disturbed.load(Ordering::SeqCst), "a filter ran beside a suspect");
}

/// What hangs elsewhere keeps a suspect from being alone, and must not keep everybody else from going on for ever.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_alone_lets_the_others_go_on_after_a_while() {
    let cluster = with_suspects(3).await;
    let seen = Seen::on(&cluster);
    cluster.append(order("hang"));
    let other = beside(&seen, &cluster);
    until("it hangs", || seen.count("hang") > 0).await;
    let pipeline = Pipeline::from("payments")
        .group("receipts")
        .with_state(seen.clone())
        .handle(async |State(seen): State<Arc<Seen>>| seen.add("suspect"));
    let careful = tokio::spawn(testing::run_on(&cluster, pipeline).at_most(LONG).into_future());
    // Held up is who does not run at once any more.
    let mut nth = 0;
    loop {
        nth += 1;
        let key = format!("later-{nth}");
        cluster.append(order(&key));
        let runs = until("it runs", || seen.count(&key) > 0);
        if tokio::time::timeout(Duration::from_millis(300), runs).await.is_err() {
            break;
        }
    }
    until("it goes on", || seen.count(&format!("later-{nth}")) > 0).await;
    assert_eq!(seen.count("suspect"), 0, "it was not alone");
    seen.release.notify_one();
    let ended = careful.await.unwrap().unwrap();
    assert_eq!((seen.count("suspect"), ended.dead_letters.len()), (3, 0));
    seen.done.store(true, Ordering::SeqCst);
    other.await.unwrap();
}

/// The setter's bound holds for the field as well: no record is dead that never ran.
#[tokio::test(flavor = "multi_thread")]
async fn no_crashes_at_all_are_one() {
    let cluster = with_suspects(5).await;
    let retry = Retry { crashes: 0, ..Retry::default() };
    let ended =
        testing::run_on(&cluster, Pipeline::from("payments").group("receipts").retry(retry).handle(async || {}));
    let ended = ended.await.unwrap();
    assert_eq!((ended.counters.effects, ended.dead_letters.len()), (5, 0));
}
