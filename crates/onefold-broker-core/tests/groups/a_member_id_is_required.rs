//! KIP-394: a dynamic client of version 4 or later is first given an id, so that a client that gives up in its first join
//! leaves no ghost that every rebalance must wait for.

use onefold_broker_core::group::{GroupError, GroupReply};

use crate::world::{Client, GROUP, REBALANCE_MS, SESSION_MS, World};

fn given_id(world: &mut World, client: &Client) -> String {
    let token = world.join(client);
    match world.answer(token) {
        Some(GroupReply::Join(Err(refused))) => {
            assert_eq!(refused.error, GroupError::MemberIdRequired);
            refused.member_id
        }
        other => panic!("expected an id, not {other:?}"),
    }
}

#[test]
fn joining_takes_two_steps() {
    let mut world = World::new();
    let mut a = Client::new("a").version(4);
    a.member_id = given_id(&mut world, &a);
    assert!(a.member_id.starts_with("a-"), "{}", a.member_id);
    assert_eq!(world.coordinator.describe(GROUP).unwrap().members, [], "an id alone is no member");
    let token = world.join(&a);
    let joined = world.joined(token);
    assert_eq!((joined.generation, &joined.member_id), (1, &a.member_id));
}

#[test]
fn a_static_member_needs_no_id() {
    let mut world = World::new();
    let token = world.join(&Client::fixed("one"));
    assert!(world.joined(token).member_id.starts_with("one-"));
}

#[test]
fn an_id_that_nobody_gave_out_is_unknown() {
    let mut world = World::new();
    let guessed = Client { member_id: "a-guess".into(), ..Client::new("a").version(4) };
    let nowhere = world.join(&guessed);
    assert_eq!(world.refused(nowhere), GroupError::UnknownMemberId);
    world.stable_pair();
    let somewhere = world.join(&guessed);
    assert_eq!(world.refused(somewhere), GroupError::UnknownMemberId);
}

#[test]
fn a_rebalance_waits_for_a_given_id_until_the_session_is_over() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    given_id(&mut world, &Client { session_ms: 2 * SESSION_MS, ..Client::new("c").version(4) });
    let b_waits = world.join(&b.subscribed("changed"));
    let a_waits = world.join(&a);
    assert_eq!(world.answer(a_waits), None, "c has an id and may come");
    world.pass(2 * SESSION_MS);
    assert_eq!(world.joined(a_waits).members.len(), 2);
    assert!(world.joined(b_waits).generation > 0);
}

#[test]
fn an_unused_id_expires_and_leaves_no_group_behind() {
    let mut world = World::new();
    let mut a = Client::new("a").version(4);
    a.member_id = given_id(&mut world, &a);
    world.pass(SESSION_MS);
    assert_eq!(world.coordinator.describe(GROUP), None);
    assert_eq!(world.writes, 0, "it never touched the journal");
    let late = world.join(&a);
    assert_eq!(world.refused(late), GroupError::UnknownMemberId);
}

#[test]
fn a_given_id_can_be_handed_back() {
    let mut world = World::new();
    let id = given_id(&mut world, &Client::new("a").version(4));
    assert_eq!(world.leave(&[(&id, None)]), [Ok(())]);
    assert_eq!(world.coordinator.next_deadline(), None);
}

#[test]
fn an_old_client_that_hangs_up_in_its_first_join_is_forgotten_at_once() {
    let mut world = World::new();
    let (a, _, _) = world.stable_pair();
    let ghost = world.join(&Client::new("ghost"));
    world.disconnect(ghost);
    let a_waits = world.join(&a);
    world.pass(REBALANCE_MS);
    let members = world.joined(a_waits).members;
    assert!(members.iter().all(|member| !member.member_id.starts_with("ghost")), "{members:?}");
    assert_eq!(world.answer(ghost), None, "nobody is there to be answered");
}
