//! KIP-345 and KIP-814: a static member that restarts goes on with what it had, and nobody else notices. The one it
//! replaced must stop.

use onefold_broker_core::group::GroupError;

use crate::world::{Client, REBALANCE_MS, SESSION_MS, World};

/// Two static members in a stable generation.
fn pair(world: &mut World) -> (Client, Client, i32) {
    let (mut one, mut two) = (Client::fixed("one"), Client::fixed("two"));
    world.join_and_take_id(&mut one);
    let two_waits = world.join(&two);
    let one_waits = world.join(&one);
    two.member_id = world.joined(two_waits).member_id;
    let generation = world.joined(one_waits).generation;
    world.sync(&one, generation, &[(&one.member_id, "for-1"), (&two.member_id, "for-2")]);
    world.sync(&two, generation, &[]);
    (one, two, generation)
}

#[test]
fn a_follower_restarts_without_a_rebalance() {
    let mut world = World::new();
    let (one, old, generation) = pair(&mut world);
    let mut new = Client::fixed("two");
    let joined = world.join_and_take_id(&mut new);
    assert_ne!(new.member_id, old.member_id);
    assert_eq!((joined.generation, &joined.leader, joined.skip_assignment), (generation, &one.member_id, false));
    assert_eq!((world.state(), joined.members.len()), ("Stable", 0));
    let synced = world.sync(&new, generation, &[]);
    assert_eq!(world.assignment(synced), "for-2");
    assert_eq!(world.heartbeat(&one, generation), Ok(()));
}

#[test]
fn the_one_it_replaced_is_fenced_everywhere() {
    let mut world = World::new();
    let (_, old, generation) = pair(&mut world);
    world.join_and_take_id(&mut Client::fixed("two"));
    assert_eq!(world.heartbeat(&old, generation), Err(GroupError::FencedInstanceId));
    assert_eq!(world.commit(&old.commit(generation)), Err(GroupError::FencedInstanceId));
    assert_eq!(world.leave(&[(&old.member_id, Some("two"))]), [Err(GroupError::FencedInstanceId)]);
    for token in [world.join(&old), world.sync(&old, generation, &[])] {
        assert_eq!(world.refused(token), GroupError::FencedInstanceId);
    }
}

#[test]
fn a_restarted_leader_is_told_to_skip_the_assignment() {
    let mut world = World::new();
    let (_, _, generation) = pair(&mut world);
    let mut new = Client::fixed("one");
    let joined = world.join_and_take_id(&mut new);
    assert!(joined.skip_assignment);
    assert_eq!((joined.generation, &joined.leader), (generation, &new.member_id));
    assert_eq!(joined.members.len(), 2, "it must know them to watch their topics");
    let synced = world.sync(&new, generation, &[]);
    assert_eq!(world.assignment(synced), "for-1");
}

#[test]
fn an_older_restarted_leader_takes_itself_for_a_follower() {
    let mut world = World::new();
    let (old, _, generation) = pair(&mut world);
    let mut new = Client::fixed("one").version(8);
    let joined = world.join_and_take_id(&mut new);
    assert_eq!((joined.leader, joined.skip_assignment, joined.members.len()), (old.member_id, false, 0));
    let synced = world.sync(&new, generation, &[]);
    assert_eq!(world.assignment(synced), "for-1");
    let again = world.join(&new);
    assert_eq!(world.answer(again), None, "but it does lead: its next join is a rebalance");
}

#[test]
fn protocols_that_change_the_vote_start_a_rebalance() {
    let mut world = World::new();
    let mut one = Client::fixed("one").supports(&["range", "sticky"]);
    let generation = world.join_and_take_id(&mut one).generation;
    world.sync(&one, generation, &[(&one.member_id, "all")]);
    let token = world.join(&Client::fixed("one").supports(&["sticky", "range"]));
    assert_eq!(world.joined(token).generation, generation + 1);
    assert_eq!(world.joined(token).protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn whoever_waits_under_the_old_id_is_told() {
    let mut world = World::new();
    let (one, two, _) = pair(&mut world);
    let old_waits = world.join(&two.subscribed("changed"));
    let new_waits = world.join(&Client::fixed("two"));
    assert_eq!(world.refused(old_waits), GroupError::FencedInstanceId);
    let one_waits = world.join(&one);
    assert_eq!(world.joined(one_waits).generation, world.joined(new_waits).generation);
}

#[test]
fn a_restart_while_the_assignment_is_made_makes_it_again() {
    let mut world = World::new();
    let (one, two, generation) = pair(&mut world);
    world.join(&one);
    world.join(&two);
    assert_eq!(world.state(), "CompletingRebalance");
    let two_syncs = world.sync(&two, generation + 1, &[]);
    let new_waits = world.join(&Client::fixed("two"));
    assert_eq!(world.refused(two_syncs), GroupError::FencedInstanceId);
    assert_eq!(world.answer(new_waits), None, "the leader would assign to an id that is gone");
    world.join(&one);
    assert_eq!(world.joined(new_waits).generation, generation + 2);
}

#[test]
fn an_absent_static_member_stays_until_its_session_ends() {
    let mut world = World::new();
    let mut one = Client { session_ms: SESSION_MS, ..Client::fixed("one") };
    let two = Client { session_ms: 12 * SESSION_MS, ..Client::fixed("two") };
    world.join_and_take_id(&mut one);
    let two_waits = world.join(&two);
    let one_waits = world.join(&one);
    let generation = world.joined(two_waits).generation;
    world.sync(&one, world.joined(one_waits).generation, &[]);

    // A rebalance without two: it is given its share all the same.
    let again = world.join(&one);
    world.pass(REBALANCE_MS);
    let joined = world.joined(again);
    assert_eq!((joined.generation, joined.members.len()), (generation + 1, 2));
    let member_id = joined.members.iter().find(|member| member.instance_id.as_deref() == Some("two")).unwrap();
    world.sync(&one, joined.generation, &[(&member_id.member_id, "kept for two")]);
    let mut back = Client::fixed("two");
    assert_eq!(world.join_and_take_id(&mut back).generation, joined.generation);
    let synced = world.sync(&back, joined.generation, &[]);
    assert_eq!(world.assignment(synced), "kept for two");
}

#[test]
fn a_group_of_absent_static_members_waits_for_one_to_come() {
    let mut world = World::new();
    let (one, _, generation) = pair(&mut world);
    let token = world.join(&one);
    // Its connection breaks, and nobody is there at the end of the rebalance but in name.
    world.disconnect(token);
    world.pass(SESSION_MS);
    assert_eq!(world.state(), "Empty", "both sessions ended");
    let mut back = Client::fixed("one");
    assert!(world.join_and_take_id(&mut back).generation > generation);
}

#[test]
fn an_administrator_removes_a_static_member_by_its_name() {
    let mut world = World::new();
    let (one, two, generation) = pair(&mut world);
    assert_eq!(world.leave(&[("", Some("two")), ("", Some("who"))]), [Ok(()), Err(GroupError::UnknownMemberId)]);
    assert_eq!(world.heartbeat(&two, generation), Err(GroupError::UnknownMemberId));
    assert_eq!(world.heartbeat(&one, generation), Err(GroupError::RebalanceInProgress));
}
