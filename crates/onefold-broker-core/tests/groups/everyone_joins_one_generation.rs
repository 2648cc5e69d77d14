//! A rebalance calls everyone to one new generation: the leader learns of all, the others of none, and all agree on one
//! protocol by vote. Whoever asks without need gets what it has.

use onefold_broker_core::group::GroupError;

use crate::world::{Client, GROUP, REBALANCE_MS, SESSION_MS, World};

#[test]
fn the_first_member_leads_and_learns_of_everyone() {
    let mut world = World::new();
    let (mut a, b) = (Client::new("a").subscribed("sub-a"), Client::new("b").subscribed("sub-b"));
    let first = world.join_and_take_id(&mut a);
    assert_eq!((first.generation, first.leader.as_str()), (1, first.member_id.as_str()));
    assert_eq!(first.members.len(), 1);

    let b_waits = world.join(&b);
    assert_eq!(world.answer(b_waits), None, "b waits for a to come to the new generation");
    assert_eq!(world.state(), "PreparingRebalance");
    let a_waits = world.join(&a);

    let (leader, follower) = (world.joined(a_waits), world.joined(b_waits));
    assert_eq!((leader.generation, follower.generation), (2, 2));
    assert_eq!((&leader.leader, &follower.leader), (&a.member_id, &a.member_id));
    let seen: Vec<_> = leader.members.iter().map(|member| (member.member_id.as_str(), &member.metadata[..])).collect();
    assert_eq!(seen, [(a.member_id.as_str(), &b"sub-a"[..]), (follower.member_id.as_str(), &b"sub-b"[..])]);
    assert_eq!(follower.members, []);
    assert_eq!(leader.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(world.state(), "CompletingRebalance");
}

#[test]
fn all_vote_and_most_votes_win() {
    let mut world = World::new();
    let mut a = Client::new("a").supports(&["sticky", "range", "only-a"]);
    let mut b = Client::new("b").supports(&["range", "sticky"]);
    let mut c = Client::new("c").supports(&["range", "only-c", "sticky"]);
    world.join_and_take_id(&mut a);
    let b_waits = world.join(&b);
    let again = world.join(&a);
    assert_eq!(
        world.joined(again).protocol_name.as_deref(),
        Some("sticky"),
        "one vote each: the leader's order decides"
    );
    b.member_id = world.joined(b_waits).member_id;
    let c_waits = world.join(&c);
    world.join(&b);
    world.join(&a);
    c.member_id = world.joined(c_waits).member_id;
    assert_eq!(world.joined(c_waits).protocol_name.as_deref(), Some("range"), "two votes against one");
}

#[test]
fn without_a_protocol_in_common_nobody_comes_in() {
    let mut world = World::new();
    let (a, _, _) = world.stable_pair();
    let stranger = world.join(&Client::new("c").supports(&["other"]));
    let connect = world.join(&Client { protocol_type: "connect".into(), ..Client::new("d") });
    let changed = world.join(&Client { member_id: a.member_id.clone(), ..Client::new("a").supports(&["other"]) });
    for token in [stranger, connect, changed] {
        assert_eq!(world.refused(token), GroupError::InconsistentGroupProtocol);
    }
    assert_eq!(world.state(), "Stable", "and nobody is disturbed");

    let mut empty = World::new();
    let nothing = empty.join(&Client { protocols: Vec::new(), ..Client::new("a") });
    let untyped = empty.join(&Client { protocol_type: String::new(), ..Client::new("a") });
    for token in [nothing, untyped] {
        assert_eq!(empty.refused(token), GroupError::InconsistentGroupProtocol);
    }
    assert_eq!(empty.coordinator.describe(GROUP), None, "a group that nobody could join does not stay");
}

#[test]
fn a_leader_that_joins_again_starts_a_rebalance_and_an_unchanged_follower_does_not() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let follower = world.join(&b);
    assert_eq!(world.joined(follower).generation, generation);
    assert_eq!(world.state(), "Stable");

    let leader = world.join(&a);
    assert_eq!(world.answer(leader), None);
    assert_eq!(world.state(), "PreparingRebalance");
}

#[test]
fn a_follower_with_another_subscription_starts_a_rebalance() {
    let mut world = World::new();
    let (_, b, _) = world.stable_pair();
    let changed = world.join(&b.clone().subscribed("more topics"));
    assert_eq!(world.answer(changed), None);
    assert_eq!(world.state(), "PreparingRebalance");
}

#[test]
fn a_lost_answer_to_a_join_is_given_again() {
    let mut world = World::new();
    let mut a = Client::new("a");
    let first = world.join_and_take_id(&mut a);
    let again = world.join(&a);
    assert_eq!(world.joined(again), first, "the same generation, the members included");
    let changed = world.join(&a.clone().subscribed("other"));
    assert_eq!(world.joined(changed).generation, first.generation + 1);
}

#[test]
fn dynamic_members_that_do_not_come_are_dropped() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let b_waits = world.join(&b.clone().subscribed("changed"));
    let mut beaten = 0;
    while beaten < REBALANCE_MS {
        // It lives, but it does not come.
        assert_eq!(world.heartbeat(&a, generation), Err(GroupError::RebalanceInProgress));
        world.pass(SESSION_MS / 2);
        beaten += SESSION_MS / 2;
    }
    let joined = world.joined(b_waits);
    assert_eq!((joined.generation, &joined.leader), (generation + 1, &b.member_id));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::UnknownMemberId));
}

#[test]
fn an_initial_delay_gathers_the_first_members() {
    let settings =
        onefold_broker_core::group::GroupSettings { initial_rebalance_delay_ms: 3_000, ..World::new().settings };
    let mut world = World::with(settings);
    let a = world.join(&Client::new("a"));
    world.pass(2_000);
    let b = world.join(&Client::new("b"));
    world.pass(2_000);
    assert_eq!(world.answer(a), None, "someone came, so it waits once more");
    world.pass(2_000);
    assert_eq!(world.joined(a).generation, 1);
    assert_eq!(world.joined(b).generation, 1);
    assert_eq!(world.joined(a).members.len(), 2);
}

#[test]
fn an_initial_delay_is_not_prolonged_beyond_the_rebalance_timeout() {
    let settings =
        onefold_broker_core::group::GroupSettings { initial_rebalance_delay_ms: 3_000, ..World::new().settings };
    let mut world = World::with(settings);
    let first = world.join(&Client { rebalance_ms: 7_000, ..Client::new("a") });
    for n in 0..5 {
        world.join(&Client::new(&format!("more{n}")));
        world.pass(1_500);
    }
    assert_eq!(world.joined(first).members.len(), 6);
}
