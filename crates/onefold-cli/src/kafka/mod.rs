//! Talking to a broker from a command: where it is, whether it is there, what it holds.

pub mod find;
pub mod offsets;
pub mod reach;
pub mod retention;
pub mod topics;

use std::time::Duration;

/// How long a broker that is there may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);
