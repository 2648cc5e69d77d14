//! Two members of one group, and the position in the sink: what another member has committed says nothing about this
//! member's database. Believed, a drain ended well with nothing in it.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use onefold::log::memory::MemoryLog;
use onefold::log::{CommitAt, Log, LogEvent};
use onefold::testing::{self, MemoryCluster};

use crate::common::{Folder, payments};

fn cluster_of(count: u32, partitions: i32) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", partitions);
    for payment in payments(count) {
        cluster.append(payment);
    }
    cluster
}

/// A member that has the first share of the group, and does nothing with it.
struct Holder {
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Runs all of it into this folder's database, which commits for lag tools, and holds the group afterwards.
async fn run_and_hold(cluster: &MemoryCluster, folder: &Folder) -> Holder {
    testing::run_on(cluster, folder.loyalty_ready().await).await.unwrap();
    hold(MemoryLog::join(cluster, "loyalty", "payments"))
}

fn hold(mut member: MemoryLog) -> Holder {
    let ends = Arc::new(AtomicBool::new(false));
    let until = ends.clone();
    let hold = move || {
        while !until.load(Ordering::Relaxed) {
            match member.poll(&mut Vec::new(), 0).unwrap() {
                Some(LogEvent::Revoked(partitions)) => member.release(&partitions).unwrap(),
                Some(_) => {}
                None => std::thread::park_timeout(Duration::from_millis(1)),
            }
        }
    };
    Holder { ends, thread: Some(std::thread::spawn(hold)) }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_does_not_end_well_for_what_another_database_holds() {
    let (cluster, theirs, mine) = (cluster_of(50, 1), Folder::new(), Folder::new());
    let holder = run_and_hold(&cluster, &theirs).await;
    let failed = testing::run_on(&cluster, mine.loyalty_ready().await).await.unwrap_err().to_string();
    let file = mine.path().display().to_string();
    for said in [&*file, "partition 0 is committed up to 50 and has no position there", "another database"] {
        assert!(failed.contains(said), "{said:?} is missing: {failed}");
    }
    assert_eq!(theirs.points(), 50);
    // As it says: without the other member, it runs them here.
    drop(holder);
    testing::run_on(&cluster, mine.loyalty_ready().await).await.unwrap();
    assert_eq!(mine.points(), 50);
}

/// A member that is no Onefold commits without Onefold's note, and moves no position here. A drain waited for it for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_for_what_another_program_in_the_group_has_committed() {
    let (cluster, mine) = (cluster_of(50, 1), Folder::new());
    let mut other = MemoryLog::join(&cluster, "loyalty", "payments");
    while !matches!(other.poll(&mut Vec::new(), 0).unwrap(), Some(LogEvent::Assigned(_))) {}
    let end = CommitAt { partition: 0, offset: 50, leader_epoch: None, metadata: String::new() };
    other.commit(&[end]).unwrap();
    let _holder = hold(other);
    let drain = testing::run_on(&cluster, mine.loyalty_ready().await).into_future();
    let ended = tokio::time::timeout(Duration::from_secs(60), drain).await.expect("it does not wait for ever");
    let failed = ended.unwrap_err().to_string();
    assert!(failed.contains("partition 0 is committed up to 50") && failed.contains("another program"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_well_for_what_another_member_has_done_in_its_own_database() {
    let (cluster, shared) = (cluster_of(50, 1), Folder::new());
    let _holder = run_and_hold(&cluster, &shared).await;
    let ended = testing::run_on(&cluster, shared.loyalty_ready().await).await.unwrap();
    assert_eq!((ended.counters.delivered, shared.points()), (0, 50));
}

/// No record moves the position over what ends a transaction, which a target has counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_marker_at_the_end_holds_up_nobody_who_shares_the_database() {
    let (cluster, shared) = (cluster_of(50, 1), Folder::new());
    cluster.append_marker("payments", 0);
    let _holder = run_and_hold(&cluster, &shared).await;
    let row = "SELECT next_offset FROM onefold_position";
    let moved = async {
        while shared.number(row) != 51 {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(30), moved).await.expect("the position in the sink passes the marker");
    testing::run_on(&cluster, shared.loyalty_ready().await).await.unwrap();
    assert_eq!(shared.points(), 50);
}

/// The group's commits are ahead of a database that was put back to an older state: whoever drains it is not misled.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_is_caught_up_by_two_who_drain_it_together() {
    let (cluster, shared) = (cluster_of(2000, 2), Folder::new());
    testing::run_on(&cluster, shared.loyalty_ready().await).await.unwrap();
    let set_back = "UPDATE onefold_position SET next_offset = 0; DELETE FROM onefold_ids; DELETE FROM points";
    rusqlite::Connection::open(shared.path()).unwrap().execute_batch(set_back).unwrap();
    let (one, other) = (shared.loyalty_ready().await, shared.loyalty_ready().await);
    let both = (testing::run_on(&cluster, one).into_future(), testing::run_on(&cluster, other).into_future());
    let (one, other) = tokio::join!(both.0, both.1);
    assert_eq!(shared.points(), 2000, "{one:?} {other:?}");
    one.and(other).unwrap();
}
