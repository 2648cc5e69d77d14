//! Locked by another program, full, gone, or put back to an older copy: the records wait or run again, and none is lost,
//! buried or counted twice for it.

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onefold::pipeline::dedup::DedupStore;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};
use onefold::{Observer, RunError, Snapshot};

use crate::common::{Folder, add_points, payment, payments};

fn cluster(records: impl IntoIterator<Item = Record>) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 2);
    records.into_iter().for_each(|record| {
        cluster.append(record);
    });
    cluster
}

fn is_down(snapshot: &Snapshot) -> bool {
    snapshot.paused.as_deref().is_some_and(|why| why.contains("sink down"))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_programs_lock_is_waited_for() {
    type Go = Arc<AtomicBool>;
    async fn add(Json(event): Json<serde_json::Value>, State(go): State<Go>, tx: &mut Tx<Sqlite>) -> Handled {
        if event["amount"] == 900 && !go.load(Ordering::SeqCst) {
            return Ok(Outcome::Retry(Duration::from_millis(20)));
        }
        tx.execute("INSERT INTO points VALUES (?1, 1)", [event["id"].as_str()]).await?;
        Ok(Done)
    }
    let waits = [payment("waits-0", 90, 900), payment("waits-1", 91, 900)];
    let (folder, cluster, go) = (Folder::new(), cluster(payments(50).into_iter().chain(waits)), Go::default());
    let pipeline = folder.loyalty().await.with_state(go.clone()).retry(Retry::attempts(100_000)).handle(add);
    let (observer, mut told) = Observer::channel();
    let running = testing::run_on(&cluster, pipeline).at_most(Duration::from_secs(60)).observe(observer);
    let running = tokio::spawn(running.into_future());
    while told.recv().await.unwrap().counters.effects < 50 {}
    // Longer than SQLite's own patience of 5 s.
    let other = rusqlite::Connection::open(folder.path()).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    while !is_down(&told.recv().await.unwrap()) {}
    other.execute_batch("DELETE FROM points; COMMIT").unwrap();
    go.store(true, Ordering::SeqCst);
    let ended = running.await.unwrap().unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead), (52, 0), "{ended:?}");
    assert_eq!(folder.points(), 2);
}

/// The effect is elsewhere, and the ids are locked between it and its mark, for longer than SQLite's patience: the mark is
/// tried again, and no effect is.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_store_of_ids_repeats_no_effect() {
    #[derive(Default)]
    struct Elsewhere {
        runs: Mutex<Vec<String>>,
        ids: PathBuf,
        lock: Mutex<Option<rusqlite::Connection>>,
    }
    async fn post(Json(event): Json<serde_json::Value>, State(elsewhere): State<Arc<Elsewhere>>) -> Handled {
        let mut runs = elsewhere.runs.lock().unwrap();
        runs.push(event["id"].to_string());
        if runs.len() == 20 {
            let other = rusqlite::Connection::open(&elsewhere.ids).unwrap();
            other.busy_timeout(Duration::from_secs(10)).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            *elsewhere.lock.lock().unwrap() = Some(other);
        }
        Ok(Done)
    }
    let (folder, cluster) = (Folder::new(), cluster(payments(60)));
    let elsewhere = Arc::new(Elsewhere { ids: folder.path(), ..Elsewhere::default() });
    let dedup = by_event_id().store(DedupStore::Sqlite(folder.path()));
    let pipeline = Pipeline::from("payments").group("posts").dedup(dedup).with_state(elsewhere.clone()).handle(post);
    let (observer, mut told) = Observer::channel();
    let running = testing::run_on(&cluster, pipeline).at_most(Duration::from_secs(60)).observe(observer);
    let running = tokio::spawn(running.into_future());
    let ids_are_down = |told: Snapshot| told.paused.is_some_and(|why| why.contains("the store of its ids"));
    while !ids_are_down(told.recv().await.unwrap()) {}
    drop(elsewhere.lock.lock().unwrap().take());
    let ended = running.await.unwrap().unwrap();
    assert_eq!((ended.counters.effects, ended.counters.duplicates_id, ended.counters.dead), (60, 0, 0), "{ended:?}");
    let mut runs = std::mem::take(&mut *elsewhere.runs.lock().unwrap());
    assert_eq!(runs.len(), 60, "effects were repeated");
    runs.sort_unstable();
    runs.dedup();
    assert_eq!(runs.len(), 60, "and others left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_and_goes_on_when_there_is_room() {
    async fn keep(Key(key): Key, Offset(offset): Offset, tx: &mut Tx<Sqlite>) -> Handled {
        tx.execute("INSERT INTO kept VALUES (?1, ?2, zeroblob(20000))", (key.to_vec(), offset)).await?;
        Ok(Done)
    }
    let folder = Folder::new();
    // The limit belongs to the connection: this one is the writer's, and nobody else's.
    let schema = "CREATE TABLE IF NOT EXISTS kept (key BLOB, offset INTEGER, bytes BLOB);
        CREATE TABLE IF NOT EXISTS ballast AS SELECT zeroblob(1000000) AS bytes; PRAGMA max_page_count = 400";
    let db = Sqlite::open(folder.path()).await.unwrap().setup(schema).unwrap();
    let pipeline = Pipeline::from("payments").group("loyalty").in_transaction_of(db).retry(Retry::attempts(2));
    let cluster = cluster(payments(40));
    let (observer, mut told) = Observer::channel();
    let running = tokio::spawn(testing::run_on(&cluster, pipeline.handle(keep)).observe(observer).into_future());
    while !is_down(&told.recv().await.unwrap()) {}
    let other = rusqlite::Connection::open(folder.path()).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    other.execute_batch("DELETE FROM ballast").unwrap();
    let ended = running.await.unwrap().unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead, ended.counters.retried), (40, 0, 0), "{ended:?}");
    assert_eq!(folder.number("SELECT count(*) FROM kept"), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_file_heals_and_so_does_none() {
    let folder = Folder::new();
    let cluster = cluster(payments(100));
    testing::run_on(&cluster, folder.loyalty_ready().await).await.unwrap();
    let copy = folder.path().with_extension("copy");
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    conn.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(conn);
    for nth in 100..250 {
        cluster.append(payment(&format!("evt-{nth}"), nth % 7, 100));
    }
    testing::run_on(&cluster, folder.loyalty_ready().await).await.unwrap();
    assert_eq!(folder.points(), 250);
    remove(&folder.path());
    std::fs::rename(&copy, folder.path()).unwrap();
    assert_eq!(folder.points(), 100, "an older copy");
    let healed = testing::run_on(&cluster, folder.loyalty_ready().await).await.unwrap();
    assert_eq!((folder.points(), healed.counters.effects), (250, 150));
    remove(&folder.path());
    let again = testing::run_on(&cluster, folder.loyalty_ready().await).await.unwrap();
    assert_eq!((folder.points(), again.counters.effects), (250, 250));
}

/// The file and what SQLite keeps beside it.
fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let file = format!("{}{ending}", path.display());
        if Path::new(&file).exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_database_is_named_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("text.db"),
        "this is a text, and longer than the header of a database\n".repeat(50),
    )
    .unwrap();
    std::fs::create_dir(folder.path().join("folder.db")).unwrap();
    let cluster = cluster(payments(5));
    for name in ["text.db", "folder.db", "text.db/below/it.db"] {
        let path = folder.path().join(name);
        let why = Sqlite::open(&path).await.unwrap_err().to_string();
        assert!(why.contains(name.split('/').next().unwrap()), "{why}");
        let pipeline = Pipeline::from("payments").in_transaction_of(Sqlite::at(&path)).handle(add_points);
        match testing::run_on(&cluster, pipeline).await {
            Err(RunError::Unusable(why)) => assert!(why.contains(name.split('/').next().unwrap()), "{why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(cluster.committed("payments", "payments", 0), None);
}
