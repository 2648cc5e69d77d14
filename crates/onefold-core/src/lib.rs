//! The delivery decisions of Onefold, pure: no IO, no clock, no randomness, no threads.
//!
//! The shell (`onefold`) tells what happened and asks what follows; time and chance are arguments. That is what lets
//! the same code run in production, in a model checker and from a seed.
//!
//! - [`progress`]: which offsets of a partition are finished, and which position may be committed.
//! - [`lane`]: which record may run next, so that each key keeps its order and a failing key stops only itself.
//! - [`attempt`]: what follows from the end of one attempt, and when a sink counts as down.
//! - [`guarantee`]: what a pipeline's parts add up to, in words.
//! - [`identity`]: when two records are the same event.
//! - [`suspects`]: which record it is that kills the process, and when it is dead.

pub mod attempt;
pub mod guarantee;
pub mod identity;
pub mod lane;
pub mod outcome;
pub mod progress;
pub mod suspects;

pub use outcome::ErrorClass;
