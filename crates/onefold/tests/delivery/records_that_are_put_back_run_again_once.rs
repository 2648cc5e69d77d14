//! A dead record that is put back runs again in the group that it died in, once, however often it was put back; other
//! groups pass over it, whether they keep ids, forgot them, or never asked for one, unless they look at nothing but keys
//! and values. Where nobody keeps ids, each copy is a new record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use onefold::dead_letter::redrive::{put_back, told};
use onefold::pipeline::dedup::DedupStore;
use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster, Tested};

use crate::common::{Folder, payment};

/// A handler that refuses everything until its cause is mended, and how often it let something through.
#[derive(Clone, Default)]
struct Mendable {
    mended: Arc<AtomicBool>,
    effects: Arc<AtomicU32>,
}

async fn mendable(State(it): State<Mendable>) -> Outcome {
    if !it.mended.load(Ordering::SeqCst) {
        return Dead("422".into());
    }
    it.effects.fetch_add(1, Ordering::SeqCst);
    Done
}

async fn add_mended(State(it): State<Mendable>, tx: &mut Tx<Sqlite>) -> Handled {
    tx.execute("INSERT INTO points VALUES ('all', 1) ON CONFLICT DO UPDATE SET points = points + 1", ()).await?;
    Ok(mendable(State(it)).await)
}

fn without_id() -> Record {
    Record::new("payments", Some(b"user-1"), Some(br#"{"user_id":"user-1","amount":100}"#))
}

fn cluster(records: [Record; 2]) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 1);
    for record in records {
        cluster.append(record);
    }
    cluster
}

/// The newest letters back into their topic, each so many times.
fn back(cluster: &MemoryCluster, dead: &[Record], group: Option<&str>, times: usize) {
    for letter in dead.iter().flat_map(|letter| std::iter::repeat_n(letter, times)) {
        cluster.append(put_back(letter, "payments", group));
    }
}

async fn run(cluster: &MemoryCluster, pipeline: Ready) -> Tested {
    testing::run_on(cluster, pipeline).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_sinks_transaction_with_and_without_an_id() {
    let (folder, it) = (Folder::new(), Mendable::default());
    let cluster = cluster([payment("evt-1", 1, 100), without_id()]);
    let ready = async || folder.loyalty().await.with_state(it.clone()).dedup(by_event_id()).handle(add_mended);
    let first = run(&cluster, ready().await).await;
    assert_eq!((first.counters.dead, folder.points()), (2, 0));

    back(&cluster, &first.dead_letters, Some("loyalty"), 2);
    let second = run(&cluster, ready().await).await;
    assert_eq!((second.counters.effects, folder.points()), (0, 0), "not mended yet: it dies again");
    let again = &second.dead_letters[2..];
    assert!(again.iter().all(|letter| told(letter).redrives == 1), "{again:?}");

    it.mended.store(true, Ordering::SeqCst);
    back(&cluster, &again[..2], Some("loyalty"), 2);
    back(&cluster, &first.dead_letters, Some("loyalty"), 1);
    let third = run(&cluster, ready().await).await;
    assert_eq!((third.counters.effects, third.counters.duplicates_id, third.counters.dead), (2, 4, 0));
    assert_eq!((folder.points(), it.effects.load(Ordering::SeqCst)), (2, 2), "one effect an event");
    assert_eq!(folder.number("SELECT count(*) FROM onefold_ids WHERE state = 'dead'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_ids_are_marked_after_the_effect() {
    let (folder, it) = (Folder::new(), Mendable::default());
    let cluster = cluster([payment("evt-1", 1, 100), without_id()]);
    let ready = || {
        let dedup = by_event_id().store(DedupStore::Sqlite(folder.path()));
        Pipeline::from("payments").group("receipts").with_state(it.clone()).dedup(dedup).handle(mendable)
    };
    let first = run(&cluster, ready()).await;
    assert_eq!(first.counters.dead, 2);
    it.mended.store(true, Ordering::SeqCst);
    let plain = first.dead_letters.iter().map(|letter| Record::new("payments", None, letter.value.as_deref()));
    cluster.append(plain.into_iter().next().unwrap());
    assert_eq!(run(&cluster, ready()).await.counters.duplicates_id, 1, "a dead id runs again only when it is put back");
    back(&cluster, &first.dead_letters, Some("receipts"), 2);
    let second = run(&cluster, ready()).await;
    assert_eq!((second.counters.effects, second.counters.duplicates_id), (2, 2));
    assert_eq!(it.effects.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_groups_pass_over_it() {
    let (folder, it) = (Folder::new(), Mendable::default());
    let not_json = Record::new("payments", Some(b"k"), Some(b"not json"));
    let cluster = cluster([not_json, without_id()]);
    let ready = async || folder.loyalty().await.with_state(it.clone()).dedup(by_event_id()).handle(add_mended);
    it.mended.store(true, Ordering::SeqCst);
    let first = run(&cluster, ready().await).await;
    assert_eq!((first.counters.dead, folder.points()), (1, 1));
    // The same records died in another group, and are put back for it.
    let other = Pipeline::from("payments").group("other").handle(async || Dead("no".into()));
    let mut died = run(&cluster, other).await.dead_letters;
    // Letters come in the order in which they were acknowledged.
    died.sort_by_key(|letter| letter.payload() != b"not json");
    back(&cluster, &died, Some("other"), 1);
    let second = run(&cluster, ready().await).await;
    assert_eq!((second.counters.skipped, second.counters.dead, folder.points()), (2, 0, 1));
    back(&cluster, &died[1..], None, 1);
    run(&cluster, ready().await).await;
    assert_eq!(folder.points(), 2, "put back for all, a record without an id is a new one here");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ids_each_copy_is_a_new_record() {
    let (folder, it) = (Folder::new(), Mendable::default());
    let cluster = cluster([payment("evt-1", 1, 100), without_id()]);
    let ready = async || folder.loyalty().await.with_state(it.clone()).handle(add_mended);
    let first = run(&cluster, ready().await).await;
    it.mended.store(true, Ordering::SeqCst);
    back(&cluster, &first.dead_letters, Some("loyalty"), 2);
    run(&cluster, ready().await).await;
    assert_eq!(folder.points(), 4);
}

/// The letters of another group, in which everything dies.
async fn died_elsewhere(cluster: &MemoryCluster) -> Vec<Record> {
    let other = Pipeline::from("payments").group("other").handle(async || Dead("no".into()));
    run(cluster, other).await.dead_letters
}

#[tokio::test(flavor = "multi_thread")]
async fn other_groups_pass_over_it_when_their_ids_are_forgotten() {
    let (folder, it) = (Folder::new(), Mendable::default());
    it.mended.store(true, Ordering::SeqCst);
    let cluster = cluster([payment("evt-1", 1, 100), payment("evt-2", 2, 100)]);
    let ready = async || folder.loyalty().await.with_state(it.clone()).dedup(by_event_id()).handle(add_mended);
    run(&cluster, ready().await).await;
    // As when the window is over.
    let db = rusqlite::Connection::open(folder.path()).unwrap();
    assert_eq!(db.execute("DELETE FROM onefold_ids", ()).unwrap(), 2);
    drop(db);
    back(&cluster, &died_elsewhere(&cluster).await, Some("other"), 1);
    let second = run(&cluster, ready().await).await;
    assert_eq!((second.counters.effects, second.counters.skipped, folder.points()), (0, 2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_groups_without_ids_pass_over_it_unless_it_is_for_all() {
    let (folder, it) = (Folder::new(), Mendable::default());
    it.mended.store(true, Ordering::SeqCst);
    let cluster = cluster([payment("evt-1", 1, 100), without_id()]);
    let ready = async || folder.loyalty().await.with_state(it.clone()).handle(add_mended);
    run(&cluster, ready().await).await;
    let died = died_elsewhere(&cluster).await;
    back(&cluster, &died, Some("other"), 1);
    let second = run(&cluster, ready().await).await;
    assert_eq!((second.counters.effects, second.counters.skipped, folder.points()), (0, 2, 2));
    back(&cluster, &died, None, 1);
    run(&cluster, ready().await).await;
    assert_eq!(folder.points(), 4);
}

/// Where nothing is around a handler, headers are not read: each copy is a new record there. One that does not go through
/// at once is tried again like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_bare_handler_takes_each_copy_for_a_new_record_and_loses_none() {
    let (it, tries) = (Mendable::default(), Arc::new(AtomicU32::new(0)));
    let cluster = cluster([payment("evt-1", 1, 100), without_id()]);
    back(&cluster, &died_elsewhere(&cluster).await, Some("other"), 1);
    let flaky = async |State(tries): State<Arc<AtomicU32>>| match tries.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => Outcome::Retry(Duration::from_millis(1)),
        _ => Done,
    };
    it.mended.store(true, Ordering::SeqCst);
    let at_once = Pipeline::from("payments").group("at-once").with_state(it).handle(mendable);
    let again = Pipeline::from("payments").group("again").with_state(tries).handle(flaky);
    for pipeline in [at_once, again] {
        let ended = run(&cluster, pipeline).await;
        assert_eq!((ended.counters.effects, ended.counters.skipped), (4, 0));
    }
}
