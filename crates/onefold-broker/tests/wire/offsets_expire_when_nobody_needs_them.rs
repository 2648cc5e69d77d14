//! KIP-211: the offsets of a group without members go after their retention, on broker time; those of a group with members
//! stay, however old.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::{GroupId, LeaveGroupRequest, OffsetCommitRequest, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;
use onefold_broker::BrokerSettings;
use onefold_broker::log::{Clock, LogSettings};

use crate::common::group::Member;
use crate::common::raw::{Raw, topic_name};
use crate::common::{Here, start_in};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn id(group: &str) -> GroupId {
    GroupId(StrBytes::from_string(group.to_owned()))
}

fn commit(raw: &mut Raw, group: &str, member: Option<&Member>, offset: i64) {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(offset);
    let topic = OffsetCommitRequestTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    let mut request = OffsetCommitRequest::default()
        .with_group_id(id(group))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic]);
    if let Some(member) = member {
        request.member_id = member.id.clone();
        request.generation_id_or_member_epoch = member.generation;
    }
    assert_eq!(raw.call(7, &request).topics[0].partitions[0].error_code, 0);
}

fn committed(raw: &mut Raw, group: &str) -> i64 {
    let topic = OffsetFetchRequestTopic::default().with_name(topic_name("t")).with_partition_indexes(vec![0]);
    let request = OffsetFetchRequest::default().with_group_id(id(group)).with_topics(Some(vec![topic]));
    raw.call(5, &request).topics[0].partitions[0].committed_offset
}

/// Asks until the group's offset is gone.
fn until_gone(raw: &mut Raw, group: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while committed(raw, group) != -1 {
        assert!(Instant::now() < deadline, "the offsets of {group} are still there");
    }
}

/// A broker whose clock the test moves, and that looks for old offsets all the time.
async fn start_at(clock: &Arc<AtomicI64>, folder: tempfile::TempDir) -> Here {
    let clock = Clock::Manual(clock.clone());
    let change = |settings: BrokerSettings| BrokerSettings {
        offsets_retention: Duration::from_millis(7 * DAY_MS as u64),
        offsets_retention_check: Duration::from_millis(1),
        log: LogSettings { clock, ..LogSettings::default() },
        ..settings
    };
    start_in(folder, change).await
}

#[tokio::test(flavor = "multi_thread")]
async fn those_of_groups_without_members_and_no_others() {
    let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
    let here = start_at(&clock, tempfile::tempdir().unwrap()).await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let member = Member::joined(&mut raw, "worked");
    commit(&mut raw, "worked", Some(&member), 5);
    commit(&mut raw, "alone", None, 6);
    clock.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    commit(&mut raw, "alone later", None, 7);

    clock.fetch_add(4 * DAY_MS, Ordering::Relaxed);
    until_gone(&mut raw, "alone");
    assert_eq!(committed(&mut raw, "alone later"), 7, "its commit is 4 days old");
    assert_eq!(committed(&mut raw, "worked"), 5, "it has a member");

    let leaver = MemberIdentity::default().with_member_id(member.id.clone());
    let left = raw.call(4, &LeaveGroupRequest::default().with_group_id(id("worked")).with_members(vec![leaver]));
    assert_eq!(left.error_code, 0);
    // Over a restart too: when the group became empty is in the journal.
    let Here { broker, folder } = here;
    broker.shutdown().await;
    let here = start_at(&clock, folder).await;
    let mut raw = here.connect();
    clock.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    until_gone(&mut raw, "alone later");
    assert_eq!(committed(&mut raw, "worked"), 5, "it has been empty for 3 days only");

    clock.fetch_add(4 * DAY_MS, Ordering::Relaxed);
    until_gone(&mut raw, "worked");
}
