//! How far a partition's work has come, and which position may be committed.
//!
//! Records are delivered in offset order and finish in any order. The position is the lowest offset that is delivered
//! and not finished; what is finished above it travels as runs in the commit's metadata, so that a restart skips it.
//!
//! What happens here: [`PartitionProgress`] is told of deliveries, of passed positions and of finished work, and says
//! which position to commit with which metadata. What must not: nothing here judges *whether* work is finished, and
//! nothing moves the position except work that the shell reports as done, dead-lettered, parked durably or skipped.

mod assignment;
mod epochs;
mod partition;
mod pending;
mod places;
mod restored;
mod room;
mod runs;
mod saved;

#[cfg(test)]
mod commit_first_model;
#[cfg(test)]
mod progress_model;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod room_tests;
#[cfg(test)]
mod saved_tests;

pub use assignment::{Assignment, Assignments, Ticket};
pub use partition::{Commit, Delivered, Finished, PartitionProgress};
pub use room::{METADATA_BYTES, Room};
pub use saved::{Ignored, Saved};
