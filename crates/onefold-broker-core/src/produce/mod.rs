//! Where a client's batch goes, or that it has been here before.
//!
//! [`decide()`] looks and answers; it changes nothing. Whoever calls it holds the sequencer from before the call until the
//! record of an [`Decision::Append`] is applied, since check, append and the producer's window are one step (I4): the same
//! batch may arrive on two connections at once.

mod decide;
mod request;

pub use decide::{Decision, ProduceError, decide};
pub use request::Deciding;
