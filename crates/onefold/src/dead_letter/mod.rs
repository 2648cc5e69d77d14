//! Dead letters: records that cannot succeed, kept as they came with the reason beside them.
//!
//! A letter carries the record's key, value, headers and timestamp verbatim and says, in headers, where it came from
//! and why. Here letters are made and read; when one may be produced is the runtime's matter.

pub mod dialect;
pub mod letter;
pub mod redrive;
pub mod row;

pub use letter::{Reason, ReasonClass, letter_for};
