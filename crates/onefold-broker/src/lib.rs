//! The embedded Kafka-compatible broker: journal, segments, wire protocol, server.

pub mod crash;
pub mod disk;
pub mod journal;
pub mod log;
