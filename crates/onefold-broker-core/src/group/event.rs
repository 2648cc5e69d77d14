//! What the server tells the coordinator: one event a request, plus the clock and lost connections.

use bytes::Bytes;

/// Names one request that waits for an answer. The server makes them up; no two waiting requests may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Everything that may move a group. `OffsetCommit`, `DeleteGroups` and the queries answer at once and are plain calls
/// on the coordinator instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupEvent {
    Join {
        token: Token,
        request: JoinRequest,
    },
    Sync {
        token: Token,
        request: SyncRequest,
    },
    Heartbeat {
        token: Token,
        request: HeartbeatRequest,
    },
    Leave {
        token: Token,
        request: LeaveRequest,
    },
    /// The connection of a waiting request is gone: it gets no answer any more. The member stays until its session ends.
    Disconnected {
        group: String,
        token: Token,
    },
    /// Time has passed `next_deadline()`. Harmless at any other time.
    Tick,
}

/// One assignor a member supports, in its order of preference, with its subscription in that assignor's own bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    pub name: String,
    pub metadata: Bytes,
}

/// A copy that holds on to nothing else: what a request carries is a slice of the frame it came in, and a member may live
/// for months.
pub(super) fn detached(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// JoinGroup, v0 to v9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    pub group: String,
    /// Empty when the member has none yet.
    pub member_id: String,
    /// `group.instance.id` of a static member (v5+, KIP-345).
    pub instance_id: Option<String>,
    /// What makes a new member id unique, e.g. a UUID; used only if one has to be given out.
    pub fresh_id: String,
    pub client_id: String,
    pub client_host: String,
    pub session_timeout_ms: i32,
    /// v0 has none: pass the session timeout.
    pub rebalance_timeout_ms: i32,
    /// `consumer`, `connect`, ...
    pub protocol_type: String,
    pub protocols: Vec<Protocol>,
    /// v4+: a dynamic member is first given an id and joins with it (KIP-394).
    pub requires_member_id: bool,
    /// v9+: the leader may be told not to assign (KIP-814).
    pub may_skip_assignment: bool,
}

/// SyncGroup, v0 to v5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    pub group: String,
    pub member_id: String,
    pub instance_id: Option<String>,
    pub generation: i32,
    /// v5+; checked only if given (KIP-559).
    pub protocol_type: Option<String>,
    /// v5+; checked only if given.
    pub protocol_name: Option<String>,
    /// From the leader: the assignment of each member. From the others: empty, and ignored.
    pub assignments: Vec<(String, Bytes)>,
}

/// Heartbeat, v0 to v4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatRequest {
    pub group: String,
    pub member_id: String,
    pub instance_id: Option<String>,
    pub generation: i32,
}

/// LeaveGroup, v0 to v5. v0 to v2 name one member without an instance id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveRequest {
    pub group: String,
    pub members: Vec<Leaver>,
}

/// One member that leaves, or is removed by an administrator: then by its instance id, with an empty member id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaver {
    pub member_id: String,
    pub instance_id: Option<String>,
}

/// Which request commits offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitKind {
    /// OffsetCommit: refused while the group waits for its assignment.
    Plain,
    /// TxnOffsetCommit: fenced alike (KIP-447), but not refused while the group waits for its assignment.
    Transactional,
}

/// Who wants to commit offsets. Whether the topics exist is the server's to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRequest {
    pub group: String,
    /// -1 for a consumer that only stores offsets and is no member.
    pub generation: i32,
    pub member_id: String,
    pub instance_id: Option<String>,
    pub kind: CommitKind,
    /// OffsetCommit v9+: a group that does not exist is told as such; before, it reads as an illegal generation.
    pub knows_group_id_not_found: bool,
}
