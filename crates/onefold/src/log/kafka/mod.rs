//! Kafka through librdkafka: Apache's brokers and the embedded one alike.
//!
//! [`consumer`] is a member of a group, [`producer`] sends, [`admin`] makes topics and asks about them. `raw` is the
//! crate's only unsafe code: it reads what the safe API does not show, or shows by panicking.

pub mod admin;
mod config;
mod consumer;
mod context;
mod members;
mod positions;
mod producer;
#[allow(unsafe_code)]
mod raw;

pub use config::KafkaSettings;
pub use consumer::KafkaLog;
pub use producer::KafkaPublisher;
pub use raw::{Group, Member, headers};
