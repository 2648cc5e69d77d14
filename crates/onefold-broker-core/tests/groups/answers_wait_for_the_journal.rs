//! The one rule of the broker: an answer is released when the newest record that its content depends on is durable.

use onefold_broker_core::Lsn;

use crate::world::{Client, GROUP, World};

#[test]
fn a_generation_and_an_assignment_are_durable_before_they_are_told() {
    let mut world = World::new();
    let mut a = Client::new("a");
    let joins = world.join(&a);
    a.member_id = world.joined(joins).member_id;
    assert_eq!(world.waits_for(joins), Lsn(1));
    let syncs = world.sync(&a, 1, &[(&a.member_id, "all")]);
    assert_eq!(world.waits_for(syncs), Lsn(2));
    let again = world.sync(&a, 1, &[]);
    assert_eq!(
        (world.waits_for(again), world.writes),
        (Lsn(2), 2),
        "asking again writes nothing, and waits all the same"
    );
}

#[test]
fn leaving_is_durable_before_it_is_confirmed() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let before = world.writes;
    world.leave(&[(&a.member_id, None)]);
    assert_eq!(world.writes, before + 1);
    world.restart();
    assert!(world.heartbeat(&a, generation).is_err());
    assert!(world.coordinator.describe(GROUP).unwrap().members.iter().any(|member| member.member_id == b.member_id));
}

#[test]
fn the_fenced_one_hears_of_it_when_its_successor_is_durable() {
    let mut world = World::new();
    let mut one = Client::fixed("one");
    let generation = world.join_and_take_id(&mut one).generation;
    world.sync(&one, generation, &[]);
    let mut two = Client::fixed("two");
    let two_waits = world.join(&two);
    let old_waits = world.join(&one);
    two.member_id = world.joined(two_waits).member_id;
    world.sync(&one, world.joined(old_waits).generation, &[]);

    let waits = world.join(&one);
    let before = world.writes;
    world.join(&Client::fixed("one"));
    assert_eq!(world.writes, before + 1);
    assert_eq!(world.waits_for(waits), Lsn(world.writes));
}

#[test]
fn another_groups_writes_delay_nobody() {
    let mut world = World::new();
    let (a, _, generation) = world.stable_pair();
    let own = world.writes;
    let other = onefold_broker_core::group::CommitRequest { group: "other".into(), ..Client::new("").commit(-1) };
    world.commit(&other).unwrap();
    assert_eq!(world.coordinator.changed(GROUP), Lsn(own));
    assert_eq!(world.coordinator.changed("other"), Lsn(own + 1));
    assert_eq!(world.coordinator.changed_any(), Lsn(own + 1));
    world.heartbeat(&a, generation).unwrap();
    assert_eq!(world.writes, own + 1, "a heartbeat writes nothing");
}

#[test]
fn a_journal_that_stopped_stops_the_answers() {
    let mut world = World::new();
    let mut effects = Vec::new();
    let token = world.token();
    let request = Client::new("a").request("uuid".into());
    world.coordinator.step(0, onefold_broker_core::group::GroupEvent::Join { token, request }, &mut effects);
    let stopped = world.coordinator.perform(&mut effects, |_| Err("fsync failed"), |_, _, _| panic!("answered"));
    assert_eq!(stopped, Err("fsync failed"));
    assert_eq!(effects, []);
}
