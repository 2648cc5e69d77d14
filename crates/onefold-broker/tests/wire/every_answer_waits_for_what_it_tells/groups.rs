//! Groups with their members and offsets.

use kafka_protocol::messages::{ListGroupsRequest, ListGroupsResponse};

use super::requests::*;
use super::{Held, text};
use crate::common::group::Member;

fn lists_it(answer: &ListGroupsResponse) -> bool {
    answer.groups.iter().any(|one| one.group_id == group())
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_that_an_offset_is_committed() {
    let mut held = Held::new().await;
    held.change("OffsetCommit", 8, commit("t", 2), |a| assert_eq!(a.topics[0].partitions[0].error_code, 0));
    held.ask("OffsetFetch", 7, committed("t"), |a| assert_eq!(a.topics[0].partitions[0].committed_offset, 2));
    held.ask("OffsetFetch of all", 9, all_committed(), |a| {
        assert_eq!(a.groups[0].topics[0].partitions[0].committed_offset, 2);
    });
    held.ask("ListGroups, which has it now", 4, ListGroupsRequest::default(), |a| assert!(lists_it(&a)));
    held.ask("DescribeGroups", 5, describe_group(), |a| assert_eq!(a.groups[0].group_state, text("Empty")));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_that_an_offset_is_deleted() {
    let mut held = Held::new().await;
    assert_eq!(held.raw().call(8, &commit("t", 2)).topics[0].partitions[0].error_code, 0);
    held.change("OffsetDelete", 0, forget_offset("t"), |a| assert_eq!(a.topics[0].partitions[0].error_code, 0));
    held.ask("OffsetFetch", 7, committed("t"), |a| assert_eq!(a.topics[0].partitions[0].committed_offset, -1));
    held.ask("OffsetFetch of all", 9, all_committed(), |a| assert!(a.groups[0].topics.is_empty()));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_that_a_group_is_gone() {
    let mut held = Held::new().await;
    assert_eq!(held.raw().call(8, &commit("t", 2)).topics[0].partitions[0].error_code, 0);
    held.change("DeleteGroups", 2, delete_group(), |a| assert_eq!(a.results[0].error_code, 0));
    held.ask("DescribeGroups", 5, describe_group(), |a| assert_eq!(a.groups[0].group_state, text("Dead")));
    held.ask("ListGroups", 4, ListGroupsRequest::default(), |a| assert!(!lists_it(&a)));
    held.ask("OffsetFetch", 7, committed("t"), |a| assert_eq!(a.topics[0].partitions[0].committed_offset, -1));
    held.ask("DeleteGroups again", 2, delete_group(), |a| assert_eq!(a.results[0].error_code, 69));
    held.ask("OffsetDelete", 0, forget_offset("t"), |a| assert_eq!(a.error_code, 69));
    held.ask("Heartbeat", 4, heartbeat(&text("anyone"), 1), |a| assert_eq!(a.error_code, 25));
    let of_a_member = commit("t", 2).with_generation_id_or_member_epoch(1).with_member_id(text("anyone"));
    held.ask("OffsetCommit of a generation", 8, of_a_member, |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, 22);
    });
    held.ends();
}

/// A member joins again, which begins the next generation at once.
#[tokio::test(flavor = "multi_thread")]
async fn g1_that_a_generation_begins() {
    let mut held = Held::new().await;
    let Member { id, generation } = Member::joined(&mut held.raw(), "g");
    held.change("JoinGroup", 4, join(&id), move |a| assert_eq!((a.error_code, a.generation_id), (0, generation + 1)));
    held.ask("Heartbeat in the one before", 4, heartbeat(&id, generation), |a| assert_eq!(a.error_code, 22));
    held.ask("Heartbeat in the new one", 4, heartbeat(&id, generation + 1), |a| assert_eq!(a.error_code, 0));
    held.ask("SyncGroup in the one before", 4, sync(&id, generation), |a| assert_eq!(a.error_code, 22));
    let of_the_one_before = commit("t", 2).with_generation_id_or_member_epoch(generation).with_member_id(id);
    held.ask("OffsetCommit in the one before", 8, of_the_one_before, |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, 22);
    });
    held.ask("DescribeGroups", 5, describe_group(), |a| {
        assert_eq!(a.groups[0].group_state, text("CompletingRebalance"));
    });
    held.ask("ListGroups", 4, ListGroupsRequest::default(), |a| {
        assert_eq!(a.groups[0].group_state, text("CompletingRebalance"));
    });
    held.ask("DeleteGroups", 2, delete_group(), |a| assert_eq!(a.results[0].error_code, 68));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_that_a_member_has_left() {
    let mut held = Held::new().await;
    let Member { id, generation } = Member::joined(&mut held.raw(), "g");
    held.change("LeaveGroup", 4, leave(&id), |a| assert_eq!(a.members[0].error_code, 0));
    held.ask("LeaveGroup again", 4, leave(&id), |a| assert_eq!(a.members[0].error_code, 25));
    held.ask("Heartbeat", 4, heartbeat(&id, generation), |a| assert_eq!(a.error_code, 25));
    held.ask("DescribeGroups", 5, describe_group(), |a| assert!(a.groups[0].members.is_empty()));
    held.ask("ListGroups", 4, ListGroupsRequest::default(), |a| {
        assert_eq!(a.groups[0].group_state, text("Empty"));
    });
    held.ask("JoinGroup under the old id", 4, join(&id), |a| assert_eq!(a.error_code, 25));
    held.ends();
}

/// The leader hands in the assignment; nobody has it before it is durable.
#[tokio::test(flavor = "multi_thread")]
async fn d5_that_partitions_are_assigned() {
    let mut held = Held::new().await;
    let joined = held.raw().call(3, &join(&text("")));
    assert_eq!(joined.error_code, 0);
    let (id, generation) = (joined.member_id, joined.generation_id);
    let own = kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment::default()
        .with_member_id(id.clone())
        .with_assignment(bytes::Bytes::from_static(b"all"));
    held.change("SyncGroup", 4, sync(&id, generation).with_assignments(vec![own]), |a| {
        assert_eq!(&a.assignment[..], b"all")
    });
    held.ask("SyncGroup again", 4, sync(&id, generation), |a| assert_eq!(&a.assignment[..], b"all"));
    held.ask("DescribeGroups", 5, describe_group(), |a| {
        assert_eq!(&a.groups[0].members[0].member_assignment[..], b"all");
    });
    held.ask("ListGroups", 4, ListGroupsRequest::default(), |a| {
        assert_eq!(a.groups[0].group_state, text("Stable"));
    });
    held.ends();
}
