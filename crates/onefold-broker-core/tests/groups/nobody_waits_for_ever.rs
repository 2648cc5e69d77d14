//! Liveness: whatever the others do, or do not do, time alone brings an answer to every request that waits.

use onefold_broker_core::group::{GroupError, GroupEvent};

use crate::world::{Client, REBALANCE_MS, SESSION_MS, World};

#[test]
fn a_join_does_not_wait_for_the_dead() {
    let mut world = World::new();
    world.stable_pair();
    let c = world.join(&Client::new("c"));
    world.pass(REBALANCE_MS);
    assert_eq!(world.joined(c).members.len(), 1);
}

#[test]
fn a_sync_does_not_wait_for_a_dead_leader() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    let a_waits = world.join(&a);
    world.join(&b);
    let generation = world.joined(a_waits).generation;
    let b_syncs = world.sync(&b, generation, &[]);
    world.pass(SESSION_MS);
    assert_eq!(world.refused(b_syncs), GroupError::RebalanceInProgress);
}

#[test]
fn a_request_that_a_newer_one_replaces_is_answered() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    let first = world.join(&a);
    let second = world.join(&a);
    assert_eq!(world.refused(first), GroupError::RebalanceInProgress);
    world.join(&b);
    let generation = world.joined(second).generation;
    let first = world.sync(&b, generation, &[]);
    let second = world.sync(&b, generation, &[]);
    assert_eq!(world.refused(first), GroupError::RebalanceInProgress);
    world.sync(&a, generation, &[(&b.member_id, "b")]);
    assert_eq!(world.assignment(second), "b");
}

#[test]
fn a_new_member_is_not_kept_waiting_longer_than_its_join_may_take() {
    let mut world = World::new();
    let mut slow = Client { rebalance_ms: i32::MAX, ..Client::new("slow") };
    let generation = world.join_and_take_id(&mut slow).generation;
    world.sync(&slow, generation, &[]);
    let waits = world.join(&Client::new("new"));
    for _ in 0..world.settings.new_member_join_timeout_ms / 5_000 {
        world.heartbeat(&slow, generation).ok();
        world.pass(5_000);
    }
    assert_eq!(world.refused(waits), GroupError::UnknownMemberId);
}

#[test]
fn a_client_with_absurd_timeouts_does_not_spin_the_broker() {
    let mut world = World::new();
    let mut fixed = Client { rebalance_ms: -5, ..Client::fixed("one") };
    world.join_and_take_id(&mut fixed);
    let token = world.join(&Client { rebalance_ms: i32::MIN, ..Client::fixed("two") });
    world.disconnect(token);
    let mut ticks = 0;
    let end_ms = world.now_ms + SESSION_MS as u64;
    while let Some(at_ms) = world.coordinator.next_deadline().filter(|at_ms| *at_ms <= end_ms) {
        assert!(at_ms > world.now_ms, "a deadline always lies ahead");
        world.now_ms = at_ms;
        world.step(GroupEvent::Tick);
        ticks += 1;
        assert!(ticks < 100, "ticks without end");
    }
}
