//! The decisions of the embedded broker, pure: batches, partitions, producers, groups.
//!
//! A Produce request goes: [`batch::validate`] (are these bytes a batch?), [`produce::decide`] (where does it go, or was it
//! here before?), [`batch::patch`] (its place into its bytes), [`record::Record::Appended`] (what the journal keeps), and
//! [`state::State::apply`] (what that adds up to). The shell calls these in this order and does all that touches the world.
//!
//! What must not be here: IO, clocks, randomness, threads, async, and hash maps whose order differs from run to run. Time
//! and chance are arguments.

pub mod batch;
pub mod codec;
pub mod error;
pub mod group;
pub mod id;
pub mod partition;
pub mod produce;
pub mod producer;
pub mod record;
pub mod state;
pub mod topic;

pub use error::ErrorCode;
pub use id::{Lsn, TopicId, TopicPartition};
pub use record::{Append, CommittedOffset, Marker, Record, RecordError, Stamp, TransactionEnd};
pub use state::State;
