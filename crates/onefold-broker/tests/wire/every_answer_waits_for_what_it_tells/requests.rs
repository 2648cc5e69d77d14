//! One request of each API, about topic `t`, `new` or group `g`.

use kafka_protocol::messages::*;

use super::text;
use crate::common::raw::topic_name;

pub fn group() -> GroupId {
    GroupId(text("g"))
}

pub fn create(name: &str) -> CreateTopicsRequest {
    let topic = create_topics_request::CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(1)
        .with_replication_factor(1);
    CreateTopicsRequest::default().with_topics(vec![topic])
}

pub fn delete(name: &str) -> DeleteTopicsRequest {
    let topic = delete_topics_request::DeleteTopicState::default().with_name(Some(topic_name(name)));
    DeleteTopicsRequest::default().with_topics(vec![topic])
}

pub fn grow(name: &str, count: i32, validate_only: bool) -> CreatePartitionsRequest {
    let topic = create_partitions_request::CreatePartitionsTopic::default()
        .with_name(topic_name(name))
        .with_count(count)
        .with_assignments(None);
    CreatePartitionsRequest::default().with_topics(vec![topic]).with_validate_only(validate_only)
}

pub fn metadata(name: &str) -> MetadataRequest {
    let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(topic_name(name)));
    MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(false)
}

pub fn page(name: &str) -> DescribeTopicPartitionsRequest {
    let topic = describe_topic_partitions_request::TopicRequest::default().with_name(topic_name(name));
    DescribeTopicPartitionsRequest::default().with_topics(vec![topic]).with_response_partition_limit(10)
}

pub fn configs(name: &'static str) -> DescribeConfigsRequest {
    let resource = describe_configs_request::DescribeConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text(name))
        .with_configuration_keys(Some(vec![text("max.message.bytes")]));
    DescribeConfigsRequest::default().with_resources(vec![resource])
}

/// Replaces all configs of the topic, or says whether it could.
pub fn replace_configs(name: &'static str, value: &'static str, validate_only: bool) -> AlterConfigsRequest {
    let config = alter_configs_request::AlterableConfig::default()
        .with_name(text("max.message.bytes"))
        .with_value(Some(text(value)));
    let resource = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text(name))
        .with_configs(vec![config]);
    AlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(validate_only)
}

pub fn set_config(name: &'static str, value: &'static str, validate_only: bool) -> IncrementalAlterConfigsRequest {
    let config = incremental_alter_configs_request::AlterableConfig::default()
        .with_name(text("max.message.bytes"))
        .with_value(Some(text(value)));
    let resource = incremental_alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text(name))
        .with_configs(vec![config]);
    IncrementalAlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(validate_only)
}

pub fn list_offsets(name: &str, partition: i32, timestamp: i64) -> ListOffsetsRequest {
    let wanted = list_offsets_request::ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_timestamp(timestamp)
        .with_current_leader_epoch(-1);
    let topic =
        list_offsets_request::ListOffsetsTopic::default().with_name(topic_name(name)).with_partitions(vec![wanted]);
    ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic])
}

pub fn delete_records(name: &str, offset: i64) -> DeleteRecordsRequest {
    let partition = delete_records_request::DeleteRecordsPartition::default().with_offset(offset);
    let topic = delete_records_request::DeleteRecordsTopic::default()
        .with_name(topic_name(name))
        .with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic])
}

pub fn end_of_epoch(name: &str, epoch: i32) -> OffsetForLeaderEpochRequest {
    let wanted = offset_for_leader_epoch_request::OffsetForLeaderPartition::default()
        .with_leader_epoch(epoch)
        .with_current_leader_epoch(-1);
    let topic = offset_for_leader_epoch_request::OffsetForLeaderTopic::default()
        .with_topic(topic_name(name))
        .with_partitions(vec![wanted]);
    OffsetForLeaderEpochRequest::default().with_topics(vec![topic])
}

pub fn producers(name: &str) -> DescribeProducersRequest {
    let topic =
        describe_producers_request::TopicRequest::default().with_name(topic_name(name)).with_partition_indexes(vec![0]);
    DescribeProducersRequest::default().with_topics(vec![topic])
}

pub fn log_dirs(name: &str, partitions: Vec<i32>) -> DescribeLogDirsRequest {
    let topic = describe_log_dirs_request::DescribableLogDirTopic::default()
        .with_topic(topic_name(name))
        .with_partitions(partitions);
    DescribeLogDirsRequest::default().with_topics(Some(vec![topic]))
}

pub fn move_to(name: &str, path: String) -> AlterReplicaLogDirsRequest {
    let topic = alter_replica_log_dirs_request::AlterReplicaLogDirTopic::default()
        .with_name(topic_name(name))
        .with_partitions(vec![0]);
    let dir = alter_replica_log_dirs_request::AlterReplicaLogDir::default()
        .with_path(kafka_protocol::protocol::StrBytes::from_string(path))
        .with_topics(vec![topic]);
    AlterReplicaLogDirsRequest::default().with_dirs(vec![dir])
}

pub fn elect(name: &str) -> ElectLeadersRequest {
    let topic = elect_leaders_request::TopicPartitions::default().with_topic(topic_name(name)).with_partitions(vec![0]);
    ElectLeadersRequest::default().with_topic_partitions(Some(vec![topic]))
}

pub fn reassign(name: &str) -> AlterPartitionReassignmentsRequest {
    let partition =
        alter_partition_reassignments_request::ReassignablePartition::default().with_replicas(Some(vec![1.into()]));
    let topic = alter_partition_reassignments_request::ReassignableTopic::default()
        .with_name(topic_name(name))
        .with_partitions(vec![partition]);
    AlterPartitionReassignmentsRequest::default().with_topics(vec![topic])
}

/// By somebody who is no member.
pub fn commit(name: &str, offset: i64) -> OffsetCommitRequest {
    let partition = offset_commit_request::OffsetCommitRequestPartition::default().with_committed_offset(offset);
    let topic = offset_commit_request::OffsetCommitRequestTopic::default()
        .with_name(topic_name(name))
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

pub fn committed(name: &str) -> OffsetFetchRequest {
    let topic = offset_fetch_request::OffsetFetchRequestTopic::default()
        .with_name(topic_name(name))
        .with_partition_indexes(vec![0]);
    OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![topic]))
}

/// As versions 8 and above ask: several groups, all they have committed.
pub fn all_committed() -> OffsetFetchRequest {
    let one = offset_fetch_request::OffsetFetchRequestGroup::default().with_group_id(group()).with_topics(None);
    OffsetFetchRequest::default().with_groups(vec![one])
}

pub fn forget_offset(name: &str) -> OffsetDeleteRequest {
    let partition = offset_delete_request::OffsetDeleteRequestPartition::default();
    let topic = offset_delete_request::OffsetDeleteRequestTopic::default()
        .with_name(topic_name(name))
        .with_partitions(vec![partition]);
    OffsetDeleteRequest::default().with_group_id(group()).with_topics(vec![topic])
}

pub fn describe_group() -> DescribeGroupsRequest {
    DescribeGroupsRequest::default().with_groups(vec![group()])
}

pub fn delete_group() -> DeleteGroupsRequest {
    DeleteGroupsRequest::default().with_groups_names(vec![group()])
}

pub fn heartbeat(member_id: &kafka_protocol::protocol::StrBytes, generation: i32) -> HeartbeatRequest {
    HeartbeatRequest::default().with_group_id(group()).with_member_id(member_id.clone()).with_generation_id(generation)
}

pub fn sync(member_id: &kafka_protocol::protocol::StrBytes, generation: i32) -> SyncGroupRequest {
    SyncGroupRequest::default().with_group_id(group()).with_member_id(member_id.clone()).with_generation_id(generation)
}

pub fn leave(member_id: &kafka_protocol::protocol::StrBytes) -> LeaveGroupRequest {
    let member = leave_group_request::MemberIdentity::default().with_member_id(member_id.clone());
    LeaveGroupRequest::default().with_group_id(group()).with_members(vec![member])
}

/// A dynamic member, to whom versions up to 3 give no id first.
pub fn join(member_id: &kafka_protocol::protocol::StrBytes) -> JoinGroupRequest {
    let protocol = join_group_request::JoinGroupRequestProtocol::default().with_name(text("range"));
    JoinGroupRequest::default()
        .with_group_id(group())
        .with_member_id(member_id.clone())
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}
