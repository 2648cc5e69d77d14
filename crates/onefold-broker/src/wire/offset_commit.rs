//! OffsetCommit (8), versions 2 to 9.
//!
//! Checked by the group coordinator and written under its lock, so a commit accepted in a generation is of that
//! generation (G1); answered when durable (D5). A partition that does not exist gets UNKNOWN_TOPIC_OR_PARTITION, and the
//! others are stored. Ignored: the retention time (versions 2 to 4): `groups/offsets.rs` says how long offsets are kept.

use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse, TopicName};
use onefold_broker_core::group::{CommitKind, CommitRequest};
use onefold_broker_core::state::State;
use onefold_broker_core::{CommittedOffset, ErrorCode, Lsn, Record};

use super::shape::{Shape, fixed, string, structs};
use super::text::{own, own_option};
use super::{Call, Fault, lookup};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 8,
    fields: &[
        string(),
        fixed(4),
        string(),
        string().since(7),
        fixed(8).until(4),
        structs(&[string(), structs(&[fixed(4), fixed(8), fixed(4).since(6), string()])]),
    ],
};

/// Kafka's `offset.metadata.max.bytes`.
const LONGEST_METADATA: usize = 4096;

pub(super) fn answer(call: Call<'_>, request: OffsetCommitRequest) -> Result<(OffsetCommitResponse, Lsn), Fault> {
    let commit = CommitRequest {
        group: own(&request.group_id),
        generation: request.generation_id_or_member_epoch,
        member_id: own(&request.member_id),
        instance_id: own_option(request.group_instance_id.as_ref()),
        kind: CommitKind::Plain,
        knows_group_id_not_found: call.header.version >= 9,
    };
    let log = &call.node.log;
    let (written, changed) = call.node.groups.commit(log, &commit, || {
        let ((verdicts, seen), lsn) = log.sequence(|state, _| {
            let (verdicts, commits) = check(state, &request);
            let record = Record::OffsetsCommitted { group: commit.group.clone(), commits };
            let is_empty = matches!(&record, Record::OffsetsCommitted { commits, .. } if commits.is_empty());
            ((verdicts, state.topics_changed()), (!is_empty).then_some(record))
        })?;
        Ok((verdicts, seen.max(lsn)))
    })?;
    let (mut verdicts, depends) = match written {
        Ok((verdicts, lsn)) => (verdicts, lsn.max(changed)),
        Err(error) => (vec![ErrorCode(error.code()); partitions(&request)], changed),
    };
    Ok((response(request, verdicts.drain(..)), depends))
}

fn partitions(request: &OffsetCommitRequest) -> usize {
    request.topics.iter().map(|topic| topic.partitions.len()).sum()
}

/// A verdict for each partition as asked, and what can be stored.
fn check(state: &State, request: &OffsetCommitRequest) -> (Vec<ErrorCode>, Vec<CommittedOffset>) {
    let mut commits = Vec::new();
    let mut verdicts = Vec::with_capacity(partitions(request));
    for topic in &request.topics {
        for partition in &topic.partitions {
            verdicts.push(match one(state, &topic.name, partition) {
                Ok(commit) => {
                    commits.push(commit);
                    ErrorCode::NONE
                }
                Err(error) => error,
            });
        }
    }
    (verdicts, commits)
}

fn one(
    state: &State,
    topic: &TopicName,
    partition: &OffsetCommitRequestPartition,
) -> Result<CommittedOffset, ErrorCode> {
    let metadata = partition.committed_metadata.as_ref().map(own).unwrap_or_default();
    if metadata.len() > LONGEST_METADATA {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    Ok(CommittedOffset {
        at: lookup::by_name(state, topic, partition.partition_index)?,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata,
    })
}

fn response(request: OffsetCommitRequest, mut verdicts: impl Iterator<Item = ErrorCode>) -> OffsetCommitResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let lines = topic.partitions.iter().zip(&mut verdicts).map(|(partition, verdict)| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(verdict.0)
        });
        OffsetCommitResponseTopic::default().with_partitions(lines.collect()).with_name(topic.name)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}
