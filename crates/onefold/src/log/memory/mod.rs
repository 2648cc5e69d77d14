//! A small Kafka inside the process: topics, groups that rebalance, commits. For tests; nothing of it is durable.
//!
//! [`MemoryCluster`] is the broker, [`MemoryLog`] one member of a group. Rebalances are eager: whenever a member comes
//! or goes, all give up what they have, and then share anew.

mod cluster;
mod faults;
mod group;
mod member;

pub use cluster::MemoryCluster;
pub use member::MemoryLog;
