//! The classic consumer group protocol, as decisions only: who is a member, which generation is live, who waits for what.
//!
//! [`Coordinator`] holds every group of the broker. The server feeds it one [`GroupEvent`] at a time, with a monotonic
//! clock, and performs the [`GroupEffect`]s that come back, in their order. What goes in and out is opaque: subscriptions
//! and assignments are the clients' own bytes, so eager, cooperative and custom assignors all work.
//!
//! # A group's life
//!
//! ```text
//!            first member joins                 all have joined, or the rebalance timeout
//!   Empty ───────────────────────▶ Preparing ─────────────────────────────────────────────▶ Completing
//!     ▲                             ▲   ▲ ▲                                                     │ │
//!     │  the last member is gone    │   │ └──── someone joins, changes, leaves, goes silent ────┘ │
//!     └─────────────────────────────┘   └────── the same, or the leader joins again ──── Stable ◀─┘
//!                                                                             the leader assigns
//! ```
//!
//! `join` and `leave` lead into `rebalance`, which begins the next generation; `sync` ends it; `takeover` is a static member
//! that comes back; `timers` is everything that nobody did in time. `roster` is who is in, `stage` how far it is.
//!
//! # What is durable
//!
//! A snapshot of the group is persisted whenever an answer depends on it: a generation when it begins, its assignment when
//! the leader hands it in, a static member's new id, a member's leaving, the group's becoming empty. [`Coordinator::perform`]
//! pairs each answer with the LSN it waits for. After a crash the last snapshot goes on, with every clock at its start: an
//! assigned generation is stable, one that waits for its assignment still does, one that was ending calls everyone again.
//!
//! # Where it is stricter or kinder than Apache Kafka
//!
//! - Kafka persists a generation only with its assignment, so a crash in between gives its number out twice. Here a number
//!   that anyone was told is never used for other members.
//! - A member that joins during a rebalance is not yet one of the generation before, and cannot commit in it.
//! - Every waiting request is answered, also one that a newer request of the same member replaces, or whose member is removed.
//! - A member whose connection breaks while it waits keeps its place for one session; one that never learned its id is
//!   forgotten at once.
//! - An absent static member is not dropped for a sync it could not send: its session alone decides.
//! - A static member can come back into a full group. Groups, members, ids and bytes are bounded ([`GroupSettings`]).
//!
//! # How the server drives it
//!
//! Under one lock, taken before the sequencer's, so that no rebalance comes between a check and what it allows:
//!
//! ```text
//! Coordinator::restore(settings, snapshots, now_ms)              after recovery, before listening
//! coordinator.step(now_ms, event, &mut effects)                  JoinGroup, SyncGroup, Heartbeat, LeaveGroup, Tick, lost connections
//! coordinator.check_commit(now_ms, &request, &mut effects)       OffsetCommit; then sequence the offsets
//! coordinator.delete(&group, &mut effects)                       DeleteGroups
//! coordinator.forget_empty(now_ms, idle_ms, keeps, &mut effects) now and then
//! coordinator.perform(&mut effects, sequence, reply)             after each of these
//! coordinator.changed(&group), coordinator.changed_any()         what the answer to a plain call or a query waits for
//! coordinator.next_deadline()                                    when to send the next Tick
//! coordinator.describe(&group), list(..), check_offset_delete(..)
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
