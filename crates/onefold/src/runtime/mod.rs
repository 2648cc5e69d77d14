//! Pipelines running: one engine a pipeline, each with its log, its lanes and its sink.
//!
//! [`engine`] is the loop on a pipeline's own thread: it tells the core (`onefold-core`) what happened and does what
//! follows. [`hands`] runs handlers, on that thread or on tokio; [`effects`] is one attempt; [`gate`] keeps all engines
//! but one quiet. Nothing in here decides about order, attempts or positions by itself.

mod clock;
pub(crate) mod cluster;
pub mod counters;
mod effects;
mod engine;
mod error;
pub(crate) mod gate;
mod hands;
mod inbox;
pub mod observer;
pub mod run;
pub mod table;

pub use error::RunError;
