//! What a partition remembers of each producer: enough to know a retry from something new.
//!
//! The window holds the last five batches (a client keeps at most five in flight). It lives in the state, so it comes back
//! with every replay, and nothing that deletes records touches it. What must not happen here: refusing; the window answers
//! what it saw, [`crate::produce`] decides.
//!
//! Source: KIP-98, KIP-185 (five in flight), KAFKA-7190 (windows survive retention).

mod expiry;
mod ids;
pub mod sequence;
mod window;
mod windows;

pub use expiry::{CROWD, FORGET_AFTER_MS, SHRINK_AFTER_MS};
pub use ids::{BLOCK, Drawn, ProducerIds};
pub use window::{Sent, Window};
pub use windows::ProducerWindows;
