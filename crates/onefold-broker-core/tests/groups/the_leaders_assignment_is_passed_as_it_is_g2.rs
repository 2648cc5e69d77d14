//! G2: which member owns what is the leader's decision. The broker passes the bytes on, all of one generation at once or
//! not at all.

use onefold_broker_core::group::{GroupError, GroupEvent, SyncRequest};

use crate::world::{Client, GROUP, REBALANCE_MS, World};

/// Two members that have joined and wait for their assignment.
fn completing(world: &mut World) -> (Client, Client, i32) {
    let (a, b, _) = world.stable_pair();
    let a_waits = world.join(&a);
    world.join(&b);
    let generation = world.joined(a_waits).generation;
    assert_eq!(world.state(), "CompletingRebalance");
    (a, b, generation)
}

#[test]
fn a_follower_waits_for_the_leader() {
    let mut world = World::new();
    let (a, b, generation) = completing(&mut world);
    let b_syncs = world.sync(&b, generation, &[(&b.member_id, "what a follower sends does not count")]);
    assert_eq!(world.answer(b_syncs), None);
    world.sync(&a, generation, &[(&b.member_id, "b's \u{0} bytes"), ("nobody", "lost")]);
    assert_eq!(world.assignment(b_syncs), "b's \u{0} bytes");
    assert_eq!(world.state(), "Stable");
}

#[test]
fn a_member_that_the_leader_left_out_gets_nothing() {
    let mut world = World::new();
    let (a, b, generation) = completing(&mut world);
    world.sync(&a, generation, &[(&a.member_id, "all")]);
    let b_syncs = world.sync(&b, generation, &[]);
    assert_eq!(world.assignment(b_syncs), "", "and not what it had in the generation before");
}

#[test]
fn the_assignment_can_be_fetched_again_and_survives_a_crash() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.restart();
    let again = world.sync(&b, generation, &[]);
    assert_eq!(world.assignment(again), "for-b");
    let leader = world.sync(&a, generation, &[(&b.member_id, "changed")]);
    assert_eq!(world.assignment(leader), "for-a");
    let unchanged = world.sync(&b, generation, &[]);
    assert_eq!(world.assignment(unchanged), "for-b", "once given out it stands");
}

#[test]
fn a_rebalance_calls_back_those_who_wait() {
    let mut world = World::new();
    let (_, b, generation) = completing(&mut world);
    let b_syncs = world.sync(&b, generation, &[]);
    world.join(&Client::new("c"));
    assert_eq!(world.refused(b_syncs), GroupError::RebalanceInProgress);
    let late = world.sync(&b, generation, &[]);
    assert_eq!(world.refused(late), GroupError::RebalanceInProgress);
}

#[test]
fn a_sync_under_another_protocol_is_refused() {
    let mut world = World::new();
    let (a, _, generation) = completing(&mut world);
    for (protocol_type, protocol_name) in [(Some("connect"), None), (None, Some("sticky"))] {
        let token = world.token();
        let request = SyncRequest {
            group: GROUP.into(),
            member_id: a.member_id.clone(),
            instance_id: None,
            generation,
            protocol_type: protocol_type.map(str::to_owned),
            protocol_name: protocol_name.map(str::to_owned),
            assignments: Vec::new(),
        };
        world.step(GroupEvent::Sync { token, request });
        assert_eq!(world.refused(token), GroupError::InconsistentGroupProtocol);
    }
}

#[test]
fn a_leader_that_never_assigns_is_dropped() {
    let mut world = World::new();
    let (a, b, generation) = completing(&mut world);
    let b_syncs = world.sync(&b, generation, &[]);
    for _ in 0..REBALANCE_MS / 5_000 {
        world.heartbeat(&a, generation).ok();
        world.pass(5_000);
    }
    assert_eq!(world.refused(b_syncs), GroupError::RebalanceInProgress);
    let again = world.join(&b);
    assert_eq!(world.joined(again).leader, b.member_id);
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::UnknownMemberId));
}

#[test]
fn a_member_that_never_fetches_its_assignment_is_dropped() {
    let mut world = World::new();
    let (a, b, generation) = completing(&mut world);
    world.sync(&a, generation, &[]);
    for _ in 0..REBALANCE_MS / 5_000 {
        world.heartbeat(&a, generation).ok();
        world.heartbeat(&b, generation).ok();
        world.pass(5_000);
    }
    assert_eq!(world.heartbeat(&b, generation), Err(GroupError::UnknownMemberId));
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::RebalanceInProgress));
}
