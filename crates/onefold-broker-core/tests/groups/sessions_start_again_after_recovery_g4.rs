//! G4: the broker's own absence is not held against anyone. After a recovery every session and every deadline starts
//! again, on a clock that may begin anywhere; what was under way goes on or is begun again.

use onefold_broker_core::group::GroupError;

use crate::world::{Client, REBALANCE_MS, SESSION_MS, World};

#[test]
fn g4_nobody_is_expired_at_start() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.pass(SESSION_MS - 1);
    world.restart();
    world.pass(SESSION_MS - 1);
    assert_eq!(world.heartbeat(&a, generation), Ok(()));
    assert_eq!(world.heartbeat(&b, generation), Ok(()));
    assert_eq!(world.state(), "Stable");
}

#[test]
fn g4_one_who_does_not_come_back_is_dropped_a_session_later() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.restart();
    world.pass(SESSION_MS / 2);
    assert_eq!(world.heartbeat(&a, generation), Ok(()));
    world.pass(SESSION_MS / 2);
    assert_eq!(world.heartbeat(&b, generation), Err(GroupError::UnknownMemberId));
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::RebalanceInProgress));
}

#[test]
fn g4_commits_go_on_after_a_restart() {
    let mut world = World::new();
    let (a, _, generation) = world.stable_pair();
    world.restart();
    assert_eq!(world.commit(&a.commit(generation)), Ok(()));
    assert_eq!(world.commit(&a.commit(generation - 1)), Err(GroupError::IllegalGeneration));
}

#[test]
fn g4_a_rebalance_that_a_crash_cut_short_is_begun_again() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.join(&b.clone().subscribed("changed"));
    world.restart();
    assert_eq!(world.state(), "Stable", "nobody was told of another generation");
    let b_waits = world.join(&b.clone().subscribed("changed"));
    assert_eq!(world.answer(b_waits), None, "the changed subscription is still a change");
    let a_waits = world.join(&a);
    assert_eq!(world.joined(a_waits).generation, generation + 1);
}

#[test]
fn g4_a_member_that_left_in_a_rebalance_stays_gone_and_the_others_join_again() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.join(&a.clone().subscribed("changed"));
    let c = world.join(&Client::new("c"));
    assert_eq!(world.leave(&[(&b.member_id, None)]), [Ok(())]);
    assert!(world.joined(c).generation > generation, "everyone else was there");

    let (mut world, d) = (World::new(), Client::new("d"));
    let (a, b, generation) = world.stable_pair();
    world.join(&d);
    assert_eq!(world.leave(&[(&b.member_id, None)]), [Ok(())]);
    world.restart();
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.heartbeat(&b, generation), Err(GroupError::UnknownMemberId));
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::RebalanceInProgress));
    let again = world.join(&a);
    assert_eq!(world.joined(again).members.len(), 1);
}

#[test]
fn g4_a_rebalance_deadline_starts_again_too() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.join(&a);
    world.join(&b);
    for _ in 1..REBALANCE_MS / 5_000 {
        assert_eq!(world.heartbeat(&a, generation + 1), Ok(()));
        assert_eq!(world.heartbeat(&b, generation + 1), Ok(()));
        world.pass(5_000);
    }
    world.restart();
    world.pass(5_000);
    assert_eq!(world.heartbeat(&a, generation + 1), Ok(()), "not dropped for the sync it could not send");
}

#[test]
fn g4_a_static_members_name_survives_with_its_new_id() {
    let mut world = World::new();
    let mut one = Client::fixed("one");
    let generation = world.join_and_take_id(&mut one).generation;
    world.sync(&one, generation, &[(&one.member_id, "mine")]);
    let mut new = Client::fixed("one");
    world.join_and_take_id(&mut new);
    world.restart();
    assert_eq!(world.heartbeat(&one, generation), Err(GroupError::FencedInstanceId));
    let synced = world.sync(&new, generation, &[]);
    assert_eq!(world.assignment(synced), "mine");
}
