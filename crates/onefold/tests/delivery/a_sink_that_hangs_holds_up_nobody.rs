//! A database whose only thread hangs answers nothing: neither a claim of a partition, nor where its positions are. Signals
//! and rebalances are heard all the same, what hangs is named, and no questions pile up.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onefold::boundary::sink::{
    Answer, ClaimAt, Claimed, DeadRow, NoteAt, PassOver, Sink, SinkError, SinkSettings, Suspects, TxDone, TxJob,
};
use onefold::boundary::{BoxFuture, Database, Tx, TxEffect};
use onefold::log::memory::MemoryLog;
use onefold::prelude::*;
use onefold::runtime::observer::WaitsFor;
use onefold::testing::{self, MemoryCluster};
use onefold::{Observer, Ready, Snapshot};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::common::payments;
use crate::holder::Holder;

/// A database that answers when a test lets it.
#[derive(Clone)]
struct Slow(Arc<State>);

struct State {
    claims: watch::Sender<bool>,
    looks: watch::Sender<bool>,
    claims_begun: AtomicU32,
    /// Done by the next claim in the moment in which it has its answer.
    with_the_answer: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    claims_given_up: watch::Sender<u32>,
    looks_begun: AtomicU32,
    looks_under_way: AtomicU32,
    /// Where its one partition stands, if anybody asks.
    position: AtomicI64,
    effects: AtomicU32,
    refuses_passes: AtomicU32,
    passed: Mutex<UnboundedSender<PassOver>>,
}

/// Of a claim that is not waited for any more.
struct GivenUp(Arc<State>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.claims_given_up.send_modify(|claims| *claims += 1);
    }
}

impl Slow {
    fn new() -> (Slow, UnboundedReceiver<PassOver>) {
        let (passed, passes) = unbounded_channel();
        let state = State {
            claims: watch::Sender::new(true),
            looks: watch::Sender::new(true),
            claims_begun: AtomicU32::new(0),
            with_the_answer: Mutex::default(),
            claims_given_up: watch::Sender::new(0),
            looks_begun: AtomicU32::new(0),
            looks_under_way: AtomicU32::new(0),
            position: AtomicI64::new(0),
            effects: AtomicU32::new(0),
            refuses_passes: AtomicU32::new(0),
            passed: Mutex::new(passed),
        };
        (Slow(Arc::new(state)), passes)
    }

    fn pipeline(&self) -> Ready {
        async fn nothing(_: &mut Tx<Slow>) -> Handled {
            Ok(Done)
        }
        Pipeline::from("payments").group("loyalty").in_transaction_of(self.clone()).handle(nothing)
    }
}

impl Database for Slow {
    type Conn = ();

    fn target(&self) -> String {
        "slow".to_owned()
    }

    fn sink(self, _: Arc<dyn TxEffect<Self>>, _: SinkSettings) -> Result<Arc<dyn Sink>, SinkError> {
        Ok(Arc::new(self))
    }
}

async fn open(gate: &watch::Sender<bool>) {
    gate.subscribe().wait_for(|open| *open).await.expect("the state holds its sender");
}

impl Sink for Slow {
    fn claim(&self, partitions: Vec<ClaimAt>) -> BoxFuture<'static, Result<Vec<Claimed>, SinkError>> {
        let state = self.0.clone();
        state.claims_begun.fetch_add(1, Ordering::SeqCst);
        let given_up = GivenUp(state.clone());
        Box::pin(async move {
            open(&state.claims).await;
            let act = state.with_the_answer.lock().unwrap().take();
            if let Some(act) = act {
                act();
                tokio::task::yield_now().await;
            }
            std::mem::forget(given_up);
            let claimed = |at: ClaimAt| Claimed {
                partition: at.partition,
                epoch: 1,
                next_offset: at.start,
                leader_epoch: None,
                done: Vec::new(),
                suspects: Suspects::unwatched(at.suspects),
            };
            Ok(partitions.into_iter().map(claimed).collect())
        })
    }

    fn positions(&self, partitions: Vec<i32>) -> BoxFuture<'static, Result<Vec<Option<i64>>, SinkError>> {
        let state = self.0.clone();
        Box::pin(async move {
            state.looks_begun.fetch_add(1, Ordering::SeqCst);
            state.looks_under_way.fetch_add(1, Ordering::SeqCst);
            open(&state.looks).await;
            state.looks_under_way.fetch_sub(1, Ordering::SeqCst);
            Ok(partitions.iter().map(|_| Some(state.position.load(Ordering::SeqCst))).collect())
        })
    }

    fn pass(&self, over: Vec<PassOver>) -> BoxFuture<'static, Result<(), SinkError>> {
        let refuses = |left: u32| left.checked_sub(1);
        if self.0.refuses_passes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuses).is_ok() {
            return Box::pin(std::future::ready(Err(SinkError::Down("it is locked".into()))));
        }
        for over in over {
            let _ = self.0.passed.lock().unwrap().send(over);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn submit(&self, jobs: Vec<TxJob>, answer: Answer) {
        self.0.effects.fetch_add(jobs.len() as u32, Ordering::SeqCst);
        answer(jobs.iter().map(|_| TxDone::Done(Outcome::Done)).collect());
    }

    fn name(&self) -> String {
        "slow".to_owned()
    }

    fn note(&self, notes: Vec<NoteAt>) -> BoxFuture<'static, Result<Vec<bool>, SinkError>> {
        Box::pin(std::future::ready(Ok(notes.iter().map(|_| true).collect())))
    }

    fn check_origin(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn forget_old_ids(&self) -> BoxFuture<'static, Result<usize, SinkError>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn unpublished(&self, _: usize) -> BoxFuture<'static, Result<Vec<DeadRow>, SinkError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn published(&self, _: Vec<i64>) -> BoxFuture<'static, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn cluster(partitions: i32) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", partitions);
    for payment in payments(40) {
        cluster.append(payment);
    }
    cluster
}

async fn hear(told: &mut UnboundedReceiver<Snapshot>) -> Snapshot {
    tokio::time::timeout(LONGEST, told.recv()).await.expect("it does not hang").expect("it runs on")
}

/// A task that is ended ends soon, not at once.
async fn given_up(slow: &Slow) {
    let mut claims = slow.0.claims_given_up.subscribe();
    let one = tokio::time::timeout(LONGEST, claims.wait_for(|claims| *claims >= 1)).await;
    one.expect("the claim is given up").expect("the state holds its sender");
}

/// Until it says that it waits for its sink, with this.
async fn says(told: &mut UnboundedReceiver<Snapshot>, what: &str) -> String {
    loop {
        let snapshot = hear(told).await;
        if let Some(why) = snapshot.paused.filter(|why| why.contains(what)) {
            assert_eq!(snapshot.waits_for, Some(WaitsFor::Sink), "{why}");
            return why;
        }
    }
}

const LONGEST: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_hangs_is_named_and_a_stop_is_heard() {
    let (cluster, (slow, _passes)) = (cluster(2), Slow::new());
    slow.0.claims.send_replace(false);
    let (observer, mut told) = Observer::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = testing::run_on(&cluster, slow.pipeline()).at_most(LONGEST).observe(observer);
    let running = tokio::spawn(running.until(async { drop(stopped.await) }).into_future());
    let why = says(&mut told, "slow does not answer").await;
    assert!(why.contains("partitions 0, 1 of payments cannot be taken over there"), "{why}");
    assert_eq!(slow.0.claims_begun.load(Ordering::SeqCst), 1, "one claim, however long it takes");
    drop(stop);
    running.await.unwrap().unwrap();
    given_up(&slow).await;
    assert_eq!((slow.0.claims_begun.load(Ordering::SeqCst), slow.0.effects.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_is_heard_while_a_claim_hangs() {
    let (cluster, (slow, _passes)) = (cluster(2), Slow::new());
    slow.0.claims.send_replace(false);
    let (observer, mut told) = Observer::channel();
    let running = testing::run_on(&cluster, slow.pipeline()).at_most(LONGEST).observe(observer);
    let running = tokio::spawn(running.into_future());
    while slow.0.claims_begun.load(Ordering::SeqCst) == 0 {
        hear(&mut told).await;
    }
    // Who joins gets its share only when it is let go.
    let (joined, (tell, joins)) = (cluster.clone(), tokio::sync::oneshot::channel());
    std::thread::spawn(move || tell.send(Holder::of(&joined, "loyalty", "payments")).ok());
    let other = tokio::time::timeout(LONGEST, joins).await.expect("it gets its share").unwrap();
    // Both were claimed, and one is not its own any more.
    given_up(&slow).await;
    drop(other);
    slow.0.claims.send_replace(true);
    assert_eq!(running.await.unwrap().unwrap().counters.effects, 40);
}

/// The answer is there when one of its partitions is asked for: it is given up, so that no note stays open that says that
/// something runs under it, and the other one is claimed anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_that_meets_the_answer_of_a_claim_gives_it_up() {
    let (cluster, (slow, _passes)) = (cluster(2), Slow::new());
    let other = Arc::new(Mutex::new(None));
    let (joined, joins) = (other.clone(), cluster.clone());
    let join = move || *joined.lock().unwrap() = Some(MemoryLog::join(&joins, "loyalty", "payments"));
    *slow.0.with_the_answer.lock().unwrap() = Some(Box::new(join));
    let (observer, mut told) = Observer::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = testing::run_on(&cluster, slow.pipeline()).at_most(LONGEST).observe(observer);
    let running = tokio::spawn(running.until(async { drop(stopped.await) }).into_future());
    while slow.0.claims_begun.load(Ordering::SeqCst) < 2 {
        hear(&mut told).await;
    }
    assert_eq!(*slow.0.claims_given_up.borrow(), 1);
    while hear(&mut told).await.partitions != 1 {}
    drop(stop);
    running.await.unwrap().unwrap();
    assert_eq!(slow.0.claims_begun.load(Ordering::SeqCst), 2);
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_of_a_claim_is_not_said_of_one_that_was_given_up() {
    let (cluster, (slow, _passes)) = (cluster(2), Slow::new());
    slow.0.claims.send_replace(false);
    let (observer, mut told) = Observer::channel();
    let running = testing::run_on(&cluster, slow.pipeline()).at_most(LONGEST).observe(observer);
    let running = tokio::spawn(running.into_future());
    says(&mut told, "partitions 0, 1 of payments cannot be taken over there").await;
    let (joined, (tell, joins)) = (cluster.clone(), tokio::sync::oneshot::channel());
    std::thread::spawn(move || tell.send(Holder::of(&joined, "loyalty", "payments")).ok());
    let other = tokio::time::timeout(LONGEST, joins).await.expect("it gets its share").unwrap();
    while hear(&mut told).await.paused.is_some() {}
    drop(other);
    slow.0.claims.send_replace(true);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_at_positions_do_not_pile_up_and_a_stop_is_heard() {
    for stops in [false, true] {
        let (cluster, (slow, _passes)) = (cluster(1), Slow::new());
        slow.0.looks.send_replace(false);
        let _other = Holder::of(&cluster, "loyalty", "payments");
        let (observer, mut told) = Observer::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = testing::run_on(&cluster, slow.pipeline()).at_most(LONGEST).observe(observer);
        let running = tokio::spawn(running.until(async { drop(stopped.await) }).into_future());
        says(&mut told, "slow does not answer where its positions are").await;
        for _ in 0..8 {
            // Two seconds, in which it would have looked four times.
            hear(&mut told).await;
        }
        assert_eq!(slow.0.looks_begun.load(Ordering::SeqCst), 1);
        if stops {
            drop(stop);
            running.await.unwrap().unwrap();
            continue;
        }
        slow.0.position.store(40, Ordering::SeqCst);
        slow.0.looks.send_replace(true);
        running.await.unwrap().unwrap();
        assert_eq!(slow.0.looks_under_way.load(Ordering::SeqCst), 0);
    }
}

/// It comes once, when the end is reached: given up at the first lock, the position would stay behind the marker.
#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_markers_that_is_refused_is_tried_again() {
    let (cluster, (slow, mut passes)) = (cluster(1), Slow::new());
    cluster.append_marker("payments", 0);
    slow.0.refuses_passes.store(3, Ordering::SeqCst);
    testing::run_on(&cluster, slow.pipeline()).await.unwrap();
    let passed = tokio::time::timeout(LONGEST, passes.recv()).await.expect("it is tried again").unwrap();
    assert_eq!((passed.partition, passed.from, passed.to), (0, 40, 41));
    assert_eq!(slow.0.refuses_passes.load(Ordering::SeqCst), 0);
}
