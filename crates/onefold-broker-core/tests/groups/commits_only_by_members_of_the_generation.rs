//! Whose offsets count: those of members of the live generation once it has its assignment, and those of consumers that are
//! no members while there are none (O3).

use onefold_broker_core::group::{CommitKind, CommitRequest, GroupError};

use crate::world::{Client, GROUP, SESSION_MS, World};

fn simple(kind: CommitKind) -> CommitRequest {
    CommitRequest { kind, ..Client::new("").commit(-1) }
}

#[test]
fn a_consumer_that_is_no_member_commits_while_there_are_none() {
    let mut world = World::new();
    assert_eq!(world.commit(&simple(CommitKind::Plain)), Ok(()));
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.writes, 1, "the group is in the journal before its offsets");
    assert_eq!(world.commit(&simple(CommitKind::Plain)), Ok(()));
    assert_eq!(world.writes, 1);
    world.restart();
    assert_eq!(world.state(), "Empty");

    world.stable_pair();
    assert_eq!(world.commit(&simple(CommitKind::Plain)), Err(GroupError::UnknownMemberId));
}

#[test]
fn old_transactional_producers_name_no_member() {
    let mut world = World::new();
    world.stable_pair();
    assert_eq!(world.commit(&simple(CommitKind::Transactional)), Ok(()));
}

#[test]
fn between_a_join_and_its_assignment_a_plain_commit_must_wait() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    let a_waits = world.join(&a);
    assert_eq!(world.commit(&b.commit(generation)), Ok(()), "who has not joined yet may still commit: it revokes");
    assert_eq!(world.commit(&a.commit(generation)), Ok(()));
    world.join(&b);
    let next = world.joined(a_waits).generation;
    assert_eq!(world.commit(&b.commit(generation)), Err(GroupError::IllegalGeneration));
    assert_eq!(world.commit(&b.commit(next)), Err(GroupError::RebalanceInProgress));
    let transactional = CommitRequest { kind: CommitKind::Transactional, ..b.commit(next) };
    assert_eq!(world.commit(&transactional), Ok(()));
    let fenced = CommitRequest { kind: CommitKind::Transactional, ..b.commit(generation) };
    assert_eq!(world.commit(&fenced), Err(GroupError::IllegalGeneration));
}

#[test]
fn a_group_that_does_not_exist_has_no_generation() {
    let mut world = World::new();
    let member = Client { member_id: "m".into(), ..Client::new("m") };
    assert_eq!(world.commit(&member.commit(3)), Err(GroupError::GroupIdNotFound));
    let before_v9 = CommitRequest { knows_group_id_not_found: false, ..member.commit(3) };
    assert_eq!(world.commit(&before_v9), Err(GroupError::IllegalGeneration));
    assert_eq!(world.coordinator.describe(GROUP), None);
}

#[test]
fn a_commit_keeps_the_session_alive() {
    let mut world = World::new();
    let (a, b, generation) = world.stable_pair();
    for _ in 0..5 {
        world.pass(SESSION_MS / 2);
        assert_eq!(world.commit(&a.commit(generation)), Ok(()));
        assert_eq!(world.commit(&b.commit(generation)), Ok(()));
    }
    assert_eq!(world.state(), "Stable");
}

#[test]
fn the_empty_group_id_may_only_commit() {
    let mut world = World::new();
    let request = CommitRequest { group: String::new(), ..simple(CommitKind::Plain) };
    assert_eq!(world.commit(&request), Ok(()));
    let too_long = CommitRequest { group: "g".repeat(40_000), ..simple(CommitKind::Plain) };
    assert_eq!(world.commit(&too_long), Err(GroupError::InvalidGroupId));
}
