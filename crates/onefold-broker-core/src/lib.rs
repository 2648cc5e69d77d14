//! The decisions of the embedded broker, pure: batches, partitions, producers, groups.

pub mod group;
