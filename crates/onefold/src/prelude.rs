//! What a pipeline needs, in one `use`.

pub use crate::Kafka;
#[cfg(feature = "sqlite")]
pub use crate::boundary::sql::sqlite::Sqlite;
pub use crate::boundary::{Attempt, Tx};
pub use crate::extract::{Headers, Json, Key, Offset, State, Value};
pub use crate::outcome::Outcome::{self, *};
pub use crate::outcome::{Classify, ErrorClass, Failure, Handled, OrClass};
pub use crate::pipeline::dedup::{by_event_id, days, hours};
pub use crate::pipeline::guarantee::{AtLeastOnce, AtMostOnce, EffectivelyOnce};
pub use crate::pipeline::retry::Retry;
pub use crate::pipeline::start::Start;
pub use crate::pipeline::{Pipeline, Ready};
pub use crate::record::Record;
