//! `{data.user_id}` in a settings file: which value of a record is meant, and what it becomes.
//!
//! - A path of names goes into the record's JSON; `@key`, `@header.NAME` and others name the record's own parts.
//! - A value becomes a bound parameter ([`Bind`]), text in a header or an argument, or JSON in a body ([`Template`]).
//!   It never becomes part of a statement.
//! - A path that is not there is poison, never NULL, unless it says so: `{path?}`.
//!
//! Numbers are read from their own digits, never through a float. Nothing here does IO.

mod bind;
mod condition;
mod fields;
mod hole;
mod json;
mod path;
mod quoted;
mod sql;
mod template;

pub use bind::Bind;
pub use condition::{Condition, Scalar};
pub use fields::{Fields, Poison};
pub use hole::Hole;
pub use path::Path;
pub(crate) use quoted::quoted_placeholders;
pub(crate) use sql::split;
pub use sql::{Mark, Statement};
pub use template::{Form, Template};
