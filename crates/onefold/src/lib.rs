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
mod kafka;
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
mod shutdown;
pub mod store;
pub mod testing;

pub use explain::Explained;
pub use kafka::Kafka;
pub use outcome::{ErrorClass, Failure, Handled, Outcome};
pub use pipeline::{Pipeline, Ready};
pub use record::{Header, Record};
pub use runtime::RunError;
pub use runtime::counters::Counters;
pub use runtime::observer::{Observer, Snapshot};
pub use runtime::run::{Run, run};
pub use runtime::table::{Row, Table};
/// The SQLite that [`boundary::sql::sqlite`] is built with: a crate links one of them at most, so who wants to look into a
/// database takes this one.
#[cfg(feature = "sqlite")]
pub use rusqlite;
pub use shutdown::shutdown;

/// What `docs/rust.md` shows compiles, and what it tests holds.
#[cfg(all(doctest, feature = "embedded", feature = "sqlite"))]
#[doc = include_str!("../../../docs/rust.md")]
mod documented {}

/// What `main` returns: any std error turns into it by `?`.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
