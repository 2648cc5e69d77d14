//! Break a pipeline off at each point that it passes, start it again on the same log, and look at the end state:
//! the crash tables of each protocol.

use std::sync::Arc;
use std::sync::Mutex;

use onefold::pipeline::dedup::DedupStore;
use onefold::pipeline::plan::Protocol;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};

use crate::common::{Folder, add_points, payments};

const COUNT: u32 = 300;

fn cluster() -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 3);
    for payment in payments(COUNT) {
        cluster.append(payment);
    }
    cluster
}

async fn in_sqlite(protocol: Option<Protocol>, point: &'static str) {
    for nth in [1, 2] {
        let (cluster, folder) = (cluster(), Folder::new());
        let pipeline = async || {
            let described = folder.loyalty().await.dedup(by_event_id());
            match protocol {
                Some(protocol) => described.protocol(protocol).handle(add_points),
                None => described.handle(add_points),
            }
        };
        let first = testing::run_on(&cluster, pipeline().await).crash_at(point, nth).await.unwrap();
        let second = testing::run_on(&cluster, pipeline().await).await.unwrap();
        assert_eq!(folder.points(), i64::from(COUNT), "{protocol:?} {point}:{nth} {first:?} {second:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sink_offsets_take_effect_once() {
    for point in ["before-sink-commit", "after-sink-commit", "before-commit", "after-commit"] {
        in_sqlite(None, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_takes_effect_once() {
    for point in ["before-sink-commit", "after-sink-commit", "before-commit", "after-commit"] {
        in_sqlite(Some(Protocol::Inbox), point).await;
    }
}

/// What a handler did, by event.
type Seen = Arc<Mutex<Vec<String>>>;

async fn elsewhere(
    folder: &Folder,
    point: &'static str,
    describe: impl Fn(Pipeline) -> Pipeline,
) -> (Vec<String>, usize) {
    elsewhere_at(folder, (point, 5), describe).await
}

async fn elsewhere_at(
    folder: &Folder,
    (point, nth): (&'static str, u32),
    describe: impl Fn(Pipeline) -> Pipeline,
) -> (Vec<String>, usize) {
    let cluster = cluster();
    let seen = Seen::default();
    let pipeline = || {
        let described = describe(Pipeline::from("payments").group("receipts")).with_state(seen.clone());
        described.handle(async |Json(event): Json<serde_json::Value>, State(seen): State<Seen>| {
            seen.lock().unwrap().push(event["id"].to_string());
        })
    };
    let first = testing::run_on(&cluster, pipeline()).crash_at(point, nth).await.unwrap();
    assert!(first.crashed || (point.ends_with("commit") && nth > 1), "{point}: {first:?}");
    testing::run_on(&cluster, pipeline()).await.unwrap();
    let _ = folder;
    let mut all = seen.lock().unwrap().clone();
    let runs = all.len();
    all.sort();
    all.dedup();
    (all, runs)
}

#[tokio::test(flavor = "multi_thread")]
async fn effect_first_loses_nothing() {
    for point in ["before-effect", "after-effect", "before-commit", "after-commit"] {
        let (seen, _) = elsewhere(&Folder::new(), point, |pipeline| pipeline).await;
        assert_eq!(seen.len(), COUNT as usize, "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_after_repeats_only_what_ran_between_effect_and_mark() {
    for point in ["before-effect", "after-effect", "after-mark", "before-commit", "after-commit"] {
        let folder = Folder::new();
        let store = DedupStore::Sqlite(folder.path());
        let marked = |pipeline: Pipeline| pipeline.dedup(by_event_id().store(store.clone()));
        let (seen, runs) = elsewhere(&folder, point, marked).await;
        assert_eq!(seen.len(), COUNT as usize, "{point}");
        let in_flight = 64;
        assert!(runs <= COUNT as usize + in_flight, "{point}: {runs} runs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_first_repeats_nothing() {
    for point in ["before-effect", "after-effect", "after-commit"] {
        let (seen, runs) = elsewhere(&Folder::new(), point, |pipeline| pipeline.guarantee(AtMostOnce)).await;
        assert_eq!(seen.len(), runs, "{point}");
    }
}

/// Nothing ran that no commit had passed, so nothing that ran is missing.
#[tokio::test(flavor = "multi_thread")]
async fn commit_first_loses_nothing_before_its_commit() {
    let at_most_once = |pipeline: Pipeline| pipeline.guarantee(AtMostOnce);
    let (seen, runs) = elsewhere_at(&Folder::new(), ("before-commit", 1), at_most_once).await;
    assert_eq!((seen.len(), runs), (COUNT as usize, COUNT as usize));
}

/// The inbox's own hole, which its explanation names: where the database is put back to an earlier state, ids and effects
/// are gone together, and no redelivery comes. Where the sink has the position it heals
/// (`a_database_in_trouble_costs_no_record`).
#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_does_not_heal_when_the_database_is_put_back() {
    let (cluster, folder, backup) = (MemoryCluster::new(), Folder::new(), Folder::new());
    cluster.create_topic("payments", 3);
    let run = async |folder: &Folder| {
        let described = folder.loyalty().await.dedup(by_event_id());
        testing::run_on(&cluster, described.protocol(Protocol::Inbox).handle(add_points)).await.unwrap();
    };
    for (nth, payment) in payments(COUNT).into_iter().enumerate() {
        if nth == 100 {
            run(&folder).await;
            let save = format!("VACUUM INTO '{}'", backup.path().display());
            rusqlite::Connection::open(folder.path()).unwrap().execute_batch(&save).unwrap();
        }
        cluster.append(payment);
    }
    run(&folder).await;
    assert_eq!((folder.points(), backup.points()), (i64::from(COUNT), 100));
    run(&backup).await;
    assert_eq!(backup.points(), 100);
}
