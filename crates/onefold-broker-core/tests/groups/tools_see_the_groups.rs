//! What DescribeGroups, ListGroups and OffsetDelete tell administrators, in the words their tools know.

use onefold_broker_core::group::{GroupError, TYPE};

use crate::world::{Client, GROUP, World};

const NONE: &[&str] = &[];

fn names(world: &World, states: &[&str], types: &[&str]) -> Vec<String> {
    let listed = world.coordinator.list(states, types);
    listed.iter().map(|group| format!("{} {}", group.group, group.state)).collect()
}

#[test]
fn a_stable_group_is_described_in_full() {
    let mut world = World::new();
    let (a, _, _) = world.stable_pair();
    let group = world.coordinator.describe(GROUP).unwrap();
    assert_eq!((group.state, group.protocol_type.as_str(), group.protocol.as_str()), ("Stable", "consumer", "range"));
    let member = group.members.iter().find(|member| member.member_id == a.member_id).unwrap();
    assert_eq!((member.client_id.as_str(), member.client_host.as_str()), ("a", "/127.0.0.1"));
    assert_eq!((&member.metadata[..], &member.assignment[..]), (&a.protocols[0].1[..], &b"for-a"[..]));
    assert_eq!(world.coordinator.describe("unknown"), None);
}

#[test]
fn the_protocol_is_told_only_when_it_is_settled() {
    let mut world = World::new();
    let mut a = Client::new("a");
    world.join_and_take_id(&mut a);
    let group = world.coordinator.describe(GROUP).unwrap();
    assert_eq!((group.state, group.protocol.as_str(), group.members.len()), ("CompletingRebalance", "", 1));
    assert_eq!(&group.members[0].metadata[..], b"");
}

#[test]
fn an_assignment_of_a_generation_before_is_not_shown() {
    let mut world = World::new();
    let (a, b, _) = world.stable_pair();
    world.join(&a);
    world.join(&b);
    let members = world.coordinator.describe(GROUP).unwrap().members;
    assert_eq!(world.state(), "CompletingRebalance");
    assert!(members.iter().all(|member| member.assignment.is_empty()), "{members:?}");
}

#[test]
fn lists_filter_by_state_and_type_as_tools_write_them() {
    let mut world = World::new();
    world.stable_pair();
    let other = onefold_broker_core::group::CommitRequest { group: "offsets".into(), ..Client::new("").commit(-1) };
    world.commit(&other).unwrap();
    assert_eq!(names(&world, NONE, NONE), ["g Stable", "offsets Empty"]);
    assert_eq!(names(&world, &[" stable "], NONE), ["g Stable"]);
    assert_eq!(names(&world, &["EMPTY", "Dead"], &["Classic"]), ["offsets Empty"]);
    assert!(names(&world, NONE, &["consumer"]).is_empty());
    assert!(names(&world, &["NoSuchState"], &[TYPE]).is_empty());
    let listed = world.coordinator.list(&["Stable"], NONE);
    assert_eq!(listed[0].protocol_type, "consumer");
}

#[test]
fn offsets_of_a_topic_in_use_are_not_deleted() {
    let mut world = World::new();
    assert_eq!(world.coordinator.check_offset_delete(GROUP, "t"), Err(GroupError::GroupIdNotFound));
    let (a, b, _) = world.stable_pair();
    assert_eq!(world.coordinator.check_offset_delete(GROUP, "t"), Err(GroupError::GroupSubscribedToTopic));
    assert_eq!(world.coordinator.check_offset_delete(GROUP, "other"), Ok(()));
    world.leave(&[(&a.member_id, None), (&b.member_id, None)]);
    assert_eq!(world.coordinator.check_offset_delete(GROUP, "t"), Ok(()));
}

#[test]
fn a_subscription_that_cannot_be_read_may_be_to_anything() {
    let mut world = World::new();
    world.join_and_take_id(&mut Client::new("a").subscribed("?"));
    assert_eq!(world.coordinator.check_offset_delete(GROUP, "t"), Err(GroupError::GroupSubscribedToTopic));
    let mut connect = World::new();
    connect.join_and_take_id(&mut Client { protocol_type: "connect".into(), ..Client::new("a") });
    assert_eq!(connect.coordinator.check_offset_delete(GROUP, "t"), Err(GroupError::NonEmptyGroup));
}

#[test]
fn every_error_has_kafkas_code() {
    let codes = [
        (GroupError::IllegalGeneration, 22),
        (GroupError::InconsistentGroupProtocol, 23),
        (GroupError::InvalidGroupId, 24),
        (GroupError::UnknownMemberId, 25),
        (GroupError::InvalidSessionTimeout, 26),
        (GroupError::RebalanceInProgress, 27),
        (GroupError::NonEmptyGroup, 68),
        (GroupError::GroupIdNotFound, 69),
        (GroupError::MemberIdRequired, 79),
        (GroupError::GroupMaxSizeReached, 81),
        (GroupError::FencedInstanceId, 82),
        (GroupError::GroupSubscribedToTopic, 86),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code, "{error}");
    }
}
