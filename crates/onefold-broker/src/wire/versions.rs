//! Which APIs are served in which versions. ApiVersions answers with this table, requests are checked against it, and
//! `docs/unsupported.md` lists what it lacks.

use std::ops::RangeInclusive;

use kafka_protocol::messages::ApiKey;

/// Sorted by key. Produce starts at 0 because librdkafka before 2.8 turns features off when versions 0 to 2 are not
/// listed (KAFKA-18659); requests in those are answered with UNSUPPORTED_VERSION.
pub(super) const SERVED: &[(ApiKey, RangeInclusive<i16>)] = &[
    (ApiKey::Produce, 0..=13),
    (ApiKey::Fetch, 4..=18),
    (ApiKey::ListOffsets, 1..=10),
    (ApiKey::Metadata, 0..=13),
    (ApiKey::OffsetCommit, 2..=9),
    (ApiKey::OffsetFetch, 1..=9),
    (ApiKey::FindCoordinator, 0..=6),
    (ApiKey::JoinGroup, 0..=9),
    (ApiKey::Heartbeat, 0..=4),
    (ApiKey::LeaveGroup, 0..=5),
    (ApiKey::SyncGroup, 0..=5),
    (ApiKey::DescribeGroups, 0..=6),
    (ApiKey::ListGroups, 0..=5),
    (ApiKey::ApiVersions, 0..=4),
    (ApiKey::CreateTopics, 2..=7),
    (ApiKey::DeleteTopics, 1..=6),
    (ApiKey::DeleteRecords, 0..=2),
    (ApiKey::InitProducerId, 0..=5),
    (ApiKey::OffsetForLeaderEpoch, 2..=4),
    (ApiKey::DescribeAcls, 1..=3),
    (ApiKey::CreateAcls, 1..=3),
    (ApiKey::DeleteAcls, 1..=3),
    (ApiKey::DescribeConfigs, 1..=4),
    (ApiKey::AlterConfigs, 0..=2),
    (ApiKey::AlterReplicaLogDirs, 1..=2),
    (ApiKey::DescribeLogDirs, 1..=4),
    (ApiKey::CreatePartitions, 0..=3),
    (ApiKey::DeleteGroups, 0..=2),
    (ApiKey::ElectLeaders, 0..=2),
    (ApiKey::IncrementalAlterConfigs, 0..=1),
    (ApiKey::AlterPartitionReassignments, 0..=1),
    (ApiKey::ListPartitionReassignments, 0..=0),
    (ApiKey::OffsetDelete, 0..=0),
    (ApiKey::DescribeClientQuotas, 0..=1),
    (ApiKey::DescribeUserScramCredentials, 0..=0),
    (ApiKey::DescribeCluster, 0..=2),
    (ApiKey::DescribeProducers, 0..=0),
    (ApiKey::ListTransactions, 0..=1),
    (ApiKey::ListConfigResources, 0..=1),
    (ApiKey::DescribeTopicPartitions, 0..=0),
];

/// The versions in which an API is served, if it is.
pub(super) fn served(api: ApiKey) -> Option<RangeInclusive<i16>> {
    SERVED.iter().find(|(key, _)| *key == api).map(|(_, versions)| versions.clone())
}

pub(super) fn serves(api: ApiKey, version: i16) -> bool {
    served(api).is_some_and(|versions| versions.contains(&version))
}
