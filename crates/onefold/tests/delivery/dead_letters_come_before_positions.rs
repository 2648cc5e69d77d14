//! A record is passed over only when its dead letter is out; and a letter that will never get out, a sink that does not
//! take the verdict and a cause that kills every record end the run with words, not with a loss.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use onefold::pipeline::filter::FilterVerdict;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};

use crate::common::{Folder, payment, payments};

const DEAD: &str = "payments.loyalty.dead";

async fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to that");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn poison_without_json(record: &Record) -> FilterVerdict {
    match record.value.as_deref() {
        Some(value) if value.starts_with(b"{") => FilterVerdict::Take,
        _ => FilterVerdict::Poison("no JSON".into()),
    }
}

fn poison(user: u32) -> Record {
    Record::new("payments", Some(format!("user-{user}").as_bytes()), Some(b"\xff"))
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_once_buries_before_it_commits() {
    let cluster = MemoryCluster::new();
    payments(10).into_iter().chain([poison(1)]).chain(payments(10)).for_each(|record| {
        cluster.append(record);
    });
    cluster.refuse_publishing(true);
    let pipeline = Pipeline::from("payments").group("receipts").guarantee(AtMostOnce).filter(poison_without_json);
    let running = tokio::spawn(testing::run_on(&cluster, pipeline.handle(async || {})).into_future());
    until(|| cluster.refused_publishes() > 1).await;
    assert!(cluster.committed("receipts", "payments", 0).unwrap_or(0) <= 10, "passed without its letter");
    cluster.refuse_publishing(false);
    let ended = running.await.unwrap().unwrap();
    assert_eq!((ended.counters.effects, ended.dead_letters.len()), (20, 1));
    assert_eq!(cluster.committed("receipts", "payments", 0), Some(21));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_records_that_die_at_intake_is_held_back() {
    let cluster = MemoryCluster::new();
    (0..300).for_each(|user| {
        cluster.append(poison(user));
    });
    let pipeline = Pipeline::from("payments").group("loyalty").filter(poison_without_json).handle(async || {});
    let refused = testing::run_on(&cluster, pipeline).await.unwrap_err().to_string();
    assert!(refused.contains("many keys die of one cause"), "{refused}");
    let letters = cluster.records(DEAD).len();
    assert!(letters < 100, "{letters} of 300 went to the dead letters");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_too_large_ends_the_run_and_the_others_are_out_once() {
    let large = Record::new("payments", Some(b"user-1"), Some(&[0xff; 5000]));
    // Beside the sink: nothing is passed. In it: the verdict is a row, and the row stays.
    let cluster = MemoryCluster::new();
    cluster.publish_at_most(4000);
    cluster.append(large.clone());
    let refused = testing::run_on(&cluster, Pipeline::from("payments").filter(poison_without_json).handle(async || {}));
    let refused = refused.await.unwrap_err().to_string();
    assert!(refused.contains("too large"), "{refused}");

    let (cluster, folder) = (MemoryCluster::new(), Folder::new());
    cluster.publish_at_most(4000);
    [poison(1), large, poison(2)].into_iter().for_each(|record| {
        cluster.append(record);
    });
    for _ in 0..2 {
        let refused = testing::run_on(&cluster, folder.loyalty_ready().await).await.unwrap_err().to_string();
        assert!(refused.contains("too large"), "{refused}");
    }
    until(|| folder.number("SELECT count(*) FROM onefold_dead WHERE letter IS NOT NULL") == 1).await;
    assert_eq!(cluster.records(DEAD).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_that_the_sink_does_not_take_is_written_again_until_it_is_there() {
    let (cluster, folder) = (MemoryCluster::new(), Folder::new());
    testing::run_on(&cluster, folder.loyalty_ready().await).await.unwrap();
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON onefold_dead BEGIN SELECT RAISE(ABORT, 'no room'); END";
    conn.execute_batch(refuse).unwrap();
    [poison(1), payment("a", 2, 100)].into_iter().for_each(|record| {
        cluster.append(record);
    });
    let pipeline = folder.loyalty_ready().await;
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).into_future());
    until(|| folder.points() == 1).await;
    assert!(!running.is_finished());
    conn.execute_batch("DROP TRIGGER refuse").unwrap();
    let ended = running.await.unwrap().unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead, ended.dead_letters.len()), (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_of_an_assignment_that_is_over_is_not_written() {
    type Handler = Arc<(AtomicU32, AtomicBool)>;
    async fn late(State(handler): State<Handler>, tx: &mut Tx<Sqlite>) -> Handled {
        if handler.0.fetch_add(1, Ordering::SeqCst) > 0 {
            tx.execute("INSERT INTO points VALUES ('once', 1)", ()).await?;
            return Ok(Done);
        }
        while !handler.1.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Outcome::Dead("of the old assignment".into()))
    }
    let (cluster, folder, handler) = (MemoryCluster::new(), Folder::new(), Handler::default());
    cluster.append(payment("a", 1, 100));
    let pipeline = folder.loyalty().await.with_state(handler.clone()).handle(late);
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).into_future());
    until(|| handler.0.load(Ordering::SeqCst) == 1).await;
    cluster.lose("loyalty", "payments");
    until(|| cluster.is_heard("loyalty", "payments")).await;
    // The partition is being claimed anew, which waits for the handler's transaction.
    tokio::time::sleep(Duration::from_millis(100)).await;
    handler.1.store(true, Ordering::SeqCst);
    let ended = running.await.unwrap().unwrap();
    assert_eq!((folder.points(), ended.dead_letters.len()), (1, 0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_leave_while_the_pipeline_runs() {
    let folder = Folder::new();
    type Folders = Arc<Folder>;
    let folder: Folders = Arc::new(folder);
    async fn waits(Json(event): Json<serde_json::Value>, State(folder): State<Folders>, _: &mut Tx<Sqlite>) -> Handled {
        let known = folder.number("SELECT count(*) FROM onefold_ids");
        match event["id"] == "waits" && known > 0 {
            true => Ok(Outcome::Retry(Duration::from_millis(50))),
            false => Ok(Done),
        }
    }
    let dedup = by_event_id().keep(Duration::from_secs(1));
    let retry = Retry::attempts(1000);
    let pipeline = folder.loyalty().await.dedup(dedup).retry(retry).with_state(folder.clone()).handle(waits);
    let mut records = payments(1200);
    records.push(payment("waits", 99, 100));
    let ended = testing::run(pipeline, records).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead), (1201, 0));
}

/// The guard looks at what handlers say as well, counts keys and not records, and can be turned off.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_many_keys_of_one_cause_and_ends_the_run_with_words() {
    async fn schema(Key(key): Key) -> Handled {
        Err(Failure::poison(format!("{} has schema 7", String::from_utf8_lossy(&key))))
    }
    let records = |keys: u32| (0..300).map(move |nth| payment("x", nth % keys, 1)).collect::<Vec<_>>();
    let pipeline = || Pipeline::from("payments").group("loyalty").retry(Retry::attempts(1));
    let refused = testing::run(pipeline().handle(schema), records(300)).await.unwrap_err().to_string();
    assert!(refused.contains("many keys die of one cause") && refused.contains("schema"), "{refused}");
    let ended = testing::run(pipeline().handle(schema), records(30)).await.unwrap();
    assert_eq!(ended.dead_letters.len(), 300, "thirty keys are poison, not a flood");
    let ended = testing::run(pipeline().flood_guard(false).handle(schema), records(300)).await.unwrap();
    assert_eq!(ended.dead_letters.len(), 300);
}
