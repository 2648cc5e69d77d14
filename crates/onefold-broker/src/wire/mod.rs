//! The Kafka protocol: what bytes mean, and what is answered. One file per API; its header says which versions are
//! served, what of a request is ignored and what is missing.
//!
//! A request passes `header` (which API, which version, is it served), then either its own parser (Produce and Fetch, by
//! hand: their batches are never copied) or its `Shape` (a walk that proves the claimed lengths) and the codec of the
//! crate `kafka-protocol`, which is used nowhere outside this folder.
//!
//! What must not happen here: waiting for the disk before answering (an answer carries the LSN it depends on, and
//! `server` holds it back), allocating by a length that a peer claims, and deciding anything that the journal has to
//! repeat (that is `onefold-broker-core`'s).

mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod api_versions;
mod authorized;
mod broker_configs;
mod config_texts;
mod configs;
mod create_acls;
mod create_partitions;
mod create_topics;
mod creation;
mod delete_acls;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_topic_partitions;
mod describe_user_scram_credentials;
mod dispatch;
mod each_partition;
mod elect_leaders;
mod fetch;
mod find_coordinator;
mod groups;
mod header;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod lookup;
mod metadata;
mod node;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod reader;
mod refusal;
mod reply;
mod shape;
mod sync_group;
mod text;
mod topic_configs;
mod versions;

use std::net::SocketAddr;
use std::sync::Arc;

use kafka_protocol::messages::ApiKey;
use tokio::sync::watch;

pub(crate) use dispatch::answer;
pub(crate) use groups::{Groups, OffsetsKept};
use header::{Header, HeaderError};
pub(crate) use node::Node;
pub(crate) use reply::{Answer, Reply};

/// Why bytes are not a request. Ends the connection: after one wrong length nothing that follows can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed request: {0}")]
pub(crate) struct Malformed(&'static str);

/// Why a request gets no answer, and its connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("malformed {api:?} request (version {version}): {error}")]
    Undecodable { api: ApiKey, version: i16, error: String },
    #[error("the answer to {api:?} (version {version}) cannot be encoded; report a bug: {error}")]
    Codec { api: ApiKey, version: i16, error: String },
    /// Kafka's only way to tell a producer with acks=0 that something is wrong.
    #[error("a batch sent with acks=0 was refused: {0}")]
    Unacknowledged(onefold_broker_core::ErrorCode),
    /// No answer is due any more.
    #[error("the peer left while its answer was being prepared")]
    PeerGone,
    #[error(transparent)]
    Stopped(#[from] crate::log::LogStopped),
}

/// Whom a request came from.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The broker's own address as the peer reached it.
    pub(crate) local: SocketAddr,
    /// Becomes true when the peer has left or the broker stops: long polls end then.
    pub(crate) gone: watch::Receiver<bool>,
}

/// One request on its way through an API.
#[derive(Clone, Copy)]
struct Call<'a> {
    node: &'a Arc<Node>,
    peer: &'a Peer,
    header: &'a Header,
}
