//! The classic consumer group protocol, as decisions only: who is a member, which generation is live, who waits for what.
//!
//! [`Coordinator`] holds every group of the broker. The server feeds it one [`GroupEvent`] at a time, with a monotonic
//! clock, and performs the [`GroupEffect`]s that come back, in their order. What goes in and out is opaque: subscriptions
//! and assignments are the clients' own bytes, so eager, cooperative and custom assignors all work.
//!
//! How the server drives it, under one lock (taken before the sequencer's):
//!
//! ```text
//! Coordinator::restore(settings, snapshots, now_ms)          after recovery, before listening
//! coordinator.step(now_ms, event, &mut effects)              JoinGroup, SyncGroup, Heartbeat, LeaveGroup, Tick, lost connections
//! coordinator.check_commit(now_ms, &request, &mut effects)   OffsetCommit: Result<(), GroupError>, then sequence the offsets
//! coordinator.delete(&group, &mut effects)                   DeleteGroups: Result<(), GroupError>
//! coordinator.perform(&mut effects, sequence, reply)         sequence: FnMut(GroupWrite) -> Result<Lsn, E>; reply: FnMut(Token, GroupReply, Lsn)
//! coordinator.changed(&group) -> Lsn                         what the answer of a plain call or a query waits for
//! coordinator.next_deadline() -> Option<u64>                 when to send Tick
//! coordinator.describe(&group), coordinator.list(..)         queries
//! ```
//!
//! What must not happen here: IO, clocks, randomness, and deciding what an assignment means. Committed offsets live in the
//! journal's state, not here; a group only says whether a commit may pass.
//!
//! Source: KIP-62 (timeouts), KIP-134 (initial delay), KIP-345 (static members), KIP-394 (member id required),
//! KIP-559 (protocol type checks), KIP-814 (skip assignment).

mod commit;
mod coordinator;
mod delete;
mod describe;
mod dispatch;
pub mod effect;
pub mod error;
pub mod event;
#[expect(clippy::module_inception)]
mod group;
mod heartbeat;
mod join;
mod leave;
mod limits;
mod member;
mod rebalance;
mod release;
mod restore;
mod roster;
pub mod settings;
pub mod snapshot;
mod stage;
mod step;
mod subscription;
mod sync;
mod takeover;
mod timers;

pub use coordinator::Coordinator;
pub use describe::{DEAD, DescribedMember, Description, Listed, TYPE};
pub use effect::{GroupEffect, GroupReply, GroupWrite, JoinRefused, Joined, JoinedMember, Left, Synced};
pub use error::GroupError;
pub use event::{
    CommitKind, CommitRequest, GroupEvent, HeartbeatRequest, JoinRequest, LeaveRequest, Leaver, Protocol, SyncRequest,
    Token,
};
pub use settings::GroupSettings;
pub use snapshot::{GroupSnapshot, MemberSnapshot, Phase, SnapshotError};
