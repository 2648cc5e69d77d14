//! The crate's only unsafe code: what librdkafka holds, read where the safe API does not show it, or panics.
//!
//! The safe API lends one message an event, panics on header names and metadata that are not UTF-8 (which any peer can
//! send), and does not show leader epochs and topic ids. Every pointer read in here comes from a call of librdkafka in
//! the same function and is not kept, but for the queue handles, which their types own.

mod brokers;
mod commits;
mod members;
mod messages;
mod produce;
mod queue;
mod seek;
mod topic_id;

pub(super) use brokers::{brokers, controller};
pub(super) use commits::{commit, committed, set_leader_epochs};
pub use members::{Group, Member};
pub(super) use members::{describe, groups};
pub use messages::headers;
pub(super) use messages::read_stray;
pub(super) use produce::{produce, take_back};
pub(super) use queue::{MessageQueue, Polled};
pub(super) use seek::seek;
pub(super) use topic_id::AskedTopicId;
