//! A heartbeat keeps a member in the group and brings it the news that it must join again. Silence ends its session.

use onefold_broker_core::group::{GroupError, GroupEvent, GroupReply, HeartbeatRequest};

use crate::world::{Client, SESSION_MS, World};

#[test]
fn a_member_that_beats_stays_and_one_that_does_not_goes() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.pass(SESSION_MS / 2);
    assert_eq!(world.heartbeat(&a, generation), Ok(()));
    world.pass(SESSION_MS / 2);
    assert_eq!(world.heartbeat(&b, generation), Err(GroupError::UnknownMemberId));
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::RebalanceInProgress));
    let again = world.join(&a);
    assert_eq!(world.joined(again).members.len(), 1);
}

#[test]
fn the_last_one_to_go_leaves_an_empty_group() {
    let mut world = World::new();
    world.stable_pair();
    world.pass(2 * SESSION_MS);
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.coordinator.next_deadline(), None, "nothing is left to wait for");
    world.restart();
    assert_eq!(world.state(), "Empty");
}

#[test]
fn a_heartbeat_while_the_assignment_is_made_is_fine() {
    let mut world = World::new();
    let mut a = Client::new("a");
    let generation = world.join_and_take_id(&mut a).generation;
    assert_eq!(world.state(), "CompletingRebalance");
    assert_eq!(world.heartbeat(&a, generation), Ok(()));
}

#[test]
fn a_member_that_waits_for_the_others_needs_no_heartbeat() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let b_waits = world.join(&b.clone().subscribed("changed"));
    for _ in 0..4 {
        world.pass(SESSION_MS / 2);
        assert_eq!(world.heartbeat(&a, generation), Err(GroupError::RebalanceInProgress));
    }
    world.join(&a);
    assert_eq!(world.joined(b_waits).member_id, b.member_id, "two sessions of silence did not cost it its place");
}

#[test]
fn one_whose_connection_broke_while_it_waited_is_not_waited_for_any_longer_than_a_session() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let b_waits = world.join(&b.subscribed("changed"));
    world.disconnect(b_waits);
    let a_waits = world.join(&a);
    assert_eq!(world.joined(a_waits).members.len(), 2, "it had come: its turn was taken");
    world.pass(SESSION_MS);
    assert_eq!(world.answer(b_waits), None);
    assert_eq!(world.heartbeat(&a, generation + 1), Err(GroupError::UnknownMemberId), "nobody beat in that session");
}

#[test]
fn one_that_cannot_hear_of_it_is_not_made_leader() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    let a_waits = world.join(&a);
    world.disconnect(a_waits);
    let b_waits = world.join(&b);
    assert_eq!(world.joined(b_waits).leader, b.member_id, "nobody would assign otherwise until a's session ends");
}

#[test]
fn requests_to_a_group_without_a_name_or_without_an_existence() {
    let mut world = World::new();
    for (group, error) in [("", GroupError::InvalidGroupId), ("nowhere", GroupError::UnknownMemberId)] {
        let token = world.token();
        let request = HeartbeatRequest { group: group.into(), member_id: "m".into(), instance_id: None, generation: 1 };
        world.step(GroupEvent::Heartbeat { token, request });
        assert_eq!(world.answer(token), Some(GroupReply::Heartbeat(Err(error))));
    }
}
