//! G1: at most one generation is live. Whatever an older one still sends is refused, a stranger is unknown, and a number is
//! not used twice for different members, not even across a crash.

use onefold_broker_core::group::GroupError;

use crate::world::{Client, World};

#[test]
fn g1_an_older_generation_can_do_nothing() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    for old in [generation - 1, 0, -1, generation + 1] {
        assert_eq!(world.heartbeat(&b, old), Err(GroupError::IllegalGeneration));
        assert_eq!(world.commit(&b.commit(old)), Err(GroupError::IllegalGeneration));
        let synced = world.sync(&a, old, &[]);
        assert_eq!(world.refused(synced), GroupError::IllegalGeneration);
    }
    assert_eq!(world.heartbeat(&b, generation), Ok(()));
}

#[test]
fn g1_a_stranger_is_unknown() {
    let mut world = World::new();
    let (_, _, generation) = world.stable_pair();
    let stranger = Client { member_id: "nobody".into(), ..Client::new("x") };
    assert_eq!(world.heartbeat(&stranger, generation), Err(GroupError::UnknownMemberId));
    assert_eq!(world.commit(&stranger.commit(generation)), Err(GroupError::UnknownMemberId));
    let synced = world.sync(&stranger, generation, &[]);
    assert_eq!(world.refused(synced), GroupError::UnknownMemberId);
    assert_eq!(world.leave(&[("nobody", None)]), [Err(GroupError::UnknownMemberId)]);
}

#[test]
fn g1_one_who_is_only_on_the_way_into_a_generation_is_not_in_the_one_before() {
    let mut world = World::new();
    let (_, _, generation) = world.stable_pair();
    let mut c = Client::new("c").version(4);
    let asks = world.join(&c);
    let Some(onefold_broker_core::group::GroupReply::Join(Err(refused))) = world.answer(asks) else { panic!() };
    c.member_id = refused.member_id;
    world.join(&c);
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.commit(&c.commit(generation)), Err(GroupError::IllegalGeneration));
}

#[test]
fn g1_a_generation_that_was_told_survives_a_crash_and_is_not_used_again() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let a_waits = world.join(&a);
    let b_waits = world.join(&b);
    let told = world.joined(a_waits).generation;
    assert_eq!((told, world.joined(b_waits).generation), (generation + 1, generation + 1));

    world.restart();
    assert_eq!(world.state(), "CompletingRebalance", "they have the generation, the assignment is to come");
    assert_eq!(world.heartbeat(&a, generation), Err(GroupError::IllegalGeneration));
    let b_syncs = world.sync(&b, told, &[]);
    let a_syncs = world.sync(&a, told, &[(&a.member_id, "a"), (&b.member_id, "b")]);
    assert_eq!((world.assignment(a_syncs), world.assignment(b_syncs)), ("a".into(), "b".into()));
}

#[test]
fn g1_an_empty_group_goes_on_counting() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    world.leave(&[(&a.member_id, None), (&b.member_id, None)]);
    assert_eq!(world.state(), "Empty");
    world.restart();
    let mut c = Client::new("c");
    assert!(world.join_and_take_id(&mut c).generation > generation + 1);
}
