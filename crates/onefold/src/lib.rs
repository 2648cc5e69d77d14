//! Onefold makes each event take effect once: the delivery-guarantee runtime for Kafka.
//!
//! A pipeline reads a topic and gives each record to a handler. Onefold computes from its parts what the pipeline can
//! promise, says so before it starts, and refuses to start when more was declared.
//!
//! Start at [`pipeline::Pipeline`]; [`prelude`] has what a pipeline needs.

pub mod boundary;
pub mod crash;
pub mod dead_letter;
pub mod explain;
pub mod extract;
pub mod handler;
pub mod identity;
pub mod load;
pub mod log;
#[cfg(feature = "mocks")]
pub mod mock;
pub mod outcome;
pub mod pipeline;
pub mod placeholders;
pub mod prelude;
pub mod record;
pub mod runtime;
pub mod settings;
pub mod store;

pub use outcome::{ErrorClass, Failure, Handled, Outcome};
pub use pipeline::{Pipeline, Ready};
pub use record::{Header, Record};
