//! Plain words that several rooms share.

use std::fmt;

/// What to do about an error, named by its remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The record itself is at fault; no repetition helps. Dead at once.
    Poison,
    /// It may work the next time. Repeated with backoff until the attempts are used up.
    Transient,
    /// The sink asks for patience. Waits, and burns no attempt.
    RateLimited,
    /// The sink is not there, or does not let us in. Pauses, and burns no attempt.
    SinkDown,
    /// The effect may or may not have happened. Repeated only where the guarantee allows a repetition.
    Ambiguous,
}

impl ErrorClass {
    /// The class as it stands in dead letters, tables and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorClass::Poison => "poison",
            ErrorClass::Transient => "transient",
            ErrorClass::RateLimited => "rate-limited",
            ErrorClass::SinkDown => "sink-down",
            ErrorClass::Ambiguous => "ambiguous",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
