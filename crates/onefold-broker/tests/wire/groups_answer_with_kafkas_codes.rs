//! What a group says to those who are wrong about it, and to tools: 22 ILLEGAL_GENERATION, 23 INCONSISTENT_GROUP_PROTOCOL,
//! 24 INVALID_GROUP_ID, 25 UNKNOWN_MEMBER_ID, 68 NON_EMPTY_GROUP, 69 GROUP_ID_NOT_FOUND.

use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest, LeaveGroupRequest, ListGroupsRequest,
    OffsetCommitRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::group::Member;
use crate::common::raw::{Raw, topic_name};
use crate::common::start;

fn id(group: &'static str) -> GroupId {
    GroupId(StrBytes::from_static_str(group))
}

fn heartbeat(raw: &mut Raw, member: &StrBytes, generation: i32) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(id("g"))
        .with_member_id(member.clone())
        .with_generation_id(generation);
    raw.call(4, &request).error_code
}

fn commit(raw: &mut Raw, member: &StrBytes, generation: i32) -> i16 {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let topic = OffsetCommitRequestTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(id("g"))
        .with_member_id(member.clone())
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![topic]);
    raw.call(7, &request).topics[0].partitions[0].error_code
}

/// The state of a group, as listed under a filter of states.
fn listed(raw: &mut Raw, states: &[&'static str]) -> Vec<(String, String)> {
    let states = states.iter().map(|state| StrBytes::from_static_str(state)).collect();
    let answer = raw.call(4, &ListGroupsRequest::default().with_states_filter(states));
    answer.groups.iter().map(|group| (group.group_id.to_string(), group.group_state.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn g1_only_a_member_of_the_live_generation_passes() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let member = Member::joined(&mut raw, "g");
    let stranger = StrBytes::from_static_str("stranger");

    assert_eq!(heartbeat(&mut raw, &member.id, member.generation), 0);
    assert_eq!(heartbeat(&mut raw, &member.id, member.generation - 1), 22);
    assert_eq!(heartbeat(&mut raw, &member.id, member.generation + 1), 22);
    assert_eq!(heartbeat(&mut raw, &stranger, member.generation), 25);
    assert_eq!(commit(&mut raw, &member.id, member.generation), 0);
    assert_eq!(commit(&mut raw, &member.id, member.generation - 1), 22);
    assert_eq!(commit(&mut raw, &stranger, member.generation), 25);
    assert_eq!(commit(&mut raw, &StrBytes::default(), -1), 25, "one who is no member, while there are some");
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_see_what_there_is_and_delete_only_what_is_empty() {
    let here = start().await;
    let mut raw = here.connect();
    let member = Member::joined(&mut raw, "g");

    let describe = DescribeGroupsRequest::default().with_groups(vec![id("g"), id("none")]);
    let old = raw.call(5, &describe).groups;
    assert_eq!((&*old[0].group_state, old[0].members.len()), ("Stable", 1));
    assert_eq!((old[1].error_code, &*old[1].group_state), (0, "Dead"), "before version 6 an unknown group is dead");
    assert_eq!(raw.call(6, &describe).groups[1].error_code, 69, "since then it is not found (KIP-1043)");
    assert_eq!(listed(&mut raw, &["Stable"]), [("g".to_owned(), "Stable".to_owned())]);
    assert_eq!(listed(&mut raw, &["Empty"]), []);

    let delete = DeleteGroupsRequest::default().with_groups_names(vec![id("g"), id("none")]);
    let codes = |raw: &mut Raw| raw.call(2, &delete).results.iter().map(|line| line.error_code).collect::<Vec<_>>();
    assert_eq!(codes(&mut raw), [68, 69]);
    let leaver = MemberIdentity::default().with_member_id(member.id.clone());
    raw.call(4, &LeaveGroupRequest::default().with_group_id(id("g")).with_members(vec![leaver]));
    assert_eq!(listed(&mut raw, &["Empty"]), [("g".to_owned(), "Empty".to_owned())]);
    assert_eq!(codes(&mut raw), [0, 69]);
    assert_eq!(listed(&mut raw, &[]), []);
}

/// KIP-559, and in Kafka's order: whether the names are there, then the group, the member, and whether they are the names.
#[tokio::test(flavor = "multi_thread")]
async fn from_version_5_on_a_sync_names_its_protocol() {
    let here = start().await;
    let mut raw = here.connect();
    let member = Member::joined(&mut raw, "g");
    let mut sync = |version, group, id_of: &StrBytes, kind: Option<&'static str>, name: Option<&'static str>| {
        let text = |text: Option<&'static str>| text.map(StrBytes::from_static_str);
        let request = SyncGroupRequest::default()
            .with_group_id(id(group))
            .with_generation_id(member.generation)
            .with_member_id(id_of.clone());
        let request =
            if version < 5 { request } else { request.with_protocol_type(text(kind)).with_protocol_name(text(name)) };
        raw.call(version, &request).error_code
    };
    let stranger = StrBytes::from_static_str("stranger");
    for group in ["", "none", "g"] {
        for (kind, name) in [(None, None), (Some("consumer"), None), (None, Some("range"))] {
            assert_eq!(sync(5, group, &member.id, kind, name), 23, "{group}: {kind:?} {name:?}");
        }
    }
    let named = (Some("consumer"), Some("range"));
    assert_eq!(sync(5, "", &member.id, named.0, named.1), 24);
    assert_eq!(sync(5, "none", &member.id, named.0, named.1), 25);
    assert_eq!(sync(5, "g", &stranger, Some("connect"), named.1), 25);
    assert_eq!(sync(5, "g", &member.id, Some("connect"), named.1), 23);
    assert_eq!(sync(5, "g", &member.id, named.0, Some("roundrobin")), 23);
    assert_eq!(sync(5, "g", &member.id, named.0, named.1), 0);
    assert_eq!(sync(4, "g", &member.id, None, None), 0, "older versions cannot name it");
}
