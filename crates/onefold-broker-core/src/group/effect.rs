//! What the coordinator wants done: journal writes and answers, in the order they must be performed.
//!
//! An answer is released when the newest journal record its content depends on is durable. [`super::Coordinator::perform`]
//! keeps that: it hands every write to the sequencer and every answer out together with the LSN it waits for.

use std::sync::Arc;

use bytes::Bytes;

use super::{GroupError, GroupSnapshot, Token};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupEffect {
    /// Append this to the journal, now, before anything else is asked of the coordinator.
    Persist(GroupWrite),
    /// Answer this request once everything persisted for `group` so far is durable.
    Reply { token: Token, group: Arc<str>, reply: GroupReply },
}

/// What a group writes to the journal: always its whole durable part, so that the last one wins at replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupWrite {
    Changed(GroupSnapshot),
    /// The group and its committed offsets are gone.
    Deleted {
        group: String,
    },
}

/// The answer to one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupReply {
    Join(Result<Joined, JoinRefused>),
    Sync(Result<Synced, GroupError>),
    Heartbeat(Result<(), GroupError>),
    /// An error of the whole request, or one verdict for each member in the order asked.
    Leave(Result<Vec<Left>, GroupError>),
}

/// A member is in the generation that just began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub generation: i32,
    pub protocol_type: Option<String>,
    pub protocol_name: Option<String>,
    pub leader: String,
    pub member_id: String,
    /// v9+: this member leads, but the assignment stands as it is (KIP-814).
    pub skip_assignment: bool,
    /// For the leader: everyone, with their subscriptions. For the others: empty.
    pub members: Vec<JoinedMember>,
}

/// What the leader needs to know of each member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedMember {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub metadata: Bytes,
}

/// A join that was refused. `member_id` is the one the client sent, or with `MemberIdRequired` the one it shall use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRefused {
    pub error: GroupError,
    pub member_id: String,
}

/// What a member owns in this generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    pub protocol_type: Option<String>,
    pub protocol_name: Option<String>,
    pub assignment: Bytes,
}

/// What became of one member of a LeaveGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub result: Result<(), GroupError>,
}
