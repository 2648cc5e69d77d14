//! Two members of one group, and the position in the sink: what another member has committed says nothing about this
//! member's database. Believed, a drain ended well with nothing in it.

use std::future::IntoFuture;
use std::time::Duration;

use onefold::testing::{self, MemoryCluster};

use crate::common::{Folder, payments};
use crate::holder::Holder;

fn cluster_of(count: u32, partitions: i32) -> MemoryCluster {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", partitions);
    for payment in payments(count) {
        cluster.append(payment);
    }
    cluster
}

/// Runs all of it into this folder's database, which commits for lag tools, and holds the group afterwards.
async fn run_and_hold(cluster: &MemoryCluster, folder: &Folder) -> Holder {
    testing::run_on(cluster, folder.loyalty_ready().await).await.unwrap();
    Holder::of(cluster, "loyalty", "payments")
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
    let other = Holder::of(&cluster, "loyalty", "payments");
    other.commit(0, 50);
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
    // It has no partition, and ends only when the position in the sink is past the marker.
    let ended = testing::run_on(&cluster, shared.loyalty_ready().await).await.unwrap();
    assert_eq!((ended.counters.delivered, shared.points()), (0, 50));
    assert_eq!(shared.number("SELECT next_offset FROM onefold_position"), 51);
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
