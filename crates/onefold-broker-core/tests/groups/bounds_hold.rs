//! What clients can make the broker keep has bounds: time, members, groups, bytes. Who meets one is told which.

use bytes::Bytes;
use onefold_broker_core::group::{GroupError, GroupSettings};

use crate::world::{Client, GROUP, World};

fn small() -> GroupSettings {
    GroupSettings {
        max_members: 2,
        max_groups: 3,
        max_group_bytes: 10_000,
        max_total_bytes: 12_000,
        ..Default::default()
    }
}

fn refusal(world: &mut World, client: &Client) -> GroupError {
    let token = world.join(client);
    world.refused(token)
}

#[test]
fn session_timeouts_have_a_least_and_a_most() {
    let mut world = World::new();
    for session_ms in [-1, 0, 5_999, 1_800_001, i32::MAX] {
        let client = Client { session_ms, ..Client::new("a") };
        assert_eq!(refusal(&mut world, &client), GroupError::InvalidSessionTimeout, "{session_ms}");
    }
    for session_ms in [6_000, 1_800_000] {
        world.join_and_take_id(&mut Client { session_ms, ..Client::fixed("a") });
    }
}

#[test]
fn a_full_group_takes_nobody_but_its_own() {
    let mut world = World::with(small());
    let (a, b, _) = world.stable_pair();
    assert_eq!(refusal(&mut world, &Client::new("c")), GroupError::GroupMaxSizeReached);
    assert_eq!(world.state(), "Stable");
    let a_waits = world.join(&a);
    let b_waits = world.join(&b);
    assert_eq!(world.joined(a_waits).generation, world.joined(b_waits).generation);
}

#[test]
fn a_static_member_comes_back_into_a_full_group() {
    let mut world = World::with(GroupSettings { max_members: 1, ..small() });
    let mut one = Client::fixed("one");
    let generation = world.join_and_take_id(&mut one).generation;
    world.sync(&one, generation, &[]);
    assert_eq!(world.join_and_take_id(&mut Client::fixed("one")).generation, generation);
    assert_eq!(refusal(&mut world, &Client::fixed("two")), GroupError::GroupMaxSizeReached);
}

#[test]
fn ids_that_nobody_uses_push_each_other_out() {
    let mut world = World::with(small());
    for n in 0..10 {
        assert_eq!(refusal(&mut world, &Client::new(&format!("c{n}")).version(4)), GroupError::MemberIdRequired);
        world.pass(1);
    }
    let first = Client { member_id: "c0-uuid1".into(), ..Client::new("c0").version(4) };
    assert_eq!(refusal(&mut world, &first), GroupError::UnknownMemberId, "only the newest two are kept");
    let last = world.join(&Client { member_id: "c9-uuid10".into(), ..Client::new("c9").version(4) });
    assert_eq!(world.joined(last).generation, 1);
}

#[test]
fn groups_are_counted_too() {
    let mut world = World::with(small());
    for group in ["one", "two", "three"] {
        let request = onefold_broker_core::group::CommitRequest { group: group.into(), ..Client::new("").commit(-1) };
        assert_eq!(world.commit(&request), Ok(()));
    }
    assert_eq!(refusal(&mut world, &Client::new("a")), GroupError::GroupMaxSizeReached);
    assert_eq!(world.delete("two"), Ok(()));
    world.join_and_take_id(&mut Client::new("a"));
}

#[test]
fn subscriptions_and_assignments_have_a_size() {
    let mut world = World::with(small());
    let large = |bytes: usize| {
        let mut client = Client::new("a");
        client.protocols[0].1 = Bytes::from(vec![0; bytes]);
        client
    };
    assert_eq!(refusal(&mut world, &large(10_000)), GroupError::MetadataTooLarge);
    assert_eq!(world.coordinator.describe(GROUP), None);
    let mut fits = large(5_000);
    let generation = world.join_and_take_id(&mut fits).generation;
    let text: &'static str = Box::leak("x".repeat(5_000).into_boxed_str());
    let synced = world.sync(&fits, generation, &[(&fits.member_id, text)]);
    assert_eq!(world.refused(synced), GroupError::MetadataTooLarge);
    let synced = world.sync(&fits, generation, &[(&fits.member_id, &text[..1_000])]);
    assert_eq!(world.assignment(synced).len(), 1_000);
}

#[test]
fn all_groups_together_have_a_size_and_what_leaves_makes_room() {
    let mut world = World::with(small());
    let mut first = Client::new("a");
    first.protocols[0].1 = Bytes::from(vec![0; 9_000]);
    world.join_and_take_id(&mut first);
    let mut request = Client::new("b").request("uuid-b".into());
    request.group = "other".into();
    request.protocols[0].metadata = Bytes::from(vec![0; 9_000]);
    let ask = |world: &mut World| {
        let token = world.token();
        world.step(onefold_broker_core::group::GroupEvent::Join { token, request: request.clone() });
        token
    };
    let token = ask(&mut world);
    assert_eq!(world.refused(token), GroupError::GroupMaxSizeReached);
    world.leave(&[(&first.member_id, None)]);
    let token = ask(&mut world);
    assert_eq!(world.joined(token).generation, 1);
}

#[test]
fn names_are_no_longer_than_kafkas_strings() {
    let mut world = World::new();
    let long = "x".repeat(40_000);
    let unwanted = [
        Client { protocol_type: long.clone(), ..Client::new("a") },
        Client { instance_id: Some(long.clone()), ..Client::new("a") },
        Client { protocols: vec![(long.clone(), Bytes::new())], ..Client::new("a") },
        Client { protocols: vec![("p".into(), Bytes::new()); 101], ..Client::new("a") },
        Client { name: long.clone(), ..Client::new("a") },
    ];
    for client in &unwanted {
        assert_eq!(refusal(&mut world, client), GroupError::InvalidRequest);
    }
    let mut odd = Client::new(&"ü".repeat(16_000));
    assert!(world.join_and_take_id(&mut odd).member_id.len() < 300, "ids stay handy, cut between characters");
    world.restart();
}
