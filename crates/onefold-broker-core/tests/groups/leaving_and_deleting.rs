//! Members leave one by one or many at once, each with its own verdict; a group without members can be deleted, and one
//! that nobody uses is forgotten.

use onefold_broker_core::group::{CommitKind, CommitRequest, GroupError, GroupEvent, GroupReply, LeaveRequest, Leaver};

use crate::world::{Client, GROUP, World};

#[test]
fn leaving_starts_a_rebalance_among_the_others() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    assert_eq!(world.leave(&[(&a.member_id, None)]), [Ok(())]);
    assert_eq!(world.heartbeat(&b, generation), Err(GroupError::RebalanceInProgress));
    let again = world.join(&b);
    assert_eq!(world.joined(again).leader, b.member_id, "a new leader is found");
    assert_eq!(world.leave(&[(&a.member_id, None)]), [Err(GroupError::UnknownMemberId)]);
}

#[test]
fn many_leave_with_one_request_and_one_rebalance() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let verdicts = world.leave(&[(&a.member_id, None), ("who", None), (&b.member_id, None), (&b.member_id, None)]);
    let unknown = Err(GroupError::UnknownMemberId);
    assert_eq!(verdicts, [Ok(()), unknown, Ok(()), unknown]);
    assert_eq!(world.state(), "Empty");
    let mut c = Client::new("c");
    assert_eq!(world.join_and_take_id(&mut c).generation, generation + 2);
}

#[test]
fn the_one_that_everybody_waited_for_leaves() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    let a_waits = world.join(&a);
    assert_eq!(world.answer(a_waits), None);
    world.leave(&[(&b.member_id, None)]);
    assert_eq!(world.joined(a_waits).members.len(), 1);
}

#[test]
fn one_that_leaves_while_it_waits_is_answered() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    let a_waits = world.join(&a);
    world.leave(&[(&a.member_id, None)]);
    assert_eq!(world.refused(a_waits), GroupError::UnknownMemberId);

    let again = world.join(&b);
    let c_waits = world.join(&Client::new("c"));
    let b_waits = world.join(&b);
    let generation = world.joined(b_waits).generation;
    assert!(generation > world.joined(again).generation);
    let c = Client { member_id: world.joined(c_waits).member_id, ..Client::new("c") };
    let c_syncs = world.sync(&c, generation, &[]);
    world.leave(&[(&c.member_id, None)]);
    assert_eq!(world.refused(c_syncs), GroupError::UnknownMemberId);
}

#[test]
fn in_a_group_that_is_not_there_no_member_is() {
    let mut world = World::new();
    assert_eq!(world.leave(&[("a", None), ("", Some("b"))]), [Err(GroupError::UnknownMemberId); 2]);
    let token = world.token();
    let members = vec![Leaver { member_id: "a".into(), instance_id: None }];
    world.step(GroupEvent::Leave { token, request: LeaveRequest { group: String::new(), members } });
    assert_eq!(world.answer(token), Some(GroupReply::Leave(Err(GroupError::InvalidGroupId))));
}

#[test]
fn only_a_group_without_members_can_be_deleted() {
    let mut world = World::new();
    assert_eq!(world.delete(GROUP), Err(GroupError::GroupIdNotFound));
    let (a, b, generation) = world.stable_pair();
    assert_eq!(world.delete(GROUP), Err(GroupError::NonEmptyGroup));
    world.leave(&[(&a.member_id, None), (&b.member_id, None)]);
    assert_eq!(world.delete(GROUP), Ok(()));
    assert_eq!((world.state(), world.journal().len()), ("Dead", 0));
    assert_eq!(world.coordinator.changed(GROUP).0, world.writes, "that it is gone is known when that is durable");
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::UnknownMemberId));
    world.restart();
    assert_eq!(world.delete(GROUP), Err(GroupError::GroupIdNotFound));
}

#[test]
fn groups_that_nobody_uses_are_forgotten() {
    let mut world = World::new();
    for group in ["kept", "unused"] {
        let request = CommitRequest { group: group.into(), kind: CommitKind::Plain, ..Client::new("").commit(-1) };
        assert_eq!(world.commit(&request), Ok(()));
    }
    world.stable_pair();
    world.pass(500);
    let mut effects = Vec::new();
    world.coordinator.forget_empty(world.now_ms, 501, |_| false, &mut effects);
    assert_eq!(effects, [], "not yet");
    world.coordinator.forget_empty(world.now_ms, 500, |group| group == "kept", &mut effects);
    world.perform(effects);
    let names: Vec<String> = world.journal().into_keys().collect();
    assert_eq!(names, [GROUP, "kept"]);
}
