//! The embedded Kafka-compatible broker: journal, segments, wire protocol, server.
//!
//! ```no_run
//! # async fn example() -> Result<(), onefold_broker::BrokerError> {
//! use onefold_broker::{Broker, BrokerSettings};
//!
//! let broker = Broker::start(BrokerSettings::new("data/broker")).await?;
//! println!("clients connect to {}", broker.address());
//! broker.shutdown().await;
//! # Ok(()) }
//! ```

mod address;
mod broker;
pub mod checkpoint;
pub mod crash;
pub mod disk;
pub mod journal;
pub mod log;
mod presence;
pub mod segment;
mod server;
pub mod settings;
mod whose;
mod wire;
mod woken;

pub use broker::{Broker, BrokerError};
pub use presence::{Presence, presence};
pub use settings::{BrokerSettings, ServerLimits};
pub use whose::cluster_of;
