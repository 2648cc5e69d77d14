//! From a frame to the API that answers it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Encodable};
use onefold_broker_core::Lsn;

use super::header::{Header, HeaderError};
use super::shape::Shape;
use super::{
    Answer, Call, Fault, Node, Peer, Reply, alter_configs, alter_partition_reassignments, alter_replica_log_dirs,
    api_versions, create_acls, create_partitions, create_topics, delete_acls, delete_groups, delete_records,
    delete_topics, describe_acls, describe_client_quotas, describe_cluster, describe_configs, describe_groups,
    describe_log_dirs, describe_producers, describe_topic_partitions, describe_user_scram_credentials, elect_leaders,
    fetch, find_coordinator, heartbeat, incremental_alter_configs, init_producer_id, join_group, leave_group,
    list_config_resources, list_groups, list_offsets, list_partition_reassignments, list_transactions, metadata,
    offset_commit, offset_delete, offset_fetch, offset_for_leader_epoch, produce, sync_group, versions,
};

/// Decides one request. What it changes is changed when this returns; what it waits for is in the answer.
pub(crate) async fn answer(node: &Arc<Node>, peer: &Peer, mut frame: BytesMut) -> Result<Answer, Fault> {
    let (header, length) = Header::parse(&frame)?;
    let body = frame.split_off(length);
    let call = Call { node, peer, header: &header };
    match header.api {
        ApiKey::Produce => produce::answer(call, body).await,
        ApiKey::ApiVersions if !versions::serves(ApiKey::ApiVersions, header.version) => {
            let oldest = Header { version: 0, ..header.clone() };
            Reply::encode(&oldest, &api_versions::unsupported_version(), Lsn::NONE).map(Answer::Now)
        }
        _ => dispatch(call, body.freeze()),
    }
}

fn dispatch(call: Call<'_>, body: Bytes) -> Result<Answer, Fault> {
    /// An API that answers at once.
    macro_rules! now {
        ($api:ident) => {
            now(call, body, &$api::SHAPE, |request| $api::answer(call, request))
        };
    }
    /// An API whose answer may have to wait for others.
    macro_rules! later {
        ($api:ident) => {
            decode(call.header, body, &$api::SHAPE).and_then(|request| $api::answer(call, request))
        };
    }
    match call.header.api {
        ApiKey::Fetch => fetch::answer(call, &body),
        ApiKey::ListOffsets => now!(list_offsets),
        ApiKey::Metadata => now!(metadata),
        ApiKey::OffsetCommit => now!(offset_commit),
        ApiKey::OffsetFetch => now!(offset_fetch),
        ApiKey::FindCoordinator => now!(find_coordinator),
        ApiKey::JoinGroup => later!(join_group),
        ApiKey::Heartbeat => later!(heartbeat),
        ApiKey::LeaveGroup => later!(leave_group),
        ApiKey::SyncGroup => later!(sync_group),
        ApiKey::DescribeGroups => now!(describe_groups),
        ApiKey::ListGroups => now!(list_groups),
        ApiKey::ApiVersions => now!(api_versions),
        ApiKey::CreateTopics => now!(create_topics),
        ApiKey::DeleteTopics => now!(delete_topics),
        ApiKey::DeleteRecords => now!(delete_records),
        ApiKey::InitProducerId => now!(init_producer_id),
        ApiKey::OffsetForLeaderEpoch => now!(offset_for_leader_epoch),
        ApiKey::DescribeConfigs => now!(describe_configs),
        ApiKey::AlterConfigs => now!(alter_configs),
        ApiKey::CreatePartitions => now!(create_partitions),
        ApiKey::DeleteGroups => now!(delete_groups),
        ApiKey::IncrementalAlterConfigs => now!(incremental_alter_configs),
        ApiKey::OffsetDelete => now!(offset_delete),
        ApiKey::DescribeCluster => now!(describe_cluster),
        ApiKey::DescribeAcls => now!(describe_acls),
        ApiKey::CreateAcls => now!(create_acls),
        ApiKey::DeleteAcls => now!(delete_acls),
        ApiKey::AlterReplicaLogDirs => now!(alter_replica_log_dirs),
        ApiKey::DescribeLogDirs => now!(describe_log_dirs),
        ApiKey::ElectLeaders => now!(elect_leaders),
        ApiKey::AlterPartitionReassignments => now!(alter_partition_reassignments),
        ApiKey::ListPartitionReassignments => now!(list_partition_reassignments),
        ApiKey::DescribeClientQuotas => now!(describe_client_quotas),
        ApiKey::DescribeUserScramCredentials => now!(describe_user_scram_credentials),
        ApiKey::DescribeProducers => later!(describe_producers),
        ApiKey::ListTransactions => now!(list_transactions),
        ApiKey::ListConfigResources => now!(list_config_resources),
        ApiKey::DescribeTopicPartitions => now!(describe_topic_partitions),
        api => Err(HeaderError::Unsupported { api, version: call.header.version }.into()),
    }
}

fn now<Request: Decodable, Response: Encodable>(
    call: Call<'_>,
    body: Bytes,
    shape: &Shape,
    answer: impl FnOnce(Request) -> Result<(Response, Lsn), Fault>,
) -> Result<Answer, Fault> {
    let (response, depends) = answer(decode(call.header, body, shape)?)?;
    Reply::encode(call.header, &response, depends).map(Answer::Now)
}

/// Decodes a request after its shape has shown that every claimed length is true.
fn decode<Request: Decodable>(header: &Header, mut body: Bytes, shape: &Shape) -> Result<Request, Fault> {
    let fault = |error: String| Fault::Undecodable { api: header.api, version: header.version, error };
    let walked = shape.check(&body, header.version)?;
    let before = body.len();
    let request = Request::decode(&mut body, header.version).map_err(|error| fault(error.to_string()))?;
    // A shape that walks another way than the codec proves nothing.
    match before - body.len() == walked {
        true => Ok(request),
        false => Err(fault(format!("its shape ends at byte {walked}, the codec at {}", before - body.len()))),
    }
}
