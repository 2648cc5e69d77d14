//! Requests about groups, and about the offsets that they commit.

use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use super::{Ask, text};
use crate::common::raw::topic_name;

fn group() -> GroupId {
    GroupId(text("g"))
}

pub(super) fn groups(ask: &mut Ask<'_>) {
    ask.each(
        |version| match version {
            ..=3 => FindCoordinatorRequest::default().with_key(text("g")),
            _ => FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g"), text("h")]),
        },
        |version, answer| match version {
            ..=3 => assert_eq!((answer.error_code, answer.node_id.0), (0, 1)),
            _ => assert!(answer.coordinators.len() == 2 && answer.coordinators[0].node_id.0 == 1),
        },
    );
    let protocol = join_group_request::JoinGroupRequestProtocol::default().with_name(text("range"));
    ask.each(
        |version| {
            let request = JoinGroupRequest::default()
                .with_group_id(group())
                .with_session_timeout_ms(10_000)
                .with_protocol_type(text("consumer"))
                .with_protocols(vec![protocol.clone()]);
            // A static member comes back under its instance id; a dynamic one would have to join twice from version 4 on.
            if version >= 5 {
                request.with_group_instance_id(Some(text("i")))
            } else {
                request.with_group_id(GroupId(StrBytes::from_string(format!("old{version}"))))
            }
        },
        |version, answer| {
            let expected = if version == 4 { 79 } else { 0 };
            assert_eq!(answer.error_code, expected, "version {version}: {answer:?}");
        },
    );
    ask.each(
        |version| {
            let request =
                SyncGroupRequest::default().with_group_id(group()).with_member_id(text("nobody")).with_generation_id(1);
            match version {
                ..5 => request,
                _ => request.with_protocol_type(Some(text("consumer"))).with_protocol_name(Some(text("range"))),
            }
        },
        |_, answer| assert_eq!(answer.error_code, 25),
    );
    ask.each(
        |_| HeartbeatRequest::default().with_group_id(group()).with_member_id(text("nobody")).with_generation_id(1),
        |_, answer| assert_eq!(answer.error_code, 25),
    );
    offsets(ask);
    ask.each(
        |version| {
            let request = DescribeGroupsRequest::default().with_groups(vec![group(), GroupId(text("dead"))]);
            if version >= 3 { request.with_include_authorized_operations(true) } else { request }
        },
        |_, answer| assert_eq!(answer.groups.len(), 2),
    );
    ask.each(
        |version| match version {
            ..=3 => ListGroupsRequest::default(),
            4 => ListGroupsRequest::default().with_states_filter(vec![text("completingRebalance")]),
            _ => ListGroupsRequest::default().with_types_filter(vec![text("classic")]),
        },
        |_, answer| assert!(!answer.groups.is_empty()),
    );
    ask.each(
        |version| {
            let request = LeaveGroupRequest::default().with_group_id(group());
            let member = leave_group_request::MemberIdentity::default().with_member_id(text("nobody"));
            if version >= 3 { request.with_members(vec![member]) } else { request.with_member_id(text("nobody")) }
        },
        |version, answer| match version {
            ..=2 => assert_eq!(answer.error_code, 25),
            _ => assert_eq!(answer.members[0].error_code, 25),
        },
    );
    ask.each(
        |_| DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text("dead"))]),
        |_, answer| assert_eq!(answer.results[0].error_code, 69),
    );
}

fn offsets(ask: &mut Ask<'_>) {
    let stored = GroupId(text("stored"));
    ask.each(
        |_| {
            let partition = |index| {
                offset_commit_request::OffsetCommitRequestPartition::default()
                    .with_partition_index(index)
                    .with_committed_offset(7)
                    .with_committed_metadata(Some(text("m")))
            };
            let topic = offset_commit_request::OffsetCommitRequestTopic::default()
                .with_name(topic_name("t"))
                .with_partitions(vec![partition(0), partition(99)]);
            OffsetCommitRequest::default()
                .with_group_id(stored.clone())
                .with_generation_id_or_member_epoch(-1)
                .with_topics(vec![topic])
        },
        |_, answer| {
            let lines = &answer.topics[0].partitions;
            assert_eq!((lines[0].error_code, lines[1].error_code), (0, 3));
        },
    );
    ask.each(
        |version| match version {
            ..=7 => {
                let topic = offset_fetch_request::OffsetFetchRequestTopic::default()
                    .with_name(topic_name("t"))
                    .with_partition_indexes(vec![0, 1]);
                OffsetFetchRequest::default().with_group_id(stored.clone()).with_topics(Some(vec![topic]))
            }
            _ => {
                let group = offset_fetch_request::OffsetFetchRequestGroup::default().with_topics(None);
                let groups =
                    vec![group.clone().with_group_id(stored.clone()), group.with_group_id(GroupId(text("dead")))];
                OffsetFetchRequest::default().with_groups(groups)
            }
        },
        |version, answer| match version {
            ..=7 => {
                let lines = &answer.topics[0].partitions;
                assert_eq!((lines[0].committed_offset, lines[1].committed_offset), (7, -1));
            }
            _ => assert_eq!(answer.groups[0].topics[0].partitions[0].committed_offset, 7),
        },
    );
    ask.each(
        |_| {
            let partition = offset_delete_request::OffsetDeleteRequestPartition::default();
            let topic = offset_delete_request::OffsetDeleteRequestTopic::default()
                .with_name(topic_name("t"))
                .with_partitions(vec![partition]);
            OffsetDeleteRequest::default().with_group_id(stored.clone()).with_topics(vec![topic])
        },
        |_, answer| assert_eq!((answer.error_code, answer.topics[0].partitions[0].error_code), (0, 0)),
    );
}
