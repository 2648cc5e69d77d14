//! A partition that goes to others without asking, as after a session that timed out, says nothing about any record: its
//! old owner did not end.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};

use crate::common::{Folder, payments};
use crate::suspects_run_alone_and_others_go_on::{LONG, Seen, note, until, with_suspects};

fn append(cluster: &MemoryCluster) {
    for payment in payments(20) {
        cluster.append(payment);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_was_lost_is_no_end_of_the_process() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 1);
    append(&cluster);
    let seen = Arc::new(Seen::default());
    let pipeline =
        Pipeline::from("payments").group("receipts").retry(Retry::attempts(u32::MAX)).with_state(seen.clone()).handle(
            async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| match offset {
                0 if !seen.done.load(Ordering::SeqCst) => {
                    seen.add("first");
                    Outcome::Retry(Duration::from_secs(3600))
                }
                _ => Done,
            },
        );
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).at_most(LONG).into_future());
    for nth in 1..=4 {
        until("it runs", || seen.count("first") == nth).await;
        let note = note(&cluster);
        assert_eq!((note.ends, note.is_open), (0, true), "lost {} times: {note:?}", nth - 1);
        seen.done.store(nth == 4, Ordering::SeqCst);
        cluster.lose("receipts", "payments");
    }
    assert_eq!(running.await.unwrap().unwrap().dead_letters, vec![]);
}

/// Lost while it ran alone: it came back all the same, and is not charged for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspect_whose_partition_was_lost_did_not_end_the_process() {
    let cluster = with_suspects(4).await;
    let seen = Seen::on(&cluster);
    let pipeline = Pipeline::from("payments").group("receipts").with_state(seen.clone()).handle(
        async |Offset(offset): Offset, State(seen): State<Arc<Seen>>| {
            if offset == 0 {
                seen.add("first");
                if !seen.done.load(Ordering::SeqCst) {
                    seen.release.notified().await;
                }
            }
        },
    );
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).at_most(LONG).into_future());
    for nth in 1..=5 {
        until("it runs", || seen.count("first") == nth).await;
        seen.done.store(nth == 5, Ordering::SeqCst);
        cluster.lose("receipts", "payments");
        until("that is known", || cluster.is_heard("receipts", "payments")).await;
        seen.release.notify_one();
    }
    let ended = running.await.unwrap().unwrap();
    assert_eq!(ended.dead_letters, vec![], "three times alone, and it ended nothing");
}

/// The same where the sink has position and note: what is closed there by its old owner counts until another claims it.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_was_lost_is_noted_in_the_sink() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let (cluster, folder) = (MemoryCluster::new(), Folder::new());
    cluster.create_topic("payments", 1);
    append(&cluster);
    let pipeline = folder.loyalty().await.retry(Retry::attempts(u32::MAX)).handle(
        async |Offset(offset): Offset, _: &mut Tx<Sqlite>| match offset {
            0 if RUNS.fetch_add(1, Ordering::SeqCst) < 3 => Outcome::Retry(Duration::from_secs(3600)),
            _ => Done,
        },
    );
    let running = tokio::spawn(testing::run_on(&cluster, pipeline).at_most(LONG).into_future());
    for nth in 1..=3 {
        until("it runs", || RUNS.load(Ordering::SeqCst) == nth).await;
        assert_eq!(folder.number("SELECT ends FROM onefold_suspects"), 0, "lost {} times", nth - 1);
        cluster.lose("loyalty", "payments");
    }
    assert_eq!(running.await.unwrap().unwrap().dead_letters, vec![]);
    assert_eq!(folder.number("SELECT is_open FROM onefold_suspects"), 0);
}

/// Taken over, and not read since the cluster does not answer just then: taken over again, it was no end either.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_could_not_be_read_yet_is_no_end() {
    let (cluster, folder) = (MemoryCluster::new(), Folder::new());
    cluster.create_topic("payments", 1);
    append(&cluster);
    cluster.refuse_starts(2);
    let ends = Ends::of(&folder);
    let ended = testing::run_on(&cluster, looks_at_ends(&folder, &ends).await).at_most(LONG).await.unwrap();
    assert_eq!((ended.counters.effects, ends.most.load(Ordering::SeqCst)), (20, 0));
}

/// One of several cannot be looked at again: what was claimed beside it is claimed anew.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_were_claimed_beside_one_that_cannot_be_asked_for_are_no_end() {
    let (cluster, folder) = (MemoryCluster::new(), Folder::new());
    cluster.create_topic("payments", 2);
    append(&cluster);
    let ends = Ends::of(&folder);
    testing::run_on(&cluster, looks_at_ends(&folder, &ends).await).at_most(LONG).await.unwrap();
    // A position beyond the end is looked at twice: the owner before may have gone on meanwhile.
    let db = rusqlite::Connection::open(folder.path()).unwrap();
    db.execute("UPDATE onefold_position SET next_offset = 1000 WHERE partition = 1", ()).unwrap();
    append(&cluster);
    // Two for the ends of the drain, two for the claim.
    cluster.refuse_bounds_after(4);
    let why =
        testing::run_on(&cluster, looks_at_ends(&folder, &ends).await).at_most(LONG).await.unwrap_err().to_string();
    assert!(why.contains("partition 1 is halted: the position 1000 is beyond the end of the log"), "{why}");
    assert_eq!(ends.most.load(Ordering::SeqCst), 0);
}

/// How many ends of the process were noted while a record ran, at most.
struct Ends {
    path: std::path::PathBuf,
    most: AtomicI64,
}

impl Ends {
    fn of(folder: &Folder) -> Arc<Ends> {
        Arc::new(Ends { path: folder.path(), most: AtomicI64::new(0) })
    }
}

async fn looks_at_ends(folder: &Folder, ends: &Arc<Ends>) -> onefold::Ready {
    folder.loyalty().await.with_state(ends.clone()).handle(async |State(of): State<Arc<Ends>>, _: &mut Tx<Sqlite>| {
        let db = rusqlite::Connection::open(&of.path).unwrap();
        let ends = db.query_row("SELECT max(ends) FROM onefold_suspects", (), |row| row.get(0)).unwrap();
        of.most.fetch_max(ends, Ordering::SeqCst);
    })
}
